"""Request and response bodies of the collector routes."""

from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_auth.model.collectors import Collector, CollectorDescription, CollectorKind, CollectorState
from pulse_auth.routes.dependencies import NO_STORE
from pulse_contracts.message import PRINTABLE
from pulse_jose.enrolment import Code

ID_PATTERN = r"^[a-z0-9-]{1,32}$"
Name = Annotated[str, StringConstraints(min_length=1, max_length=128, strip_whitespace=True, pattern=PRINTABLE)]
Site = Annotated[str, StringConstraints(max_length=128, strip_whitespace=True, pattern=PRINTABLE)]
Tag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,39}$")]


class CollectorUpdate(BaseModel):
    """The description of a collector."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "Press 4", "site": "Hall B", "tags": ["hydraulics"]}]}
    )

    name: Name
    site: Site = ""
    tags: Annotated[list[Tag], Field(max_length=20)] = []

    def description(self) -> CollectorDescription:
        """Without duplicate tags."""
        return CollectorDescription(self.name, self.site, tuple(dict.fromkeys(self.tags)))


class CollectorCreate(CollectorUpdate):
    """`id`: the name of the device in topics and at the broker. The id of a deleted collector can be used again."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"id": "press-4", "name": "Press 4", "site": "Hall B", "tags": ["hydraulics"]}]
        },
    )

    id: Annotated[str, StringConstraints(pattern=ID_PATTERN)]


class CollectorRotate(BaseModel):
    """`cut_off`: the current secret becomes invalid at once, because somebody else may know it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"cut_off": False}]})

    cut_off: Annotated[bool, Field(strict=True)] = False


class CollectorView(BaseModel):
    """`kind`: a `collector` is enrolled with a one-time code; a `plain` device has credentials. `username`: its name at
    the broker and in topics. `generation`: of its keys, 0 before the first enrolment. `code_expires_at`: when its
    one-time code expires, null if it has none."""

    id: str
    kind: CollectorKind
    username: str
    name: str
    site: str
    tags: list[str]
    state: CollectorState
    generation: int
    created_at: datetime
    enrolled_at: datetime | None
    code_expires_at: datetime | None


class CollectorWithCode(CollectorView):
    """`code` is only shown in this answer. Run `pulse-collector enrol URL CODE` on the collector's machine within 15
    minutes."""

    code: str


class CollectorPage(BaseModel):
    """`next`: the value of `after` for the next page, null on the last page. `total`: the number of matching
    collectors."""

    items: list[CollectorView]
    next: str | None
    total: int


def view(collector: Collector) -> CollectorView:
    """A collector as JSON."""
    description = collector.description
    return CollectorView(
        id=collector.id,
        kind=collector.kind,
        username=collector.broker_name,
        name=description.name,
        site=description.site,
        tags=list(description.tags),
        state=collector.state,
        generation=collector.gen,
        created_at=collector.created,
        enrolled_at=collector.enrolled,
        code_expires_at=collector.code_ends,
    )


def tagged(response: Response, collector: Collector) -> CollectorView:
    """A collector as JSON; sets its ETag."""
    response.headers["ETag"] = collector.tag
    return view(collector)


def with_code(response: Response, collector: Collector, code: Code) -> CollectorWithCode:
    """A collector and its code as JSON; sets its ETag and forbids caching."""
    response.headers.update(NO_STORE)
    return CollectorWithCode(**tagged(response, collector).model_dump(), code=code.text)

"""Annotations: what people note at a time, about a series, a device, or everything."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from pulse_chassis.http.idempotency import IDEMPOTENCY_PROBLEMS, IdempotencyKey, IdempotentRoute
from pulse_chassis.http.preconditions import PRECONDITION_PROBLEMS, TAGGED, IfMatch, tag
from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_chassis.identity.principal import RevocationsUnknown
from pulse_contracts.message import DeviceName
from pulse_telemetry_gateway.actions.annotations import Wanted
from pulse_telemetry_gateway.model.annotations import (
    LENGTH_MAX,
    Annotation,
    AnnotationQuery,
    Note,
    SeriesOfAnotherDevice,
    TooManyAnnotations,
    UnknownAnnotation,
)
from pulse_telemetry_gateway.model.errors import (
    ForeignCursor,
    InvalidRange,
    InvalidSeries,
    UnknownDevice,
    UnknownSeries,
)
from pulse_telemetry_gateway.routes.dependencies import Dependencies, Micros
from pulse_telemetry_gateway.routes.history import numbers
from pulse_telemetry_gateway.routes.panels import MULTILINE, SeriesNumber
from pulse_telemetry_gateway.routes.saving import After, ObjectId, RequestBody, Writing, writer
from pulse_telemetry_gateway.store.annotations import AnnotationKey

router = APIRouter(prefix="/annotations", route_class=IdempotentRoute)
_PAGE = 1_000
_DEVICES = r"^[a-z0-9-]{1,32}(,[a-z0-9-]{1,32}){0,49}$"
_Writer = Annotated[Writing, writer("annotations.write", "telemetry.manage")]
_CHANGES = (UnknownAnnotation, TooManyRequests, RevocationsUnknown, *PRECONDITION_PROBLEMS)
_Time = Annotated[int, Field(ge=-(2**53), le=2**53, strict=True)]
_NOTE: dict[str, Any] = {"t": 1_767_225_600_000_000, "until": None, "text": "Filter changed"}


class AnnotationBody(RequestBody):
    """`t`, `until`: microseconds since 1970. `until`: null for one time, or at most 366 days after `t`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NOTE]})

    t: _Time
    until: _Time | None
    text: Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True, pattern=MULTILINE)]

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.until is not None and self.until <= self.t:
            raise ValueError("until must be after t")
        if self.until is not None and self.until - self.t > LENGTH_MAX:
            raise ValueError("until may be at most 366 days after t")
        return self

    def note(self) -> Note:
        """What is stored."""
        return Note(self.t, self.until, self.text)


class NewAnnotation(AnnotationBody):
    """With a series, the device may be null. Both null: it is about everything."""

    model_config = ConfigDict(json_schema_extra={"examples": [_NOTE | {"device": None, "series": 1}]})

    device: DeviceName | None
    series: SeriesNumber | None


class AnnotationView(BaseModel):
    """`device`, `series`: what it is about; both null: everything. `author`, `updated_by`: ids of accounts. The names
    are those in their access tokens at that time."""

    id: UUID
    device: str | None
    series: int | None
    t: int
    until: int | None
    text: str
    author: str
    author_name: str
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str
    updated_by_name: str


class AnnotationPage(BaseModel):
    """`next`: the `after` of the next page; null: this is the last page."""

    items: list[AnnotationView]
    next: str | None


async def _query(
    start: Annotated[Micros, Query(alias="from")],
    end: Annotated[Micros, Query(alias="to")],
    devices: Annotated[str | None, Query(max_length=1_700, pattern=_DEVICES, examples=["press-4,press-5"])] = None,
    series: Annotated[str | None, Query(max_length=1_000, examples=["1,2,3"])] = None,
) -> AnnotationQuery:
    names = None if devices is None else tuple(devices.split(","))
    return AnnotationQuery(start, end, names, None if series is None else tuple(numbers(series)))


@router.get("", operation_id="list_annotations", responses=responses(ForeignCursor, InvalidRange, InvalidSeries))
async def annotations(
    deps: Dependencies,
    query: Annotated[AnnotationQuery, Depends(_query)],
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=_PAGE)] = _PAGE,
) -> AnnotationPage:
    """Annotations that touch [from, to), in pages, ordered by time. `devices`: of these devices and all their series.
    `series`: of these series, and of their devices as a whole. With either, those about everything are included."""
    key = _key(after)
    async with deps.concurrency.slot():
        found = await deps.annotations.page(query, key, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    return AnnotationPage(
        items=[_view(one) for one in found[:limit]], next=f"{last.note.t}/{last.id}" if last else None
    )


@router.post(
    "",
    operation_id="create_annotation",
    status_code=201,
    responses={
        201: TAGGED | {"description": "Created"},
        **responses(
            UnknownDevice,
            UnknownSeries,
            SeriesOfAnotherDevice,
            TooManyAnnotations,
            TooManyRequests,
            RevocationsUnknown,
            *IDEMPOTENCY_PROBLEMS,
        ),
    },
)
async def create(
    request: Request,
    response: Response,
    deps: Dependencies,
    who: _Writer,
    body: NewAnnotation,
    _: IdempotencyKey = None,
) -> AnnotationView:
    """Add an annotation. A device has at most 10,000."""
    wanted = Wanted(body.device, body.series)
    async with deps.concurrency.slot():
        added = await deps.annotations.create(wanted, body.note(), who.author, who.caller)
    tag(response, added.version)
    response.headers["Location"] = f"{request.url.path}/{added.id}"
    return _view(added)


@router.get("/{id:uuid}", operation_id="get_annotation", responses={200: TAGGED, **responses(UnknownAnnotation)})
async def annotation(response: Response, deps: Dependencies, id_: ObjectId) -> AnnotationView:
    """Get an annotation."""
    async with deps.concurrency.slot():
        found = await deps.annotations.find(id_)
    tag(response, found.version)
    return _view(found)


@router.put("/{id:uuid}", operation_id="update_annotation", responses={200: TAGGED, **responses(*_CHANGES)})
async def update(
    response: Response, deps: Dependencies, who: _Writer, precondition: IfMatch, id_: ObjectId, body: AnnotationBody
) -> AnnotationView:
    """Replace time and text. Only for the author and administrators."""
    async with deps.concurrency.slot():
        saved = await deps.annotations.replace(id_, body.note(), precondition, who.author, who.caller)
    tag(response, saved.version)
    return _view(saved)


@router.delete("/{id:uuid}", operation_id="delete_annotation", status_code=204, responses=responses(*_CHANGES))
async def delete(deps: Dependencies, who: _Writer, precondition: IfMatch, id_: ObjectId) -> Response:
    """Delete an annotation. Only for the author and administrators."""
    async with deps.concurrency.slot():
        await deps.annotations.delete(id_, precondition, who.author, who.caller)
    return Response(status_code=204)


def _key(after: str | None) -> AnnotationKey | None:
    if after is None:
        return None
    t, _, id_ = after.partition("/")
    try:
        key = int(t), UUID(id_)
    except ValueError as error:
        raise ForeignCursor("the cursor is invalid: start again without one") from error
    if abs(key[0]) > 2**53:
        raise ForeignCursor("the cursor is invalid: start again without one")
    return key


def _view(one: Annotation) -> AnnotationView:
    return AnnotationView(
        id=one.id,
        device=one.subject.device[1] if one.subject.device else None,
        series=one.subject.series,
        t=one.note.t,
        until=one.note.until,
        text=one.note.text,
        author=one.author,
        author_name=one.author_name,
        version=one.version,
        created_at=one.created_at,
        updated_at=one.updated_at,
        updated_by=one.updated_by,
        updated_by_name=one.updated_by_name,
    )

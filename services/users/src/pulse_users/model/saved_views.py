"""Saved views of lists: a name for a search, filters, an order and hidden columns. The web client applies them."""

import json
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from pulse_contracts.message import PRINTABLE
from pulse_contracts.permissions import Role

MAX_VIEWS = 20
"""Views of one page that an account may have."""
_NAMED = r"^[^\s\x00-\x1f\x7f-\x9f](?:[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?$"

Name = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=_NAMED)]
Search = Annotated[str, StringConstraints(max_length=100, pattern=PRINTABLE)]
UserColumn = Literal["role", "state", "factor", "lastActive", "created", "updated"]
Site = Annotated[str, StringConstraints(max_length=128, pattern=PRINTABLE)]
Tag = Annotated[str, StringConstraints(pattern=r"^(?:[A-Za-z0-9][A-Za-z0-9._:-]{0,39})?$")]
ShownState = Literal[
    "all",
    "online",
    "offline",
    "catching_up",
    "nearly_full",
    "buffer_full",
    "clock_wrong",
    "two_machines",
    "not_enrolled",
    "no_readings",
    "disabled",
    "lost",
    "seen",
    "unknown",
]
DeviceColumn = Literal["site", "state", "backlog", "lag", "clock", "version", "promise", "series", "mirror", "seen"]


class _View(BaseModel):
    """`name`: unique on its page, without white space at its ends."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    search: Search


class UsersView(_View):
    """A view of the list of users."""

    role: Role | Literal["all"]
    state: Literal["all", "active", "invited", "inactive"]
    sort: Literal["name", "-name", "created", "-created", "updated", "-updated"]
    hidden: Annotated[list[UserColumn], Field(max_length=6)]


class DevicesView(_View):
    """A view of the list of devices. `site` and `tag`: "" for any."""

    view: Literal["all", "attention", "collectors", "plain"]
    site: Site = ""
    tag: Tag = ""
    state: ShownState = "all"
    sort: Literal["state", "name", "backlog", "seen", "-state", "-name", "-backlog", "-seen"]
    hidden: Annotated[list[DeviceColumn], Field(max_length=10)]


class SavedViews(BaseModel):
    """The saved views of an account by page, at most 20 of each page."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    users: Annotated[list[UsersView], Field(max_length=MAX_VIEWS)]
    devices: Annotated[list[DevicesView], Field(max_length=MAX_VIEWS)]

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for views in (self.users, self.devices):
            if len({view.name for view in views}) < len(views):
                raise ValueError("the names of the views of a page must differ")
        return self


NO_VIEWS = SavedViews(users=[], devices=[])
_PARTS: dict[str, TypeAdapter[Any]] = {"users": TypeAdapter(UsersView), "devices": TypeAdapter(DevicesView)}


def read_views(stored: str | None) -> SavedViews:
    """The stored views. Leaves out a view that this release does not know: a newer one may have stored it."""
    if stored is None:
        return NO_VIEWS
    pages = json.loads(stored)
    known = {page: [view for one in pages.get(page, []) if (view := _read(part, one))] for page, part in _PARTS.items()}
    return SavedViews(**known)


def _read(part: TypeAdapter[Any], stored: object) -> UsersView | DevicesView | None:
    try:
        view: UsersView | DevicesView = part.validate_python(stored)
    except ValidationError:
        return None
    return view

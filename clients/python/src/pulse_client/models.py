"""What the APIs answer. Fields that this version does not know are ignored. Times are aware datetimes; where a name
ends in `_us`, microseconds."""

from datetime import datetime
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Value = bool | int | float


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Account(_Answer):
    """One account as of `version`: a change says which one it is made of."""

    id: UUID
    email: str
    name: str
    role: str
    active: bool
    state: str
    created_at: datetime
    updated_at: datetime
    version: int


class AccountLink(_Answer):
    """A link by which the account's password is set, once, until `expires_at`."""

    link: str = Field(repr=False)
    expires_at: datetime
    mailed: bool


class RunningSession(_Answer):
    """One sign-in that still runs."""

    id: UUID
    device: str
    address: str | None
    created_at: datetime
    last_used_at: datetime
    ends_at: datetime
    is_current: bool


class ApiKeyInfo(_Answer):
    """An API key without its secret."""

    id: UUID
    name: str
    scope: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class NewApiKey(ApiKeyInfo):
    """A key with its secret, which is shown once."""

    key: str = Field(repr=False)


class AuditRecord(_Answer):
    """One entry of a service's audit trail."""

    n: int
    at: datetime
    kind: str
    actor: str | None
    target: str | None
    before: dict[str, object] | None
    after: dict[str, object] | None
    address: str | None
    request_id: str | None


class Device(_Answer):
    """A device that has sent something. `waiting`: readings that it still holds."""

    id: str
    name: str
    online: bool | None
    last_seen_at: datetime | None
    clock_offset_us: int | None
    clock_suspect: bool
    series_count: int
    waiting: int | None
    promise: Literal["exactly_once", "at_least_once"]
    cloned: bool


class Latest(_Answer):
    """The newest value of a series; `t` in microseconds. `ahead`: that time lies in the future."""

    t: int
    v: Value
    ahead: bool


class Series(_Answer):
    """One series of a device."""

    id: int
    device: str
    name: str
    display_name: str
    type: Literal["int", "float", "bool"]
    unit: str
    interval_us: int | None
    latest: Latest | None


class Sampled(_Answer):
    """Readings of a range: all of them, or a sample that keeps every extreme. `t` in microseconds."""

    n: int
    sampled: bool
    t: list[int]
    v: list[Value]
    level: str
    gaps: list[tuple[int, int]]
    late: int
    clock_suspect: bool
    unreadable: int
    ahead_from: int | None


class Reading(NamedTuple):
    """One reading with its identity; `t` in microseconds."""

    t: int
    v: Value
    epoch: str
    seq: int


class Epoch(_Answer):
    """One life of a collector: every sequence number below `next` is stored, refused, dropped or missing."""

    epoch: str
    ord: int
    next: int
    stored: int
    refused: int
    dropped: int
    removed: int
    missing: list[Annotated[list[int], Field(min_length=2, max_length=2)]]
    complete: bool


class Ledger(_Answer):
    """What became of everything a device ever counted."""

    device: str
    epochs: list[Epoch]
    truncated: bool

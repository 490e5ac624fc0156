"""The responses of the APIs. Unknown fields are ignored. Times are timezone-aware datetimes; fields with the suffix
`_us` are microseconds."""

from datetime import datetime
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Value = bool | int | float


class _Response(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Account(_Response):
    """One account. `version` changes with every update; an update names the version it is based on."""

    id: UUID
    email: str
    name: str
    role: str
    active: bool
    state: str
    created_at: datetime
    updated_at: datetime
    version: int


class AccountLink(_Response):
    """A link to set the account's password. It works once, until `expires_at`."""

    link: str = Field(repr=False)
    expires_at: datetime
    mailed: bool


class RunningSession(_Response):
    """An active session."""

    id: UUID
    device: str
    address: str | None
    created_at: datetime
    last_used_at: datetime
    ends_at: datetime
    is_current: bool


class ApiKeyInfo(_Response):
    """An API key without its secret."""

    id: UUID
    name: str
    scope: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class NewApiKey(ApiKeyInfo):
    """A new API key with its secret, which cannot be read again."""

    key: str = Field(repr=False)


class AuditRecord(_Response):
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


class Device(_Response):
    """A device. `waiting`: readings that are still in its buffer."""

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


class Latest(_Response):
    """The newest value of a series. `t`: microseconds. `ahead`: `t` is in the future."""

    t: int
    v: Value
    ahead: bool


class Limit(_Response):
    """Values above (or below) `value` are a warning, or critical."""

    severity: str
    direction: str
    value: float


class Series(_Response):
    """One series of a device. `unit`: the unit to show; `display_unit`: the one that people set. `decimals`, `limits`,
    `expected_min`, `expected_max`: how people want it to be shown."""

    id: int
    device: str
    name: str
    display_name: str
    type: Literal["int", "float", "bool"]
    unit: str
    interval_us: int | None
    latest: Latest | None
    display_unit: str | None = None
    decimals: int | None = None
    limits: tuple[Limit, ...] = ()
    expected_min: float | None = None
    expected_max: float | None = None


class Sampled(_Response):
    """Readings of a range: all of them, or a sample with every extreme. `t`: microseconds."""

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
    """One reading with its identity. `t`: microseconds."""

    t: int
    v: Value
    epoch: str
    seq: int


class Epoch(_Response):
    """One epoch of a device: every sequence number below `next` is stored, refused, dropped or missing."""

    epoch: str
    ord: int
    next: int
    stored: int
    refused: int
    dropped: int
    removed: int
    missing: list[Annotated[list[int], Field(min_length=2, max_length=2)]]
    complete: bool


class Ledger(_Response):
    """What happened to every sequence number of a device."""

    device: str
    epochs: list[Epoch]
    truncated: bool

"""The Socket.IO messages between gateway and browser. Times are microseconds; `x` indexes into `series`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_contracts.message import DeviceName

NAMESPACE = "/live"
MAX_SUBSCRIBED = 500
MIN_RATE, MAX_RATE, DEFAULT_RATE = 1, 20, 5


class LiveMessage(BaseModel):
    """Base of the browser's messages: frozen, unknown fields ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Subscribe(LiveMessage):
    """Replaces the subscription of this socket. `rate`: frames per second. `pos`: the feed position that the browser
    holds per device; what it missed since comes first."""

    series: Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=MAX_SUBSCRIBED)]
    rate: Annotated[float, Field(ge=MIN_RATE, le=MAX_RATE)] = DEFAULT_RATE
    pos: Annotated[
        dict[DeviceName, Annotated[int, Field(ge=0, le=2**62)]], Field(max_length=MAX_SUBSCRIBED, default_factory=dict)
    ]


class Subscribed(LiveMessage):
    """`resumed` says per device: `exact` (what was missed follows), `history` (older than the log, or too much: load it
    by HTTP), `ahead` (a position that this log has not reached: refused, load history), or `live` (from now on).
    `unknown`: series that there are not; the others are subscribed to."""

    ok: Literal[True] = True
    pos: dict[str, int]
    resumed: dict[str, Literal["live", "exact", "history", "ahead"]]
    unknown: list[int]


class LiveRefusal(LiveMessage):
    ok: Literal[False] = False
    code: str
    detail: str = ""


class Authenticate(LiveMessage):
    token: Annotated[str, StringConstraints(max_length=8_192)]


class Authenticated(LiveMessage):
    ok: Literal[True] = True
    expires_at: str


class TokenExpiring(LiveMessage):
    expires_at: str


class LiveFrame(LiveMessage):
    """Readings of the subscribed series. `conflated`: under pressure only first, minimum, maximum and last of each
    series were kept. `lane` `resume`: what was missed before. The browser acknowledges every frame."""

    sent: int
    pos: dict[str, int]
    lane: Literal["live", "backlog", "resume"]
    conflated: bool
    series: list[int]
    x: list[int]
    t: list[int]
    v: list[bool | int | float]


class DeviceState(LiveMessage):
    """`waiting`: readings in the collector's backlog; `oldest_waiting`: when the oldest of them was taken."""

    id: str
    online: bool
    last_seen_at: str
    waiting: int | None
    oldest_waiting: int | None


class DeviceStates(LiveMessage):
    """Devices whose state has changed since the last of these; at most one a second."""

    items: list[DeviceState]


class Notice(LiveMessage):
    code: Literal["slow_client"]
    detail: str


class Drain(LiveMessage):
    """The gateway is about to end. Come back after `after_ms` (spread, so that not all come at once) with `pos`."""

    after_ms: int


class Ended(LiveMessage):
    """Why the gateway closes this socket now: nothing follows."""

    code: Literal["session_ended", "token_expired", "other_account", "slow_client"]
    detail: str

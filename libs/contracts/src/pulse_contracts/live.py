"""The Socket.IO messages between gateway and browser. Times are in microseconds. `x` is an index into `series`."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_contracts.message import DeviceName
from pulse_contracts.permissions import Permission

NAMESPACE = "/live"
CHANGE_NAMESPACES: Mapping[str, Permission] = {
    "/people": "accounts.read",
    "/collectors": "collectors.read",
    "/devices": "telemetry.read",
    "/mirror": "mirror.read",
}
"""The namespaces of changes, and the permission that each needs. A browser joins `NAMESPACE` first."""
MAX_CHANGED = 500
"""Most ids in one `Changes`. More changes at once are sent as `reload`."""
MAX_SUBSCRIBED = 500
MIN_RATE, MAX_RATE, DEFAULT_RATE = 1, 20, 5


class LiveMessage(BaseModel):
    """Base of the messages: frozen. Readers ignore unknown fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Subscribe(LiveMessage):
    """Replaces the subscription of this socket. `rate`: frames per second. `pos`: the browser's feed position per
    device. The gateway sends the readings after it first."""

    series: Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=MAX_SUBSCRIBED)]
    rate: Annotated[float, Field(ge=MIN_RATE, le=MAX_RATE)] = DEFAULT_RATE
    pos: Annotated[
        dict[DeviceName, Annotated[int, Field(ge=0, le=2**62)]], Field(max_length=MAX_SUBSCRIBED, default_factory=dict)
    ]


class Subscribed(LiveMessage):
    """The answer to `Subscribe`. `resumed` per device: `exact` (the missed readings follow), `history` (too old or too
    many: load them by HTTP), `ahead` (the position is beyond the log: load them by HTTP), `live` (no position was
    sent). `unknown`: unknown series ids, which the subscription leaves out."""

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
    """Readings of the subscribed series. `conflated`: the browser is slow, so only the first, lowest, highest and last
    reading of each series were kept. Lane `resume`: missed readings. The browser acknowledges every frame."""

    sent: int
    pos: dict[str, int]
    lane: Literal["live", "backlog", "resume"]
    conflated: bool
    series: list[int]
    x: list[int]
    t: list[int]
    v: list[bool | int | float]


class DeviceState(LiveMessage):
    """State of one device. `waiting`: readings in the collector's backlog. `oldest_waiting`: when the oldest was
    taken. `buffer_fill`: how full the collector's buffer is, from 0 to 1. `full_in`: seconds until it is full."""

    id: str
    online: bool
    last_seen_at: str
    waiting: int | None
    oldest_waiting: int | None
    buffer_fill: float | None = None
    full_in: int | None = None


class DeviceStates(LiveMessage):
    """Devices whose state has changed since the previous message. At most one message a second."""

    items: list[DeviceState]


class Changes(LiveMessage):
    """The event `changed`: ids of what changed in this namespace, accounts or devices. Each id comes at most once in a
    message. `rules`: the rules or the leases of offline sign-in changed, too. The event `reload` has no content:
    anything in the namespace may have changed, because the gateway left out changes."""

    ids: Annotated[list[str], Field(max_length=MAX_CHANGED)]
    rules: bool = False


class Notice(LiveMessage):
    code: Literal["slow_client"]
    detail: str


class Drain(LiveMessage):
    """The gateway is shutting down. Reconnect after `after_ms` with `pos`. The delay differs between browsers."""

    after_ms: int


class Ended(LiveMessage):
    """The reason why the gateway closes this socket. It is the last message."""

    code: Literal["session_ended", "token_expired", "other_account", "slow_client"]
    detail: str

"""The Socket.IO messages between gateway and browser. Times are microseconds; `x` indexes into `series`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_contracts.message import DeviceName

MAX_SUBSCRIBED = 500


class LiveMessage(BaseModel):
    """Base of the browser's messages: frozen, unknown fields ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Subscribe(LiveMessage):
    """Replaces the subscription of this socket. `rate`: frames per second. `pos`: the feed position that the browser
    holds per device; what it missed since comes first."""

    series: Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=MAX_SUBSCRIBED)]
    rate: Annotated[float, Field(ge=1, le=20)] = 5
    pos: Annotated[
        dict[DeviceName, Annotated[int, Field(ge=0)]], Field(max_length=MAX_SUBSCRIBED, default_factory=dict)
    ]


class Subscribed(LiveMessage):
    """`resumed` says per device: `exact` (what was missed follows), `history` (too old or too much: load it by HTTP),
    or `live` (from now on)."""

    ok: Literal[True] = True
    pos: dict[str, int]
    resumed: dict[str, Literal["live", "exact", "history"]]


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
    id: str
    online: bool
    last_seen_at: str | None


class Notice(LiveMessage):
    code: Literal["slow_client"]
    detail: str

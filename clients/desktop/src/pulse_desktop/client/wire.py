"""What a window and the service say to each other: JSON lines over a Unix socket in the state directory.

The window's first line is a `Greeting`. Then each `Request` gets one `Answer`, in order. An answer with an error may
be the last one of the connection.
"""

import json
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, model_validator

from pulse_desktop.core.mirror.configuration import MAX_RATE
from pulse_desktop.core.recent.recent import MAX_POINTS, MAX_TIME

SOCKET: Final = "window.sock"
TOKEN: Final = "window.token"  # noqa: S105  # the name of a file
VERSION: Final = 1
MAX_LINE: Final = 64 * 1024
"""Maximum length in bytes of a line from a window."""
MAX_ANSWER: Final = 64 * 1024 * 1024
"""Maximum length in bytes of a line from the service."""
MAX_SERIES: Final = 64

Code = Literal["version", "token", "too_many", "too_long", "bad_request", "starting", "not_stored", "failed"]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Greeting(_Message):
    """`token`: the content of `window.token`."""

    version: int
    token: str = Field(max_length=200)


class Read(_Message):
    """Asks for one of the lists, or for the snapshot."""

    do: Literal["snapshot", "series", "sources", "batches"]


class ReadPoints(_Message):
    """Asks for points, see `EngineClient.points`."""

    do: Literal["points"] = "points"
    series: list[int] = Field(max_length=MAX_SERIES)
    start: int = Field(ge=0, le=MAX_TIME)
    end: int = Field(ge=0, le=MAX_TIME)
    most: int = Field(ge=1, le=MAX_POINTS)

    @model_validator(mode="after")
    def _few_enough(self) -> Self:
        if len(self.series) * self.most > MAX_POINTS:
            raise ValueError(f"series times most is above {MAX_POINTS}")
        return self


class LimitOnWire(_Message):
    """The whole limit, see `ReplayLimit`."""

    is_paused: bool
    rate: float | None = Field(gt=0, le=MAX_RATE, allow_inf_nan=False)


class LimitReplay(_Message):
    """Changes the limit of the backlog."""

    do: Literal["limit_replay"] = "limit_replay"
    limit: LimitOnWire


Request = Annotated[Read | ReadPoints | LimitReplay, Field(discriminator="do")]
REQUESTS: Final[TypeAdapter[Read | ReadPoints | LimitReplay]] = TypeAdapter(Request)


class Answer(BaseModel):
    """`result`, or why there is none: `error` is a text for a person."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    result: JsonValue = None
    code: str = ""
    error: str = ""


class PointsOnWire(BaseModel):
    """Points of one series. The values keep their types."""

    t: list[int]
    last: list[bool | int | float]
    lo: list[bool | int | float]
    hi: list[bool | int | float]
    is_raw: bool


def refusal(code: Code, error: str) -> bytes:
    """An answer without a result."""
    return json.dumps({"code": code, "error": error}).encode() + b"\n"


def result(value: object) -> bytes:
    """An answer. `value`: anything that JSON has, and NaN and infinities as constants."""
    return json.dumps({"result": value}).encode() + b"\n"

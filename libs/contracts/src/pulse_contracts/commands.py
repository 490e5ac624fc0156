"""Commands from an administrator to one collector (protocol C). The gateway signs them; the collector answers."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from pulse_contracts.message import PRINTABLE, DeviceName, Message, Micros, UuidText

COMMAND_TYPE = "pulse-command"
"""JWS `typ` of commands."""
MAX_LIFETIME = 60
"""Seconds after which a command expires."""
MAX_OUTPUT = 32_768
"""Maximum characters of a reply's output."""

Action = Literal[
    "restart",
    "collect_now",
    "set_interval",
    "pause_replay",
    "resume_replay",
    "resync_mirror",
    "run_doctor",
    "fetch_log",
]
Outcome = Literal["accepted", "refused", "done", "failed"]


class Command(BaseModel):
    """The signed content of `CommandMessage`.

    to: the only collector that may execute it.
    n: strictly increasing per collector. The collector keeps the highest one on disk, and refuses the others.
    id: identifies it in the history.
    expires: at most 60 s after `at`. The collector refuses it afterwards.
    by: who sent it, for the collector's audit trail: the id of an account, or for example `command-line`.
    seconds: set_interval: seconds between two readings of the machine's own values.
    lines: fetch_log: how many lines.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    to: DeviceName
    n: Annotated[int, Field(ge=1, lt=2**62, strict=True)]
    id: UuidText
    action: Action
    at: Micros
    expires: Micros
    seconds: Annotated[float, Field(ge=0.1, le=3_600)] | None = None
    lines: Annotated[int, Field(ge=1, le=500, strict=True)] | None = None
    by: Annotated[str, StringConstraints(max_length=64, pattern=PRINTABLE)] | None = None

    @model_validator(mode="after")
    def _has_its_argument(self) -> Self:
        if (self.seconds is not None) != (self.action == "set_interval"):
            raise ValueError("only set_interval has seconds")
        if (self.lines is not None) != (self.action == "fetch_log"):
            raise ValueError("only fetch_log has lines")
        if not 0 < self.expires - self.at <= MAX_LIFETIME * 1_000_000:
            raise ValueError("a command expires within 60 s")
        return self


class CommandMessage(Message):
    """`signed` is a compact JWS (ES256, typ `pulse-command`) of `Command`."""

    signed: Annotated[str, StringConstraints(max_length=8_192)]


class CommandReply(Message):
    """A collector's answer. Each command gets `refused`, or `accepted` and then `done` or `failed`.

    reason: a stable code, for example `expired`, `repeated`, `not_allowed`, `unknown_key`.
    output: what the command printed, for example the report of the doctor.
    """

    id: UuidText
    n: Annotated[int, Field(ge=0, lt=2**62)]
    outcome: Outcome
    at: Micros
    reason: Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z0-9_]*$")] = ""
    output: Annotated[str, StringConstraints(max_length=MAX_OUTPUT)] = ""

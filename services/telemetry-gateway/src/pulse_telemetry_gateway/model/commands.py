"""Commands to collectors: their numbers, their states, and refused requests."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from pulse_contracts.commands import Action, Outcome
from pulse_contracts.errors import DomainError

StoredOutcome = Outcome | Literal["unknown"]
"""What is known of a command. `unknown`: the collector accepted it, and did not report an outcome in time."""
CommandState = StoredOutcome | Literal["sent", "no_answer"]
UNKNOWN_AFTER: Final = timedelta(minutes=10)
"""Time after which an accepted command without an outcome is `unknown`. No action takes this long."""
_FOLLOWS: dict[StoredOutcome | None, frozenset[Outcome]] = {
    None: frozenset({"accepted", "refused", "done", "failed"}),
    "accepted": frozenset({"done", "failed"}),
    "unknown": frozenset({"done", "failed"}),
    "refused": frozenset(),
    "done": frozenset(),
    "failed": frozenset(),
}


class CommandsNotConfigured(DomainError):
    """The gateway has no key to sign commands with. Set PULSE_GATEWAY_KEY for the gateway and for auth."""

    code, status = "commands_not_configured", 503


class PlainDeviceHasNoCommands(DomainError):
    """The device is a plain device. Only collectors execute commands."""

    code, status = "plain_device_has_no_commands", 409


class UnknownCommand(DomainError):
    """The command does not exist, or it was deleted from the history."""

    code, status = "not_found", 404


class InvalidArgument(DomainError):
    """The argument does not fit the action. `set_interval` needs `seconds`, `fetch_log` needs `lines`, and the other
    actions need none."""

    code, status = "invalid_argument", 422


@dataclass(frozen=True)
class CommandRequest:
    """A command to send. Raises InvalidArgument."""

    action: Action
    seconds: float | None = None
    lines: int | None = None

    def __post_init__(self) -> None:
        if (self.seconds is not None) != (self.action == "set_interval"):
            raise InvalidArgument("Send `seconds` with the action set_interval, and only with it.")
        if (self.lines is not None) != (self.action == "fetch_log"):
            raise InvalidArgument("Send `lines` with the action fetch_log, and only with it.")


@dataclass(frozen=True)
class SentCommand:
    """One line of a collector's history. `actor`: the account that sent it."""

    id: UUID
    device: str
    n: int
    request: CommandRequest
    actor: str | None
    requested: datetime
    expires: datetime
    outcome: StoredOutcome | None = None
    reason: str = ""
    output: str = ""
    answered: datetime | None = None

    def state(self, now: datetime) -> CommandState:
        """`no_answer` once the command has expired and the collector has not answered."""
        if self.outcome is not None:
            return self.outcome
        return "sent" if now < self.expires else "no_answer"


def follows(old: StoredOutcome | None, new: Outcome) -> bool:
    """Whether an outcome may replace another. A final outcome stays, so that a repeated reply changes nothing. A late
    report replaces `unknown`."""
    return new in _FOLLOWS[old]


def next_number(last: int, seconds: int) -> int:
    """The number of the next command: higher than the last one, and at least the time in seconds since 1970. So numbers
    do not repeat when an older backup of the database is restored."""
    return max(last + 1, seconds)

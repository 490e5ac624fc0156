"""Decides whether a command may be executed. Does no I/O."""

from pulse_contracts.commands import Command

CLOCK_TOLERANCE = 30_000_000
"""Microseconds by which a command may come from the future, because two clocks differ."""
MAX_JUMP = 10**12
"""A number that exceeds the last one by more than this is implausible."""


def refusal(command: Command, device: str, last: int, now: int, *, is_allowed: bool) -> str | None:
    """Why a verified command must not be executed; None when it may. `last`: the highest number that this collector has
    executed. `now`: microseconds since 1970."""
    reasons = (
        (command.to != device, "foreign_device"),
        (not is_allowed, "not_allowed"),
        (command.n <= last, "repeated"),
        (command.n > last + MAX_JUMP, "implausible_number"),
        (now >= command.expires, "expired"),
        (command.at > now + CLOCK_TOLERANCE, "clock_differs"),
    )
    return next((reason for is_true, reason in reasons if is_true), None)

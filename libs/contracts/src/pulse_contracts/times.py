"""Times on the wire are integers: microseconds since 1970-01-01T00:00:00Z, exact in both directions."""

from datetime import UTC, datetime, timedelta
from typing import Final

UNIX_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """Returns microseconds since 1970 as a time in UTC. Raises OverflowError outside the years 1 to 9999."""
    return UNIX_EPOCH + timedelta(microseconds=micros)


def to_micros(at: datetime) -> int:
    """Returns an aware time as microseconds since 1970. Raises TypeError for a time without a time zone."""
    return (at - UNIX_EPOCH) // _MICROSECOND

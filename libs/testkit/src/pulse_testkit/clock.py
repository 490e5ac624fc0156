"""A clock for tests."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """A clock that only `advance` moves. Calling it returns microseconds since 1970."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = int(start.timestamp() * 1_000_000)

    def __call__(self) -> int:
        return self._now

    def seconds(self) -> int:
        """Returns whole seconds since 1970."""
        return self._now // 1_000_000

    def advance(self, step: timedelta) -> None:
        """Moves the clock forward, or backward with a negative step."""
        self._now += int(step.total_seconds() * 1_000_000)

"""A clock for tests: it moves only when told."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Callable: microseconds since 1970. `seconds` gives the same as whole seconds."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = int(start.timestamp() * 1_000_000)

    def __call__(self) -> int:
        return self._now

    def seconds(self) -> int:
        """Whole seconds since 1970."""
        return self._now // 1_000_000

    def advance(self, step: timedelta) -> None:
        """Moves on (or back)."""
        self._now += int(step.total_seconds() * 1_000_000)

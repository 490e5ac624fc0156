"""When a difference between a copy and the announced digest leads to a request for a replay."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta

from pulse_sync_publisher.actions.drift import Drift

_GRACE = timedelta(milliseconds=1)


class Copy:
    """A copy whose digests are read one after the other; the last one stays."""

    def __init__(self, *digests: str) -> None:
        self._digests: Iterator[str] = iter(digests)
        self._last = digests[0]
        self.reads = 0
        self.requests: list[str] = []

    async def digest(self) -> str:
        self.reads += 1
        self._last = next(self._digests, self._last)
        return self._last

    async def request(self, have: str) -> None:
        self.requests.append(have)

    def drift(self, agrees: Callable[[], Awaitable[bool]] | None = None) -> Drift:
        return Drift("accounts", self.digest, self.request, agrees)


async def compare(drift: Drift, announced: str) -> None:
    drift.receive(announced)
    await drift.compare(_GRACE, _GRACE)


async def test_a_copy_that_stands_still_requests_a_replay() -> None:
    copy = Copy("one")
    await compare(copy.drift(), "two")
    assert copy.requests == ["one"]


async def test_nothing_is_requested_while_events_still_arrive() -> None:
    copy = Copy(*(str(n) for n in range(10)), "all")
    await compare(copy.drift(), "all")
    assert copy.requests == []


async def test_the_wait_for_events_that_arrive_is_bounded() -> None:
    copy = Copy(*(str(n) for n in range(1_000)))
    await compare(copy.drift(), "all")
    assert len(copy.requests) == 1


async def test_equal_sums_need_no_digest() -> None:
    copy = Copy("one")

    async def agrees() -> bool:
        return True

    await compare(copy.drift(agrees), "two")
    assert (copy.reads, copy.requests) == (0, [])

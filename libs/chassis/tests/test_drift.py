"""When a difference between a copy and the announced digest leads to a request for a replay."""

import heapq
import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_bus import Disconnected
from pulse_chassis.process.drift import CHECK_EVERY, Copy, Drift, DriftTiming
from pulse_contracts.errors import Unavailable

TIMING = DriftTiming()
MINUTE = 60.0


class World:
    """An owner, a copy, and a queue of events in simulated seconds. The copy is the highest version that it applied;
    it differs from the owner's set until it has every version."""

    def __init__(self, *, served_in: float = 0.01) -> None:
        self.now = 0.0
        self.served_in = served_in
        self.versions = 0
        self.lost = set[int]()
        self.applied = set[int]()
        self.requests: list[float] = []
        self.unhelped = 0
        self.agreements: list[float] = []
        self.is_cut = self.is_unavailable = False
        self.does_replay = True
        self._free = 0.0
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        copy = Copy("accounts", self.digest, self.request, on_unhelped=self.note_unhelped)
        self.drift = Drift(copy, TIMING, clock=lambda: self.now, sleep=self.sleep)

    # -- the copy

    async def digest(self) -> str:
        if self.is_unavailable:
            raise Unavailable("no database")
        return self._set(self.applied)

    async def request(self, have: str) -> None:
        assert have == self._set(self.applied)
        if self.is_cut:
            raise Disconnected("no broker")
        self.requests.append(self.now)
        if self.does_replay:
            for version in range(1, self.versions + 1):
                self.enqueue(version)

    async def note_unhelped(self) -> None:
        self.unhelped += 1

    @staticmethod
    def _set(versions: set[int]) -> str:
        return ",".join(map(str, sorted(versions)))

    # -- the owner and the queue

    def at(self, when: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._due, (when, next(self._order), what))

    def change(self, *, is_lost: bool = False) -> None:
        """A new version. Its digest arrives at once, its event waits behind the others."""
        self.versions += 1
        if is_lost:
            self.lost.add(self.versions)
        else:
            self.enqueue(self.versions)
        self.announce()

    def announce(self) -> None:
        self.drift.receive(self._set(set(range(1, self.versions + 1))))

    def enqueue(self, version: int) -> None:
        self._free = max(self._free, self.now) + self.served_in

        def arrive() -> None:
            with self.drift.arriving():
                self.applied.add(version)

        self.at(self._free, arrive)

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while self._due and self._due[0][0] <= end:
            when, _, what = heapq.heappop(self._due)
            self.now = max(self.now, when)
            what()
        self.now = end

    async def run(self, seconds: float) -> None:
        """Runs comparisons as the job does: whenever a digest was received, and every 5 s. The owner announces every
        30 s, too."""
        end, due = self.now + seconds, self.now
        for k in range(1, int(seconds // 30) + 1):
            self.at(self.now + 30 * k, self.announce)
        while self.now < end:
            if not self.drift.received.is_set() and self.now < due:
                self.advance(min(0.1, end - self.now))
                continue
            due = self.now + CHECK_EVERY.total_seconds()
            self.drift.received.clear()
            await self.drift.compare()


async def test_a_copy_that_missed_an_event_requests_one_replay() -> None:
    world = World()
    world.change(is_lost=True)
    await world.run(5 * MINUTE)
    assert len(world.requests) == 1
    assert 0.5 <= world.requests[0] < 2
    assert (world.applied, world.unhelped) == ({1}, 0)


async def test_an_owner_that_was_away_when_it_was_asked_is_asked_again_before_its_next_digest() -> None:
    """A retained digest arrives while the owner does not run yet, so the request reaches nobody."""
    world = World()
    world.does_replay = False
    world.change(is_lost=True)

    def start() -> None:
        world.does_replay = True
        world.announce()

    world.at(2, start)
    await world.run(15)
    assert len(world.requests) == 2
    assert world.requests[1] - world.requests[0] <= TIMING.pause.total_seconds() + 2 * CHECK_EVERY.total_seconds()
    assert world.applied == {1}


async def test_a_failed_comparison_is_repeated() -> None:
    world = World()
    world.change(is_lost=True)
    world.is_unavailable = True
    with pytest.raises(Unavailable):
        await world.drift.compare()
    world.is_unavailable = False
    await world.drift.compare()
    assert len(world.requests) == 1


async def test_a_digest_that_overtakes_its_event_requests_nothing() -> None:
    world = World(served_in=0.4)
    world.change()
    await world.run(MINUTE)
    assert world.requests == []


async def test_events_that_wait_behind_a_replay_request_nothing() -> None:
    """The replay changes nothing, so the copy stands still while it arrives."""
    world = World(served_in=0.02)
    for _ in range(500):
        world.change()
    await world.run(30)
    for version in range(1, 501):  # a replay for somebody else: 10 s
        world.enqueue(version)
    world.change()
    await world.run(MINUTE)
    assert (world.requests, len(world.applied)) == ([], 501)


async def test_a_long_handling_counts_as_arriving() -> None:
    world = World()
    world.change(is_lost=True)
    world.at(0.1, lambda: None)
    with world.drift.arriving():
        world.drift.received.clear()
        await world.drift.compare()
        assert world.requests[0] >= TIMING.patience.total_seconds()


async def test_the_wait_for_events_that_keep_arriving_is_bounded() -> None:
    """A lost event under steady changes is repaired after a minute."""
    world = World()
    world.change(is_lost=True)
    for k in range(1, 1_200):
        world.at(0.1 * k, world.change)
    await world.run(3 * MINUTE)
    assert len(world.requests) == 1
    assert MINUTE <= world.requests[0] < MINUTE + 1
    assert len(world.applied) == world.versions


async def test_a_copy_that_is_only_late_requests_nothing() -> None:
    """It reaches sets that were announced while it waited, so it has missed nothing."""
    world = World(served_in=0.099)
    for _ in range(10):
        world.change()
    for k in range(1, 3_000):
        world.at(0.1 * k, world.change)
    await world.run(6 * MINUTE)
    assert (world.requests, len(world.applied)) == ([], world.versions)


async def test_requests_that_do_not_help_become_rare() -> None:
    world = World()
    world.does_replay = False
    world.change(is_lost=True)
    for k in range(1, 60 * 60 * 2):
        world.at(0.5 * k, world.announce)
    await world.run(60 * MINUTE)
    gaps = [round(after - before) for before, after in itertools.pairwise(world.requests)]
    assert gaps[:6] == sorted(gaps[:6])
    assert all(gap >= 290 for gap in gaps[6:]), gaps
    assert len([at for at in world.requests if at <= 9 * MINUTE]) <= 8
    assert world.unhelped >= len(world.requests) - 1


async def test_a_replay_that_helped_ends_the_pause() -> None:
    world = World()
    world.does_replay = False
    world.change(is_lost=True)
    await world.run(5 * MINUTE)
    assert len(world.requests) >= 3
    world.does_replay = True
    await world.run(10 * MINUTE)
    assert len(world.applied) == 1
    before = len(world.requests)
    world.change(is_lost=True)
    started = world.now
    await world.run(MINUTE)
    assert world.requests[before] - started < 2


async def test_the_next_request_waits_until_the_replay_was_received() -> None:
    """A replay of 2 minutes that does not help. The pause after the first request is 5 s."""
    world = World(served_in=0.1)
    world.versions, world.applied = 1_200, set(range(1, 1_201))
    world.drift.receive("a set that no replay leads to")
    for k in range(1, 600):
        world.at(0.5 * k, lambda: world.drift.receive("a set that no replay leads to"))
    await world.run(4 * MINUTE)
    first, second, *_ = world.requests
    assert second - first > 120


async def test_a_lost_connection_is_no_request() -> None:
    world = World()
    world.is_cut = True
    world.change(is_lost=True)
    await world.run(10)
    world.is_cut = False
    world.announce()  # the retained digest
    await world.run(10)
    assert (len(world.requests), world.applied) == (1, {1})


async def test_equal_sums_need_no_digest() -> None:
    async def agrees() -> bool:
        return True

    async def never(_: str = "") -> str:
        raise AssertionError("the digest was read")

    async def request(_: str) -> None:
        raise AssertionError("a replay was requested")

    drift = Drift(Copy("accounts", never, request, agrees))
    drift.receive("two")
    await drift.compare()


@settings(max_examples=60, deadline=None)
@given(
    served_in=st.floats(0.001, 0.09),
    backlog=st.integers(0, 400),
    pauses=st.lists(st.floats(0.1, 3), min_size=1, max_size=100),
)
async def test_without_a_loss_no_replay_is_ever_requested(served_in: float, backlog: int, pauses: list[float]) -> None:
    world = World(served_in=served_in)
    world.change()
    for _ in range(backlog):  # a replay that changes nothing is on its way
        world.enqueue(1)
    for when in itertools.accumulate(pauses):
        world.at(when, world.change)
    await world.run(sum(pauses) + 2 * MINUTE)
    assert (world.requests, len(world.applied)) == ([], world.versions)

"""Group commits: what closes a group, and that no batch waits in vain."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_chassis.observability.metrics import Metrics
from pulse_postgres import Database
from pulse_telemetry_gateway.actions.catalogs import Catalogs
from pulse_telemetry_gateway.actions.ingest import Ingest, IngestLimits
from pulse_telemetry_gateway.model.ingest.credit import CreditLimits
from pulse_telemetry_gateway.model.ingest.grouping import WORTHWHILE_BATCHES, GroupLimits, GroupQueue
from pulse_telemetry_gateway.model.ledger.arrivals import Arrival
from pulse_telemetry_gateway.store.registry import RegistryStore

from .conftest import arrival, three_series

HOUR = 3_600.0


@dataclass(frozen=True)
class Came:
    """Batches that came together."""

    batches: int
    size: int
    since: float
    streams: tuple[tuple[str, int], ...] = ()


LIMITS = st.builds(GroupLimits, st.integers(1, 200), st.integers(1, 2_000), st.floats(0, 1), st.floats(0, 1))
CAME = st.lists(st.builds(Came, st.integers(1, 90), st.integers(1, 900), st.floats(0, 10)), max_size=20)


@given(LIMITS, CAME)
def test_every_batch_is_in_one_group_in_order_and_groups_are_bounded(limits: GroupLimits, came: list[Came]) -> None:
    queue = GroupQueue[Came](limits)
    for one in came:
        queue.add(one)
    groups: list[list[Came]] = []
    while queue:
        groups.append(queue.take())
    assert [one for group in groups for one in group] == came
    for place, group in enumerate(groups):
        sums = (sum(one.batches for one in group), sum(one.size for one in group))
        assert len(group) == 1 or (sums[0] <= limits.batches and sums[1] <= limits.bytes)
        for after in groups[place + 1 : place + 2]:  # no smaller than necessary
            more = (sums[0] + after[0].batches, sums[1] + after[0].size)
            assert more[0] > limits.batches or more[1] > limits.bytes
    assert not queue.is_enough


@given(LIMITS, CAME.filter(bool), st.floats(-10, 10))
def test_a_group_is_collected_only_while_it_is_small_young_and_close_to_the_last(
    limits: GroupLimits, came: list[Came], last: float
) -> None:
    queue = GroupQueue[Came](limits)
    for one in came:
        queue.add(one)
    due, oldest = queue.due(last), came[0].since
    assert due <= oldest + limits.age
    assert due <= max(oldest, last + limits.interval)
    batches = sum(one.batches for one in came)
    if batches >= min(WORTHWHILE_BATCHES, limits.batches) or sum(one.size for one in came) >= limits.bytes:
        assert due <= oldest
    elif min(last + limits.interval - oldest, limits.age) > 1e-6:
        assert due > oldest, "commits that follow each other closely are grouped"


Starts = Callable[[GroupLimits], AbstractAsyncContextManager[tuple[Ingest, Callable[[], float]]]]


@pytest.fixture
async def start(database: Database) -> Starts:
    """Ingest on a real database, and the number of its commits."""
    ledger = await three_series(database)

    @asynccontextmanager
    async def started(limits: GroupLimits) -> AsyncIterator[tuple[Ingest, Callable[[], float]]]:
        metrics = Metrics()
        bus = MemoryBus(MemoryBroker(), clock=lambda: 0)
        all_limits = IngestLimits(CreditLimits(8, 2, 100, 0.1), limits, 1_024, 10**15)
        ingest = Ingest(ledger, Catalogs(RegistryStore(database)), bus, all_limits, metrics)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(ingest.run())
            yield ingest, lambda: commits(metrics)
            running.cancel()

    return started


def commits(metrics: Metrics) -> float:
    """Number of commits so far."""
    lines = metrics.render().decode().splitlines()
    return next(float(line.split()[-1]) for line in lines if "ingest_commit_seconds_count" in line and line[0] != "#")


def batch(number: int) -> Arrival:
    """One of several batches of ten readings."""
    return arrival(number * 10, number * 10 + 10)


async def join(ingest: Ingest, numbers: range) -> None:
    """Submits each batch as a message of its own, without waiting for the others. The event loop turns between two."""
    async with asyncio.TaskGroup() as group:
        for number in numbers:
            group.create_task(ingest.join([batch(number)], 100))
            await asyncio.sleep(0)


@pytest.mark.servers
async def test_after_a_pause_a_single_batch_is_committed_at_once(start: Starts) -> None:
    async with start(GroupLimits(500, 10**6, HOUR, HOUR)) as (ingest, done), asyncio.timeout(10):
        await join(ingest, range(1))
        assert done() == 1


@pytest.mark.servers
async def test_commits_that_follow_closely_become_one_of_bounded_age(start: Starts) -> None:
    loop = asyncio.get_running_loop()
    async with start(GroupLimits(500, 10**6, 0.02, HOUR)) as (ingest, done), asyncio.timeout(10):
        await join(ingest, range(1))
        began = loop.time()
        await join(ingest, range(1, 20))
        assert loop.time() - began >= 0.02
        assert done() == 2


@pytest.mark.servers
@pytest.mark.parametrize(
    ("limits", "batches"),
    [
        (GroupLimits(500, 10**6, HOUR, HOUR), WORTHWHILE_BATCHES),
        (GroupLimits(5, 10**6, HOUR, HOUR), 5),
        (GroupLimits(500, 1_000, HOUR, HOUR), 10),
    ],
)
async def test_a_commit_starts_at_once_with_enough_batches_or_bytes(
    start: Starts, limits: GroupLimits, batches: int
) -> None:
    async with start(limits) as (ingest, done), asyncio.timeout(10):
        await join(ingest, range(1))
        await join(ingest, range(1, 1 + batches))
        assert done() == 2

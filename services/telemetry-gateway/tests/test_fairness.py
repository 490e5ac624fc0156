"""The limits of one device, each by itself: token buckets, queues, shares of a group, fragments of a ledger."""

import asyncio
from dataclasses import dataclass
from functools import partial

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pulse_contracts.ranges import Range, normalized, subtract
from pulse_contracts.telemetry import Dropped
from pulse_postgres import Database
from pulse_telemetry_gateway.actions.device_limits import DeviceQueue, NewestPerDevice
from pulse_telemetry_gateway.model.ingest.grouping import DEVICE_STREAMS_MAX, GroupLimits, GroupQueue, split_by_device
from pulse_telemetry_gateway.model.ingest.token_buckets import TokenBuckets
from pulse_telemetry_gateway.model.ledger.arrivals import StreamChange
from pulse_telemetry_gateway.model.ledger.ranges import touches
from pulse_telemetry_gateway.model.ledger.settling import settle
from pulse_telemetry_gateway.store.ledger import LedgerLimits, LedgerStore

from .conftest import arrival, ledger_lines, three_series

pytestmark = pytest.mark.servers

RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)).map(lambda p: (p[0], p[0] + p[1])), max_size=12)


@given(st.lists(st.floats(0, 5), max_size=80), st.floats(0.5, 20), st.integers(1, 20))
def test_token_buckets_limit_each_device_by_burst_and_rate(gaps: list[float], rate: float, burst: int) -> None:
    pace, now, done = TokenBuckets(rate, burst), 0.0, 0
    for number, gap in enumerate(gaps):
        now += gap
        done += pace.allows("a", now)
        assert done <= burst + rate * now + 1e-6
        assert pace.allows(f"b{number}", now)


@given(RANGES, RANGES)
def test_a_range_that_touches_another_adds_no_fragment(settled: list[Range], parts: list[Range]) -> None:
    have = normalized(settled)
    for part in parts:
        assert touches(have, part) == (len(normalized([*have, part])) <= len(have))


@given(RANGES, st.integers(0, 6))
def test_a_stream_exceeds_its_fragment_limit_by_one_at_most_and_gaps_can_always_be_closed(
    parts: list[Range], most: int
) -> None:
    change = StreamChange(1, [])
    for part in parts:
        before = list(change.settled)
        settle([arrival(*part)], {(1, 7): change}, most)
        assert len(change.settled) <= most + 1
        assert change.settled in (before, list(normalized([*before, part])))
    for hole in subtract(((0, 100),), change.settled):
        settle([arrival(*hole)], {(1, 7): change}, most)
    assert len(change.settled) <= max(1, most + 1)


@dataclass(frozen=True)
class Came:
    """One message of a device."""

    device: str
    epoch: int
    batches: int = 1
    size: int = 1
    since: float = 0.0

    @property
    def streams(self) -> list[tuple[str, int]]:
        return [(self.device, self.epoch)]


STREAMS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), max_size=40)


@given(STREAMS)
def test_a_group_has_at_most_the_share_of_each_device_and_keeps_the_order(
    streams: list[tuple[str, int]],
) -> None:
    queue = GroupQueue[Came](GroupLimits(100, 100, 1, 1))
    for stream in streams:
        queue.add(Came(*stream))
    taken: list[Came] = []
    while queue:
        group = queue.take()
        assert group
        for device in "abc":
            assert len({one.epoch for one in group if one.device == device}) <= DEVICE_STREAMS_MAX
        taken += group
    for key in set(streams):
        assert taken.count(Came(*key)) == streams.count(key)
    first = queue.take()
    assert first == []


@given(STREAMS)
def test_a_submission_is_split_by_device(streams: list[tuple[str, int]]) -> None:
    shares = split_by_device(streams)
    assert sorted(place for places in shares for place in places) == list(range(len(streams)))
    for places in shares:
        assert len({streams[place][0] for place in places}) == 1
        assert len({streams[place] for place in places}) <= DEVICE_STREAMS_MAX


async def test_only_the_newest_message_of_a_device_is_handled_and_other_devices_do_not_wait() -> None:
    worked: list[tuple[str, int]] = []
    gate = asyncio.Event()

    async def work(device: str, message: int) -> None:
        worked.append((device, message))
        if device == "a":
            await gate.wait()

    newest = NewestPerDevice(work, TokenBuckets(1_000, 1_000), 2)
    async with asyncio.TaskGroup() as group:
        for message in range(50):
            group.create_task(newest.take("a", message))
            await asyncio.sleep(0)
        await newest.take("b", 0)
        assert worked == [("a", 0), ("b", 0)]
        gate.set()
    assert worked == [("a", 0), ("b", 0), ("a", 49)]


async def test_messages_of_a_device_are_handled_in_turn_and_excess_ones_are_not_handled() -> None:
    done: list[int] = []
    gate = asyncio.Event()

    async def work(number: int) -> None:
        await gate.wait()
        done.append(number)

    turns = DeviceQueue(TokenBuckets(1_000, 1_000), 2, 10)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(turns.take("a", partial(work, number))) for number in range(30)]
        await asyncio.sleep(0)
        gate.set()
        assert await turns.take("b", partial(work, 100))
    assert [task.result() for task in tasks] == [True] * 10 + [False] * 20
    assert [number for number in done if number < 100] == list(range(10))


async def test_declared_losses_are_settled_within_the_fragment_limit_and_the_rest_is_declared_again(
    database: Database,
) -> None:
    await three_series(database)
    ledger = LedgerStore(database, LedgerLimits(fragments=4))
    pieces = [(lo, lo + 1) for lo in range(0, 40, 4)]
    told = await ledger.declare_dropped(1, Dropped(epoch=7, ord=1, ranges=pieces, reason="overflow"))
    assert told.settled[1, 7] == pieces[:5]
    closing = Dropped(epoch=7, ord=1, ranges=[(0, 21), (100, 101)], reason="overflow")
    assert (await ledger.declare_dropped(1, closing)).settled[1, 7] == [(0, 21), (100, 101)]
    line = (await ledger_lines(database, 1))[0]
    assert (line.dropped, line.stored) == (22, 0)


async def test_the_newest_epochs_are_those_that_hold_a_reading(database: Database) -> None:
    ledger = await three_series(database)
    await ledger.commit([arrival(0, 1, epoch=7, order=1)])
    dropped = await ledger.declare_dropped(1, Dropped(epoch=8, ord=9, ranges=[(0, 5)], reason="overflow"))
    assert dropped.newest[1] == [(1, 7)]
    assert (await ledger.commit([arrival(1, 2, epoch=7, order=1)])).newest[1] == [(1, 7)]
    assert (await ledger.commit([arrival(5, 6, epoch=8, order=9)])).newest[1] == [(9, 8), (1, 7)]

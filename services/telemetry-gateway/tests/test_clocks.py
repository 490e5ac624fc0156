"""Readings of a wrong clock are marked as suspect, also when the clock was corrected within the same epoch."""

from datetime import timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.actions.compaction import Compaction, CompactionPace
from pulse_telemetry_gateway.actions.history import History, HistoryLimits
from pulse_telemetry_gateway.actions.pages import Pages
from pulse_telemetry_gateway.model.ledger.arrivals import Arrival
from pulse_telemetry_gateway.model.ledger.clock_stretches import ClockLimits, clock_stretches
from pulse_telemetry_gateway.store.compaction import CompactionStore
from pulse_telemetry_gateway.store.history import HistoryStore
from pulse_telemetry_gateway.store.partitions import Partitions
from pulse_telemetry_gateway.store.registry import RegistryStore
from pulse_testkit.servers import Servers

from .conftest import NOW, PASSWORD, arrival, three_series
from .system import collector, gateway, user

pytestmark = pytest.mark.servers
HOUR = 3_600_000_000
WHOLE = CompactionPace(timedelta(0), 1_000, 500_000, timedelta(0), timedelta(0))


def off(lo: int, hi: int, by: int, *, lane: str = "live", epoch: int = 7) -> Arrival:
    """Readings from NOW on of a clock that is behind by `by`. They arrive at once."""
    one = arrival(lo, hi, lane=lane, epoch=epoch)
    assert one.columns is not None
    one.columns.t[:] -= by
    return one._replace(sent=NOW - by, received=NOW)


@given(st.integers(-(10**15), 10**15), st.sampled_from(["live", "backlog"]))
def test_only_live_readings_of_a_wrong_clock_make_a_clock_stretch(by: int, lane: str) -> None:
    one = off(0, 5, by, lane=lane)
    assert one.columns is not None
    found = clock_stretches([(one, one.columns)], ClockLimits())
    assert bool(found) == (lane == "live" and not -2_000_000 <= by <= 60_000_000)
    if found:
        assert min(s.t_min for s in found) == int(one.columns.t.min())
        assert max(s.t_max for s in found) == int(one.columns.t.max())


@pytest.mark.parametrize("by", [5 * HOUR, -5 * HOUR], ids=["behind", "ahead"])
async def test_readings_of_a_wrong_clock_are_suspect_and_later_correct_ones_are_not(
    database: Database, by: int
) -> None:
    ledger = await three_series(database)
    await ledger.commit([off(0, 10, by)])
    await ledger.commit([off(10, 20, 0)])
    await ledger.commit([off(20, 30, 40_000_000, lane="backlog", epoch=8)])
    limits = HistoryLimits(timedelta(seconds=20), 2, 2_000_000)
    history = History(HistoryStore(database), RegistryStore(database), limits)
    wrong, right = (NOW - by, NOW - by + HOUR), (NOW, NOW + HOUR)
    for _ in range(2):
        for span, is_suspect in ((wrong, True), (right, False), ((min(wrong[0], NOW), NOW + 6 * HOUR), True)):
            assert (await history.readings(1, *span, 100)).quality.clock_suspect is is_suspect
            assert (await history.aligned([1], *span, 10)).quality.clock_suspect is is_suspect
        assert (await Pages(history).page(1, right, None, 100)).quality.clock_suspect is False
        assert (await Pages(history).page(1, wrong, None, 100)).quality.clock_suspect is True
        await Compaction(CompactionStore(database), Partitions(database), WHOLE).catch_up()


async def test_the_api_marks_readings_of_a_clock_stretch_as_suspect(
    servers: Servers, database_url: str, database: Database
) -> None:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url) as running, collector(servers) as alpha:
        await alpha.declare()
        one = alpha.batch(0, [1.0] * 10)
        await alpha.deliver(one.model_copy(update={"t0": one.t0 - 5 * HOUR, "sent": one.sent - 5 * HOUR}))
        await alpha.deliver(alpha.batch(10, [2.0] * 10))

        async def told(start: int, end: int) -> bool:
            given = {"from": str(start), "to": str(end)}
            answer = await running.http.get("/api/telemetry/series/1/readings", params=given, headers=user())
            assert answer.json()["n"] == 10, answer.text
            return bool(answer.json()["clock_suspect"])

        assert await told(one.t0 - 6 * HOUR, one.t0 - 4 * HOUR)
        assert not await told(one.t0 - HOUR, one.t0 + HOUR)

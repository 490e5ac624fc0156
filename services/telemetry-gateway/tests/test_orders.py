"""An implausible `ord` is rejected and leaves the device's own epochs unchanged."""

from importlib.resources import files

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pulse_bus import Reject
from pulse_contracts.telemetry import MAX_ORD, ORD_JUMP, Dropped
from pulse_contracts.topics import TELEMETRY_DROP
from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.model.ledger.plausible_ord import is_plausible_ord
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD, arrival, ledger_lines, three_series
from .system import collector, gateway

pytestmark = pytest.mark.servers

FAR = 2**62 - 1


@given(highest=st.integers(0, MAX_ORD), starts=st.integers(0, 2**31))
def test_an_ord_within_reach_of_restarts_is_plausible(highest: int, starts: int) -> None:
    assert is_plausible_ord(highest + starts, highest) == (highest + starts <= MAX_ORD)


@given(highest=st.integers(0, MAX_ORD), beyond=st.integers(1, 2**61))
def test_a_jump_of_ord_is_implausible(highest: int, beyond: int) -> None:
    assert not is_plausible_ord(highest + ORD_JUMP + beyond, highest)


async def test_a_batch_with_an_implausible_ord_is_rejected_and_its_neighbours_are_stored(database: Database) -> None:
    ledger = await three_series(database)
    group = [arrival(0, 10), arrival(0, 10, epoch=8, order=FAR), arrival(10, 20), arrival(0, 5, device=2, order=3)]
    result = await ledger.commit(group)
    assert [(place, why.code) for place, why in result.rejected.items()] == [(1, "implausible_ord")]
    assert (result.settled[1, 7], result.newest[1]) == ([(0, 20)], [(1, 7)])
    assert (1, 8) not in result.settled
    assert [line.epoch for line in await ledger_lines(database, 1)] == [7]


async def test_a_drop_with_an_implausible_ord_is_rejected(database: Database) -> None:
    ledger = await three_series(database)
    with pytest.raises(Reject, match="each start of it adds one"):
        await ledger.declare_dropped(1, Dropped(epoch=8, ord=FAR, ranges=[(0, 5)], reason="overflow"))
    assert await ledger_lines(database, 1) == []


async def test_a_message_with_a_huge_ord_is_quarantined_and_delivery_continues(
    servers: Servers, database_url: str, database: Database
) -> None:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url), collector(servers) as alpha:
        await alpha.declare()
        await alpha.deliver(alpha.batch(0, [1.0]))
        await alpha.send(alpha.batch(0, [666.0], epoch=8, ord=FAR))
        drop = Dropped(epoch=9, ord=FAR, ranges=[(0, 1)], reason="overflow")
        await alpha.bus.publish(TELEMETRY_DROP, drop, device="alpha")

        async def codes() -> list[str]:
            async with database.connection() as connection:
                return [row["code"] for row in await connection.fetch("SELECT code FROM quarantine")]

        async def both_are_away() -> bool:
            return await codes() == ["implausible_ord"] * 2

        await eventually(both_are_away)
        assert (await alpha.deliver(alpha.batch(1, [2.0]))).newest == [(1, 7)]


async def test_a_stored_ord_beyond_the_limit_is_reset_by_the_migration(database_url: str, database: Database) -> None:
    ledger = await three_series(database)
    await ledger.commit([arrival(0, 1, epoch=7, order=1)])
    async with database.transaction() as connection:
        await connection.execute("UPDATE stream SET ord = $1", FAR)
        await connection.execute("INSERT INTO latest VALUES (1, $1, 7, 0, 0, 0, 0)", FAR)
        await connection.execute("UPDATE batch SET ord = $1", FAR)
        step = "0011_plausible_orders.sql"
        await connection.execute(files("pulse_telemetry_gateway.migrations").joinpath(step).read_text("utf-8"))
        found = [
            await connection.fetchval(f"SELECT max(ord) FROM {table}")  # noqa: S608
            for table in ("stream", "latest", "batch")
        ]
    assert found == [0, 0, 0]

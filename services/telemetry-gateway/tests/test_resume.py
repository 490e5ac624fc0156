"""A browser resumes from a position: nothing is missing and nothing comes twice, whatever other browsers do."""

from collections.abc import AsyncIterator

import pytest

from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD, arrival
from .system import Collector, Gateway, browser, collector, gateway, token

pytestmark = pytest.mark.servers
SECOND_A_FRAME = {"series": [1], "rate": 1}


@pytest.fixture
async def started(servers: Servers, database_url: str) -> AsyncIterator[Gateway]:
    async with gateway(servers, with_role(database_url, "pulse_telemetry", PASSWORD)) as opened:
        yield opened


@pytest.fixture
async def alpha(servers: Servers, started: Gateway) -> AsyncIterator[Collector]:
    async with collector(servers) as device:
        await device.declare()
        yield device


async def test_a_browser_that_is_ahead_of_its_group_gets_nothing_twice(started: Gateway, alpha: Collector) -> None:
    async with (
        browser(started.port, {"token": token()}) as steady,
        browser(started.port, {"token": token()}) as ahead,
        browser(started.port, {"token": token()}) as behind,
    ):
        await steady.ask("subscribe", SECOND_A_FRAME)
        await alpha.deliver(alpha.batch(0, [0.0]))
        await eventually(lambda: steady.values() == [0.0])
        await alpha.deliver(alpha.batch(1, [1.0]))  # collected by the group and sent a second later
        assert steady.values() == [0.0]
        for client, pos in ((ahead, 2), (behind, 0)):
            answer = await client.ask("subscribe", SECOND_A_FRAME | {"pos": {"alpha": pos}})
            assert answer["resumed"] == {"alpha": "exact"}
        await alpha.deliver(alpha.batch(2, [2.0]))
        await eventually(lambda: behind.values() == [0.0, 1.0, 2.0])
        await eventually(lambda: ahead.values() == [2.0])
        await eventually(lambda: steady.values() == [0.0, 1.0, 2.0])
        for client in (steady, ahead, behind):
            await eventually(lambda client=client: client.frames[-1]["pos"] == {"alpha": 3})  # type: ignore[misc]


async def test_missed_and_new_readings_arrive_once_while_readings_continue(started: Gateway, alpha: Collector) -> None:
    for part in range(10):
        await alpha.deliver(alpha.batch(part * 500, [float(part * 500 + i) for i in range(500)]))
    async with browser(started.port, {"token": token()}, acks=False) as client:
        answer = await client.ask("subscribe", {"series": [1], "rate": 20, "pos": {"alpha": 2}})
        assert answer["resumed"] == {"alpha": "exact"}
        for part in range(10, 20):
            await alpha.deliver(alpha.batch(part * 500, [float(part * 500 + i) for i in range(500)]))
        await client.catch_up()
        await eventually(lambda: len(client.values()) == 9_000)
        assert client.values() == [float(i) for i in range(1_000, 10_000)]
        assert client.frames[-1]["pos"] == {"alpha": 20}
        assert not any(frame["conflated"] for frame in client.frames)


async def test_readings_of_a_gateway_that_died_before_publishing_reach_the_browser(
    started: Gateway, alpha: Collector, database: Database
) -> None:
    await alpha.deliver(alpha.batch(0, [0.0]))
    async with browser(started.port, {"token": token()}) as client:
        await client.ask("subscribe", {"series": [1], "rate": 20})
        async with database.connection() as connection:  # a message left by an earlier test may have made device 1
            device = await connection.fetchval("SELECT device_id FROM series WHERE id = 1")
        await LedgerStore(database).commit([arrival(1, 4, device=device)])  # without a live message
        await eventually(lambda: client.values() == [1.0, 2.0, 3.0], seconds=30, what=lambda: client.frames)
        assert client.frames[-1]["pos"] == {"alpha": 2}


async def test_rows_that_retention_removes_during_a_resume_are_reported(
    started: Gateway, alpha: Collector, database: Database
) -> None:
    for part in range(8):
        await alpha.deliver(alpha.batch(part * 1_000, [float(part)] * 1_000))
    async with browser(started.port, {"token": token()}, acks=False) as client:
        await client.ask("subscribe", {"series": [1], "rate": 20, "pos": {"alpha": 0}})
        await eventually(lambda: client.frames != [])
        async with database.connection() as connection:
            await connection.execute("DELETE FROM batch WHERE pos = 6")
        await client.catch_up()
        await eventually(lambda: client.frames[-1]["pos"] == {"alpha": 8})
        assert set(client.values()) == {0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 7.0}
        assert [frame["pos"]["alpha"] for frame in client.frames if frame["conflated"]] == [6]


@pytest.mark.announces_log("stored_batch_unreadable")
async def test_an_unreadable_row_is_reported_and_the_rest_is_sent(
    started: Gateway, alpha: Collector, database: Database
) -> None:
    for part in range(3):
        await alpha.deliver(alpha.batch(part * 1_000, [float(part)] * 1_000))
    async with database.connection() as connection:
        await connection.execute("UPDATE batch SET payload = set_byte(payload, 0, 99) WHERE pos = 2")
    async with browser(started.port, {"token": token()}) as client:
        answer = await client.ask("subscribe", {"series": [1], "rate": 20, "pos": {"alpha": 0}})
        assert answer["resumed"] == {"alpha": "exact"}
        await eventually(lambda: set(client.values()) == {0.0, 2.0})
        assert [frame["pos"]["alpha"] for frame in client.frames if frame["conflated"]] == [2]
        await alpha.deliver(alpha.batch(3_000, [3.0]))
        await eventually(lambda: client.values()[-1] == 3.0)

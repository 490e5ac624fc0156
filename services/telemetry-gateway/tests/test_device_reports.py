"""What the list of devices says about a collector: its own report, the lag of its readings, and rejected messages."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pulse_bus import Quarantined
from pulse_contracts.system import Status
from pulse_contracts.telemetry import Dropped
from pulse_contracts.topics import SYSTEM_STATUS
from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.quarantine import QuarantineStore
from pulse_telemetry_gateway.store.registry import RegistryStore
from pulse_telemetry_gateway.store.registry_rows import DeviceReport
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD, arrival, three_series
from .saving import EVE, Person
from .system import Gateway, collector, gateway

pytestmark = pytest.mark.servers


@pytest.fixture
async def started(servers: Servers, database: Database, database_url: str) -> AsyncIterator[Gateway]:
    await three_series(database)
    async with gateway(
        servers, with_role(database_url, "pulse_telemetry", PASSWORD), has_intake=False, history_deadline=50
    ) as opened:
        yield opened


async def device(started: Gateway, name: str = "alpha") -> dict[str, Any]:
    answer = await Person(started, EVE, "admin").ask("GET", "/devices")
    return next(one for one in answer.json()["items"] if one["id"] == name)


async def test_a_report_reaches_the_list_and_the_next_one_replaces_it(servers: Servers, started: Gateway) -> None:
    async with collector(servers) as alpha:
        first = Status(
            state="online",
            since=1,
            version="0.3.1",
            waiting=900,
            oldest_waiting=1_000_000,
            buffer_fill=0.75,
            full_in=60,
        )
        try:
            await alpha.bus.publish(SYSTEM_STATUS, first, kind="collector", id="alpha")

            async def is_listed() -> bool:
                return bool((await device(started))["waiting"] == 900)

            await eventually(is_listed)
            found = await device(started)
            assert (found["version"], found["buffer_fill"]) == ("0.3.1", 0.75)
            assert datetime.fromisoformat(found["oldest_waiting"]) == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
            assert abs(datetime.fromisoformat(found["full_at"]) - datetime.now(UTC)) < timedelta(minutes=5)
            await alpha.bus.publish(
                SYSTEM_STATUS, Status(state="online", since=1, version="0.3.2"), kind="collector", id="alpha"
            )

            async def is_replaced() -> bool:
                return bool((await device(started))["version"] == "0.3.2")

            await eventually(is_replaced)
            found = await device(started)
            assert [found[key] for key in ("waiting", "oldest_waiting", "buffer_fill", "full_at")] == [None] * 4
        finally:
            await alpha.bus.clear(SYSTEM_STATUS, kind="collector", id="alpha")


async def test_a_last_will_keeps_the_version(database: Database) -> None:
    registry = RegistryStore(database)
    await registry.note_status("alpha", DeviceReport(online=True, version="0.3.1"))
    await registry.note_status("alpha", DeviceReport(online=False))
    (found,) = await registry.devices()
    assert (found.online, found.version) == (False, "0.3.1")


async def test_a_buffer_that_fills_in_centuries_is_no_error(database: Database) -> None:
    registry = RegistryStore(database)
    await registry.note_status("alpha", DeviceReport(online=True, full_in=2**53))
    (found,) = await registry.devices()
    assert found.full_at is not None


async def test_a_time_that_no_calendar_has_is_left_out_and_breaks_no_list(started: Gateway, database: Database) -> None:
    for micros in (1_764_546_000_000_000_000, 2**62, -(2**62)):  # the first is in nanoseconds
        await RegistryStore(database).note_status("alpha", DeviceReport(online=True, waiting=1, oldest_waiting=micros))
        assert (await device(started))["oldest_waiting"] is None
        assert (await Person(started, EVE, "admin").ask("GET", "/intake")).status_code == 200


async def test_the_lag_is_the_age_of_the_newest_reading_of_the_last_batch(database: Database) -> None:
    ledger, registry = await three_series(database), RegistryStore(database)
    assert isinstance(ledger, LedgerStore)
    assert (await registry.devices())[0].lag is None
    # readings 1 ms apart; the batch is received 500 us after the first
    await ledger.commit([arrival(0, 10)])
    assert (await registry.devices())[0].lag == 500 - 9_000
    late = arrival(10, 11)
    await ledger.commit([late._replace(received=late.received + 3_000_000)])
    assert (await registry.devices())[0].lag == 3_000_500 - 10_000


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("telemetry/data/alpha", "alpha"),
        ("telemetry/shard/7/alpha", "alpha"),
        ("telemetry/plain/ALPHA", "alpha"),
        ("telemetry/data/beta", "beta"),
        ("system/status/collector/alpha", "alpha"),
        ("system/reply/beta", "beta"),
    ],
)
async def test_rejected_messages_are_counted_for_the_device_that_sent_them(
    started: Gateway, database: Database, address: str, name: str
) -> None:
    quarantine, admin = QuarantineStore(database), Person(started, EVE, "admin")
    for _ in range(3):
        await quarantine.put(Quarantined(address, b"x", "unreadable", "no JSON", 0))
    for one in ("alpha", "beta"):
        expected = 3 if one == name else 0
        assert (await device(started, one))["quarantined"] == expected
        reasons = (await admin.ask("GET", f"/quarantine/reasons?device={one}")).json()["items"]
        assert [reason["n"] for reason in reasons] == ([3] if expected else [])


async def test_readings_that_were_given_up_are_counted_over_all_epochs(started: Gateway, database: Database) -> None:
    ledger = LedgerStore(database)
    assert (await device(started))["dropped"] == 0
    for epoch in (7, 8):
        drop = Dropped(epoch=epoch, ord=epoch, ranges=[(5, 20)], reason="overflow")
        await ledger.declare_dropped(1, drop)
        await ledger.declare_dropped(1, drop)
    assert [(await device(started, one))["dropped"] for one in ("alpha", "beta")] == [30, 0]


async def test_absurd_claims_of_given_up_readings_do_not_break_the_list(started: Gateway, database: Database) -> None:
    ledger = LedgerStore(database)
    for epoch in (7, 8, 9):
        drop = Dropped(epoch=epoch, ord=epoch, ranges=[(0, 2**62)], reason="overflow")
        await ledger.declare_dropped(1, drop)
    assert (await device(started))["dropped"] == 2**62

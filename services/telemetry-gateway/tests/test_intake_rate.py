"""How fast readings are stored, and what waits on devices. On real PostgreSQL."""

from datetime import timedelta

import pytest

from pulse_contracts.times import from_micros
from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.actions.intake_rate import IntakeRate
from pulse_telemetry_gateway.store.intake_rate import Fleet, IntakeRateStore, Rate
from pulse_telemetry_gateway.store.registry import RegistryStore
from pulse_telemetry_gateway.store.registry_rows import DeviceReport
from pulse_testkit.servers import Servers

from .conftest import PASSWORD
from .saving import BOB, Person
from .system import gateway

pytestmark = pytest.mark.servers
LONG = timedelta(hours=1)


class Meter:
    """A measurement whose clock the test moves."""

    def __init__(self, database: Database, gateway: str = "a") -> None:
        self.now = 0.0
        self.store = IntakeRateStore(database)
        self.rate = IntakeRate(self.store, gateway, lambda: self.now)

    async def measure(self, seconds: float) -> None:
        self.now += seconds
        await self.rate.measure()


async def test_the_readings_of_all_gateways_are_added_and_the_slowest_wait_counts(database: Database) -> None:
    first, second = Meter(database), Meter(database, "b")
    for wait in range(1, 101):
        first.rate.note(10, wait / 1_000)
    second.rate.note(50, 0.2)
    await first.measure(5)
    await second.measure(10)
    assert await first.store.rate(LONG) == Rate(205, 0.2, 0.2)
    second.now += 10
    await second.rate.measure()
    assert await first.store.rate(LONG) == Rate(200, 0.05, 0.099)


async def test_without_a_measurement_nothing_is_known_and_without_readings_the_rate_is_zero(database: Database) -> None:
    meter = Meter(database)
    assert await meter.store.rate(LONG) == Rate(None, None, None)
    await meter.measure(5)
    assert await meter.store.rate(LONG) == Rate(0, None, None)
    async with database.connection() as connection:
        await connection.execute("UPDATE intake_rate SET at = now() - interval '1 minute'")
    assert await meter.rate.rate() == Rate(None, None, None)
    async with database.connection() as connection:
        await connection.execute("UPDATE intake_rate SET at = now() - interval '2 days'")
    await Meter(database, "b").measure(1)
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM intake_rate") == 1


async def test_each_reading_counts_in_one_measurement_only(database: Database) -> None:
    meter = Meter(database)
    meter.rate.note(100, 1)
    await meter.measure(1)
    meter.rate.note(30, 2)
    await meter.measure(1)
    assert await meter.store.rate(LONG) == Rate(30, 2, 2)


async def test_the_backlogs_of_all_devices_are_added(database: Database) -> None:
    registry, store = RegistryStore(database), IntakeRateStore(database)
    assert await store.fleet() == Fleet(0, 0, 0, None)
    await registry.note_status("a", DeviceReport(online=True, waiting=7, oldest_waiting=9_000_000))
    await registry.note_status("b", DeviceReport(online=True, waiting=5, oldest_waiting=4_000_000))
    await registry.note_status("c", DeviceReport(online=True, waiting=0, oldest_waiting=1))
    await registry.note_status("d", DeviceReport(online=False))
    await registry.device_id("e")
    assert await store.fleet() == Fleet(3, 4, 12, 4_000_000)
    for device in ("f", "g"):
        await registry.note_status(device, DeviceReport(online=True, waiting=2**62))
    assert (await store.fleet()).waiting == 2**62


async def test_a_viewer_sees_the_intake(servers: Servers, database: Database, database_url: str) -> None:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    await RegistryStore(database).note_status("a", DeviceReport(online=True, waiting=7, oldest_waiting=9_000_000))
    meter = Meter(database)
    meter.rate.note(10, 0.5)
    async with gateway(servers, url, has_intake=False, history_deadline=50) as started:
        await meter.measure(1)
        async with database.connection() as connection:  # it stays fresh, however slow this test is
            await connection.execute("UPDATE intake_rate SET at = now() + interval '1 hour' WHERE gateway = 'a'")
        found = await Person(started, BOB, "viewer").get("/intake")
    assert found["readings_per_second"] >= 10
    assert found["stored_after_seconds"] == 0.5
    assert (found["devices_online"], found["devices_known"], found["waiting"]) == (1, 1, 7)
    assert found["oldest_waiting_at"] == from_micros(9_000_000).isoformat().replace("+00:00", "Z")

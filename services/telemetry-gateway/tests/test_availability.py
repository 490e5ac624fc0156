"""The availability of the services: what is counted, and what stays unknown. On real PostgreSQL."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pulse_bus import Bus, Delivery, LinkState
from pulse_contracts.errors import Unavailable
from pulse_contracts.system import Status
from pulse_contracts.topics import SYSTEM_STATUS
from pulse_postgres import Connection, Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.actions.availability import Watch
from pulse_telemetry_gateway.actions.certificates import Authority, BrokerCertificates, broker_certificates
from pulse_telemetry_gateway.store.availability import AvailabilityStore
from pulse_testkit.servers import Servers

from .conftest import PASSWORD
from .saving import BOB, Person
from .system import gateway

pytestmark = pytest.mark.servers
SECOND = 1_000_000


class Link:
    """A connection to the broker whose state the test sets."""

    state = LinkState.CONNECTED


class Store(AvailabilityStore):
    """The store with a clock that the test moves, so that no result depends on how fast the machine is."""

    moment = datetime.now(UTC).replace(hour=12)

    async def now(self, connection: Connection) -> datetime:
        return self.moment


class World:
    """A watch and its clocks."""

    def __init__(self, database: Database) -> None:
        self.database, self.link, self.now = database, Link(), 0
        self.store = Store(database)
        self.watch = Watch(cast("Bus", self.link), self.store, lambda: self.now)

    async def hear(self, kind: str, process: str, state: str) -> None:
        message = Status(state=cast("Any", state), since=1)
        levels = {"kind": kind, "id": process}
        await self.watch.note(Delivery(SYSTEM_STATUS, levels, message, 0, 1, is_retained=False))

    async def round(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)
        self.store.moment += timedelta(seconds=seconds)
        await self.watch.count()

    async def seconds(self) -> dict[str, tuple[int, int]]:
        """Seconds up and down of each service."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                "SELECT service, sum(up_seconds) AS up, sum(down_seconds) AS down FROM service_day GROUP BY service"
            )
        return {row["service"]: (round(row["up"]), round(row["down"])) for row in rows}


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


async def test_a_service_is_up_while_one_of_its_processes_is_online(world: World) -> None:
    await world.hear("users", "a", "online")
    await world.hear("users", "b", "online")
    await world.watch.count()
    await world.round(30)
    await world.hear("users", "a", "offline")
    await world.round(30)
    await world.hear("users", "b", "offline")
    await world.round(20)
    await world.hear("users", "c", "online")
    await world.round(40)
    found = await world.seconds()
    assert found["users"] == (100, 20)
    assert found["database"] == found["broker"] == found["telemetry-gateway"] == (120, 0)
    assert "auth" not in found  # nothing was heard of it
    (outage,) = await world.store.outages(30, 10)
    assert outage.service == "users"
    assert outage.until is not None
    assert outage.until - outage.since == timedelta(seconds=60)


async def test_time_that_nobody_watched_is_in_neither(world: World) -> None:
    await world.watch.count()
    await world.round(30)
    await world.round(3_600)
    await world.round(30)
    assert (await world.seconds())["database"] == (60, 0)


async def test_two_gateways_count_no_time_twice(world: World) -> None:
    other = Watch(cast("Bus", world.link), world.store, lambda: world.now)
    await world.watch.count()
    for _ in range(3):
        await world.round(30)
        await other.count()
    assert (await world.seconds())["broker"] == (90, 0)


async def test_without_the_broker_the_other_services_are_not_known(world: World) -> None:
    await world.hear("auth", "a", "online")
    await world.watch.count()
    await world.round(30)
    world.link.state = LinkState.CONNECTING
    await world.round(30)
    found = await world.seconds()
    assert (found["broker"], found["auth"]) == ((30, 30), (30, 0))
    report = await world.watch.report(3)
    assert (report.is_up["broker"], report.is_up["auth"], report.is_up["database"]) == (False, None, True)


async def test_a_gateway_that_has_just_started_does_not_call_the_broker_down(world: World) -> None:
    world.link.state = LinkState.CONNECTING
    await world.watch.count()
    await world.round(10)
    assert (await world.watch.report(1)).is_up["broker"] is None
    for _ in range(3):
        await world.round(10)
    assert (await world.seconds())["broker"] == (0, 10)


async def test_an_outage_of_the_database_counts_once_it_is_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.watch.count()
    real = world.store.count

    async def fail(states: dict[str, bool], gap: timedelta) -> None:
        raise Unavailable("down")

    monkeypatch.setattr(world.store, "count", fail)
    for _ in range(4):
        with pytest.raises(Unavailable):
            await world.round(30)
    monkeypatch.setattr(world.store, "count", real)
    await world.round(30)
    found = await world.seconds()
    assert found["database"] == (0, 150)
    assert "broker" not in found
    assert [one.service for one in await world.store.outages(30, 10)] == ["database"]


async def test_old_days_and_outages_are_deleted(world: World, database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("INSERT INTO service_day VALUES ('auth', current_date - 500, 1, 1)")
        await connection.execute(
            "INSERT INTO service_outage (service, since, until) SELECT 'auth', now() - make_interval(mins => n), now() "
            "FROM generate_series(1, 1010) AS n"
        )
    await world.watch.count()
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM service_day") == 0
        assert await connection.fetchval("SELECT count(*) FROM service_outage") == 1_000


async def test_everybody_sees_thirty_days_and_the_storage(
    servers: Servers, database: Database, database_url: str
) -> None:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url, has_intake=False, history_deadline=50) as started:
        viewer = Person(started, BOB, "viewer")
        found = await viewer.get("/availability")
        assert [one["service"] for one in found["services"]][-2:] == ["broker", "database"]
        assert all(len(one["days"]) == 30 for one in found["services"])
        assert all(day["up_seconds"] == 0 for day in found["services"][0]["days"][:-1])
        assert (await viewer.ask("GET", "/availability?days=91")).status_code == 422
        storage = await viewer.get("/storage")
        assert storage["database_bytes"] > 0
        assert [one["level"] for one in storage["levels"]] == ["log", "raw", "1m", "1h"]
        unencrypted: dict[str, Any] = {"broker_is_encrypted": False, "broker_authorities": []}
        assert await viewer.get("/certificates") == unencrypted


def test_the_authorities_of_the_broker_are_read_from_the_file(tmp_path: Path) -> None:
    assert not broker_certificates("mqtt://broker:1883", None).is_encrypted
    assert broker_certificates("mqtts://broker:8883", None) == BrokerCertificates(is_encrypted=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Pulse authority")])
    ends = datetime(2031, 5, 1, 12, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, datetime(2026, 1, 1, tzinfo=UTC), ends)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    file = tmp_path / "ca.pem"
    file.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    assert broker_certificates("mqtts://broker:8883", file).authorities == (Authority("Pulse authority", ends),)
    file.write_text("no certificate")
    assert broker_certificates("mqtts://broker:8883", file).authorities == ()

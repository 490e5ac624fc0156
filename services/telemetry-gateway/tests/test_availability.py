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
from pulse_bus.mqtt import MqttSettings, PeerCertificate
from pulse_contracts.errors import Unavailable
from pulse_contracts.system import Status
from pulse_contracts.topics import SYSTEM_STATUS
from pulse_postgres import Connection, Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.actions import certificates
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
    await world.round(30)
    await world.hear("users", "c", "online")
    await world.round(40)
    found = await world.seconds()
    assert found["users"] == (100, 30)
    assert found["database"] == found["broker"] == found["telemetry-gateway"] == (130, 0)
    assert "auth" not in found  # nothing was heard of it
    (outage,) = await world.store.outages(30, 10)
    assert outage.service == "users"
    assert outage.until is not None
    assert outage.until - outage.since == timedelta(seconds=70)


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


async def test_gateways_that_disagree_about_the_broker_open_no_outage(world: World) -> None:
    cut_off = Link()
    other = Watch(cast("Bus", cut_off), world.store, lambda: world.now)
    await world.watch.count()
    await other.count()
    cut_off.state = LinkState.CONNECTING
    for _ in range(6):
        world.store.moment += timedelta(seconds=5)
        await other.count()
        world.store.moment += timedelta(seconds=5)
        await world.watch.count()
    assert (await world.seconds())["broker"] == (60, 0)
    assert await world.store.outages(30, 10) == []
    for _ in range(3):  # the gateway that saw it up has stopped
        world.store.moment += timedelta(seconds=10)
        await other.count()
    assert (await world.seconds())["broker"] == (60, 30)
    assert [one.service for one in await world.store.outages(30, 10)] == ["broker"]


@pytest.mark.parametrize("is_back", [True, False])
async def test_an_outage_ends_where_nobody_watched(world: World, *, is_back: bool) -> None:
    await world.hear("users", "a", "online")
    await world.watch.count()
    await world.hear("users", "a", "offline")
    await world.round(30)
    if is_back:
        await world.hear("users", "a", "online")
    await world.round(7_200)
    found = [one for one in await world.store.outages(30, 10) if one.until is not None]
    assert [(one.service, one.until and one.until - one.since) for one in found] == [("users", timedelta(seconds=30))]
    assert (await world.seconds())["users"] == (0, 30)
    assert len(await world.store.outages(30, 10)) == (1 if is_back else 2)


async def test_a_gateway_that_shuts_down_counts_nothing(world: World) -> None:
    await world.watch.count()
    world.link.state = LinkState.CLOSED
    for _ in range(3):
        await world.round(30)
    assert await world.seconds() == {}
    assert await world.store.outages(30, 10) == []


class Failing:
    """Makes the store fail for a while. accepts: what a new connection of the gateway finds."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self._world, self._patch, self.accepts = world, monkeypatch, False

    async def rounds(self, number: int, seconds: float = 30) -> None:
        with self._patch.context() as patch:
            patch.setattr(self._world.store, "count", self._fail)
            patch.setattr(self._world.store, "count_outage", self._fail)
            patch.setattr(self._world.store, "accepts_connections", self._answer)
            for _ in range(number):
                with pytest.raises(Unavailable):
                    await self._world.round(seconds)

    async def _fail(self, *_: object) -> None:
        raise Unavailable("down")

    async def _answer(self) -> bool:
        return self.accepts


@pytest.fixture
def failing(world: World, monkeypatch: pytest.MonkeyPatch) -> Failing:
    return Failing(world, monkeypatch)


async def test_an_outage_of_the_database_counts_once_it_is_back(world: World, failing: Failing) -> None:
    await world.watch.count()
    await failing.rounds(4)
    await world.round(30)
    found = await world.seconds()
    assert found["database"] == (0, 150)
    assert "broker" not in found
    assert [one.service for one in await world.store.outages(30, 10)] == ["database"]
    await world.round(30)
    assert (await world.seconds())["database"] == (30, 150)


async def test_an_outage_is_divided_at_midnight_and_may_take_days(world: World, failing: Failing) -> None:
    world.store.moment = datetime(2026, 3, 1, 23, 59, 40, tzinfo=UTC)
    await world.watch.count()
    await failing.rounds(2 * 86_400 // 40, 40)
    await world.round(40)
    async with world.database.connection() as connection:
        rows = await connection.fetch("SELECT day::text, down_seconds FROM service_day ORDER BY day")
    assert [tuple(row) for row in rows] == [
        ("2026-03-01", 20),
        ("2026-03-02", 86_400),
        ("2026-03-03", 86_400),
        ("2026-03-04", 20),
    ]


async def test_a_database_that_another_gateway_reached_was_not_down(world: World, failing: Failing) -> None:
    other = Watch(cast("Bus", world.link), world.store, lambda: world.now)
    await world.watch.count()
    for _ in range(4):
        await failing.rounds(1)
        await other.count()
    await world.round(30)
    assert (await world.seconds())["database"] == (150, 0)
    assert await world.store.outages(30, 10) == []


async def test_a_lock_or_a_full_pool_is_no_outage_of_the_database(world: World, failing: Failing) -> None:
    failing.accepts = True
    await world.watch.count()
    await failing.rounds(4)
    await world.round(30)
    assert await world.seconds() == {}
    assert await world.store.outages(30, 10) == []


async def test_an_outage_of_the_database_ends_with_the_first_connection(world: World, failing: Failing) -> None:
    await world.watch.count()
    await failing.rounds(2)
    failing.accepts = True
    await failing.rounds(10)
    await world.round(30)
    (outage,) = await world.store.outages(30, 10)
    assert outage.until is not None
    assert outage.until - outage.since == timedelta(seconds=90)


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
        unencrypted: dict[str, Any] = {"broker_is_encrypted": False, "broker_certificate": None}
        unencrypted["broker_authorities"] = []
        assert await viewer.get("/certificates") == unencrypted


async def test_the_certificate_of_the_broker_is_read_every_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    found = PeerCertificate("broker", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    answers: list[PeerCertificate | None] = [None, found]
    now = 0.0

    async def read(_settings: MqttSettings) -> PeerCertificate | None:
        answer = answers.pop(0)
        if answer is None:
            raise Unavailable("refused")
        return answer

    monkeypatch.setattr(certificates, "peer_certificate", read)
    made = certificates.Certificates("mqtts://broker:8883", None, lambda: now)
    assert (await made.report()).broker is None
    now = 29
    assert (await made.report()).broker is None
    now = 30
    assert (await made.report()).broker == found
    now = 329
    assert (await made.report()).broker == found
    assert answers == []
    unencrypted = certificates.Certificates("mqtt://broker:1883", None, lambda: now)
    assert await unencrypted.report() == BrokerCertificates(is_encrypted=False)


def test_the_authorities_of_the_broker_are_read_from_the_file(tmp_path: Path) -> None:
    assert not broker_certificates("mqtt://broker:1883", None).is_encrypted
    assert broker_certificates("mqtts://broker:8883", None) == BrokerCertificates(is_encrypted=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Pulse authority")])
    starts, ends = datetime(2026, 1, 1, tzinfo=UTC), datetime(2031, 5, 1, 12, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, starts, ends)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    file = tmp_path / "ca.pem"
    file.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    assert broker_certificates("mqtts://broker:8883", file).authorities == (Authority("Pulse authority", starts, ends),)
    file.write_text("no certificate")
    assert broker_certificates("mqtts://broker:8883", file).authorities == ()

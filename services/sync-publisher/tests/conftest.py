"""One sync-publisher: its own database and role, the memory bus, a fake clock, and collectors (`device`)."""

import asyncio
import random
import secrets
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from pulse_bus import Delivery, Quarantined
from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_chassis.http.app import Health, RequestMiddleware, create_app
from pulse_chassis.http.rate_limits import RateLimits
from pulse_chassis.identity.principal import RULES, Principals
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.service import Parts, Runtime, prepare_app
from pulse_contracts.accounts import (
    DIGEST_CONTEXT,
    AccountChanged,
    AccountsDigest,
    DigestSeal,
    MirroredAccount,
    set_digest,
    set_sum,
)
from pulse_contracts.auth import Revocations
from pulse_contracts.collectors import CollectorChanged, CollectorRecord
from pulse_contracts.mirror import MirrorStatus
from pulse_contracts.topics import AUTH_COLLECTOR, SYSTEM_KEY, USERS_DIGEST, USERS_EVENT, USERS_MIRROR
from pulse_contracts.trust import AnnouncedKey, KeyAnnounced
from pulse_jose import Claims, KeySet, SealingKey, SigningKey, VerificationKey, seal, unseal
from pulse_jose.signing import TokenSigner
from pulse_postgres import Audit, Database, Migrations, Outbox
from pulse_postgres.admin import provision, with_role
from pulse_postgres.database import PoolSettings
from pulse_sync_publisher.assembly import IDENTITY, build
from pulse_sync_publisher.settings import SyncSettings
from pulse_sync_publisher.store.entries import EntryStore
from pulse_testkit.clock import FakeClock
from pulse_testkit.waiting import eventually

from .device import Device

ROLE_PASSWORD = "test-password-test-password"
KEY_TEXT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
AUDIT = Audit(bytes(range(32)))
ACCOUNTS_KEY = SealingKey("mirror-accounts", bytes(range(32)))
COLLECTORS_KEY = SealingKey("collectors", bytes(range(32)))
SIGNER = SigningKey.generate()
VERIFIER = "$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$" + "A" * 43


async def migrate(url: str) -> None:
    role_url = await provision(url, "sync", "pulse_sync", ROLE_PASSWORD)
    await Migrations("pulse_sync_publisher.migrations").apply(role_url)


class TickingClock(FakeClock):
    """Moves by a microsecond with each reading, so that no two readings are equal."""

    def __call__(self) -> int:
        self._now += 1
        return self._now


@pytest.fixture
def clock() -> FakeClock:
    return TickingClock()


@pytest.fixture
async def superuser_url(new_database: Callable[[str, Callable[[str], Awaitable[None]]], Awaitable[str]]) -> str:
    return await new_database("sync", migrate)


@pytest.fixture
def own_url(superuser_url: str) -> str:
    return with_role(superuser_url, "pulse_sync", ROLE_PASSWORD)


@pytest.fixture
async def database(own_url: str) -> AsyncIterator[Database]:
    async with Database(PoolSettings(own_url)) as opened:
        yield opened


def next_version(record: MirroredAccount, version: int, fields: Mapping[str, object]) -> MirroredAccount:
    """The account after a change of these fields, as users writes it."""
    made = record.model_copy(update=dict(fields) | {"version": version})
    is_decision = (made.active, made.deleted) != (record.active, record.deleted)
    return made.model_copy(update={"state_version": version}) if is_decision else made


def announced(versions: Mapping[str, int], at: int, key: SealingKey = ACCOUNTS_KEY) -> AccountsDigest:
    """The digest of users for these accounts and versions. `at`: when users made it."""
    pairs, total = list(versions.items()), set_sum(versions.items())
    payload = DigestSeal(sum=total, at=at).model_dump_json().encode()
    return AccountsDigest(
        count=len(pairs),
        version=max(versions.values(), default=0),
        set=set_digest(pairs),
        sum=total,
        sealed=seal(payload, key, lambda: at / 1_000_000, DIGEST_CONTEXT),
    )


class World:
    """The service, and the services and collectors around it."""

    def __init__(
        self, http: httpx.AsyncClient, parts: Parts, runtime: Runtime, bus: MemoryBus, clock: FakeClock
    ) -> None:
        self.http, self.parts, self.runtime, self.bus, self.clock = http, parts, runtime, bus, clock
        self.quarantined: list[Quarantined] = []
        self.devices: dict[str, Device] = {}
        self.statuses: dict[str, MirrorStatus] = {}
        self.versions = 0
        self.users: dict[str, int] = {}
        """The accounts of users and their versions, as its digest announces them."""

    @property
    def database(self) -> Database:
        return self.runtime.database

    async def rows(self, query: str, *parameters: object) -> list[dict[str, Any]]:
        async with self.database.connection() as connection:
            return [dict(row) for row in await connection.fetch(query, *parameters)]

    async def kinds(self) -> list[str]:
        """Kinds of the audit entries, in order. The chain must be valid."""
        async with self.database.connection() as connection:
            verdict = await AUDIT.verify(connection)
            assert verdict.is_intact, verdict.fault
            return [row["kind"] for row in await connection.fetch("SELECT kind FROM audit ORDER BY n")]

    def account(self, **fields: Any) -> MirroredAccount:
        """A new version of an account."""
        self.versions += 1
        defaults = {
            "account": str(uuid.uuid4()),
            "version": self.versions,
            "email": f"a{self.versions}@example.org",
            "name": "Ada",
            "role": "user",
            "active": True,
            "verifier": VERIFIER,
            "changed": self.clock(),
            "state_version": self.versions,
        }
        return MirroredAccount(**(defaults | fields))

    def event(self, record: MirroredAccount, key: SealingKey = ACCOUNTS_KEY) -> AccountChanged:
        context: dict[str, str | int] = {"account": record.account, "version": record.version}
        mirrored = seal(record.model_dump_json().encode(), key, self.clock.seconds, context)
        return AccountChanged(account=record.account, version=record.version, sealed="x", mirrored=mirrored)

    async def tell(self, record: MirroredAccount) -> MirroredAccount:
        """users publishes an account; the service has applied it afterwards."""
        await self.bus.publish(USERS_EVENT, self.event(record), account=record.account)
        await self.applied(record)
        return record

    async def applied(self, record: MirroredAccount) -> None:
        async def is_applied() -> bool:
            query = "SELECT 1 FROM account WHERE id = $1::uuid AND src >= $2"
            return bool(await self.rows(query, uuid.UUID(record.account), record.version))

        await eventually(is_applied, what="the account is applied")

    async def changed(self, record: MirroredAccount, **fields: Any) -> MirroredAccount:
        """users publishes another version of an account."""
        self.versions += 1
        return await self.tell(next_version(record, self.versions, fields))

    async def tell_collector(self, record: CollectorRecord, key: SealingKey = COLLECTORS_KEY) -> CollectorRecord:
        """auth publishes a collector."""
        context: dict[str, str | int] = {"device": record.device, "version": record.version}
        sealed = seal(record.model_dump_json().encode(), key, self.clock.seconds, context)
        event = CollectorChanged(device=record.device, version=record.version, sealed=sealed)
        await self.bus.publish(AUTH_COLLECTOR, event, device=record.device)

        async def is_applied() -> bool:
            query = "SELECT 1 FROM collector WHERE device = $1 AND version >= $2"
            return bool(await self.rows(query, record.device, record.version))

        await eventually(is_applied, what="the collector is applied")
        return record

    async def ready(self, *rules: tuple[str, str, str], name: str = "press-4", **fields: Any) -> Device:
        """A synchronised collector with these rules; without any, all users are allowed everywhere."""
        device = await self.enrol(name, **fields)
        answer = await self.rules(*(rules or (("role:user", "everywhere", "allow"),)))
        assert answer.status_code == 200, answer.text
        await device.hello()
        await self.synced(device)
        return device

    async def enrol(self, name: str = "press-4", **fields: Any) -> Device:
        """A collector that auth has enrolled and that is connected. It does not report by itself before `hello`."""
        device = self.devices.get(name) or Device(name, self.bus, self.clock, self.trusted_key())
        device.enrol(fields.pop("gen", device.gen + 1))
        self.devices[name] = device
        device.record = await self.tell_collector(device.described(**fields))
        if not device.is_connected:
            await device.connect()
        return device

    def trusted_key(self) -> VerificationKey:
        """The key that the service announces."""
        payload = self.bus.broker.retained[SYSTEM_KEY.address(service="sync-publisher")]
        sealed = KeyAnnounced.model_validate_json(payload).sealed
        raw = unseal(sealed, KeySet([COLLECTORS_KEY]), self.clock.seconds, {"service": "sync-publisher"})
        key = AnnouncedKey.model_validate_json(raw).key
        return VerificationKey.from_jwk({"kty": "EC", "crv": "P-256", "x": key.x, "y": key.y, "kid": key.kid})

    async def rules(self, *rules: tuple[str, str, str], **more: object) -> httpx.Response:
        """Replaces the rules: subject, place, effect."""
        listed = [{"subject": one, "place": place, "effect": effect} for one, place, effect in rules]
        body = {"rules": listed} | more
        return await self.http.put("/api/sync/entitlement", json=body, headers=self.bearer() | {"If-Match": "*"})

    def bearer(self, role: str = "admin", scope: str | None = None) -> dict[str, str]:
        """The header with an access token, as auth would sign it."""
        now = self.clock.seconds()
        claims = Claims(
            iss="precisionpulse",
            aud="pulse",
            sub="6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c",
            jti="j",
            sid="s",
            role=role,
            email="root@example.org",
            name="Root",
            iat=int(now),
            exp=int(now) + 300,
            scope=scope,
        )
        return {"Authorization": f"Bearer {TokenSigner(SIGNER, RULES).sign(claims)}"}

    async def synced(self, *devices: Device) -> None:
        """The collectors have the newest set, and the service knows it."""
        for device in devices or self.devices.values():

            async def is_synced(device: Device = device) -> bool:
                (row,) = await self.rows("SELECT * FROM collector WHERE device = $1", device.name)
                return bool(
                    row["acked"] == row["seq"] == device.seq and not row["needs_snapshot"] and row["next_key"] is None
                )

            await eventually(is_synced, what=lambda device=device: (device.name, device.seq, device.state))  # type: ignore[misc]

    async def digest(self, device: str) -> str:
        """The digest of the service's log."""
        async with self.database.connection() as connection:
            return await EntryStore().digest(connection, device)

    def state(self, device: Device) -> str | None:
        """The state that pages have."""
        status = self.statuses.get(device.name)
        return status.state if status is not None else None

    def metric(self, name: str) -> float:
        text = self.runtime.metrics.render().decode()
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))

    def beat(self) -> None:
        """auth publishes its list of revocations: administrators may act for 15 s."""
        self.runtime.principals.apply_revocations(Revocations(at=self.clock(), recent=[]))

    async def announce(self) -> None:
        """users publishes the digest of its accounts."""
        await self.bus.publish(USERS_DIGEST, announced(self.users, self.clock()))

    async def _note_event(self, delivery: Delivery[AccountChanged]) -> None:
        """users publishes a digest after each event."""
        event = delivery.message
        if event.version > self.users.get(event.account, 0):
            self.users[event.account] = event.version
            await self.announce()

    async def _note_status(self, delivery: Delivery[MirrorStatus]) -> None:
        self.statuses[delivery.message.device] = delivery.message


@asynccontextmanager
async def open_world(
    database: Database, clock: FakeClock, bus: MemoryBus | None = None, **more: Any
) -> AsyncIterator[World]:
    """The service with these settings in addition to the defaults."""
    fast: dict[str, Any] = {"send_poll": timedelta(milliseconds=20), "status_pause": timedelta(milliseconds=20)}
    more = {"key_encryption_key": SecretStr(KEY_TEXT)} | more
    settings = SyncSettings(
        database_url="unused",
        mqtt_url="unused",
        mqtt_password=SecretStr("unused"),
        mirror_accounts_key=SecretStr(KEY_TEXT),
        collectors_key=SecretStr(KEY_TEXT),
        audit_key=SecretStr(KEY_TEXT),
        replay_grace=timedelta(milliseconds=20),
        replay_pause=timedelta(milliseconds=20),
        **(fast | more),
    )
    quarantined: list[Quarantined] = []

    async def keep(item: Quarantined) -> None:
        quarantined.append(item)

    bus = bus or MemoryBus(MemoryBroker(), clock=clock, quarantine=keep)
    metrics = Metrics()
    principals = Principals(lambda: clock() / 1_000_000)
    runtime = Runtime(
        IDENTITY, database, bus, Outbox(), principals, metrics, RateLimits(), AUDIT, random.Random(1), clock
    )
    parts = await build(runtime, settings, secrets.token_bytes)
    principals.replace_keys([SIGNER.verification_key()])
    app = create_app("sync-publisher", "0", parts.routers, health=Health(), metrics=metrics)
    prepare_app(app, runtime, settings)
    for name, value in parts.state.items():
        setattr(app.state, name, value)
    principals.apply_revocations(Revocations(at=clock(), recent=[]))
    transport = httpx.ASGITransport(app=RequestMiddleware(app, metrics), client=("192.0.2.7", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://sync") as http, asyncio.TaskGroup() as group:
        world = World(http, parts, runtime, bus, clock)
        world.quarantined = quarantined
        world.users = {str(row["id"]): row["src"] for row in await world.rows("SELECT id, src FROM account")}
        await bus.subscribe(USERS_MIRROR, world._note_status)
        await bus.subscribe(USERS_EVENT, world._note_event)
        bus.on_connected(world.announce)
        running = group.create_task(bus.run())
        tasks = [group.create_task(runtime.background.run(job)) for job in parts.jobs]
        await eventually(
            lambda: SYSTEM_KEY.address(service="sync-publisher") in bus.broker.retained, what="the key is announced"
        )
        yield world
        for task in (running, *tasks):
            task.cancel()


@pytest.fixture
async def world(database: Database, clock: FakeClock) -> AsyncIterator[World]:
    async with open_world(database, clock) as made:
        yield made

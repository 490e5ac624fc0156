"""One auth service: its own database and role, the memory bus, a fake clock and cheap hashes."""

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from pulse_auth.actions.ending import SessionRevoker
from pulse_auth.actions.enrolment import BrokerEndpoint
from pulse_auth.actions.mirror import Mirror
from pulse_auth.actions.sessions import Sessions
from pulse_auth.actions.signing_in import SignIn
from pulse_auth.assembly import IDENTITY, HashingPolicies, build
from pulse_auth.routes.dependencies import AuthDependencies
from pulse_auth.settings import AuthSettings
from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_chassis.http.app import Health, RequestMiddleware, create_app
from pulse_chassis.http.rate_limits import RateLimits
from pulse_chassis.identity.principal import Principals
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.background import Job
from pulse_chassis.process.service import Runtime, prepare_app
from pulse_contracts.accounts import AccountChanged, AccountRecord
from pulse_contracts.auth import Revocations
from pulse_contracts.permissions import Role
from pulse_jose import SealingKey, seal
from pulse_passwords import HashingPolicy, PasswordHasher
from pulse_postgres import Audit, Database, Migrations, Outbox
from pulse_postgres.admin import provision, with_role
from pulse_postgres.database import PoolSettings
from pulse_testkit.clock import FakeClock
from pulse_testkit.locks import lock_waiters

ROLE_PASSWORD = "test-password-test-password"
ORIGIN, OTHER_ORIGIN = "http://127.0.0.1:8080", "http://localhost:8080"
CHEAP = HashingPolicy(8 * 1024, 1, 1)
PASSWORD = "correct horse battery"
EMAIL = "Ada@example.org"
ACCOUNT = UUID("00000000-0000-4000-8000-000000000001")
SECRET = bytes(range(32))
COLLECTORS_SECRET, GATEWAY_SECRET = bytes(range(1, 33)), bytes(range(2, 34))


async def migrate(url: str) -> None:
    role_url = await provision(url, "auth", "pulse_auth", ROLE_PASSWORD)
    await Migrations("pulse_auth.migrations").apply(role_url)


@pytest.fixture
async def superuser_url(new_database: Callable[[str, Callable[[str], Awaitable[None]]], Awaitable[str]]) -> str:
    return await new_database("auth", migrate)


@pytest.fixture
async def database(superuser_url: str) -> AsyncIterator[Database]:
    async with Database(PoolSettings(with_role(superuser_url, "pulse_auth", ROLE_PASSWORD))) as opened:
        yield opened


@pytest.fixture(scope="session")
def digest() -> str:
    """The hash of PASSWORD, at the lowest allowed cost."""

    async def make() -> str:
        async with PasswordHasher(CHEAP) as hasher:
            return await hasher.hash(PASSWORD)

    return asyncio.run(make())


def event(
    clock: FakeClock,
    digest: str | None,
    *,
    version: int = 1,
    account: UUID = ACCOUNT,
    email: str = EMAIL,
    name: str = "Ada",
    role: Role = "admin",
    active: bool = True,
    deleted: bool = False,
    has_verifier: bool = True,
    state_version: int | None = None,
) -> AccountChanged:
    """The event that users would publish. `state_version` None: this version decided whether the account may sign
    in."""
    record = AccountRecord(
        account=str(account),
        version=version,
        email=email,
        name=name,
        role=role,
        active=active,
        digest=digest,
        changed=clock(),
        deleted=deleted,
        has_verifier=has_verifier,
        state_version=version if state_version is None else state_version,
    )
    context: dict[str, str | int] = {"account": str(account), "version": version}
    key = SealingKey("accounts", SECRET)
    sealed = seal(record.model_dump_json().encode(), key, clock.seconds, context)
    return AccountChanged(account=str(account), version=version, sealed=sealed)


@dataclass
class World:
    """One auth service and access to its parts. `metrics`: those of `mirror`."""

    http: httpx.AsyncClient
    sign_in: SignIn
    sessions: Sessions
    mirror: Mirror
    database: Database
    bus: MemoryBus
    clock: FakeClock
    routes: AuthDependencies
    metrics: Metrics
    jobs: dict[str, Job]
    """The service's background jobs. They do not run by themselves."""

    async def rows(self, query: str) -> list[dict[str, object]]:
        async with self.database.connection() as connection:
            return [dict(row) for row in await connection.fetch(query)]

    async def is_waiting_for_a_lock(self) -> bool:
        """Whether a connection of this database waits for a lock."""
        return bool(await lock_waiters(self.database))

    async def revoked(self) -> list[str]:
        """The SessionRevoked messages in the outbox."""
        return [str(row["message"]) for row in await self.rows("SELECT message FROM outbox ORDER BY id")]

    def beat(self) -> None:
        """Receives a heartbeat: administrators may act for 15 s."""
        self.routes.principals.apply_revocations(Revocations(at=self.clock(), recent=[]))

    async def kinds(self) -> list[str]:
        """The kinds of the audit entries after the first signing keys."""
        return [str(row["kind"]) for row in await self.rows("SELECT kind FROM audit WHERE n > 1 ORDER BY n")]

    async def login(self, password: str = PASSWORD, email: str = EMAIL, **more: object) -> httpx.Response:
        return await self.http.post("/api/auth/login", json={"email": email, "password": password} | more)

    async def refresh(self, token: str | None = None) -> httpx.Response:
        """With the cookie of the browser, or with this token."""
        if token is not None:
            self.http.cookies.set("pulse_rt", token, domain="127.0.0.1", path="/")
        return await self.http.post("/api/auth/refresh", headers={"X-Pulse-CSRF": "1"})


@pytest.fixture
async def world(database: Database, clock: FakeClock) -> AsyncIterator[World]:
    settings = AuthSettings(
        database_url="unused",
        mqtt_url="unused",
        mqtt_password="unused",
        accounts_key=base64.urlsafe_b64encode(SECRET).decode(),
        collectors_key=base64.urlsafe_b64encode(COLLECTORS_SECRET).decode(),
        gateway_key=base64.urlsafe_b64encode(GATEWAY_SECRET).decode(),
        key_encryption_key=base64.urlsafe_b64encode(bytes(32)).decode(),
        audit_key=base64.urlsafe_b64encode(SECRET).decode(),
        public_url=ORIGIN,
        allowed_origins=(OTHER_ORIGIN,),
    )
    bus = MemoryBus(MemoryBroker(), clock=clock)
    outbox, metrics = Outbox(), Metrics()
    principals = Principals(lambda: clock() / 1_000_000)
    runtime = Runtime(
        IDENTITY,
        database,
        bus,
        outbox,
        principals,
        metrics,
        RateLimits(),
        Audit(SECRET),
        random.Random(1),
        clock,
    )
    parts = await build(runtime, settings, HashingPolicies(CHEAP, CHEAP))
    routes = parts.state["auth"]
    assert isinstance(routes, AuthDependencies)
    app = create_app("auth", "0", parts.routers, health=Health(), metrics=metrics)
    prepare_app(app, runtime, settings)
    principals.apply_revocations(Revocations(at=clock(), recent=[]))
    app.state.auth = routes
    await routes.rotation.on_schedule()
    mirror = Mirror(
        database, SessionRevoker(outbox, runtime.audit), settings.sealing_key(), copy_metrics := Metrics(), clock=clock
    )
    transport = httpx.ASGITransport(app=RequestMiddleware(app, metrics))
    jobs = {job.name: job for job in parts.jobs}
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http, asyncio.TaskGroup() as group:
        running = group.create_task(bus.run())
        yield World(http, routes.sign_in, routes.sessions, mirror, database, bus, clock, routes, copy_metrics, jobs)
        running.cancel()
    for stop in parts.on_stop:
        with suppress(asyncio.CancelledError):
            await stop()


@pytest.fixture
async def ada(world: World, digest: str) -> World:
    """A world that knows one administrator."""
    await world.mirror.apply(event(world.clock, digest))
    return world


@pytest.fixture
async def admin(ada: World, tmp_path: Path) -> World:
    """A signed-in administrator, and a configured broker for collectors."""
    token = (await ada.login()).json()["access_token"]
    ada.http.cookies.clear()
    ada.http.headers["authorization"] = f"Bearer {token}"
    ca = tmp_path / "ca.pem"
    ca.write_text("-----BEGIN CERTIFICATE-----")
    ada.routes.enrolment._endpoint = BrokerEndpoint("mqtts://broker.example:8883", ca, "pulse/v1", True)
    return ada

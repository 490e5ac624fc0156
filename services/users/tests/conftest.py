"""One users service: its own database and role, the memory bus and a fake clock."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_chassis.http.app import Health, RequestMiddleware, create_app
from pulse_chassis.http.rate_limits import RateLimits
from pulse_chassis.identity.caller import COMMAND_LINE
from pulse_chassis.identity.principal import RULES, Principals
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.service import Runtime, prepare_app
from pulse_contracts.auth import Revocations
from pulse_jose import Claims, SealingKey, SigningKey
from pulse_jose.signing import TokenSigner
from pulse_passwords import HashingPolicy, PasswordHasher
from pulse_postgres import Audit, Database, Migrations, Outbox
from pulse_postgres.admin import provision, with_role
from pulse_postgres.database import PoolSettings
from pulse_testkit.clock import FakeClock
from pulse_testkit.waiting import eventually
from pulse_users.actions.accounts import Accounts
from pulse_users.actions.announcements import Announcements
from pulse_users.actions.changes import ChangeDependencies
from pulse_users.actions.passwords import HashingPolicies
from pulse_users.assembly import IDENTITY, build
from pulse_users.model.accounts import Account, EventKeys, EventSealer, NewAccount, PasswordHashes
from pulse_users.routes.dependencies import UsersDependencies
from pulse_users.settings import UsersSettings

ROLE_PASSWORD = "test-password-test-password"
CHEAP = HashingPolicy(8 * 1024, 1, 1)
AUDIT = Audit(bytes(range(32)))
KEY = SealingKey("accounts", bytes(range(32)))
MIRROR_KEY = SealingKey("mirror-accounts", bytes(range(1, 33)))
VERIFIER = "$argon2id$v=19$m=8192,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43
SIGNER = SigningKey.generate()


async def migrate(url: str) -> None:
    role_url = await provision(url, "users", "pulse_users", ROLE_PASSWORD)
    await Migrations("pulse_users.migrations").apply(role_url)


@pytest.fixture
async def superuser_url(new_database: Callable[[str, Callable[[str], Awaitable[None]]], Awaitable[str]]) -> str:
    return await new_database("users", migrate)


@pytest.fixture
def own_url(superuser_url: str) -> str:
    return with_role(superuser_url, "pulse_users", ROLE_PASSWORD)


@pytest.fixture
async def database(own_url: str) -> AsyncIterator[Database]:
    async with Database(PoolSettings(own_url)) as opened:
        yield opened


@pytest.fixture(scope="session")
def digest() -> str:
    """A password hash at the lowest allowed cost."""

    async def make() -> str:
        async with PasswordHasher(CHEAP) as hasher:
            return await hasher.hash("correct horse battery")

    return asyncio.run(make())


@dataclass
class World:
    """One users service and access to its parts."""

    http: httpx.AsyncClient
    routes: UsersDependencies
    announcements: Announcements
    database: Database
    bus: MemoryBus
    clock: FakeClock
    digest: str
    principals: Principals
    verifier: str | None = VERIFIER

    @property
    def accounts(self) -> Accounts:
        return self.routes.accounts

    async def rows(self, query: str, *parameters: object) -> list[dict[str, object]]:
        async with self.database.connection() as connection:
            return [dict(row) for row in await connection.fetch(query, *parameters)]

    async def add(self, email: str = "ada@example.org", role: str = "admin", name: str = "Ada") -> Account:
        new = NewAccount(email, name, role, PasswordHashes(self.digest, self.verifier))  # type: ignore[arg-type]
        return await self.accounts.create(COMMAND_LINE, new)

    async def invited(self, email: str = "new@example.org") -> Account:
        return await self.accounts.create(COMMAND_LINE, NewAccount(email, "New", "user"))

    def bearer(
        self, account: Account, role: str | None = None, scope: str | None = None, sid: str = "s"
    ) -> dict[str, str]:
        """The header with an access token, as auth would sign it."""
        now = self.clock.seconds()
        claims = Claims(
            iss="precisionpulse",
            aud="pulse",
            sub=str(account.id),
            jti="j",
            sid=sid,
            role=role or account.role,
            email=account.email,
            name=account.name,
            iat=now,
            exp=now + 300,
            scope=scope,
        )
        return {"Authorization": f"Bearer {TokenSigner(SIGNER, RULES).sign(claims)}"}

    async def audit(self) -> list[tuple[str, str | None, str | None]]:
        """Kind, actor and target of every entry, in order. The chain must be valid."""
        async with self.database.connection() as connection:
            verdict = await AUDIT.verify(connection)
            assert verdict.is_intact, verdict.fault
            found = await connection.fetch("SELECT kind, actor, target FROM audit ORDER BY n")
        return [(row["kind"], row["actor"], row["target"]) for row in found]


def no_floor(_: int) -> int:
    """Versions 1, 2, 3 … instead of times, so that tests can name them."""
    return 0


@asynccontextmanager
async def open_world(
    database: Database,
    clock: FakeClock,
    digest: str,
    version_floor: Callable[[int], int] = no_floor,
    **more: Any,
) -> AsyncIterator[World]:
    """A users service with these settings in addition to the defaults."""
    settings = UsersSettings(
        database_url="unused",
        mqtt_url="unused",
        mqtt_password=SecretStr("unused"),
        accounts_key=SecretStr("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
        mirror_accounts_key=SecretStr("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"),
        audit_key=SecretStr("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
        digest_every=timedelta(hours=1),
        **more,
    )
    bus, outbox, metrics = MemoryBus(MemoryBroker(), clock=clock), Outbox(), Metrics()
    principals = Principals(lambda: clock() / 1_000_000)
    runtime = Runtime(
        IDENTITY, database, bus, outbox, principals, metrics, RateLimits(), AUDIT, random.Random(1), clock
    )
    parts = await build(runtime, settings, HashingPolicies(CHEAP, CHEAP), version_floor)
    principals.replace_keys([SIGNER.verification_key()])
    app = create_app("users", "0", parts.routers, health=Health(), metrics=metrics)
    prepare_app(app, runtime, settings)
    principals.apply_revocations(Revocations(at=clock(), recent=[]))
    routes = parts.state["users"]
    assert isinstance(routes, UsersDependencies)
    app.state.users = routes
    sealer = EventSealer(EventKeys(KEY, MIRROR_KEY), clock)
    announcements = Announcements(ChangeDependencies(database, outbox, AUDIT, sealer, clock, uuid.uuid4), bus)
    transport = httpx.ASGITransport(app=RequestMiddleware(app, metrics, parts.body_limits), client=("192.0.2.7", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://users") as http, asyncio.TaskGroup() as group:
        running = group.create_task(bus.run())
        (digest_due,) = [job.wake for job in parts.jobs if job.name == "accounts_digest" and job.wake]
        await eventually(digest_due.is_set, what="the connected bus asks for the digest, which is then sent once")
        tasks = [group.create_task(runtime.background.run(job)) for job in parts.jobs]
        made = World(http, routes, announcements, database, bus, clock, digest, principals)

        async def is_announced() -> bool:
            return bool(await made.rows("DELETE FROM outbox RETURNING id"))

        await eventually(is_announced, what="the digest at connect, which no test shall meet by chance")
        yield made
        for task in (running, *tasks):
            task.cancel()
        for stop in parts.on_stop:
            await stop()


@pytest.fixture
async def world(database: Database, clock: FakeClock, digest: str) -> AsyncIterator[World]:
    async with open_world(database, clock, digest) as made:
        yield made

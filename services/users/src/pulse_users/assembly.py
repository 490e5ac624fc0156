"""Opens everything and hands it to everything: the only place that knows the concrete classes."""

import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from pulse_chassis import process
from pulse_chassis.audit_routes import audit_router
from pulse_chassis.process import Identity, Parts, Runtime, now_micros
from pulse_postgres import Database, Migrations, Outbox
from pulse_postgres.database import PoolSettings
from pulse_users.actions import Accounts, Announcements, Directory
from pulse_users.handlers import Handlers
from pulse_users.model import changed
from pulse_users.routes import router
from pulse_users.settings import UsersSettings

VERSION = "0.1.0"
ROUTERS = [audit_router("/api/users", "users"), router]
IDENTITY = Identity("users", VERSION, Migrations("pulse_users.migrations"))


async def serve(settings: UsersSettings) -> None:
    """Runs users until it is told to stop."""

    async def assemble(runtime: Runtime) -> Parts:
        return await build(runtime, settings)

    await process.serve(IDENTITY, settings, assemble)


async def build(runtime: Runtime, settings: UsersSettings) -> Parts:
    """The parts of the service."""
    sealer = partial(changed, key=settings.sealing_key(), clock=time.time)
    announcements = Announcements(runtime.database, runtime.outbox, runtime.bus, sealer)
    await Handlers(runtime.bus, announcements).subscribe()
    await runtime.principals.follow(runtime.bus)
    runtime.bus.on_connected(announcements.want_digest)
    return Parts(
        routers=ROUTERS,
        tasks=[
            partial(announcements.keep_digest, settings.digest_every),
            partial(announcements.keep_replaying, settings.replay_pause),
        ],
        state={"directory": Directory(runtime.database)},
    )


@asynccontextmanager
async def offline(settings: UsersSettings) -> AsyncIterator[Accounts]:
    """Accounts for the command line: with the database and without the bus. A serving process publishes."""
    password = settings.database_password.get_secret_value() if settings.database_password else None
    async with Database(PoolSettings(settings.database_url, password, 2)) as database:
        sealer = partial(changed, key=settings.sealing_key(), clock=time.time)
        yield Accounts(database, Outbox(), sealer, clock=now_micros, new_id=uuid.uuid4)

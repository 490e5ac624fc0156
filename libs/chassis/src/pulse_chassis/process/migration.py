"""Migrations at the start of a service, and the check whether the program may run on the schema."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress

import structlog

from pulse_postgres import Database, DatabaseUnavailable, MigrationError, Migrations

log = structlog.get_logger("pulse.process")
_POLL_SECONDS = 0.2
_CHECK_AGAIN_SECONDS = 5.0
_MAX_DELAY_SECONDS = 2.0


def on_stop_signal(callback: Callable[[], None]) -> None:
    """Calls `callback` at SIGTERM and SIGINT. Replaces an earlier callback."""
    loop = asyncio.get_running_loop()
    for sig in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sig, callback)


async def migrate_at_start(migrations: Migrations, url: str, password: str | None, stop: asyncio.Event) -> None:
    """Applies the migrations, and waits for PostgreSQL without limit. At SIGTERM or SIGINT it sets `stop` and returns
    early. Raises MigrationError."""
    loop = asyncio.get_running_loop()
    delay = _POLL_SECONDS
    is_logged = False
    with suppress(TimeoutError):  # of this timeout; `apply` handles its own
        async with asyncio.timeout(None) as timeout:

            def interrupt() -> None:
                stop.set()
                if not timeout.expired():
                    timeout.reschedule(loop.time())

            on_stop_signal(interrupt)
            while True:
                try:
                    for name in await migrations.apply(url, password):
                        log.info("migration_applied", step=name)
                except DatabaseUnavailable as error:
                    if not is_logged:
                        log.info("waiting_for_database", reason=str(error))
                        is_logged = True
                    await asyncio.sleep(delay)
                    delay = min(_MAX_DELAY_SECONDS, 2 * delay)
                else:
                    return


class SchemaCheck:
    """Checks whether the program may run on the schema. `ready` is set once it may."""

    def __init__(self, database: Database, migrations: Migrations) -> None:
        self._database, self._migrations = database, migrations
        self.ready = asyncio.Event()

    async def is_migrated(self) -> bool:
        """Whether the program may run on the schema. Queries the database until it may, and returns True afterwards."""
        with suppress(MigrationError):  # `watch` ends the process
            await self._check()
        return self.ready.is_set()

    async def watch(self) -> None:
        """Polls, because PostgreSQL does not notify. Ends only by MigrationError: a newer release made the schema
        incompatible with this program, before it started or while it ran."""
        is_logged = False
        while True:
            await self._check()
            if not self.ready.is_set() and not is_logged:
                log.info("waiting_for_schema", hint="Start PostgreSQL and run `migrate`.")
                is_logged = True
            await asyncio.sleep(_CHECK_AGAIN_SECONDS if self.ready.is_set() else _POLL_SECONDS)
            if self.ready.is_set():
                await self._is_compatible()

    async def _check(self) -> None:
        if not self.ready.is_set() and await self._is_compatible():
            self.ready.set()

    async def _is_compatible(self) -> bool:
        """False while migrations are missing or the database is unavailable. Raises MigrationError."""
        try:
            async with self._database.connection() as connection:
                state = await self._migrations.state(connection)
        except DatabaseUnavailable as error:
            log.debug("schema_version_unknown", reason=str(error))
            return False
        return state.fits(self._migrations.head)

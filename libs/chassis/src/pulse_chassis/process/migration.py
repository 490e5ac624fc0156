"""Migrations at the start of a service, and the check whether the schema has the right version."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress

import structlog

from pulse_postgres import Database, DatabaseUnavailable, Migrations

log = structlog.get_logger("pulse.process")
_POLL_SECONDS = 0.2
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
    """Checks whether the schema has the version of the program. `ready` is set once it has."""

    def __init__(self, database: Database, migrations: Migrations) -> None:
        self._database, self._migrations = database, migrations
        self.ready = asyncio.Event()

    async def is_migrated(self) -> bool:
        """Whether the schema has the right version. Queries the database until it has, and returns True afterwards."""
        if not self.ready.is_set() and await self._has_head():
            self.ready.set()
        return self.ready.is_set()

    async def watch(self) -> None:
        """Returns once the schema has the right version. Polls, because PostgreSQL does not notify."""
        is_logged = False
        while not await self.is_migrated():
            if not is_logged:
                log.info("waiting_for_schema", hint="Start PostgreSQL and run `migrate`.")
                is_logged = True
            await asyncio.sleep(_POLL_SECONDS)

    async def _has_head(self) -> bool:
        try:
            async with self._database.connection() as connection:
                if not await connection.fetchval("SELECT to_regclass('schema_migration') IS NOT NULL"):
                    return False
                version = await connection.fetchval("SELECT max(version) FROM schema_migration")
        except DatabaseUnavailable as error:
            log.debug("schema_version_unknown", reason=str(error))
            return False
        return bool(version == self._migrations.head)

"""Deletes what nobody needs any more, asks for comparisons of digests, and renews keys."""

from datetime import timedelta

import structlog

from pulse_contracts.times import from_micros
from pulse_sync_publisher.actions.context import Context
from pulse_sync_publisher.actions.logs import Logs
from pulse_sync_publisher.actions.repairs import Repairs
from pulse_sync_publisher.store.collectors import CollectorStore
from pulse_sync_publisher.store.counter import CounterStore
from pulse_sync_publisher.store.trails import IncidentStore, ReceiptStore

log = structlog.get_logger("pulse.sync")
_KEEP_INCIDENTS = timedelta(days=400)


class Upkeep:
    """Periodic work."""

    def __init__(self, context: Context, logs: Logs, repairs: Repairs, rekey_every: timedelta) -> None:
        self._context, self._logs, self._repairs, self._rekey_every = context, logs, repairs, rekey_every
        self._collectors, self._counter = CollectorStore(), CounterStore()

    async def sweep(self) -> None:
        """Deletes receipts of replaced entries and old incidents, and renews old keys. Raises Unavailable."""
        async with self._context.database.transaction() as connection:
            await ReceiptStore().sweep(connection)
        async with self._context.database.transaction() as connection:
            await IncidentStore().sweep(connection, self._context.now() - _KEEP_INCIDENTS)
        await self._repairs.rekey_old(self._context.clock() - self._rekey_every // timedelta(microseconds=1))

    async def check(self) -> None:
        """Compares every log with rules and accounts, and asks for a comparison with every collector. Raises
        Unavailable."""
        async with self._context.database.connection() as connection:
            devices = [one.device for one in await self._collectors.all(connection)]
        repaired = 0
        for device in devices:  # a transaction each, so that changes of accounts do not wait for all of them
            async with self._context.database.transaction() as connection:
                counted = await self._counter.lock(connection)
                repaired += await self._logs.reconcile(connection, counted.leases, [device])
        async with self._context.database.transaction() as connection:
            await self._collectors.mark_checks(connection)
        if repaired:
            log.warning("mirror_logs_repaired", entries=repaired)
        log.info("mirror_check_requested", at=from_micros(self._context.clock()).isoformat())

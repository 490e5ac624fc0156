"""Keeps the broker's accounts equal to the database: applies each change immediately, and compares all accounts at
every connection and every minute. A broker that lost its disk gets all accounts back."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from pulse_auth.actions.collectors import SEAL_PURPOSE
from pulse_auth.actions.guard import Connect, IntakeGuard
from pulse_auth.store.broker import BrokerStore, StoredCredential
from pulse_bus.credentials import BrokerAccount, BrokerCredentials, ObservedAccount
from pulse_chassis.observability.metrics import Metrics
from pulse_jose.vault import Vault
from pulse_postgres import Database

log = structlog.get_logger("pulse.auth.broker")
_LOCK = 0x70756C73655F6272
"""PostgreSQL advisory lock: its holder administers the broker. "pulse_br" in ASCII."""
_BATCH = 50
_EXPIRES_SOON = timedelta(days=14)


@dataclass(frozen=True)
class ReconcileIntervals:
    """`poll`: between two queries for changes of other replicas. `check`: between two comparisons of all accounts.
    `look`: between two looks at the broker's certificate."""

    poll: timedelta = timedelta(seconds=1)
    check: timedelta = timedelta(minutes=1)
    look: timedelta = timedelta(hours=1)


class Reconciler:
    """Makes the broker's accounts equal to the database. Of several replicas, one at a time works."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        prefix: str,
        metrics: Metrics,
        guard: IntakeGuard | None = None,
    ) -> None:
        self._database, self._vault, self._prefix, self._guard = database, vault, prefix, guard
        self._is_check_due = False
        self._store, self._woken = BrokerStore(), asyncio.Event()
        self._drift = metrics.gauge("broker_accounts_drift", "Accounts that differed at the last comparison.")
        self._foreign = metrics.gauge("broker_accounts_foreign", "Accounts at the broker that auth does not manage.")
        self._last = metrics.gauge("broker_reconciled_timestamp_seconds", "When all accounts were last compared.")
        self._changes = metrics.counter("broker_account_changes", "Accounts changed at the broker.")
        self._expiry = metrics.gauge(
            "broker_certificate_expiry_timestamp_seconds", "When the certificate of the broker expires."
        )

    def wake(self) -> None:
        """Applies changes immediately."""
        self._woken.set()

    def check_soon(self) -> None:
        """Compares all accounts immediately."""
        self._is_check_due = True
        self.wake()

    async def reconcile(
        self, connect: Connect, intervals: ReconcileIntervals, on_round: Callable[[], None] = lambda: None
    ) -> None:
        """Works until the connection to the broker ends. Calls `on_round` after each round. Raises Unavailable."""
        async with connect() as broker:
            check_at = look_at = time.monotonic()
            while not broker.ended.is_set():
                self._woken.clear()
                if time.monotonic() >= look_at:  # every replica, repeatedly: the certificate may be renewed
                    await self.check_certificate(broker)
                    look_at = time.monotonic() + intervals.look.total_seconds()
                async with self._database.transaction() as held:
                    if await self._store.is_mine(held, _LOCK):
                        if time.monotonic() >= check_at or self._is_check_due:
                            self._is_check_due = False
                            await self.check(broker)
                            check_at = time.monotonic() + intervals.check.total_seconds()
                        while await self.apply_pending(broker):
                            pass
                on_round()
                await self._rest(broker, intervals.poll)

    async def _rest(self, broker: BrokerCredentials, poll: timedelta) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in (self._woken, broker.ended)]
        try:
            await asyncio.wait(waits, timeout=poll.total_seconds(), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()

    async def apply_pending(self, broker: BrokerCredentials) -> bool:
        """Applies one batch of pending changes. Returns whether there were any. Raises Unavailable."""
        async with self._database.connection() as connection:
            waiting = await self._store.waiting(connection, _BATCH)
        if not waiting:
            return False
        seen = await broker.observe([one.name for one in waiting])
        for one in waiting:
            await self._make_equal(broker, one, seen.get(one.name))
        async with self._database.connection() as connection:
            await self._store.applied(connection, waiting)
        return True

    async def check(self, broker: BrokerCredentials) -> int:
        """Compares all accounts and corrects differences; returns their number. Does not touch accounts that auth does
        not manage. Raises Unavailable."""
        async with self._database.connection() as connection:
            stored = {one.name: one for one in await self._store.all(connection)}
        seen = await broker.observe()
        drift = 0
        for one in stored.values():
            drift += await self._make_equal(broker, one, seen.get(one.name))
        stray = [
            one for one in seen.values() if one.name not in stored and one.client_id == one.name and one.fingerprint
        ]
        for other in stray:
            await broker.remove(other.name)
            self._changes.inc()
        async with self._database.connection() as connection:
            await self._store.applied(connection, list(stored.values()))
        self._drift.set(drift + len(stray))
        self._foreign.set(len(set(seen) - set(stored) - {one.name for one in stray}))
        self._last.set(time.time())
        if drift or stray:
            log.info("broker_accounts_reconciled", count=drift + len(stray))
        return drift + len(stray)

    async def _make_equal(
        self, broker: BrokerCredentials, stored: StoredCredential, seen: ObservedAccount | None
    ) -> bool:
        if stored.secret is None:
            if seen is None:
                return False
            await broker.remove(stored.name)
        else:
            secret = self._vault.unseal(stored.secret, SEAL_PURPOSE, stored.name).decode()
            was_enabled = seen.is_enabled if seen is not None else None
            is_enabled = stored.is_enabled and (
                self._guard is None or self._guard.may_connect(stored.party, is_enabled=was_enabled)
            )
            desired = BrokerAccount(
                stored.name, stored.party, secret, is_enabled, self._prefix, stored.has_free_client_id
            )
            if seen == desired.observed():
                return False
            await broker.put(desired, seen)
        self._changes.inc()
        return True

    async def check_certificate(self, broker: BrokerCredentials) -> None:
        """Measures when the certificate expires; warns two weeks before. Raises Unavailable."""
        ends = await broker.certificate_expiry()
        if ends is None:
            return
        self._expiry.set(ends.timestamp())
        if ends - datetime.now(UTC) < _EXPIRES_SOON:
            log.warning("broker_certificate_expires_soon", expires=ends.isoformat())

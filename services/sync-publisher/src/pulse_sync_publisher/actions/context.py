"""Shared by all actions: dependencies, the audit trail, incidents and metrics."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog

from pulse_chassis.identity.caller import SYSTEM, Caller
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.times import from_micros
from pulse_postgres import Audit, AuditEntry, Connection, Database
from pulse_postgres.audit import Detail
from pulse_postgres.database import after_commit
from pulse_sync_publisher.actions.vault import Vault
from pulse_sync_publisher.model.currency import Announced
from pulse_sync_publisher.model.reports import IncidentKind
from pulse_sync_publisher.store.counter import Counted
from pulse_sync_publisher.store.trails import IncidentStore

log = structlog.get_logger("pulse.sync")
_QUIET: Final = timedelta(minutes=1)


class SyncMetrics:
    """Metrics of this service, apart from those that `actions.measure` observes."""

    def __init__(self, metrics: Metrics) -> None:
        self.written = metrics.counter("mirror_entries_written", "Entries written to the logs of collectors")
        self.sent = metrics.counter("mirror_messages_sent", "Messages sent to collectors", ["kind"])
        self.sent_bytes = metrics.counter("mirror_sent_bytes", "Bytes of messages sent to collectors")
        self.acked = metrics.counter("mirror_acks", "Acknowledgements that moved a collector forward")
        self.reports = metrics.counter("mirror_reports", "Reports of collectors", ["kind"])
        self.refused = metrics.counter("mirror_reports_refused", "Refused reports of collectors", ["reason"])
        self.refused_digests = metrics.counter("mirror_digests_refused", "Refused digests of users", ["reason"])
        self.kept = metrics.counter("mirror_revocations_kept", "Changes of users that did not lift a revocation")
        self.incidents = metrics.counter("mirror_incidents", "Incidents", ["kind"])


@dataclass(frozen=True)
class Context:
    """Dependencies of actions. `clock` in microseconds. `entropy(n)`: n random bytes. `wake`: starts the sender.
    `announced`: the digests of users."""

    database: Database
    vault: Vault
    audit: Audit
    metrics: SyncMetrics
    clock: Callable[[], int]
    entropy: Callable[[int], bytes]
    wake: Callable[[], None]
    show: Callable[[], None]
    announced: Announced = field(default_factory=Announced)

    def now(self) -> datetime:
        """The current time."""
        return from_micros(self.clock())

    def is_current(self, counted: Counted) -> bool:
        """Whether the copy of the accounts is what users has announced, so that it may be sent."""
        return self.announced.confirms(counted.copied, self.clock())

    def may_vouch(self, counted: Counted) -> bool:
        """Whether the copy is current, and users can be heard: only then a mirror is confirmed as fresh."""
        return self.is_current(counted) and self.announced.is_heard(self.clock())

    async def record(
        self,
        connection: Connection,
        kind: str,
        target: str,
        caller: Caller = SYSTEM,
        change: tuple[Detail | None, Detail | None] = (None, None),
    ) -> None:
        """Appends to the audit trail. Must be the last statement of the transaction."""
        entry = AuditEntry(kind, caller.account, target, *change, caller.address, caller.request_id)
        await self.audit.append(connection, entry, self.now())

    async def report_incident(self, connection: Connection, device: str, kind: IncidentKind, detail: str) -> None:
        """Stores, counts, logs and audits an incident. `device` is empty if it concerns the whole service. The same
        kind at the same collector within a minute is only counted, so that no collector fills the audit trail. Must be
        the last statement of the transaction."""
        after_commit(self.metrics.incidents.labels(kind).inc)
        newest = await IncidentStore().newest(connection, device, kind)
        if newest is not None and newest > self.now() - _QUIET:
            return
        await IncidentStore().add(connection, device, kind, detail, self.now())
        after_commit(partial(log.warning, "mirror_incident", device=device, kind=kind, detail=detail))
        change = None, {"kind": kind, "detail": detail}
        target = f"collector:{device}" if device else "users"
        await self.record(connection, "mirror_incident", target, SYSTEM, change)

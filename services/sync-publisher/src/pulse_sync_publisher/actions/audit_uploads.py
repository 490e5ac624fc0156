"""Takes the local audit trails of collectors into the audit trail of this service."""

from pydantic import ValidationError

from pulse_contracts.mirror import MAX_JUMP, AuditEntries, LocalAuditEntry, MirrorAudit, report_context
from pulse_contracts.times import from_micros
from pulse_jose import KeySet, TokenError, unseal
from pulse_postgres import AuditEntry, Connection
from pulse_postgres.audit import Detail
from pulse_sync_publisher.actions.context import Context
from pulse_sync_publisher.actions.reports import Answer, Reports
from pulse_sync_publisher.actions.vault import VaultClosed
from pulse_sync_publisher.model.audit_chain import check_chain
from pulse_sync_publisher.model.budgets import DeviceBudget
from pulse_sync_publisher.model.collectors import Collector
from pulse_sync_publisher.model.messages import Beat
from pulse_sync_publisher.model.reports import Refusal, which_key
from pulse_sync_publisher.store.collectors import CollectorStore
from pulse_sync_publisher.store.entries import EntryStore
from pulse_sync_publisher.store.trails import LocalAuditStore

_UPLOAD_RATE, _UPLOAD_BURST = 5, 100
"""Messages of one collector, with at most 100 entries each."""


class AuditUploads:
    """Local audit entries: each is stored once, and confirmed by a heartbeat."""

    def __init__(self, context: Context, reports: Reports) -> None:
        self._context, self._reports = context, reports
        self._budget = DeviceBudget(_UPLOAD_RATE, _UPLOAD_BURST)
        self._store, self._entries, self._local = CollectorStore(), EntryStore(), LocalAuditStore()

    async def apply(self, device: str, message: MirrorAudit) -> None:
        """Stores the entries that are new. A break of the chain is an incident. Raises Unavailable."""
        if not self._budget.takes(device, self._context.clock()):
            self._reports.refuse(device, "too_many")
            return
        async with self._context.database.transaction() as connection:
            found = await self._store.lock(connection, device)
            if found is None:
                self._reports.refuse(device, "unmanaged")
                return
            entries = self._opened(found, message)
            if not isinstance(entries, list):
                self._reports.refuse(device, entries)
                return
            answer = await self._store_entries(connection, found, entries)
        await self._reports.beat(answer)

    def _opened(self, found: Collector, message: MirrorAudit) -> list[LocalAuditEntry] | Refusal:
        use = which_key(found.progress, message.gen, message.key, self._context.clock())
        if use == "rekey":
            return "unknown_key"
        if use != "current" and use != "next":  # noqa: PLR1714  # mypy narrows only this form
            return use
        context = report_context(found.device, message.gen, message.key, "audit")
        try:
            key = self._context.vault.sealing_key(found, following=use == "next")
            payload = unseal(message.sealed, KeySet([key]), lambda: self._context.clock() / 1_000_000, context)
            entries = AuditEntries.model_validate_json(payload).entries
        except VaultClosed:
            return "unknown_key"
        except TokenError:
            return "seal_refused"
        except ValidationError:
            return "unreadable"
        is_far = any(entry.n > found.audit.n + MAX_JUMP for entry in entries)
        return "number_jump" if is_far else entries

    async def _store_entries(self, connection: Connection, found: Collector, entries: list[LocalAuditEntry]) -> Answer:
        device, now = found.device, self._context.now()
        stored = await self._local.stored(connection, device, [entry.hash for entry in entries])
        checked = check_chain(found.audit, entries, stored)
        progress = found.progress
        set_ = found.set_at[1] if found.set_at is not None and found.set_at[0] == progress.seq else None
        if set_ is None:
            set_ = await self._entries.digest(connection, device)
        beat = Beat(progress.beat + 1, set_, checked.head.n)
        await self._store.note_beat(connection, device, beat.n, now)
        if checked.new:
            await self._local.add(connection, device, checked.new, now)
            await self._store.note_audit(connection, device, checked.head)
            for entry in checked.new:
                await self._context.audit.append(connection, _audited(device, entry), now)
        if checked.fault is not None:
            await self._context.report_incident(connection, device, "audit_chain_broken", checked.fault)
        return Answer(found, beat)


def _audited(device: str, entry: LocalAuditEntry) -> AuditEntry:
    """The entry of the audit trail. `at` is the original time, by the collector's clock."""
    try:
        at = from_micros(entry.at).isoformat()
    except OverflowError:
        at = str(entry.at)
    after: Detail = {"n": entry.n, "at": at, "reason": entry.reason, "detail": entry.detail}
    return AuditEntry(f"collector_{entry.kind}", entry.account, f"collector:{device}", None, after)

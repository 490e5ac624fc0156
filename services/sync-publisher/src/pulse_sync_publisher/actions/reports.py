"""Applies the reports of collectors: acknowledgements, hellos and requests for repair. Answers with heartbeats."""

import asyncio
import dataclasses
import random
from dataclasses import dataclass
from typing import Final
from weakref import WeakValueDictionary

import structlog
from pydantic import ValidationError

from pulse_bus import Bus, Disconnected, PublishRefused
from pulse_contracts.mirror import MAX_TOMBSTONES, MirrorReport, ReportContent, Tombstone, report_context
from pulse_contracts.times import from_micros
from pulse_contracts.topics import USERS_SYNC
from pulse_jose import KeySet, TokenError, unseal
from pulse_postgres import Connection
from pulse_postgres.database import after_commit
from pulse_sync_publisher.actions.context import Context
from pulse_sync_publisher.actions.logs import Logs
from pulse_sync_publisher.actions.repairs import Repairs
from pulse_sync_publisher.actions.signing import Signing
from pulse_sync_publisher.actions.vault import VaultClosed
from pulse_sync_publisher.model.budgets import DeviceBudget
from pulse_sync_publisher.model.collectors import Collector, Keys
from pulse_sync_publisher.model.entitlement import Rule, deny_accounts, deny_everybody
from pulse_sync_publisher.model.messages import Beat
from pulse_sync_publisher.model.progress import send_time, with_key_confirmed
from pulse_sync_publisher.model.records import Place, revoked_entry
from pulse_sync_publisher.model.reports import (
    IncidentKind,
    Known,
    Outcome,
    Refusal,
    forgotten,
    judge,
    wants_set,
    which_key,
)
from pulse_sync_publisher.store.collectors import CollectorStore
from pulse_sync_publisher.store.counter import CounterStore, RuleStore
from pulse_sync_publisher.store.entries import EntryStore
from pulse_sync_publisher.store.trails import IncidentStore, ReceiptStore

log = structlog.get_logger("pulse.sync")
_REKEY_PAUSE: Final = 600_000_000
"""Microseconds between two rekeys for unknown key numbers: such reports are not authenticated."""
_MAX_LOGGED = 10_000
_REPORT_RATE, _REPORT_BURST = 200, 2_000


class _CounterNeeded(Exception):  # internal: the transaction starts again with the counter's lock first
    pass


@dataclass(frozen=True)
class _Opened:
    """A report whose seal is valid. has_new_key: it came under the new key, the current one of `collector`."""

    collector: Collector
    content: ReportContent
    has_new_key: bool


@dataclass(frozen=True)
class Answer:
    """A heartbeat to send after the commit."""

    collector: Collector
    beat: Beat


class Reports:
    """Reports of collectors. The topic's device is the authority on the sender."""

    def __init__(self, context: Context, logs: Logs, repairs: Repairs, signing: Signing, bus: Bus) -> None:
        self._context, self._logs, self._repairs, self._signing, self._bus = context, logs, repairs, signing, bus
        self._store, self._counter, self._rules = CollectorStore(), CounterStore(), RuleStore()
        self._entries, self._receipts, self._incidents = EntryStore(), ReceiptStore(), IncidentStore()
        self._logged = set[tuple[str, str]]()
        self._turns = WeakValueDictionary[str, asyncio.Lock]()
        """One report of a collector at a time, in the order of arrival: an overtaken one would count as a replay."""
        self._budget = DeviceBudget(_REPORT_RATE, _REPORT_BURST)
        self._rng = random.Random(int.from_bytes(context.entropy(8), "big"))  # noqa: S311  # jitter, not a secret

    async def apply(self, device: str, message: MirrorReport) -> None:
        """Applies a report, or counts why it is refused. Raises Unavailable."""
        if not self._budget.takes(device, self._context.clock()):
            self.refuse(device, "too_many")
            return
        async with self._turns.setdefault(device, asyncio.Lock()):
            try:
                answer = await self._apply(device, message, with_counter=False)
            except _CounterNeeded:
                answer = await self._apply(device, message, with_counter=True)
        if answer is not None:
            await self.beat(answer)

    async def beat(self, answer: Answer) -> None:
        """Sends a heartbeat. Without a connection it is not sent: the collector asks again."""
        maker = await self._signing.maker()
        message = maker.heartbeat(answer.collector.progress, answer.beat)
        try:
            await self._bus.publish(USERS_SYNC, message, device=answer.collector.device)
        except (Disconnected, PublishRefused) as error:
            log.info("mirror_heartbeat_not_sent", device=answer.collector.device, reason=str(error))
            return
        self._context.metrics.sent.labels("heartbeat").inc()
        self._context.metrics.sent_bytes.inc(len(message.signed))

    def refuse(self, device: str, reason: Refusal) -> None:
        """Counts a refused report, and logs the first of its kind."""
        self._context.metrics.refused.labels(reason).inc()
        is_first = (device, reason) not in self._logged
        if len(self._logged) < _MAX_LOGGED:
            self._logged.add((device, reason))
        (log.warning if is_first else log.debug)("mirror_report_refused", device=device, reason=reason)

    async def _apply(self, device: str, message: MirrorReport, *, with_counter: bool) -> Answer | None:
        async with self._context.database.transaction() as connection:
            counted = await (self._counter.lock if with_counter else self._counter.read)(connection)
            opened = await self._open(connection, device, message)
            if opened is None:
                return None
            found, content = opened.collector, opened.content
            set_ = await self._set(connection, found) if wants_set(found.progress, content) else ""
            known = Known(counted.n, set_, found.audit.n)
            outcome = judge(found.progress, content, known, self._context.clock())
            if outcome.refused is not None and outcome.nonce is None:
                self.refuse(device, outcome.refused)
                return None
            tombstones = await self._forgotten(connection, device, outcome)
            if (tombstones or outcome.counter > counted.n) and not with_counter:
                raise _CounterNeeded
            self._count(device, content, outcome)
            if outcome.counter > counted.n:
                await self._counter.raise_to(connection, outcome.counter)
            if not self._context.may_vouch(counted):  # it confirms nothing: a heartbeat without the nonce
                outcome = dataclasses.replace(outcome, vouches=False)
            return await self._store_outcome(connection, opened, outcome, tombstones)

    async def _open(self, connection: Connection, device: str, message: MirrorReport) -> _Opened | None:
        """Locks the collector and opens its report, or counts why it is refused."""
        found, now = await self._store.lock(connection, device), self._context.clock()
        if found is None:
            self.refuse(device, "unmanaged")
            return None
        use = which_key(found.progress, message.gen, message.key, now)
        if use == "rekey":
            await self._repair_key(connection, found, message.key)
            return None
        if use != "current" and use != "next":  # noqa: PLR1714  # mypy narrows only this form
            self.refuse(device, use)
            return None
        content = self._content(found, message, is_next=use == "next")
        if not isinstance(content, ReportContent):
            self.refuse(device, content)
            return None
        if use == "next":  # the collector has the new key: the old one ends
            keys = Keys(found.keys.public, found.keys.following)
            found = dataclasses.replace(found, progress=with_key_confirmed(found.progress, now), keys=keys)
        return _Opened(found, content, use == "next")

    async def _store_outcome(
        self, connection: Connection, opened: _Opened, outcome: Outcome, tombstones: list[Tombstone]
    ) -> Answer | None:
        found, now = opened.collector, self._context.clock()
        before, progress, device = found.progress, outcome.progress, found.device
        if outcome.nonce is not None:
            progress = dataclasses.replace(progress, beat=progress.beat + 1)
        if opened.has_new_key:
            await self._store.rekey(connection, device, found.keys)
        await self._store.put(connection, progress, send_time(progress, now, self._rng))
        found = dataclasses.replace(found, progress=progress)
        if tombstones:
            found = await self._adopt(connection, found, tombstones)
        await self._note(connection, found, (before.acked, before.seq), opened.content, outcome)
        answer = None
        if outcome.nonce is not None:
            await self._store.note_beat(connection, device, progress.beat, self._context.now())
            nonce = outcome.nonce if outcome.vouches else None
            beat = Beat(progress.beat, await self._set(connection, found), found.audit.n, nonce)
            answer = Answer(found, beat)
        for kind, detail in self._all_incidents(outcome, tombstones):
            await self._context.report_incident(connection, device, kind, detail)
        after_commit(self._context.wake)
        after_commit(self._context.show)
        return answer

    def _content(self, found: Collector, message: MirrorReport, *, is_next: bool) -> ReportContent | Refusal:
        """Opens a report."""
        context = report_context(found.device, message.gen, message.key, "ack")
        try:
            key = self._context.vault.sealing_key(found, following=is_next)
            payload = unseal(message.sealed, KeySet([key]), lambda: self._context.clock() / 1_000_000, context)
            return ReportContent.model_validate_json(payload)
        except VaultClosed:
            return "unknown_key"
        except TokenError:
            return "seal_refused"
        except ValidationError:
            return "unreadable"

    def _count(self, device: str, content: ReportContent, outcome: Outcome) -> None:
        if outcome.refused is not None:
            self.refuse(device, outcome.refused)
            return
        self._context.metrics.reports.labels(content.kind).inc()
        if self._logged:
            self._logged = {one for one in self._logged if one[0] != device}

    async def _repair_key(self, connection: Connection, found: Collector, key: int) -> None:
        """A report under a key that this database does not know: a new key, at most once in ten minutes."""
        self.refuse(found.device, "unknown_key")
        newest = await self._incidents.newest(connection, found.device, "unknown_key")
        now = self._context.clock()
        is_too_soon = newest is not None and newest > from_micros(now - _REKEY_PAUSE)
        if is_too_soon or not found.progress.is_managed or found.progress.is_wiped or found.keys.public is None:
            return
        begun = await self._repairs.begin_rekey(connection, found, key)
        detail = f"the report has key {key}, known is {found.progress.key}; new is {begun.progress.next_key}"
        await self._context.report_incident(connection, found.device, "unknown_key", detail)

    async def _set(self, connection: Connection, found: Collector) -> str:
        """The digest of the collector's log, from the cache if nothing changed."""
        if found.set_at is not None and found.set_at[0] == found.progress.seq:
            return found.set_at[1]
        found_set = await self._entries.digest(connection, found.device)
        await self._store.keep_set(connection, found.device, (found.progress.seq, found_set))
        return found_set

    async def _forgotten(self, connection: Connection, device: str, outcome: Outcome) -> list[Tombstone]:
        if not outcome.tombstones:
            return []
        ids = [tombstone.account for tombstone in outcome.tombstones]
        entries = await self._entries.of_accounts(connection, ids, [device])
        found = forgotten(outcome.tombstones, {account: entry for (_, account), entry in entries.items()})
        if not found:
            return []
        restored = await self._restored_rules(connection, device)
        return [] if restored.issuperset(deny_everybody(device)) else found  # nobody is allowed there anyway

    async def _restored_rules(self, connection: Connection, device: str) -> set[Rule]:
        rules = (await self._rules.all(connection)).rules
        return {rule for rule in rules if rule.origin == "restored" and rule.place == f"device:{device}"}

    async def _adopt(self, connection: Connection, found: Collector, tombstones: list[Tombstone]) -> Collector:
        """Revokes what the collector still knows as revoked: a restored database must never allow it again. The rules
        that deny it stay until an administrator removes them. A report that has as many as it can list may have left
        out others: then nobody may sign in at this collector."""
        progress, now, device = found.progress, self._context.clock(), found.device
        ids = [tombstone.account for tombstone in tombstones]
        olds = await self._entries.of_accounts(connection, ids, [device])
        ver = await self._counter.advance(connection, 1)
        seq, made = progress.seq, []
        for tombstone in tombstones:
            seq += 1
            old = olds.get((device, tombstone.account))
            place = Place(seq, progress.sent, progress.acked)
            made.append((device, revoked_entry(old, tombstone.account, (ver, tombstone.src), now, place)))
        await self._logs.put(connection, made, {device: seq})
        restored = await self._restored_rules(connection, device)
        is_complete = len(restored) + len(tombstones) < MAX_TOMBSTONES
        for rule in deny_accounts(device, ids) if is_complete else deny_everybody(device):
            await self._rules.put(connection, rule)
        if not is_complete:
            leases = (await self._counter.read(connection)).leases
            seq += await self._logs.reconcile(connection, leases, [device])
        return dataclasses.replace(found, progress=dataclasses.replace(progress, seq=seq))

    async def _note(
        self,
        connection: Connection,
        found: Collector,
        before: tuple[int, int],
        content: ReportContent,
        outcome: Outcome,
    ) -> None:
        progress, now = found.progress, self._context.now()
        if outcome.refused is not None:
            return
        acked, seq = before
        if progress.acked > acked:
            await self._receipts.add(connection, found.device, progress.acked, now)
            self._context.metrics.acked.inc()
        elif progress.acked < acked:
            await self._receipts.forget(connection, found.device, progress.acked)
        if content.set is not None and content.seq == seq and content.state in {"synced", "resync"}:
            await self._store.note_check(connection, found.device, now)

    def _all_incidents(self, outcome: Outcome, tombstones: list[Tombstone]) -> list[tuple[IncidentKind, str]]:
        found = list(outcome.incidents)
        if tombstones:
            accounts = ", ".join(tombstone.account for tombstone in tombstones[:5])
            detail = f"{len(tombstones)} revoked accounts were unknown: {accounts}; see the rules with origin restored"
            found.append(("revocation_restored", detail))
        return found

"""The copy of the collectors: opens the sealed events of auth. Enrolment, loss, site and tags decide what is
mirrored."""

import dataclasses
from collections.abc import Callable
from typing import Final

from pydantic import ValidationError

from pulse_bus import Reject
from pulse_chassis.identity.caller import SYSTEM
from pulse_contracts.accounts import set_digest
from pulse_contracts.collectors import CollectorChanged, CollectorRecord
from pulse_contracts.permissions import ROLES
from pulse_jose import KeySet, SealingKey, TokenError, unseal
from pulse_jose.mirror_keys import KeyPlace
from pulse_postgres import Connection
from pulse_postgres.audit import Detail
from pulse_postgres.database import after_commit
from pulse_sync_publisher.actions.context import Context
from pulse_sync_publisher.actions.logs import Logs
from pulse_sync_publisher.actions.vault import bytes_of, text_of
from pulse_sync_publisher.model.collectors import Collector, Keys
from pulse_sync_publisher.model.entitlement import Rule
from pulse_sync_publisher.model.progress import Progress, enrolled
from pulse_sync_publisher.store.collectors import CollectorStore
from pulse_sync_publisher.store.counter import CounterStore, RuleStore
from pulse_sync_publisher.store.entries import EntryStore
from pulse_sync_publisher.store.trails import LossStore

_ENDED: Final = frozenset({"lost", "deleted"})


class Collectors:
    """The copy of the collectors."""

    def __init__(self, context: Context, logs: Logs, key: SealingKey, wipe: Callable[[], None]) -> None:
        self._context, self._logs, self._seals, self._wipe = context, logs, KeySet([key]), wipe
        self._store, self._counter, self._rules = CollectorStore(), CounterStore(), RuleStore()
        self._entries, self._losses = EntryStore(), LossStore()

    def open(self, message: CollectorChanged) -> CollectorRecord:
        """Decrypts and validates an event. Raises Reject."""
        context: dict[str, str | int] = {"device": message.device, "version": message.version}
        try:
            payload = unseal(message.sealed, self._seals, lambda: self._context.clock() / 1_000_000, context)
            record = CollectorRecord.model_validate_json(payload)
        except TokenError as error:
            raise Reject("seal_refused", "no valid seal of auth for this collector and version") from error
        except ValidationError:
            raise Reject("record_unreadable", "the sealed record does not fit its schema") from None
        if (record.device, record.version) != (message.device, message.version):
            raise Reject("record_foreign", "the sealed record belongs to another collector or version")
        return record

    async def apply(self, record: CollectorRecord) -> bool:
        """Applies a record if it is newer than the copy. Returns whether it is. Raises Unavailable."""
        async with self._context.database.transaction() as connection:
            counted = await self._counter.lock(connection)
            old = await self._store.lock(connection, record.device)
            if old is not None and old.version >= record.version:
                return False
            new = self._merged(old, record)
            if old is None:
                await self._store.add(connection, new, self._context.now())
                await self._adopt(connection, record)
            if old is not None and record.state in _ENDED and old.progress.state not in _ENDED:
                await self._note_loss(connection, old)
            await self._store.describe(connection, new)
            await self._store.put(connection, new.progress, self._context.clock() if new.has_log else None)
            if new.has_log:
                is_back = old is not None and not old.has_log
                roles = tuple(ROLES) if is_back else ()
                await self._logs.reconcile(connection, counted.leases, [new.device], rewrite=roles)
            after_commit(self._context.wake)
            after_commit(self._context.show)
            if new.wipe_due:
                after_commit(self._wipe)
            if record.state in _ENDED:
                after_commit(self._context.vault.forget)
            if record.state == "deleted":
                await self._forget_rules(connection, record.device)
        return True

    async def digest(self) -> str:
        """`set_digest` of the copy. Raises Unavailable."""
        async with self._context.database.connection() as connection:
            return set_digest(await self._store.versions(connection))

    def _merged(self, old: Collector | None, record: CollectorRecord) -> Collector:
        """The collector with auth's record. A new enrolment has new keys and an empty mirror."""
        device = record.device
        now = self._context.clock()
        progress = old.progress if old is not None else Progress(device, gen=0, keyed_at=now)
        keys = old.keys if old is not None else Keys()
        wipe_due = old.wipe_due if old is not None else False
        if record.state in _ENDED:
            keys = Keys()
            if record.gen > 0 and progress.wiped_gen < record.gen:
                progress = dataclasses.replace(progress, wiped_gen=record.gen)
                wipe_due = True
            progress = dataclasses.replace(progress, gen=max(record.gen, progress.gen), next_key=None, flight=None)
        elif record.seal_key is not None and _is_new_enrolment(old, record):
            progress = dataclasses.replace(enrolled(progress, record.gen), keyed_at=now)
            sealed = self._context.vault.seal_key(bytes_of(record.seal_key), KeyPlace(device, record.gen, 0))
            keys = Keys(bytes_of(record.public_key) if record.public_key else None, sealed)
        progress = dataclasses.replace(progress, state=record.state)
        return Collector(
            record.version, record.name, record.site, tuple(record.tags), progress, keys, wipe_due=wipe_due
        )

    async def _adopt(self, connection: Connection, record: CollectorRecord) -> None:
        """Adopts the rules that auth had before this service existed."""
        place = f"device:{record.device}"
        rules = [Rule(rule.subject, place, rule.is_allowed, "adopted") for rule in record.access]
        if rules:
            await self._rules.add(connection, rules)

    async def _forget_rules(self, connection: Connection, device: str) -> None:
        """Deletes what allowed accounts at a deleted collector: it must not apply to a new one with its id."""
        removed = sorted(await self._rules.remove_allowed(connection, device))
        if removed:
            change: tuple[None, Detail] = None, {"removed": [str(rule) for rule in removed[:200]]}
            await self._context.record(connection, "entitlement_changed", "entitlement", SYSTEM, change)

    async def _note_loss(self, connection: Connection, old: Collector) -> None:
        progress = old.progress
        entries = await self._entries.of_device(connection, old.device)
        held = [one.account for one in entries.values() if one.may_hold(progress.sent, progress.acked)]
        await self._losses.record(connection, old.device, progress.gen, held, self._context.now())


def _is_new_enrolment(old: Collector | None, record: CollectorRecord) -> bool:
    """Whether the record has other keys than the collector. A restored auth gives a generation again."""
    if old is None or record.gen > old.progress.gen:
        return record.gen > 0
    is_same = old.keys.public is not None and record.public_key == text_of(old.keys.public)
    return record.gen == old.progress.gen and not is_same

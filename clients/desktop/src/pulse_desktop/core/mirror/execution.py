"""Executes the commands of the state machine: database, keystore, and reports for the outbox."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import structlog
from pydantic import SecretStr

from pulse_contracts.mirror import (
    MAX_TOMBSTONES,
    AuditEntries,
    LocalAuditEntry,
    MirrorAudit,
    MirrorReport,
    ReportContent,
)
from pulse_desktop.core.mirror.conflicts import Conflict
from pulse_desktop.core.mirror.envelope import MessageRefused, seal_audit, seal_report
from pulse_desktop.core.mirror.keystore import Kept, decode
from pulse_desktop.core.mirror.machine import Machine
from pulse_desktop.core.mirror.opening import OpenMirror
from pulse_desktop.core.mirror.signals import (
    Applied,
    ApplyDelta,
    ApplySnapshot,
    AuditCovered,
    CheckSet,
    ClockReset,
    Command,
    Event,
    KeyTaken,
    Moment,
    PartStored,
    Refuse,
    Remember,
    SendReport,
    SetChecked,
    SetState,
    SnapshotRejected,
    StorePart,
    TakeKey,
    TimeConfirmed,
    WipeMirror,
)
from pulse_desktop.core.mirror.store import SnapshotTooLarge
from pulse_jose import InvalidKeyError
from pulse_jose.mirror_keys import KeyPlace, accept_rekey

log = structlog.get_logger("pulse.desktop.mirror")

_AUDIT_ENTRIES: Final = 100
_AUDIT_BYTES: Final = 30_000
"""Maximum JSON of the audit entries in one message, so that it fits into a packet after sealing."""
_ORDINARY: Final = frozenset(
    {
        "gap",
        "superseded",
        "old_nonce",
        "old_heartbeat",
        "old_snapshot",
        "below_floor",
        "rolled_back",
        "old_key",
        "wiped",
    }
)
"""Refusals that lost, repeated or reordered messages cause. The others need a forged or a foreign message."""

Outgoing = MirrorReport | MirrorAudit


class Execution:
    """Executes commands on an open mirror. `post` takes the messages to publish. `refused`: counts refused messages by
    code. `on_key` is called before a command changes the sealing key."""

    def __init__(self, mirror: OpenMirror, kept: Kept, machine: Machine, post: Callable[[Outgoing], None]) -> None:
        self.mirror, self.kept, self.machine, self._post = mirror, kept, machine, post
        self.refused: Counter[str] = Counter()
        self._digest: str | None = None
        self._newest_audit = 0

    async def handle(self, event: Event, monotonic: float) -> None:
        """Passes an event to the machine, and executes everything that follows. Raises StoreFailure, KeystoreError."""
        events = [event]
        while events:
            now = Moment(monotonic, self.mirror.elapsed.now())
            commands = self.machine.handle(events.pop(0), now)
            events += await self.execute(commands)

    async def execute(self, commands: Sequence[Command]) -> list[Event]:
        """Executes commands in order. Returns their results. Raises StoreFailure, KeystoreError."""
        results: list[Event] = []
        for command in commands:
            result = await self._execute(command)
            if result is not None:
                results.append(result)
        return results

    async def remember(self, change: Callable[[Kept], Kept]) -> None:
        """Changes the keystore durably. Raises KeystoreError."""
        self.kept = await asyncio.to_thread(self.mirror.keystore.update, change)

    def refuse(self, refusal: MessageRefused | Refuse) -> None:
        """Counts and logs a refused message: the first of its kind as a warning if it was forged or foreign."""
        code = refusal.code
        self.refused[code] += 1
        is_notable = self.refused[code] == 1 and code not in _ORDINARY
        level = log.warning if is_notable else log.debug
        level("mirror_message_refused", code=code, kind=refusal.kind, detail=refusal.detail, count=self.refused[code])

    async def _execute(self, command: Command) -> Event | None:  # noqa: C901, PLR0911  # one case each
        store = self.mirror.store
        match command:
            case Remember(max_seq, n):
                await self.remember(lambda kept: kept.raised(max_seq=max_seq or 0, n=n or 0))
            case ApplyDelta(seq, records):
                self._digest = None
                return Applied(await store.apply_delta(seq, records))
            case StorePart():
                return await self._store_part(command)
            case ApplySnapshot(staging):
                self._digest = None
                position = await store.apply_snapshot(staging)
                return SnapshotRejected() if position is None else Applied(position, is_snapshot=True)
            case CheckSet():
                return SetChecked(await self.digest())
            case SetState(state, fresh):
                await self._set_state(command)
                log.info("mirror_state", state=state, seq=self.machine.position.applied, is_fresh=fresh is not None)
            case SendReport():
                self._post(seal_report(await self._content(command), self.kept))
            case TakeKey(key, public_key):
                return KeyTaken(key, await self._take_key(key, public_key))
            case WipeMirror():
                await self._wipe()
            case TimeConfirmed(t):
                return await self._confirm_time(t)
            case AuditCovered(n):
                await self._cover(n)
            case Refuse():
                self.refuse(command)
        return None

    async def digest(self) -> str:
        """The digest of the applied set."""
        if self._digest is None:
            self._digest = await self.mirror.store.digest()
        return self._digest

    async def audit_part(self) -> MirrorAudit | None:
        """The next audit entries to upload; None if sync-publisher has all."""
        entries: list[LocalAuditEntry] = []
        size = 0
        for entry in await self.mirror.trail.waiting(_AUDIT_ENTRIES):
            size += len(entry.model_dump_json())
            if entries and (size > _AUDIT_BYTES or entry.n != entries[-1].n + 1):
                break
            entries.append(entry)
        return seal_audit(AuditEntries(entries=entries), self.kept) if entries else None

    async def _cover(self, n: int) -> None:
        newest = await self.mirror.trail.cover(n)
        if newest:  # 0: a new database after an enrolment, which is no conflict
            conflict = Conflict("audit_ahead", "audit_numbers_raised", before=newest, after=n)
            await self.mirror.conflicts.record(self.mirror.clock.micros(), conflict)

    async def _store_part(self, command: StorePart) -> Event:
        try:
            staging = await self.mirror.store.store_part(
                command.staging, command.k, command.records, begins=command.begins
            )
        except SnapshotTooLarge:
            self.refuse(Refuse("snapshot_too_large", "snapshot"))
            return SnapshotRejected()
        return PartStored(staging)

    async def _set_state(self, command: SetState) -> None:
        now = self.mirror.elapsed.now()
        fresh = None if command.fresh is None else min(command.fresh, now)
        await self.mirror.store.set_state(command.state, fresh, now, self.kept.max_seq)
        if command.state == "rollback":
            at = self.machine.position
            log.warning("mirror_rolled_back", seq=at.applied, known=self.kept.max_seq, reason="database_was_restored")

    async def _content(self, command: SendReport) -> ReportContent:
        at, is_hello = self.machine.position, command.kind == "hello"
        if command.kind != "ack":  # a hello follows every half minute
            self._newest_audit, _ = await self.mirror.trail.newest()
        return ReportContent(
            kind=command.kind,
            state=self.machine.state,
            seq=at.applied,
            max_seq=max(self.machine.max_seq, at.staging.seq if at.staging else 0),
            top=max(at.top, at.staging.asof if at.staging else 0),
            floor=at.floor,
            count=at.count,
            set=await self.digest() if command.with_set else None,
            nonce=command.nonce,
            n=self.machine.kept.n,
            audit=self._newest_audit,
            reason=command.reason,
            revoked=await self.mirror.store.tombstones(MAX_TOMBSTONES) if is_hello else [],
        )

    async def _take_key(self, key: int, public_key: str) -> bool:
        place = replace(self.kept.place, key=key)
        try:
            secret = _derive(self.mirror.private_key, public_key, place)
        except (InvalidKeyError, ValueError):
            return False
        if key == self.kept.key:
            return self.kept.seal_key is not None and decode(self.kept.seal_key) == secret
        await self.remember(lambda kept: kept.rekeyed(key, secret))
        log.info("mirror_rekeyed", key=key)
        return True

    async def _wipe(self) -> None:
        """Destroys the keys first: without them, the records are unreadable."""
        if not self.kept.is_wiped:
            await self.remember(Kept.wiped)
            log.warning("mirror_wiped", reason="sync_publisher_ordered_it")
        await self.mirror.store.wipe()

    async def _confirm_time(self, t: int) -> Event | None:
        elapsed = self.mirror.elapsed
        if not elapsed.is_suspect or not elapsed.agrees(t):
            return None
        await self.mirror.store.forget_times()
        elapsed.reset()
        now = elapsed.now()
        await self.remember(lambda kept: kept.model_copy(update={"elapsed": now}))
        log.info("clock_confirmed")
        return ClockReset()


def _derive(private_key: bytes, public_key: str, place: KeyPlace) -> bytes:
    return accept_rekey(private_key, decode(SecretStr(public_key)), place)

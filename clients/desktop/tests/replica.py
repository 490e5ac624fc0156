"""The mirror's machine with a database and a keystore in memory, without I/O. For models and for tests of single
rules. `crash`, `restore_database` and `restore_keystore` do what the names say."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from pulse_contracts.mirror import (
    MirrorEnvelope,
    MirrorRecord,
    MirrorState,
    ReportContent,
    Tombstone,
    mirror_digest,
    record_hash,
)
from pulse_desktop.core.mirror.machine import Machine
from pulse_desktop.core.mirror.records import Held, merge_delta, merge_snapshot
from pulse_desktop.core.mirror.signals import (
    Applied,
    ApplyDelta,
    ApplySnapshot,
    CheckSet,
    Command,
    Connected,
    Event,
    KeyTaken,
    MirrorPolicy,
    Moment,
    PartStored,
    Position,
    Received,
    Refuse,
    Remember,
    Remembered,
    SendReport,
    SetChecked,
    SetState,
    SnapshotRejected,
    Staging,
    StorePart,
    TakeKey,
    TimeConfirmed,
    WipeMirror,
)

SECOND = 1_000_000


@dataclass(frozen=True)
class Database:
    """What `state.db` holds."""

    position: Position
    records: dict[str, MirrorRecord] = field(default_factory=dict)
    staged: dict[str, MirrorRecord] = field(default_factory=dict)


def held(records: dict[str, MirrorRecord]) -> dict[str, Held]:
    """The records without their content."""
    return {a: Held(a, one.ver, one.src, one.state, record_hash(one)) for a, one in records.items()}


def digest(records: dict[str, MirrorRecord]) -> str:
    """`mirror_digest` of records."""
    return mirror_digest((a, one.ver, one.state, record_hash(one)) for a, one in records.items())


class Replica:
    """One collector's mirror. `reports`: what it sent. `refused`: refused messages by code. `elapsed`: its own time in
    microseconds; `advance` moves it."""

    def __init__(self, gen: int = 1, seed: int = 0) -> None:
        self.database = Database(Position(gen))
        self.keystore = Remembered()
        self.elapsed = 1_000 * SECOND
        self.reports: list[ReportContent] = []
        self.refused: Counter[str] = Counter()
        self.commands: list[Command] = []
        self.takes_keys = True
        self._rng, self._nonces = Random(seed), itertools.count(1)
        self.machine = self._start()

    @property
    def state(self) -> MirrorState:
        """The state of the mirror."""
        return self.machine.state

    @property
    def records(self) -> dict[str, MirrorRecord]:
        """The applied records by account."""
        return self.database.records

    @property
    def set(self) -> str:
        """The digest of the applied set."""
        return digest(self.records)

    @property
    def nonce(self) -> str | None:
        """The nonce of the last hello."""
        return next((one.nonce for one in reversed(self.reports) if one.nonce is not None), None)

    def can_sign_in(self, account: str) -> bool:
        """Whether the account can sign in offline, its password aside."""
        record, fresh = self.records.get(account), self.database.position.fresh
        if self.state not in {"synced", "resync"} or record is None or record.state != "live" or fresh is None:
            return False
        return record.verifier is not None and record.lease > 0 and self.elapsed - fresh <= record.lease * SECOND

    # -- the world

    def crash(self) -> None:
        """The process ends and starts again."""
        self.machine = self._start()

    def restore_database(self, backup: Database) -> None:
        """The database is an older one at the next start."""
        self.database = backup
        self.crash()

    def restore_keystore(self, backup: Remembered) -> None:
        """The keystore is an older one at the next start."""
        self.keystore = backup
        self.crash()

    def advance(self, seconds: float) -> None:
        """Time passes."""
        self.elapsed += int(seconds * SECOND)

    def connect(self) -> None:
        """The broker accepts the connection: a hello follows."""
        self.handle(Connected())

    def receive(self, envelope: MirrorEnvelope, records: Sequence[MirrorRecord] = ()) -> None:
        """A message arrives whose signature, recipient and generation are right."""
        self.handle(Received(envelope, records))

    def handle(self, event: Event) -> list[Command]:
        """Passes an event to the machine, and executes everything that follows. Returns the commands."""
        events, done = [event], list[Command]()
        while events:
            commands = self.machine.handle(events.pop(0), Moment(self.elapsed / SECOND, self.elapsed))
            done += commands
            events += self._execute(commands)
        return done

    def _start(self) -> Machine:
        machine = Machine(
            self.database.position,
            self.keystore,
            self._rng,
            lambda: f"nonce-{next(self._nonces):016d}",
            MirrorPolicy(jitter=0),
        )
        self.machine = machine
        self._execute(machine.start())
        return machine

    def _execute(self, commands: Sequence[Command]) -> list[Event]:
        results = []
        for command in commands:
            self.commands.append(command)
            if (result := self._run(command)) is not None:
                results.append(result)
        return results

    def _run(self, command: Command) -> Event | None:
        match command:
            case Remember(max_seq, n):
                kept = self.keystore
                self.keystore = replace(kept, max_seq=max(kept.max_seq, max_seq or 0), n=max(kept.n, n or 0))
            case ApplyDelta(seq, records):
                return Applied(self._apply_delta(seq, records))
            case StorePart(staging, k, records, begins):
                return self._store_part(staging, k, records, begins=begins)
            case ApplySnapshot(staging):
                return self._apply_snapshot(staging)
            case CheckSet():
                return SetChecked(self.set)
            case SetState(state, fresh):
                at = self.database.position
                self._save(replace(at, state=state, fresh=at.fresh if fresh is None else fresh))
            case SendReport():
                self.reports.append(self._report(command))
            case TakeKey(key, _):
                if self.takes_keys:
                    self.keystore = replace(self.keystore, key=key)
                return KeyTaken(key, self.takes_keys)
            case WipeMirror():
                self.keystore = replace(self.keystore, is_wiped=True)
                self.database = Database(replace(self.database.position, state="wiped", count=0, fresh=None))
            case Refuse(code):
                self.refused[code] += 1
            case TimeConfirmed():
                pass
        return None

    def _save(self, position: Position, **more: dict[str, MirrorRecord]) -> Position:
        self.database = replace(self.database, position=position, **more)
        return position

    def _apply_delta(self, seq: int, records: Sequence[MirrorRecord]) -> Position:
        at = self.database.position
        merged = self.records | merge_delta(records, held(self.records), at.floor)
        top = max([at.top, *(one.ver for one in records)])
        return self._save(replace(at, applied=seq, top=top, count=len(merged)), records=merged)

    def _store_part(self, staging: Staging, k: int, records: Sequence[MirrorRecord], *, begins: bool) -> Event:
        staged = {} if begins else self.database.staged
        after = replace(staging, parts=staging.parts | {k})
        at = replace(self.database.position, staging=after)
        self._save(at, staged=staged | {one.account: one for one in records})
        return PartStored(after)

    def _apply_snapshot(self, staging: Staging) -> Event:
        at, staged = replace(self.database.position, staging=None), self.database.staged
        if digest(staged) != staging.set:
            self._save(at, staged={})
            return SnapshotRejected()
        taken, stay = merge_snapshot(held(staged), held(self.records), staging.asof)
        merged = {a: staged[a] for a in taken} | {a: self.records[a] for a in stay}
        top = max([at.top, *(one.ver for one in staged.values())])
        after = replace(at, applied=staging.seq, floor=staging.asof, top=top, sid=staging.sid, count=len(merged))
        return Applied(self._save(after, records=merged, staged={}), is_snapshot=True)

    def _report(self, command: SendReport) -> ReportContent:
        at = self.machine.position
        dead = sorted((one for one in self.records.values() if one.state == "revoked"), key=lambda one: -one.ver)
        return ReportContent(
            kind=command.kind,
            state=self.state,
            seq=at.applied,
            max_seq=max(self.machine.max_seq, at.staging.seq if at.staging else 0),
            top=max(at.top, at.staging.asof if at.staging else 0),
            floor=at.floor,
            count=at.count,
            set=self.set if command.with_set else None,
            nonce=command.nonce,
            n=self.machine.kept.n,
            reason=command.reason,
            revoked=[Tombstone(account=one.account, ver=one.ver, src=one.src) for one in dead[:100]]
            if command.kind == "hello"
            else [],
        )

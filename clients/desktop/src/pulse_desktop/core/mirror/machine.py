"""The state machine of the mirror (protocol B3): events in, commands out. Does no I/O; callers pass the time.

| from | event | to |
|---|---|---|
| any | a wipe of this generation | WIPED, final |
| any but WIPED | the database is older than the keystore | ROLLBACK |
| ROLLBACK | an accepted snapshot | RESYNC |
| NEW | an accepted snapshot | RESYNC |
| any but WIPED | a heartbeat that matches; in ROLLBACK only one with the collector's nonce | SYNCED |
| SYNCED | a heartbeat that does not match, a gap | RESYNC |

Execute the commands in order, each durably, before the next event. Pass the result of `ApplyDelta`, `StorePart`,
`ApplySnapshot`, `CheckSet` and `TakeKey` to `handle` at once.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from pulse_contracts.backoff import retry_delay
from pulse_contracts.mirror import MAX_JUMP, MirrorEnvelope, MirrorState, NeedReason
from pulse_desktop.core.mirror.hellos import Hellos
from pulse_desktop.core.mirror.signals import (
    Applied,
    ApplyDelta,
    ApplySnapshot,
    AuditCovered,
    CheckSet,
    ClockReset,
    Command,
    Connected,
    Disconnected,
    Event,
    HelloWanted,
    KeyTaken,
    MirrorPolicy,
    Moment,
    PartStored,
    Position,
    Proof,
    Received,
    Refuse,
    Remember,
    Remembered,
    ResyncRequested,
    SendReport,
    SetChecked,
    SetState,
    SnapshotRejected,
    Staging,
    StorePart,
    TakeKey,
    Tick,
    TimeConfirmed,
    WipeMirror,
)

MAX_KEY_JUMP = 1_000
"""A rekey whose number is higher by more than this is refused."""


def starting_state(position: Position, kept: Remembered) -> MirrorState:
    """The state of a mirror that was just opened: WIPED and ROLLBACK are decided by the keystore."""
    if kept.is_wiped or position.state == "wiped":
        return "wiped"
    return "rollback" if position.applied < kept.max_seq else position.state


class Machine:
    """The mirror of one enrolment. `nonce` returns a new random nonce."""

    def __init__(
        self, position: Position, kept: Remembered, rng: Random, nonce: Callable[[], str], policy: MirrorPolicy
    ) -> None:
        self.position, self.kept = position, kept
        self.state: MirrorState = starting_state(position, kept)
        self._rng, self._policy = rng, policy
        self._hellos = Hellos(policy, rng, nonce)
        self._is_connected = False
        self._proof: Proof | None = None
        self._need: NeedReason | None = None
        self._need_due = float("inf")
        self._needs = 0

    @property
    def max_seq(self) -> int:
        """The highest position that database or keystore know."""
        return max(self.position.applied, self.kept.max_seq)

    @property
    def awaited(self) -> int | None:
        """The position whose digest a heartbeat told, while it is not applied yet."""
        return None if self._proof is None else self._proof.seq

    def deadline(self) -> float | None:
        """When to call `handle` with a `Tick` (monotonic); None while there is nothing to wait for."""
        if not self._is_connected or self.state == "wiped":
            return None
        times = [self._need_due] if self._need is not None else []
        if self._hellos.due is not None:
            times.append(self._hellos.due)
        return min(times, default=None)

    def start(self) -> list[Command]:
        """The commands that make a state durable that the keystore decided."""
        if self.state == "wiped":
            return [WipeMirror()]
        return [SetState(self.state)] if self.state != self.position.state else []

    def handle(self, event: Event, now: Moment) -> list[Command]:
        """Handles one event. Returns the commands to execute, in order."""
        out: list[Command] = []
        if self.state == "wiped":
            if isinstance(event, Received):
                out.append(Refuse("wiped", event.envelope.kind))
            return out
        match event:
            case Connected():
                self._is_connected = True
                self._hellos.connected(now)
            case Disconnected():
                self._is_connected = False
            case HelloWanted():
                self._hellos.want(now)
            case ClockReset():
                self._forget_times(now)
            case ResyncRequested():
                self._ask("digest", now, out)
            case Received():
                self._receive(event, now, out)
            case Tick():
                pass
            case _:
                self._complete(event, now, out)
        self._advance(now, out)
        return out

    def _receive(self, event: Received, now: Moment, out: list[Command]) -> None:
        envelope = event.envelope
        match envelope.kind:
            case "delta":
                self._delta(event, now, out)
            case "snapshot":
                self._part(event, now, out)
            case "heartbeat":
                self._heartbeat(envelope, now, out)
            case "rekey":
                self._rekey(envelope, out)
            case "wipe":
                self.state = "wiped"
                out += [SendReport("ack"), WipeMirror()]

    def _complete(self, event: Event, now: Moment, out: list[Command]) -> None:
        match event:
            case Applied(position, is_snapshot):
                self._applied(position, is_snapshot, now, out)
            case PartStored(staging):
                self.position = replace(self.position, staging=staging)
                if staging.is_complete:
                    out.append(ApplySnapshot(staging))
            case SnapshotRejected():
                self.position = replace(self.position, staging=None)
                out.append(Refuse("wrong_digest", "snapshot"))
                self._ask("digest", now, out)
            case SetChecked(digest):
                self._judge(digest, now, out)
            case KeyTaken(key, is_valid):
                if is_valid:
                    self.kept = replace(self.kept, key=key)
                    out.append(SendReport("need", reason="key"))
                else:
                    out.append(Refuse("other_key", "rekey"))

    # -- deltas and snapshots

    def _delta(self, event: Received, now: Moment, out: list[Command]) -> None:
        envelope, base = event.envelope, event.envelope.base
        if self.state == "rollback":
            out.append(Refuse("rolled_back", "delta"))
            self._ask("rollback", now, out)
        elif envelope.seq <= self.position.applied:
            out.append(SendReport("ack"))
        elif self._jumps(envelope, *(record.ver for record in event.records)):
            out.append(Refuse("number_jumps", "delta", f"seq {envelope.seq}"))
        elif base is None or base > self.position.applied:
            out.append(Refuse("gap", "delta", f"base {base}, applied {self.position.applied}"))
            self._leave_synced(out)
            self._ask("gap", now, out)
        else:
            out.append(ApplyDelta(envelope.seq, event.records))

    def _part(self, event: Received, now: Moment, out: list[Command]) -> None:
        envelope, at = event.envelope, self.position
        sid, asof, k = envelope.sid or "", envelope.asof or 0, envelope.k or 0
        if envelope.seq < self.max_seq:
            out.append(Refuse("old_snapshot", "snapshot", f"seq {envelope.seq}, known {self.max_seq}"))
        elif asof < at.floor:
            out.append(Refuse("below_floor", "snapshot", f"asof {asof}, floor {at.floor}"))
            self._ask("floor", now, out)
        elif self._jumps(envelope, asof, *(record.ver for record in event.records)):
            out.append(Refuse("number_jumps", "snapshot", f"seq {envelope.seq}, asof {asof}"))
        elif any(record.ver > asof for record in event.records):
            out.append(Refuse("newer_than_asof", "snapshot"))
        elif sid == at.sid and envelope.seq == at.applied:
            out.append(SendReport("ack", with_set=True))
        else:
            self._stage(Staging(sid, envelope.seq, asof, envelope.of or 1, envelope.set or ""), k, event, out)

    def _stage(self, staging: Staging, k: int, event: Received, out: list[Command]) -> None:
        current = self.position.staging
        if current is not None and current.sid == staging.sid:
            if replace(current, parts=frozenset()) != staging:
                out.append(Refuse("parts_differ", "snapshot"))
            elif k not in current.parts:
                out.append(StorePart(current, k, event.records, begins=False))
            elif current.is_complete:  # it could not be applied, for example because the disk was full
                out.append(ApplySnapshot(current))
        elif current is not None and (staging.seq, staging.asof) < (current.seq, current.asof):
            out.append(Refuse("superseded", "snapshot"))
        else:
            out.append(StorePart(staging, k, event.records, begins=True))

    def _applied(self, position: Position, is_snapshot: bool, now: Moment, out: list[Command]) -> None:  # noqa: FBT001
        self.position = position
        if position.applied > self.kept.max_seq:
            self.kept = replace(self.kept, max_seq=position.applied)
            out.append(Remember(max_seq=position.applied))
        if is_snapshot:
            self._need = None
            if self.state in {"new", "rollback"}:
                self._enter("resync", out)
        out.append(SendReport("ack", with_set=is_snapshot))
        proof = self._proof
        if proof is not None and proof.seq == position.applied:
            out.append(CheckSet())
        elif is_snapshot or (proof is not None and proof.seq < position.applied):
            self._proof = None
            self._hellos.want(now)

    # -- heartbeats

    def _heartbeat(self, envelope: MirrorEnvelope, now: Moment, out: list[Command]) -> None:
        n = envelope.n or 0
        if n <= self.kept.n:
            out.append(Refuse("old_heartbeat", "heartbeat", f"n {n}, known {self.kept.n}"))
            return
        if n > self.kept.n + MAX_JUMP or self._jumps(envelope):
            out.append(Refuse("number_jumps", "heartbeat", f"n {n}"))
            return
        self.kept = replace(self.kept, n=n)
        out.append(Remember(n=n))
        sent = self._hellos.answer(envelope.nonce)
        if sent is not None:
            out.append(TimeConfirmed(envelope.t))
        elif envelope.nonce is not None:
            out.append(Refuse("old_nonce", "heartbeat"))
        if envelope.audit is not None:
            out.append(AuditCovered(envelope.audit))
        self._proof = Proof(envelope.seq, envelope.set or "", sent)
        if envelope.seq == self.position.applied:
            out.append(CheckSet())
        else:
            self._mismatch("gap" if envelope.seq > self.position.applied else "digest", now, out)

    def _judge(self, digest: str, now: Moment, out: list[Command]) -> None:
        proof = self._proof
        if proof is None or proof.seq != self.position.applied:
            return
        self._proof = None
        if digest != proof.set:
            self._mismatch("digest", now, out)
        elif self.state == "rollback" and (proof.sent is None or proof.seq < self.max_seq):
            self._ask("rollback", now, out)
        else:
            self._need, self._needs = None, 0
            if proof.sent is not None or self.state != "synced":
                self._enter("synced", out, proof.sent)

    def _mismatch(self, reason: NeedReason, now: Moment, out: list[Command]) -> None:
        self._leave_synced(out)
        named: dict[MirrorState, NeedReason] = {"new": "new", "rollback": "rollback"}
        self._ask(named.get(self.state, reason), now, out)

    def _leave_synced(self, out: list[Command]) -> None:
        if self.state == "synced":
            self._enter("resync", out)

    def _enter(self, state: MirrorState, out: list[Command], fresh: int | None = None) -> None:
        self.state = state
        latest = self.position.fresh if fresh is None else fresh
        self.position = replace(self.position, state=state, fresh=latest)
        out.append(SetState(state, fresh))

    def _forget_times(self, now: Moment) -> None:
        """Drops every elapsed time of before: only a new nonce proves freshness by the new clock."""
        self._hellos.forget()
        if self._proof is not None:
            self._proof.sent = None
        self.position = replace(self.position, fresh=None)
        self._hellos.want(now)

    # -- keys

    def _rekey(self, envelope: MirrorEnvelope, out: list[Command]) -> None:
        if not self.kept.key <= envelope.key <= self.kept.key + MAX_KEY_JUMP:
            out.append(Refuse("old_key" if envelope.key < self.kept.key else "number_jumps", "rekey"))
            return
        out.append(TakeKey(envelope.key, envelope.public_key or ""))

    # -- time

    def _jumps(self, envelope: MirrorEnvelope, *counted: int) -> bool:
        """Whether numbers are implausible. `counted`: from the counter of all collectors. A report of another collector
        may have raised it, but never above the time."""
        known = max(self.max_seq, self.position.top, self.position.floor) + MAX_JUMP
        return envelope.seq > known or max(counted, default=0) > max(known, envelope.t)

    def _ask(self, reason: NeedReason, now: Moment, out: list[Command]) -> None:
        """Asks for repair at once, and again with growing delays until the mirror is repaired. One request is due at a
        time, so that a flood of messages does not cause a flood of requests."""
        if self._need is not None and now.monotonic < self._need_due:
            self._need = reason
            return
        self._needs += 1
        self._need = reason
        self._need_due = now.monotonic + retry_delay(
            self._needs, self._policy.need_floor, self._policy.need_cap, self._rng
        )
        if self._is_connected:
            out.append(SendReport("need", reason=reason))

    def _advance(self, now: Moment, out: list[Command]) -> None:
        if not self._is_connected or self.state == "wiped":
            return
        if self._hellos.is_due(now):
            out.append(SendReport("hello", nonce=self._hellos.send(now), with_set=True))
        if self._need is not None and now.monotonic >= self._need_due:
            self._ask(self._need, now, out)

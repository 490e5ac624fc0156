"""The delivery machine: which readings go out when, and what may leave the buffer. Protocol A3; no I/O, no clock.

Events go in with the time, commands come out. Everything here is memory: after a restart the disk's holdings are enough
to begin again, for the gateway's ledger counts sequence numbers.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from pulse_contracts.message import Lane
from pulse_contracts.telemetry import BatchAck, Have, Hello, PendingEpoch, Refused
from pulse_desktop.core.kept import Confirmations
from pulse_desktop.core.losses import Losses
from pulse_desktop.core.model import SUMMARY_ORD, Drop, Holdings, Life, Refusal, Settlement, by_age
from pulse_desktop.core.ranges import EMPTY, Ranges, count, intersect, normal, subtract, union
from pulse_desktop.core.signals import (
    Claim,
    Command,
    Committed,
    Connected,
    Declare,
    Event,
    GotAck,
    GotHave,
    Kept,
    Lease,
    LinkLost,
    Lost,
    Policy,
    RaiseOrd,
    Say,
    Send,
    SetAside,
    Settle,
    Summarised,
    TableChanged,
    Throttled,
    TooLarge,
)
from pulse_desktop.core.throttle import Throttle


class Replay:
    """One life's delivery. `handle` takes an event and the monotonic time in seconds; `deadline` says when the next
    `Tick` is wanted."""

    def __init__(self, life: Life, holdings: Holdings, digest: str, rng: Random, policy: Policy | None = None) -> None:
        self.life, self._digest, self._rng = life, digest, rng
        self._policy = policy or Policy()
        self._ords = dict(holdings.ords)
        self._pending: dict[int, Ranges] = dict(holdings.pending)
        self._losses = Losses(holdings.drops, self._policy, rng)
        self._kept = Confirmations()
        self._next = 0
        self._recent: deque[tuple[int, float]] = deque()
        self._leases: dict[int, Lease] = {}
        self._again: deque[Claim] = deque()
        self._lease_ids = 0
        self._batch = self._policy.batch
        self._session = ""
        self._is_open = False
        self._declare = False
        self._hello_at: float | None = None
        self._said_at = float("-inf")
        self._acked_at = float("-inf")
        self._was_again = False
        self._asked: tuple[int, ...] = ()
        self._told: frozenset[int] = frozenset()
        self._credit, self._live_paused = 0, False
        self._throttle = Throttle()
        self._now = float("-inf")

    # -- what others may know

    @property
    def is_open(self) -> bool:
        """Whether the gateway has said what it has, so that data may be sent."""
        return self._is_open

    @property
    def waiting(self) -> int:
        """Readings that are not settled."""
        return sum(map(count, self._pending.values()))

    @property
    def under_way(self) -> int:
        """Batches that are sent and not acknowledged."""
        return len(self._leases)

    def deadline(self) -> float | None:
        """When to come back with a `Tick`; None while there is no connection."""
        if not self._session:
            return None
        times = [lease.due for lease in self._leases.values()]
        if self._hello_at is not None:
            times.append(self._hello_at)
        if self._is_open:
            times += self._losses.due()
            times += [at + self._policy.live_age for _, at in self._recent]
            times += self._throttle.due(self._now) if self._pending else []
            if self._kept and self._hello_at is None:
                times.append(self._said_at + self._policy.hello_every)
            if self._credit == 0 and not self._leases and self._hello_at is None:
                times.append(self._said_at + self._policy.probe_every)
        return min(times, default=None)

    # -- events

    def handle(self, event: Event, now: float) -> list[Command]:
        """Takes one event; returns what to do, in order."""
        out: list[Command] = []
        self._now = now
        match event:
            case Connected(session):
                self._release()
                self._session, self._is_open, self._declare, self._hello_at = session, False, True, now
                self._told, self._credit = frozenset(), 0
                self._losses.again(now)
            case LinkLost(session):
                self._cut_off(session)
            case GotHave(have):
                self._have(have, now, out)
            case GotAck(ack):
                self._ack(ack, now, out)
            case Committed() | Lost() | Summarised() | Kept():
                self._buffered(event, now)
            case Throttled(rate):
                self._throttle.set(rate, now)
            case TableChanged(digest):
                if digest != self._digest:
                    self._digest = digest
                    self._redeclare(now)
            case TooLarge(lease):
                self._too_large(lease, out)
        self._advance(now, out)
        return out

    def _buffered(self, event: Committed | Lost | Summarised | Kept, now: float) -> None:
        match event:
            case Committed(ranges):
                self._commit(ranges, now)
            case Lost(drops):
                self._lose(drops, now)
            case Summarised(ranges):
                self._add(self.life.summary, SUMMARY_ORD, ranges)
            case Kept(epoch, ranges):
                self._kept.add(epoch, ranges)

    def _cut_off(self, session: str) -> None:
        if session == self._session:
            self._release()
            self._session, self._is_open, self._hello_at = "", False, None

    def _have(self, have: Have, now: float, out: list[Command]) -> None:
        for told in have.epochs:
            self._settled(told.epoch, normal(told.settled), told.refused, out)
        self._observe(have.newest, out)
        if not self._session or have.session != self._session:
            return
        self._credit = have.credit
        self._kept.answered()
        if have.series != self._digest:
            self._is_open, self._declare = False, True
            if self._hello_at is None:
                self._hello_at = max(now, self._said_at + self._policy.hello_every)
            return
        self._is_open, self._declare, self._hello_at = True, False, None
        self._told |= set(self._asked)

    def _ack(self, ack: BatchAck, now: float, out: list[Command]) -> None:
        if ack.settled:
            self._acked_at = now
        self._settled(ack.epoch, normal(ack.settled), ack.refused, out)
        self._observe(ack.newest, out)
        self._credit, self._live_paused = ack.credit, ack.live_paused
        if ack.declare and self._is_open:
            self._release()
            self._redeclare(now)

    def _commit(self, ranges: Sequence[tuple[int, int]], now: float) -> None:
        self._add(self.life.epoch, self.life.ord, normal(ranges))
        for lo, hi in ranges:
            self._recent.append((lo, now))
            self._next = max(self._next, hi)
        self._age(now)

    def _add(self, epoch: int, ord_: int, ranges: Ranges) -> None:
        self._ords[epoch] = ord_
        self._pending[epoch] = union(self._pending.get(epoch, EMPTY), ranges)

    def _lose(self, drops: Sequence[Drop], now: float) -> None:
        for drop in drops:
            self._remove(drop.epoch, (drop.range,))
        self._losses.add(drops, now)

    def _redeclare(self, now: float) -> None:
        self._is_open, self._declare = False, True
        if self._session:
            self._hello_at = now

    def _too_large(self, lease_id: int, out: list[Command]) -> None:
        if (lease := self._leases.pop(lease_id, None)) is None:
            return
        claim = lease.claim
        if claim.hi - claim.lo == 1:
            self._set_aside(claim, out)
        else:
            self._batch = max(1, min(self._batch, (claim.hi - claim.lo) // 2))
            self._again.append(claim)

    # -- facts from the gateway

    def _settled(self, epoch: int, ranges: Ranges, refused: Sequence[Refused], out: list[Command]) -> None:
        held = intersect(self._pending.get(epoch, EMPTY), ranges)
        known_lost = self._losses.acknowledge(epoch, ranges)
        told = intersect(normal((r.seq, r.seq + 1) for r in refused), ranges)
        if held or known_lost or told:
            own = [r for r in refused if intersect(held, ((r.seq, r.seq + 1),))]
            quarantined = tuple(Refusal(r.seq, r.code, r.detail) for r in own)
            out.append(Settle(Settlement(epoch, union(held, known_lost), quarantined, told)))
        self._remove(epoch, held)

    def _remove(self, epoch: int, ranges: Ranges) -> None:
        rest = subtract(self._pending.get(epoch, EMPTY), ranges)
        if rest:
            self._pending[epoch] = rest
        else:
            self._pending.pop(epoch, None)
        for key, lease in list(self._leases.items()):
            if lease.claim.epoch == epoch and not intersect(rest, lease.claim.ranges):
                del self._leases[key]

    def _observe(self, newest: Sequence[tuple[int, int]], out: list[Command]) -> None:
        risen = self.life.above(newest)
        if risen != self.life:
            self.life = risen
            if self.life.epoch in self._ords:
                self._ords[self.life.epoch] = self.life.ord
            out.append(RaiseOrd(self.life.ord))

    # -- time

    def _advance(self, now: float, out: list[Command]) -> None:
        if not self._session:
            return
        self._expire(now, out)
        self._age(now)
        if self._hello_at is None and self._wants_hello(now):
            self._hello_at = now
        if self._hello_at is not None and now >= self._hello_at:
            self._hello(now, out)
        if self._is_open:
            out += self._losses.declare(self._session, self._ords, now)
            self._claim(now, out)

    def _age(self, now: float) -> None:
        while self._recent and self._recent[0][1] + self._policy.live_age <= now:
            self._recent.popleft()

    def _expire(self, now: float, out: list[Command]) -> None:
        for key, lease in list(self._leases.items()):
            if now < lease.due:
                continue
            claim = replace(self._leases.pop(key).claim, tries=lease.claim.tries + 1)
            # a ledger in pieces holds batches back until its holes are closed: that is no fault of a reading
            others_were_acked = self._acked_at > claim.seen and not self._live_paused
            if others_were_acked:
                claim = replace(claim, unanswered=claim.unanswered + 1, seen=self._acked_at)
            if claim.unanswered <= self._policy.resends:
                self._again.append(claim)
            elif claim.hi - claim.lo == 1:
                self._set_aside(claim, out)
            else:
                middle = (claim.lo + claim.hi) // 2
                self._again.append(Claim(claim.epoch, claim.lo, middle))
                self._again.append(Claim(claim.epoch, middle, claim.hi))
            if not others_were_acked and self._hello_at is None and now >= self._said_at + self._policy.probe_every:
                self._hello_at = now  # is anybody there? its answer also repeats what lost acks said

    def _set_aside(self, claim: Claim, out: list[Command]) -> None:
        self._remove(claim.epoch, claim.ranges)
        out.append(SetAside(claim.epoch, claim.lo))

    def _wants_hello(self, now: float) -> bool:
        if not self._is_open:
            return False
        since = now - self._said_at
        if self._kept and since >= self._policy.hello_every:
            return True
        if self._credit == 0 and not self._leases and since >= self._policy.probe_every:
            return True
        held = {*self._pending, *self._losses.epochs} - self.life.own
        return bool(held) and not held & self._told

    def _hello(self, now: float, out: list[Command]) -> None:
        if self._declare:
            out.append(Declare(self._session))
            self._declare = False
        held = by_age({*self._pending, *self._losses.epochs}, self._ords)[: self._policy.hello_epochs]
        pending = [self._held(epoch) for epoch in held]
        self._asked = tuple(held)
        self._said_at, self._hello_at = now, now + self._policy.hello_every
        hello = Hello(
            epoch=self.life.epoch,
            ord=self.life.ord,
            next=self._next,
            pending=pending,
            session=self._session,
            series=self._digest,
            kept=self._kept.say(),
        )
        out.append(Say(hello))

    def _held(self, epoch: int) -> PendingEpoch:
        mine = self._pending.get(epoch, EMPTY)
        hull = union(mine, self._losses.of(epoch))
        return PendingEpoch(epoch=epoch, lo=hull[0][0], hi=hull[-1][1], n=count(mine))

    # -- sending

    def _claim(self, now: float, out: list[Command]) -> None:
        window = min(self._credit, self._policy.window_cap)
        live_window = 0 if self._live_paused else min(self._policy.live_window, window)
        while len(self._leases) < window and self._in_lane("live") < live_window:
            if (newest := self._newest()) is None:
                break
            self._send(newest, "live", now, out)
        backlog_window = max(1, window - self._policy.live_window)
        while len(self._leases) < window and self._in_lane("backlog") < backlog_window and self._throttle.allows(now):
            if (claim := self._next_backlog()) is None:
                break
            self._throttle.took(claim.hi - claim.lo, now)
            self._send(claim, "backlog", now, out)

    def _in_lane(self, lane: Lane) -> int:
        return sum(1 for lease in self._leases.values() if lease.lane == lane)

    def _free(self, epoch: int) -> Ranges:
        claims = [lease.claim for lease in self._leases.values()]
        taken = normal((c.lo, c.hi) for c in (*claims, *self._again) if c.epoch == epoch)
        return subtract(self._pending.get(epoch, EMPTY), taken)

    def _newest(self) -> Claim | None:
        if not self._recent:
            return None
        if not (free := intersect(self._free(self.life.epoch), ((self._recent[0][0], self._next),))):
            return None
        lo, hi = free[-1]
        return Claim(self.life.epoch, max(lo, hi - self._batch), hi)

    def _next_backlog(self) -> Claim | None:
        """Takes turns, so that what never gets an answer cannot keep a small window from everything else."""
        fresh = self._oldest() if self._was_again else None
        again = None if fresh else self._next_again()
        self._was_again = again is not None
        return fresh or again or self._oldest()

    def _next_again(self) -> Claim | None:
        while self._again:
            claim = self._again.popleft()
            rest = intersect(self._pending.get(claim.epoch, EMPTY), claim.ranges)
            if not rest:
                continue
            lo, hi = rest[0]
            cut = min(hi, lo + self._throttle.cut(self._batch))
            if cut < rest[-1][1]:
                self._again.appendleft(replace(claim, lo=cut))
            return replace(claim, lo=lo, hi=cut)
        return None

    def _oldest(self) -> Claim | None:
        for epoch in by_age(set(self._pending), self._ords):
            if epoch not in self.life.own and epoch not in self._told:
                continue
            free = self._free(epoch)
            if epoch == self.life.epoch and self._recent:
                free = intersect(free, ((0, self._recent[0][0]),))  # younger ones are the live lane's
            if free:
                lo, hi = free[0]
                return Claim(epoch, lo, min(hi, lo + self._throttle.cut(self._batch)))
        return None

    def _send(self, claim: Claim, lane: Lane, now: float, out: list[Command]) -> None:
        patience = self._policy.patience(claim.tries)
        due = now + patience * (1 + self._policy.jitter * self._rng.random())
        self._lease_ids += 1
        if claim.tries == 0:
            claim = replace(claim, seen=now)
        self._leases[self._lease_ids] = Lease(claim, lane, due)
        ord_ = self.life.ord if claim.epoch == self.life.epoch else self._ords.get(claim.epoch, 0)
        out.append(Send(self._lease_ids, self._session, claim.epoch, ord_, claim.lo, claim.hi, lane))

    def _release(self) -> None:
        """Nothing is under way any more; what went unanswered keeps its history."""
        suspects = [lease.claim for lease in self._leases.values() if lease.claim.unanswered]
        self._leases.clear()
        self._again.extendleft(suspects)

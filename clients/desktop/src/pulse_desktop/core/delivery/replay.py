"""The delivery state machine decides which readings are sent when, and which may leave the buffer (protocol A3).

It does no I/O: callers pass events and the time, and execute the returned commands. All state is in memory. After a
restart the contents of the disk are enough to continue, because the gateway records settled sequence numbers.
"""

from collections import deque
from collections.abc import Sequence
from random import Random

from pulse_contracts.message import Lane
from pulse_contracts.ranges import EMPTY, Ranges, count, intersect, normalized, subtract, union
from pulse_contracts.telemetry import BatchAck, Have, Hello, PendingEpoch, Refused
from pulse_desktop.core.delivery.confirmations import Confirmations
from pulse_desktop.core.delivery.kept import Kept
from pulse_desktop.core.delivery.leases import Claim, Leases
from pulse_desktop.core.delivery.losses import Losses
from pulse_desktop.core.delivery.session import Session
from pulse_desktop.core.delivery.signals import (
    AckReceived,
    BatchTooLarge,
    Command,
    Committed,
    Connected,
    ConnectionLost,
    DeclareSeries,
    Event,
    HaveReceived,
    Policy,
    Quarantined,
    QuarantineReading,
    RaiseOrd,
    RateChanged,
    ReadingsLost,
    Restored,
    RestoreKept,
    SendBatch,
    SendHello,
    SeriesChanged,
    Settle,
    ShardRefused,
    Summarised,
)
from pulse_desktop.core.delivery.throttle import Throttle
from pulse_desktop.core.model import SUMMARY_ORD, Drop, Epoch, Holdings, Refusal, Settlement, by_age


class Replay:
    """Delivery of one epoch and of what earlier epochs left. `handle` takes an event and the monotonic time in seconds;
    `deadline` returns when the next `Tick` is due."""

    def __init__(
        self,
        epoch: Epoch,
        holdings: Holdings,
        digest: str,
        rng: Random,
        policy: Policy | None = None,
        *,
        keeps_settled: bool = False,
    ) -> None:
        self.epoch, self._digest = epoch, digest
        self._policy = policy or Policy()
        self._ords = dict(holdings.ords)
        self._pending: dict[int, Ranges] = dict(holdings.pending)
        self._kept = Kept(holdings.kept, self._policy.kept_every, is_enabled=keeps_settled)
        self._losses = Losses(holdings.drops, self._policy, rng)
        self._confirmations = Confirmations()
        self._session = Session(self._policy)
        self._leases = Leases(self._policy, rng)
        self._throttle = Throttle()
        self._next = 0
        self._live: deque[tuple[int, float]] = deque()
        """First number and commit time of every group that is young enough for the live lane."""
        self._acked_at = float("-inf")
        self._was_resend = False
        self._hello_epochs: tuple[int, ...] = ()
        self._answered: frozenset[int] = frozenset()
        """Earlier epochs whose state the gateway has reported in this session."""
        self._credit, self._live_paused = 0, False
        self._shard: int | None = None
        """Where readings are sent. None: to the topic without a shard."""
        self._is_shard_refused = False
        """Whether the broker has rejected the topic with a shard on this connection."""
        self._now = float("-inf")

    @property
    def is_open(self) -> bool:
        """Whether the gateway has answered on this connection, so that readings may be sent."""
        return self._session.is_open

    @property
    def waiting(self) -> int:
        """Readings that are not settled."""
        return sum(map(count, self._pending.values()))

    @property
    def in_flight(self) -> int:
        """Batches that were sent and not acknowledged."""
        return len(self._leases)

    def deadline(self) -> float | None:
        """When to call `handle` with a `Tick`; None while there is nothing to wait for."""
        if not self._session.is_connected:
            return None
        times = self._leases.due()
        if self._session.hello_due is not None:
            times.append(self._session.hello_due)
        if self.is_open:
            times += self._losses.due()
            times += [at + self._policy.live_age for _, at in self._live]
            times += self._throttle.due(self._now) if self._pending else []
            if self._session.hello_due is None:
                times += self._next_hello_times()
        return min(times, default=None)

    def _next_hello_times(self) -> list[float]:
        times = []
        if self._confirmations:
            times.append(self._session.hello_sent_at + self._policy.hello_every)
        if self._credit == 0 and not self._leases:
            times.append(self._session.hello_sent_at + self._policy.probe_every)
        if (kept_due := self._kept.due()) is not None:
            times.append(max(kept_due, self._session.hello_sent_at + self._policy.hello_every))
        return times

    # -- events

    def handle(self, event: Event, now: float) -> list[Command]:
        """Handles one event. Returns the commands to execute, in order."""
        out: list[Command] = []
        self._now = now
        match event:
            case Connected(session):
                self._connect(session, now)
            case ConnectionLost() | ShardRefused():
                self._fail(event)
            case HaveReceived(have):
                self._have(have, now, out)
            case AckReceived(ack):
                self._ack(ack, now, out)
            case Committed() | ReadingsLost() | Summarised() | Quarantined() | Restored():
                self._buffered(event, now)
            case RateChanged(rate):
                self._throttle.set(rate, now)
            case SeriesChanged(digest):
                if digest != self._digest:
                    self._digest = digest
                    self._session.redeclare(now)
            case BatchTooLarge(lease):
                if (claim := self._leases.split(lease)) is not None:
                    self._quarantine(claim, out)
        self._advance(now, out)
        return out

    def _connect(self, session: str, now: float) -> None:
        self._leases.release()
        self._session.connect(session, now)
        self._answered, self._credit, self._is_shard_refused = frozenset(), 0, False
        self._kept.begin_round()
        self._losses.declare_all_again(now)

    def _fail(self, event: ConnectionLost | ShardRefused) -> None:
        if event.session != self._session.name:
            return  # of an older connection
        if isinstance(event, ShardRefused):
            self._shard, self._is_shard_refused = None, True
            self._leases.retry(event.lease)
            return
        self._leases.release()
        self._session.disconnect()

    def _buffered(self, event: Committed | ReadingsLost | Summarised | Quarantined | Restored, now: float) -> None:
        match event:
            case Committed(ranges):
                self._commit(ranges, now)
            case ReadingsLost(drops):
                self._lose(drops, now)
            case Summarised(ranges):
                self._add(self.epoch.summary_id, SUMMARY_ORD, ranges)
            case Quarantined(epoch, ranges):
                self._confirmations.add(epoch, ranges)
            case Restored(epoch, asked, found):
                self._kept.remove(epoch, asked)
                if found:
                    self._add(epoch, self._ords.get(epoch, 0), found)

    def _have(self, have: Have, now: float, out: list[Command]) -> None:
        for answer in have.epochs:
            self._settle(answer.epoch, normalized(answer.settled), answer.refused, out)
        self._observe(have.newest, out)
        if not self._session.is_connected or have.session != self._session.name:
            return
        self._credit, self._shard = have.credit, None if self._is_shard_refused else have.shard
        self._confirmations.answered()
        settled = {answer.epoch: normalized(answer.settled) for answer in have.epochs}
        out += [RestoreKept(epoch, lost) for epoch, lost in self._kept.missing(have.epochs, settled)]
        if have.series != self._digest:
            self._session.redeclare_later(now)
            return
        self._session.open()
        self._answered |= set(self._hello_epochs)

    def _ack(self, ack: BatchAck, now: float, out: list[Command]) -> None:
        if ack.settled:
            self._acked_at = now
        self._settle(ack.epoch, normalized(ack.settled), ack.refused, out)
        self._observe(ack.newest, out)
        self._credit, self._live_paused = ack.credit, ack.live_paused
        if ack.declare and self.is_open:
            self._leases.release()
            self._session.redeclare(now)

    def _commit(self, ranges: Sequence[tuple[int, int]], now: float) -> None:
        self._add(self.epoch.id, self.epoch.ord, normalized(ranges))
        for lo, hi in ranges:
            self._live.append((lo, now))
            self._next = max(self._next, hi)
        self._age(now)

    def _add(self, epoch: int, ord_: int, ranges: Ranges) -> None:
        self._ords[epoch] = ord_
        self._pending[epoch] = union(self._pending.get(epoch, EMPTY), ranges)

    def _lose(self, drops: Sequence[Drop], now: float) -> None:
        for drop in drops:
            self._remove(drop.epoch, (drop.range,))
        self._losses.add(drops, now)

    # -- answers of the gateway

    def _settle(self, epoch: int, ranges: Ranges, refused: Sequence[Refused], out: list[Command]) -> None:
        held = intersect(self._pending.get(epoch, EMPTY), ranges)
        known_lost = self._losses.acknowledge(epoch, ranges)
        unconfirmed = intersect(normalized((r.seq, r.seq + 1) for r in refused), ranges)
        self._kept.add(epoch, held)
        if held or known_lost or unconfirmed:
            own = [r for r in refused if intersect(held, ((r.seq, r.seq + 1),))]
            quarantined = tuple(Refusal(r.seq, r.code, r.detail) for r in own)
            out.append(Settle(Settlement(epoch, union(held, known_lost), quarantined, unconfirmed)))
        self._remove(epoch, held)

    def _remove(self, epoch: int, ranges: Ranges) -> None:
        rest = subtract(self._pending.get(epoch, EMPTY), ranges)
        if rest:
            self._pending[epoch] = rest
        else:
            self._pending.pop(epoch, None)
        self._leases.forget(epoch, rest)

    def _quarantine(self, claim: Claim, out: list[Command]) -> None:
        self._remove(claim.epoch, claim.ranges)
        out.append(QuarantineReading(claim.epoch, claim.lo))

    def _observe(self, newest: Sequence[tuple[int, int]], out: list[Command]) -> None:
        raised = self.epoch.above(newest)
        if raised != self.epoch:
            self.epoch = raised
            if raised.id in self._ords:
                self._ords[raised.id] = raised.ord
            out.append(RaiseOrd(raised.ord))

    # -- time

    def _advance(self, now: float, out: list[Command]) -> None:
        if not self._session.is_connected:
            return
        self._expire(now, out)
        self._age(now)
        if self._needs_hello(now):
            self._session.request_hello(now)
        if self._session.hello_due is not None and now >= self._session.hello_due:
            self._send_hello(now, out)
        if self.is_open:
            out += self._losses.declare(self._session.name, self._ords, now)
            self._send_batches(now, out)

    def _age(self, now: float) -> None:
        while self._live and self._live[0][1] + self._policy.live_age <= now:
            self._live.popleft()

    def _expire(self, now: float, out: list[Command]) -> None:
        # While the live lane is paused, the gateway holds batches back until its ledger has fewer holes. Missing acks
        # are then not the fault of a reading.
        acked_at = float("-inf") if self._live_paused else self._acked_at
        poisoned, is_silent = self._leases.expire(now, acked_at)
        for claim in poisoned:
            self._quarantine(claim, out)
        if is_silent:  # the answer also contains what lost acks contained
            self._session.probe(now)

    def _needs_hello(self, now: float) -> bool:
        if not self.is_open:
            return False
        since = now - self._session.hello_sent_at
        if self._confirmations and since >= self._policy.hello_every:
            return True
        if self._credit == 0 and not self._leases and since >= self._policy.probe_every:
            return True
        kept_due = self._kept.due()
        if kept_due is not None and now >= kept_due and since >= self._policy.hello_every:
            return True
        held = {*self._pending, *self._losses.epochs} - self.epoch.own_ids
        return bool(held) and not held & self._answered

    def _send_hello(self, now: float, out: list[Command]) -> None:
        if self._session.hello_sent(now):
            out.append(DeclareSeries(self._session.name))
        held = by_age({*self._pending, *self._losses.epochs}, self._ords)[: self._policy.hello_epochs]
        self._hello_epochs = tuple(held)
        kept = self._kept.ask(held, self._policy.hello_epochs, now)
        hello = Hello(
            epoch=self.epoch.id,
            ord=self.epoch.ord,
            next=self._next,
            pending=[self._held(epoch) for epoch in [*held, *kept]],
            session=self._session.name,
            series=self._digest,
            kept=self._confirmations.next_part(),
        )
        out.append(SendHello(hello))

    def _held(self, epoch: int) -> PendingEpoch:
        pending = self._pending.get(epoch, EMPTY)
        hull = union(union(pending, self._losses.of(epoch)), self._kept.of(epoch))
        return PendingEpoch(epoch=epoch, lo=hull[0][0], hi=hull[-1][1], n=count(pending))

    # -- sending

    def _send_batches(self, now: float, out: list[Command]) -> None:
        leases = self._leases
        window = min(self._credit, self._policy.window_cap)
        live_window = 0 if self._live_paused else min(self._policy.live_window, window)
        while len(leases) < window and leases.in_lane("live") < live_window:
            if (newest := self._newest()) is None:
                break
            out.append(self._send(newest, "live", now))
        backlog_window = max(1, window - self._policy.live_window)
        while len(leases) < window and leases.in_lane("backlog") < backlog_window and self._throttle.allows(now):
            if (claim := self._next_backlog()) is None:
                break
            self._throttle.record(claim.size, now)
            out.append(self._send(claim, "backlog", now))

    def _send(self, claim: Claim, lane: Lane, now: float) -> SendBatch:
        lease = self._leases.add(claim, lane, now)
        ord_ = self.epoch.ord if claim.epoch == self.epoch.id else self._ords.get(claim.epoch, 0)
        return SendBatch(lease, self._session.name, claim.epoch, ord_, claim.lo, claim.hi, lane, self._shard)

    def _free(self, epoch: int) -> Ranges:
        return subtract(self._pending.get(epoch, EMPTY), self._leases.claimed(epoch))

    def _newest(self) -> Claim | None:
        if not self._live:
            return None
        if not (free := intersect(self._free(self.epoch.id), ((self._live[0][0], self._next),))):
            return None
        lo, hi = free[-1]
        return Claim(self.epoch.id, max(lo, hi - self._leases.batch), hi)

    def _next_backlog(self) -> Claim | None:
        """Alternates resends and fresh readings, so that unanswered batches cannot fill a small window for ever."""
        limit = self._throttle.limit(self._leases.batch)
        fresh = self._oldest(limit) if self._was_resend else None
        resend = None if fresh else self._leases.next_resend(self._pending, limit)
        self._was_resend = resend is not None
        return fresh or resend or self._oldest(limit)

    def _oldest(self, limit: int) -> Claim | None:
        for epoch in by_age(set(self._pending), self._ords):
            if epoch not in self.epoch.own_ids and epoch not in self._answered:
                continue
            free = self._free(epoch)
            if epoch == self.epoch.id and self._live:
                free = intersect(free, ((0, self._live[0][0]),))  # younger readings belong to the live lane
            if free:
                lo, hi = free[0]
                return Claim(epoch, lo, min(hi, lo + limit))
        return None

"""Batches in flight, and ranges that must be sent again.

Part of the delivery state machine: does no I/O, and callers pass the time.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random

from pulse_contracts.message import Lane
from pulse_contracts.ranges import EMPTY, Ranges, intersect, normalized
from pulse_desktop.core.delivery.signals import Policy


@dataclass(frozen=True)
class Claim:
    """A range to send. `tries` sets the timeout. `unanswered` counts the tries that got no ack although other batches
    did; `seen` is the time of the last such ack."""

    epoch: int
    lo: int
    hi: int
    tries: int = 0
    unanswered: int = 0
    seen: float = 0.0

    @property
    def size(self) -> int:
        """Sequence numbers in the range."""
        return self.hi - self.lo

    @property
    def ranges(self) -> Ranges:
        """The range as `Ranges`."""
        return ((self.lo, self.hi),)

    def halves(self) -> "tuple[Claim, Claim]":
        """Two fresh claims for the same readings."""
        middle = (self.lo + self.hi) // 2
        return Claim(self.epoch, self.lo, middle), Claim(self.epoch, middle, self.hi)


@dataclass(frozen=True)
class Lease:
    """A claim in flight. It expires at `due`."""

    claim: Claim
    lane: Lane
    due: float


class Leases:
    """`batch`: maximum number of readings in a batch; the broker can make it smaller."""

    def __init__(self, policy: Policy, rng: Random) -> None:
        self._policy, self._rng = policy, rng
        self._leases: dict[int, Lease] = {}
        self._resends: deque[Claim] = deque()
        self._last_id = 0
        self.batch = policy.batch

    def __len__(self) -> int:
        return len(self._leases)

    def in_lane(self, lane: Lane) -> int:
        """Batches in flight in one lane."""
        return sum(1 for lease in self._leases.values() if lease.lane == lane)

    def due(self) -> list[float]:
        """The times at which the leases expire."""
        return [lease.due for lease in self._leases.values()]

    def claimed(self, epoch: int) -> Ranges:
        """Ranges of one epoch that are in flight or wait for a resend."""
        claims = (*(lease.claim for lease in self._leases.values()), *self._resends)
        return normalized((claim.lo, claim.hi) for claim in claims if claim.epoch == epoch)

    def add(self, claim: Claim, lane: Lane, now: float) -> int:
        """Records that a claim is sent. Returns the id of its lease."""
        due = now + self._policy.timeout_after(claim.tries) * (1 + self._policy.jitter * self._rng.random())
        self._last_id += 1
        if claim.tries == 0:
            claim = replace(claim, seen=now)
        self._leases[self._last_id] = Lease(claim, lane, due)
        return self._last_id

    def expire(self, now: float, acked_at: float) -> tuple[list[Claim], bool]:
        """Ends the leases that got no ack. `acked_at`: time of the last ack of any batch.

        If a batch repeatedly gets no ack while other batches do, it is split in half, down to single readings. Returns
        the single readings that still get no ack, and whether any lease expired while no other batch got an ack. In
        that case the gateway may be down.
        """
        poisoned: list[Claim] = []
        is_silent = False
        for key, lease in list(self._leases.items()):
            if now < lease.due:
                continue
            del self._leases[key]
            claim = replace(lease.claim, tries=lease.claim.tries + 1)
            if acked_at > claim.seen:
                claim = replace(claim, unanswered=claim.unanswered + 1, seen=acked_at)
            else:
                is_silent = True
            if claim.unanswered <= self._policy.resends:
                self._resends.append(claim)
            elif claim.size == 1:
                poisoned.append(claim)
            else:
                self._resends.extend(claim.halves())
        return poisoned, is_silent

    def split(self, lease_id: int) -> Claim | None:
        """Splits a batch that the broker rejected as too large, and limits later batches to the smaller size. Returns
        the claim if it is a single reading, which cannot be split; otherwise None."""
        if (lease := self._leases.pop(lease_id, None)) is None:
            return None
        claim = lease.claim
        if claim.size == 1:
            return claim
        self.batch = max(1, min(self.batch, claim.size // 2))
        self._resends.append(claim)
        return None

    def retry(self, lease_id: int) -> None:
        """Sends a batch again as if it had not been sent: the broker rejected its topic."""
        if (lease := self._leases.pop(lease_id, None)) is not None:
            self._resends.append(lease.claim)

    def forget(self, epoch: int, pending: Ranges) -> None:
        """Ends the leases of an epoch whose readings are all settled. `pending`: the unsettled ranges."""
        for key, lease in list(self._leases.items()):
            if lease.claim.epoch == epoch and not intersect(pending, lease.claim.ranges):
                del self._leases[key]

    def release(self) -> None:
        """Ends all leases, because the connection is lost. Claims with unanswered tries keep their counts."""
        suspects = [lease.claim for lease in self._leases.values() if lease.claim.unanswered]
        self._leases.clear()
        self._resends.extendleft(suspects)

    def next_resend(self, pending: Mapping[int, Ranges], limit: int) -> Claim | None:
        """The next range to send again, at most `limit` readings; None when there is none."""
        while self._resends:
            claim = self._resends.popleft()
            rest = intersect(pending.get(claim.epoch, EMPTY), claim.ranges)
            if not rest:
                continue
            lo, hi = rest[0]
            cut = min(hi, lo + limit)
            if cut < rest[-1][1]:
                self._resends.appendleft(replace(claim, lo=cut))
            return replace(claim, lo=lo, hi=cut)
        return None

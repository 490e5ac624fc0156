"""What memory knows about the buffer's file: unsettled ranges by epoch, counts, and the changes since the last report.

No disk access except for the journal, which records every commit here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pulse_contracts.ranges import EMPTY, Range, Ranges, count, intersect, subtract, union
from pulse_desktop.core.buffer.journal import Journal
from pulse_desktop.core.model import SUMMARY_ORD, Appended, Counts, Drop, Epoch, Holdings, Reading, Settlement, by_age


@dataclass
class InDoubt:
    """Readings whose commit failed. They may still be durable, as `range`."""

    lo: int = 0
    readings: list[Reading] = field(default_factory=list)

    @property
    def range(self) -> Range:
        """The sequence numbers that these readings have or will get."""
        return self.lo, self.lo + len(self.readings)


class Contents:
    """The contents of the file. `next`: next sequence number of the running epoch; `summary_next`: of its summaries."""

    def __init__(self, epoch: Epoch, found: Holdings, journal: Journal | None) -> None:
        self.epoch, self._journal = epoch, journal
        self.counts, self.in_doubt = Counts(), InDoubt()
        self.next = self.summary_next = 0
        self.ords = dict(found.ords)
        self.pending = dict(found.pending)
        self._sent: Ranges = EMPTY
        self._committed: list[Range] = []
        self._lost: list[Drop] = []
        self._summarised: Ranges = EMPTY

    @property
    def waiting(self) -> int:
        """Durable readings that are not settled."""
        return sum(map(count, self.pending.values()))

    @property
    def never_sent(self) -> Ranges:
        """Unsettled ranges of the running epoch that were never read for sending."""
        return subtract(self.of(self.epoch.id), self._sent)

    @property
    def nexts(self) -> dict[int, int]:
        """The next sequence number of each epoch that this process assigns numbers in."""
        return {self.epoch.id: self.next, self.epoch.summary_id: self.summary_next}

    def of(self, epoch: int) -> Ranges:
        """Unsettled ranges of one epoch."""
        return self.pending.get(epoch, EMPTY)

    def by_age(self) -> list[int]:
        """Epochs with unsettled readings, oldest first."""
        return by_age((epoch for epoch, ranges in self.pending.items() if ranges), self.ords)

    # -- changes

    def add_committed(self, lo: int, hi: int) -> None:
        """Records that `[lo, hi)` of the running epoch became durable. Raises OSError when the journal cannot be
        written."""
        self.in_doubt.readings = []
        self.next = hi
        self._committed.append((lo, hi))
        self._add(self.epoch.id, self.epoch.ord, ((lo, hi),))

    def add_summaries(self, ranges: Ranges) -> None:
        """Records that summaries became durable. Raises OSError when the journal cannot be written."""
        if ranges:
            self.summary_next = ranges[-1][1]
            self._summarised = union(self._summarised, ranges)
            self._add(self.epoch.summary_id, SUMMARY_ORD, ranges)

    def _add(self, epoch: int, ord_: int, ranges: Ranges) -> None:
        self.ords[epoch] = ord_
        self.pending[epoch] = union(self.of(epoch), ranges)
        if self._journal is not None:
            for lo, hi in ranges:
                self._journal.commit(epoch, lo, hi)

    def mark_sent(self, epoch: int, lo: int, hi: int) -> None:
        """Excludes readings from thinning, because the gateway may have them."""
        if epoch == self.epoch.id:
            self._sent = union(self._sent, ((lo, hi),))

    def settle(self, settlement: Settlement) -> None:
        """Removes and counts the settled readings."""
        held = intersect(self.of(settlement.epoch), settlement.ranges)
        refused = sum(1 for r in settlement.refused if intersect(held, ((r.seq, r.seq + 1),)))
        self.counts.refused += refused
        self.counts.settled += count(held) - refused
        self._forget(settlement.epoch, settlement.ranges)

    def restore(self, epoch: int, ranges: Ranges) -> None:
        """Adds and counts settled readings that became unsettled again."""
        self.pending[epoch] = union(self.of(epoch), ranges)
        for lo, hi in ranges:
            self.mark_sent(epoch, lo, hi)
        self.counts.offered_again += count(ranges)

    def drop(self, drops: Sequence[Drop]) -> None:
        """Removes and counts lost readings. The caller reports them."""
        for drop in drops:
            self.counts.dropped += drop.hi - drop.lo
            self._forget(drop.epoch, (drop.range,))

    def drop_and_report(self, drops: Sequence[Drop]) -> None:
        """Like `drop`, but the next report includes the lost readings."""
        self.drop(drops)
        self._lost += drops

    def raise_ord(self, to: int) -> None:
        """Sets the `ord` of the running epoch."""
        self.epoch = replace(self.epoch, ord=to)

    def _forget(self, epoch: int, ranges: Ranges) -> None:
        rest = subtract(self.of(epoch), ranges)
        if rest or epoch == self.epoch.id:
            self.pending[epoch] = rest
        else:
            self.pending.pop(epoch, None)
        if epoch == self.epoch.id:
            self._sent = intersect(self._sent, rest)

    def take_report(self) -> Appended:
        """Returns everything that became durable or was lost since the last report."""
        report = Appended(tuple(self._committed), tuple(self._lost), self._summarised)
        self._committed, self._lost, self._summarised = [], [], EMPTY
        return report

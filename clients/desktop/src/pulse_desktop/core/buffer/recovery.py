"""The recovery path of the buffer: after a disk failure, reopens the file and makes memory and file agree again."""

from dataclasses import replace

import structlog

from pulse_contracts.ranges import intersect, subtract
from pulse_desktop.core.buffer.contents import Contents
from pulse_desktop.core.buffer.disk import Disk
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import Drop, Holdings, SeriesTable, Settlement

log = structlog.get_logger("pulse.desktop.buffer")


class Recovery:
    """`recover` is safe to repeat: if it fails halfway, for any reason, the next call starts again."""

    def __init__(self, disk: Disk, contents: Contents, clock: Clock) -> None:
        self._disk, self._contents, self._clock = disk, contents, clock

    def recover(self, table: SeriesTable) -> None:
        """Reopens the file if necessary and finishes interrupted commits and settlements. `table`: every series, so
        that a new file gets them with the same ids. Raises StoreFailure."""
        if self._disk.must_reopen:
            self._reopen(table)
        contents, doubt = self._contents, self._contents.in_doubt
        if doubt.readings and self._disk.store.holds(contents.epoch.id, *doubt.range):
            contents.add_committed(*doubt.range)
        self._disk.settle_owed(contents.epoch)

    def _reopen(self, table: SeriesTable) -> None:
        found = self._disk.reopen()
        self._disk.store.restore_series(table)
        self._contents.add_summaries(
            intersect(found.of(self._contents.epoch.summary_id), ((self._contents.summary_next, 2**63),))
        )
        self._declare_missing(found)
        self._settle_again(found)
        self._disk.reconciled()

    def _declare_missing(self, found: Holdings) -> None:
        """Records readings that are in memory but not in the file as lost, unless the file already does."""
        contents = self._contents
        known: list[Drop] = []
        vanished: list[Drop] = []
        for epoch, ranges in contents.pending.items():
            missing = subtract(ranges, found.of(epoch))
            for drop in found.drops:
                if drop.epoch == epoch:
                    declared = intersect(missing, (drop.range,))
                    known += [replace(drop, lo=lo, hi=hi) for lo, hi in declared]
                    missing = subtract(missing, declared)
            vanished += [Drop(epoch, lo, hi, "unreadable") for lo, hi in missing]
        if vanished:
            log.error("buffer_lost_readings", readings=sum(d.hi - d.lo for d in vanished))
            self._disk.store.record_drops(vanished, contents.ords, contents.nexts)
        contents.drop_and_report([*known, *vanished])

    def _settle_again(self, found: Holdings) -> None:
        """Removes readings from an older file that are settled according to memory. Readings in doubt stay, because
        `recover` treats them as committed."""
        contents = self._contents
        settled = {epoch: subtract(ranges, contents.of(epoch)) for epoch, ranges in found.pending.items()}
        own, doubt = contents.epoch.id, contents.in_doubt.range
        if intersect(found.of(own), (doubt,)) == (doubt,):
            settled[own] = subtract(settled[own], (doubt,))
        settlements = [Settlement(epoch, ranges) for epoch, ranges in settled.items() if ranges]
        if settlements:
            self._disk.store.settle(settlements, contents.epoch, self._clock.micros(), keeps=self._disk.keeps)

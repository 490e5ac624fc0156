"""Evicts readings from a full buffer: thins first, then drops the oldest (protocol A3.5). Runs in the
transaction of `Store.append`."""

import sqlite3
from dataclasses import dataclass

from pulse_contracts.ranges import Ranges, count, intersect, normalized, subtract
from pulse_desktop.core.model import SUMMARY_ORD, BlockUnreadable, Drop, Epoch, Evictable, Evicted, Reading
from pulse_desktop.core.storage.tables import (
    cut_blocks,
    drop_kept,
    put_blocks,
    put_epoch,
    record,
    remove,
    settled_part,
    unpack,
    used_bytes,
)
from pulse_desktop.core.storage.thinning import bucket_for, thin

_AT_ONCE = 20_000
"""Maximum number of readings that one step thins: about 50 ms of work."""
_BLOCKS_AT_ONCE = 16
_MARGIN_BYTES = 256 * 1024
_UNTHINNED_DIVISOR = 4
"""The newest 1/4 of the waiting readings is never thinned."""


@dataclass(frozen=True)
class Ceiling:
    """What the buffer may hold before new readings are added. `used`: bytes of database pages. `waiting`: number of
    readings. `limit`: maximum bytes of the buffer."""

    used: int
    waiting: int
    limit: int

    def lowered(self) -> "Ceiling":
        """Returns a slightly lower ceiling. It is low enough that not every append has to evict, and high enough that
        no eviction takes long."""
        used, waiting = min(self.limit // 50, _MARGIN_BYTES), min(self.waiting // 50, _AT_ONCE)
        return Ceiling(self.used - used, self.waiting - waiting, self.limit)


@dataclass(frozen=True)
class _OldReadings:
    """Consecutive decoded blocks of the running epoch. `size`: bytes of the blocks."""

    readings: list[Reading]
    drop: Drop
    size: int


def evict(db: sqlite3.Connection, running: Epoch, evictable: Evictable, ceiling: Ceiling) -> Evicted:
    """Evicts until the file is below `ceiling`. Records the losses in the caller's transaction and returns them."""
    work = _Eviction(db, running, evictable)
    if not work.is_above(ceiling):
        return Evicted()
    target = ceiling.lowered()
    while work.is_above(target) and (work.drop_kept(target) or work.thin() or work.drop_oldest()):
        pass
    record(db, work.lost)
    return Evicted(tuple(work.lost), normalized([(evictable.summary_next, work.summary_next)]))


class _Eviction:
    def __init__(self, db: sqlite3.Connection, running: Epoch, evictable: Evictable) -> None:
        self._db, self._running, self._evictable = db, running, evictable
        self._waiting = evictable.waiting
        end = evictable.thinnable[-1][1] if evictable.thinnable else 0
        self._thinnable: Ranges = intersect(
            evictable.thinnable, normalized([(0, end - evictable.waiting // _UNTHINNED_DIVISOR)])
        )
        self.summary_next = evictable.summary_next
        self.lost: list[Drop] = []

    def is_above(self, ceiling: Ceiling) -> bool:
        return used_bytes(self._db) > ceiling.used or self._waiting > ceiling.waiting

    def drop_kept(self, ceiling: Ceiling) -> bool:
        """Deletes the oldest settled readings that are only kept for a restore. Returns False if there are none, or if
        the file is not too large."""
        return used_bytes(self._db) > ceiling.used and drop_kept(self._db, None, _BLOCKS_AT_ONCE)

    # -- thin

    def thin(self) -> bool:
        """Replaces the oldest unsent range with a summary of it, and records the range as lost (`thinned`). Returns
        False if there is no such range or a summary would save too little."""
        bucket = bucket_for(self._summaries() / max(1, self._waiting))
        if bucket is None:
            return False
        old = self._oldest_thinnable()
        if old is None:
            return False
        self._thinnable = subtract(self._thinnable, (old.drop.range,))
        kept = thin(old.readings, bucket)
        epoch, lo = self._running.summary_id, self.summary_next
        blocks = cut_blocks(lo, kept)
        if 2 * sum(len(block[-1]) for block in blocks) > old.size or 2 * len(kept) > len(old.readings):
            return False
        self._evictable.announce(epoch, lo, kept)
        self.summary_next += len(kept)
        remove(self._db, self._running.id, *old.drop.range)
        put_epoch(self._db, epoch, SUMMARY_ORD, self.summary_next)
        put_blocks(self._db, epoch, blocks)
        self.lost.append(old.drop)
        self._waiting += len(kept) - len(old.readings)
        return True

    def _summaries(self) -> int:
        """The number of waiting summary readings. An index answers this query; counting bytes would read every page."""
        row = self._db.execute(
            "SELECT coalesce(sum(hi - lo), 0) FROM epoch JOIN block ON block.epoch = epoch.id WHERE epoch.ord = ?",
            (SUMMARY_ORD,),
        ).fetchone()
        return int(row[0])

    def _oldest_thinnable(self) -> _OldReadings | None:
        epoch = self._running.id
        for lo, hi in self._thinnable:
            rows = self._db.execute(
                "SELECT lo, hi, first, last, data FROM block WHERE epoch = ? AND lo >= ? AND lo < ? AND hi <= ? "
                "ORDER BY lo LIMIT ?",
                (epoch, lo, hi, hi, _AT_ONCE),
            )
            readings: list[Reading] = []
            first, last, start, size = [], [], None, 0
            for a, b, oldest, newest, data in rows:
                start = a if start is None else start
                if a != start + len(readings) or len(readings) >= _AT_ONCE:
                    break
                try:
                    readings += unpack(epoch, a, b, data)
                except BlockUnreadable:  # the block is recorded as lost when it is read for sending or dropped
                    break
                first.append(oldest)
                last.append(newest)
                size += len(data)
            if readings and start is not None:
                drop = Drop(epoch, start, start + len(readings), "thinned", min(first), max(last))
                return _OldReadings(readings, drop, size)
            self._thinnable = subtract(self._thinnable, ((lo, hi),))
        return None

    # -- drop

    def drop_oldest(self) -> bool:
        """Drops the oldest blocks and records them as lost (`overflow`). Returns False if there are no blocks."""
        oldest = self._db.execute(
            "SELECT id FROM epoch WHERE EXISTS (SELECT 1 FROM block WHERE block.epoch = epoch.id) ORDER BY id = ?, "
            "(SELECT block.id FROM block WHERE block.epoch = epoch.id ORDER BY lo LIMIT 1) LIMIT 1",
            (self._running.id,),  # last: its readings are the newest. Its summaries are an epoch of their own.
        ).fetchone()
        if oldest is None:
            return False
        epoch: int = oldest[0]
        rows = self._db.execute(
            "SELECT lo, hi, first, last FROM block WHERE epoch = ? ORDER BY lo LIMIT ?", (epoch, _BLOCKS_AT_ONCE)
        ).fetchall()
        for lo, hi, first, last in rows:
            left = subtract(((lo, hi),), settled_part(self._db, epoch, lo, hi))
            self._db.execute("DELETE FROM block WHERE epoch = ? AND lo = ?", (epoch, lo))
            self._db.execute("DELETE FROM gone WHERE epoch = ? AND lo >= ? AND lo < ?", (epoch, lo, hi))
            self._waiting -= count(left)
            self.lost += [Drop(epoch, a, b, "overflow", first, last) for a, b in left]
            if epoch == self._running.id:
                self._thinnable = subtract(self._thinnable, ((lo, hi),))
        return True

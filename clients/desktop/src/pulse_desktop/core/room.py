"""Room in a full buffer: thin, then drop oldest (protocol A3.5). Part of the store: runs inside its transaction."""

import sqlite3
from dataclasses import dataclass

from pulse_desktop.core.model import SUMMARY_ORD, BlockUnreadable, Cost, Drop, Life, Reading, Room
from pulse_desktop.core.ranges import Ranges, count, intersect, normal, subtract
from pulse_desktop.core.tables import cut_blocks, gone, put_blocks, put_epoch, record, take_out, unpack, used_bytes
from pulse_desktop.core.thinning import bucket_for, thin

_AT_ONCE = 20_000
"""Readings that one step thins at most: about 50 ms."""
_BLOCKS_AT_ONCE = 16
_MARGIN_BYTES = 256 * 1024
_KEPT_WHOLE = 4
"""The newest quarter of what waits is never thinned."""


@dataclass(frozen=True)
class Ceiling:
    """What may be used before new readings come: bytes of pages, and readings; `limit` is the whole buffer's."""

    used: int
    waiting: int
    limit: int

    def lowered(self) -> "Ceiling":
        """A little less, so that not every append has to make room; not much less, so that none takes long."""
        used, waiting = min(self.limit // 50, _MARGIN_BYTES), min(self.waiting // 50, _AT_ONCE)
        return Ceiling(self.used - used, self.waiting - waiting, self.limit)


@dataclass(frozen=True)
class _Old:
    """Consecutive blocks of the running life, decoded. `size`: their bytes."""

    readings: list[Reading]
    drop: Drop
    size: int


def make_room(db: sqlite3.Connection, life: Life, room: Room, ceiling: Ceiling) -> Cost:
    """Frees what is needed below `ceiling`. Losses are recorded in the caller's transaction, and returned."""
    work = _Work(db, life, room)
    if not work.is_above(ceiling):
        return Cost()
    target = ceiling.lowered()
    while work.is_above(target) and (work.thin() or work.drop_oldest()):
        pass
    record(db, work.lost)
    return Cost(tuple(work.lost), normal([(room.summary_next, work.summary_next)]))


class _Work:
    def __init__(self, db: sqlite3.Connection, life: Life, room: Room) -> None:
        self._db, self._life, self._room = db, life, room
        self._waiting = room.waiting
        end = room.thinnable[-1][1] if room.thinnable else 0
        self._thinnable: Ranges = intersect(room.thinnable, normal([(0, end - room.waiting // _KEPT_WHOLE)]))
        self.summary_next = room.summary_next
        self.lost: list[Drop] = []

    def is_above(self, ceiling: Ceiling) -> bool:
        return used_bytes(self._db) > ceiling.used or self._waiting > ceiling.waiting

    # -- thin

    def thin(self) -> bool:
        """The oldest never-sent range becomes its summary, and is lost as `thinned`. False: nothing to gain."""
        bucket = bucket_for(self._summaries() / max(1, self._waiting))
        if bucket is None:
            return False
        old = self._oldest_thinnable()
        if old is None:
            return False
        self._thinnable = subtract(self._thinnable, (old.drop.range,))
        kept = thin(old.readings, bucket)
        epoch, lo = self._life.summary, self.summary_next
        blocks = cut_blocks(lo, kept)
        if 2 * sum(len(block[-1]) for block in blocks) > old.size or 2 * len(kept) > len(old.readings):
            return False
        self._room.announce(epoch, lo, kept)
        self.summary_next += len(kept)
        take_out(self._db, self._life.epoch, *old.drop.range)
        put_epoch(self._db, epoch, SUMMARY_ORD, self.summary_next)
        put_blocks(self._db, epoch, blocks)
        self.lost.append(old.drop)
        self._waiting += len(kept) - len(old.readings)
        return True

    def _summaries(self) -> int:
        """How many of the waiting readings are summaries: answered by an index, where bytes would need every page."""
        row = self._db.execute(
            "SELECT coalesce(sum(hi - lo), 0) FROM epoch JOIN block ON block.epoch = epoch.id WHERE epoch.ord = ?",
            (SUMMARY_ORD,),
        ).fetchone()
        return int(row[0])

    def _oldest_thinnable(self) -> _Old | None:
        epoch = self._life.epoch
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
                except BlockUnreadable:  # found and declared when it is to be sent, or dropped whole
                    break
                first.append(oldest)
                last.append(newest)
                size += len(data)
            if readings and start is not None:
                drop = Drop(epoch, start, start + len(readings), "thinned", min(first), max(last))
                return _Old(readings, drop, size)
            self._thinnable = subtract(self._thinnable, ((lo, hi),))
        return None

    # -- drop

    def drop_oldest(self) -> bool:
        """The oldest whole blocks are lost as `overflow`. False: there is none."""
        oldest = self._db.execute(
            "SELECT id FROM epoch WHERE EXISTS (SELECT 1 FROM block WHERE block.epoch = epoch.id) ORDER BY id = ?, "
            "(SELECT block.id FROM block WHERE block.epoch = epoch.id ORDER BY lo LIMIT 1) LIMIT 1",
            (self._life.epoch,),  # the youngest: even its summaries tell of older times
        ).fetchone()
        if oldest is None:
            return False
        epoch: int = oldest[0]
        rows = self._db.execute(
            "SELECT lo, hi, first, last FROM block WHERE epoch = ? ORDER BY lo LIMIT ?", (epoch, _BLOCKS_AT_ONCE)
        ).fetchall()
        for lo, hi, first, last in rows:
            left = subtract(((lo, hi),), gone(self._db, epoch, lo, hi))
            self._db.execute("DELETE FROM block WHERE epoch = ? AND lo = ?", (epoch, lo))
            self._db.execute("DELETE FROM gone WHERE epoch = ? AND lo >= ? AND lo < ?", (epoch, lo, hi))
            self._waiting -= count(left)
            self.lost += [Drop(epoch, a, b, "overflow", first, last) for a, b in left]
            if epoch == self._life.epoch:
                self._thinnable = subtract(self._thinnable, ((lo, hi),))
        return True

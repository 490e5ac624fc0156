"""Merges small blocks of waiting readings, because a block of 50 ms compresses badly. Runs in the store's transaction.

Sequence numbers do not change, and a merged block keeps its place in the order of writing."""

import sqlite3
from dataclasses import dataclass

from pulse_desktop.core.model import BLOCK_READINGS, BlockUnreadable
from pulse_desktop.core.storage.tables import cut_blocks, settled_part, unpack

YOUNGEST = 200
"""The newest blocks are not merged: with a connection they are delivered before merging pays off."""
_AT_ONCE = 1_000
"""Blocks examined in one step."""
_MERGED_AT_ONCE = 20_000
"""Maximum number of readings rewritten in one step: about 50 ms of work."""


@dataclass(frozen=True)
class _BlockKey:
    id: int
    epoch: int
    lo: int
    hi: int


def compact(db: sqlite3.Connection, after: int) -> int:
    """Merges neighbouring blocks with ids above `after`; returns the id where the next step continues."""
    newest: int = db.execute("SELECT coalesce(max(id), 0) FROM block").fetchone()[0]
    if newest < after:  # the table was empty since the last step, and ids restarted
        after = 0
    rows = db.execute(
        "SELECT id, epoch, lo, hi FROM block WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",
        (after, newest - YOUNGEST, _AT_ONCE),
    )
    run: list[_BlockKey] = []
    merged = 0
    for row in rows.fetchall():
        block = _BlockKey(*row)
        fits = run and (block.epoch, block.lo) == (run[-1].epoch, run[-1].hi) and block.hi - run[0].lo <= BLOCK_READINGS
        if run and not fits:
            merged += _merge(db, run)
            after = run[-1].id
            run = []
            if merged >= _MERGED_AT_ONCE:
                return after
        run.append(block)
    return after  # the next blocks may extend the last run


def _merge(db: sqlite3.Connection, run: list[_BlockKey]) -> int:
    if len(run) < 2:
        return 0
    first, epoch, lo, hi = run[0].id, run[0].epoch, run[0].lo, run[-1].hi
    if settled_part(db, epoch, lo, hi):
        return 0  # partly settled: the rest leaves soon
    readings = []
    for one in run:
        data = db.execute("SELECT data FROM block WHERE id = ?", (one.id,)).fetchone()[0]
        try:
            readings += unpack(epoch, one.lo, one.hi, data)
        except BlockUnreadable:  # declared as lost when it is read for sending
            return 0
    (block,) = cut_blocks(lo, readings)
    db.executemany("DELETE FROM block WHERE id = ?", [(one.id,) for one in run])
    db.execute(
        "INSERT INTO block (id, epoch, lo, hi, first, last, data) VALUES (?, ?, ?, ?, ?, ?, ?)", (first, epoch, *block)
    )
    return len(readings)

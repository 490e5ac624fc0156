"""Small blocks become large ones while they wait: a group of 50 ms compresses badly. Part of the store: runs inside its
transaction. No number changes, and a block keeps its place in the order of writing."""

import sqlite3
from dataclasses import dataclass

from pulse_desktop.core.model import BLOCK_READINGS, BlockUnreadable
from pulse_desktop.core.tables import cut_blocks, gone, unpack

YOUNGEST = 200
"""The newest blocks are left alone: with a connection they are gone before it is worth it."""
_AT_ONCE = 1_000
"""Blocks looked at in one step."""
_MERGED_AT_ONCE = 20_000
"""Readings rewritten in one step at most: about 50 ms."""


@dataclass(frozen=True)
class _Place:
    id: int
    epoch: int
    lo: int
    hi: int


def compact(db: sqlite3.Connection, after: int) -> int:
    """Merges neighbours behind the block `after`; returns where the next step goes on."""
    newest: int = db.execute("SELECT coalesce(max(id), 0) FROM block").fetchone()[0]
    if newest < after:  # it was empty in between: ids began again
        after = 0
    rows = db.execute(
        "SELECT id, epoch, lo, hi FROM block WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",
        (after, newest - YOUNGEST, _AT_ONCE),
    )
    run: list[_Place] = []
    merged = 0
    for row in rows.fetchall():
        place = _Place(*row)
        fits = run and (place.epoch, place.lo) == (run[-1].epoch, run[-1].hi) and place.hi - run[0].lo <= BLOCK_READINGS
        if run and not fits:
            merged += _merge(db, run)
            after = run[-1].id
            run = []
            if merged >= _MERGED_AT_ONCE:
                return after
        run.append(place)
    return after  # the last run may still grow


def _merge(db: sqlite3.Connection, run: list[_Place]) -> int:
    if len(run) < 2:
        return 0
    first, epoch, lo, hi = run[0].id, run[0].epoch, run[0].lo, run[-1].hi
    if gone(db, epoch, lo, hi):
        return 0  # partly settled: it leaves soon
    readings = []
    for place in run:
        data = db.execute("SELECT data FROM block WHERE id = ?", (place.id,)).fetchone()[0]
        try:
            readings += unpack(epoch, place.lo, place.hi, data)
        except BlockUnreadable:  # found and declared when it is to be sent
            return 0
    (block,) = cut_blocks(lo, readings)
    db.executemany("DELETE FROM block WHERE id = ?", [(place.id,) for place in run])
    db.execute(
        "INSERT INTO block (id, epoch, lo, hi, first, last, data) VALUES (?, ?, ?, ?, ?, ?, ?)", (first, epoch, *block)
    )
    return len(readings)

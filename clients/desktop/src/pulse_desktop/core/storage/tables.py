"""The buffer's tables, and the statements that the transactions in `store` consist of. SQL only."""

import sqlite3
from collections.abc import Sequence

from pulse_contracts.ranges import Ranges, count, intersect, normalized, subtract, union
from pulse_contracts.telemetry import MAX_ORD
from pulse_desktop.core.model import BLOCK_READINGS, BlockUnreadable, Drop, Reading
from pulse_desktop.core.storage import codec

Block = tuple[int, int, int, int, bytes]
"""(lo, hi, lowest time, highest time, data)."""
PAGE = 4096
QUARANTINE_ROWS = 10_000
_KEPT_ROW = 90
"""Bytes of a kept row and its entries in the indexes, without its data (measured: 88)."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS epoch (id INTEGER PRIMARY KEY, ord INTEGER NOT NULL, next INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS series (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, display_name TEXT NOT NULL, type TEXT NOT NULL, unit TEXT NOT NULL,
    interval INTEGER, UNIQUE (name, type)
);
CREATE TABLE IF NOT EXISTS block (
    id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS block_place ON block (epoch, lo, hi);
CREATE TABLE IF NOT EXISTS gone (
    epoch INTEGER NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL, PRIMARY KEY (epoch, lo)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lost (
    epoch INTEGER NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL, reason TEXT NOT NULL,
    first INTEGER, last INTEGER, PRIMARY KEY (epoch, lo, reason)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS quarantine (
    id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, series TEXT NOT NULL, t INTEGER NOT NULL,
    value TEXT NOT NULL, code TEXT NOT NULL, detail TEXT NOT NULL, at INTEGER NOT NULL, UNIQUE (epoch, seq)
);
CREATE TABLE IF NOT EXISTS kept (
    id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, data BLOB NOT NULL, settled_at INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS kept_place ON kept (epoch, lo, hi);
CREATE INDEX IF NOT EXISTS kept_age ON kept (settled_at);
"""
EMPTY_EPOCHS = (
    "DELETE FROM epoch WHERE NOT EXISTS (SELECT 1 FROM block WHERE block.epoch = epoch.id) "
    "AND NOT EXISTS (SELECT 1 FROM lost WHERE lost.epoch = epoch.id) "
    "AND NOT EXISTS (SELECT 1 FROM kept WHERE kept.epoch = epoch.id)"
)


def used_bytes(db: sqlite3.Connection) -> int:
    """Bytes of pages in use, including the changes of the current transaction."""
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    free = db.execute("PRAGMA freelist_count").fetchone()[0]
    return int(pages - free) * PAGE


def put_epoch(db: sqlite3.Connection, epoch: int, ord_: int, next_: int) -> None:
    """Inserts or updates an epoch. Epochs without readings are not stored."""
    db.execute(
        "INSERT INTO epoch (id, ord, next) VALUES (?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET ord = excluded.ord, next = excluded.next",
        (epoch, ord_, next_),
    )


def cut_blocks(lo: int, readings: Sequence[Reading]) -> list[Block]:
    """Encodes `readings` as the blocks of `[lo, lo + n)`."""
    blocks = []
    for start in range(0, len(readings), BLOCK_READINGS):
        cut = readings[start : start + BLOCK_READINGS]
        times = [r.t for r in cut]
        blocks.append((lo + start, lo + start + len(cut), min(times), max(times), codec.encode(cut)))
    return blocks


def put_blocks(db: sqlite3.Connection, epoch: int, blocks: Sequence[Block]) -> None:
    """Inserts encoded blocks."""
    db.executemany(
        "INSERT INTO block (epoch, lo, hi, first, last, data) VALUES (?, ?, ?, ?, ?, ?)",
        [(epoch, *block) for block in blocks],
    )


def settled_part(db: sqlite3.Connection, epoch: int, lo: int, hi: int) -> Ranges:
    """The settled ranges of the block `[lo, hi)`."""
    return normalized(
        db.execute("SELECT lo, hi FROM gone WHERE epoch = ? AND lo >= ? AND lo < ?", (epoch, lo, hi)).fetchall()
    )


def remove(db: sqlite3.Connection, epoch: int, lo: int, hi: int, settled_at: int | None = None) -> None:
    """Removes `[lo, hi)`: deletes whole blocks, and marks the removed part of the blocks at both edges. With
    `settled_at` (microseconds) the deleted blocks are kept."""
    _delete(db, epoch, lo, hi, settled_at)
    rows = db.execute(
        "SELECT lo, hi FROM block WHERE epoch = ? AND lo > ? AND lo < ? AND hi > ?",
        (epoch, lo - BLOCK_READINGS, hi, lo),
    ).fetchall()
    edges = dict(rows)
    kept = {a: settled_part(db, epoch, a, b) for a, b in edges.items()}
    db.execute("DELETE FROM gone WHERE epoch = ? AND lo >= ? AND lo < ?", (epoch, lo, hi))
    for a, b in edges.items():
        now_gone = union(kept[a], intersect(((a, b),), ((lo, hi),)))
        db.execute("DELETE FROM gone WHERE epoch = ? AND lo >= ? AND lo < ?", (epoch, a, b))
        if count(now_gone) == b - a:
            _delete(db, epoch, a, b, settled_at)
        else:
            db.executemany("INSERT INTO gone VALUES (?, ?, ?)", [(epoch, x, y) for x, y in now_gone])


def _delete(db: sqlite3.Connection, epoch: int, lo: int, hi: int, settled_at: int | None) -> None:
    """Deletes the blocks within `[lo, hi)`."""
    if settled_at is not None:
        size = db.execute(
            "SELECT coalesce(sum(length(data) + ?), 0) FROM block WHERE epoch = ? AND lo >= ? AND lo < ? AND hi <= ?",
            (_KEPT_ROW, epoch, lo, hi, hi),
        ).fetchone()[0]
        db.execute(
            "INSERT OR REPLACE INTO kept (epoch, lo, hi, first, last, data, settled_at) "
            "SELECT epoch, lo, hi, first, last, data, ? FROM block WHERE epoch = ? AND lo >= ? AND lo < ? AND hi <= ?",
            (settled_at, epoch, lo, hi, hi),
        )
        add_kept_bytes(db, size)
    db.execute("DELETE FROM block WHERE epoch = ? AND lo >= ? AND lo < ? AND hi <= ?", (epoch, lo, hi, hi))


def kept_bytes(db: sqlite3.Connection) -> int:
    """Bytes of the kept blocks. A counter, because adding them up reads the whole table."""
    row = db.execute("SELECT value FROM meta WHERE key = 'kept_bytes'").fetchone()
    return int(row[0]) if row else 0


def add_kept_bytes(db: sqlite3.Connection, size: int) -> None:
    """Changes the counter of `kept_bytes`."""
    db.execute(
        "INSERT INTO meta VALUES ('kept_bytes', max(0, ?1)) ON CONFLICT (key) DO UPDATE SET value = max(0, value + ?1)",
        (size,),
    )


def drop_kept(db: sqlite3.Connection, before: int | None, most: int) -> bool:
    """Deletes at most `most` kept blocks, oldest first, only those settled before a time in microseconds if there is
    one. Returns whether there were any."""
    rows = db.execute(
        "SELECT id, length(data) + ? FROM kept WHERE settled_at < ? ORDER BY settled_at LIMIT ?",
        (_KEPT_ROW, 2**63 - 1 if before is None else before, most),
    ).fetchall()
    db.executemany("DELETE FROM kept WHERE id = ?", [(number,) for number, _ in rows])
    if rows:
        add_kept_bytes(db, -sum(size for _, size in rows))
    return bool(rows)


def restore_kept(db: sqlite3.Connection, epoch: int, wanted: Ranges) -> Ranges:
    """Makes settled readings of these ranges unsettled again, if they are still in the file. Returns which."""
    found: list[tuple[int, int]] = []
    for lo, hi in wanted:
        rows = db.execute(
            "SELECT id, lo, hi, length(data) + ? FROM kept WHERE epoch = ? AND lo > ? AND lo < ? AND hi > ?",
            (_KEPT_ROW, epoch, lo - BLOCK_READINGS, hi, lo),
        ).fetchall()
        for number, a, b, size in rows:
            db.execute(
                "INSERT INTO block (epoch, lo, hi, first, last, data) "
                "SELECT epoch, lo, hi, first, last, data FROM kept WHERE id = ?",
                (number,),
            )
            db.execute("DELETE FROM kept WHERE id = ?", (number,))
            add_kept_bytes(db, -size)
            db.execute("INSERT INTO gone VALUES (?, ?, ?)", (epoch, a, b))
        blocks = db.execute(
            "SELECT lo, hi FROM block WHERE epoch = ? AND lo > ? AND lo < ? AND hi > ?",
            (epoch, lo - BLOCK_READINGS, hi, lo),
        ).fetchall()
        for a, b in blocks:
            settled = settled_part(db, epoch, a, b)
            found += intersect(settled, ((lo, hi),))
            db.execute("DELETE FROM gone WHERE epoch = ? AND lo >= ? AND lo < ?", (epoch, a, b))
            rest = subtract(settled, ((lo, hi),))
            db.executemany("INSERT INTO gone VALUES (?, ?, ?)", [(epoch, x, y) for x, y in rest])
    return normalized(found)


def record(db: sqlite3.Connection, drops: Sequence[Drop]) -> None:
    """Records losses until they are acknowledged. A loss that continues a recorded one extends it."""
    for drop in drops:
        before = db.execute(
            "SELECT lo, first FROM lost WHERE epoch = ? AND hi = ? AND reason = ?",
            (drop.epoch, drop.lo, drop.reason),
        ).fetchone()
        if before:
            db.execute(
                "UPDATE lost SET hi = ?, last = ? WHERE epoch = ? AND lo = ? AND reason = ?",
                (drop.hi, drop.last, drop.epoch, before[0], drop.reason),
            )
        else:
            db.execute(
                "INSERT OR REPLACE INTO lost VALUES (?, ?, ?, ?, ?, ?)",
                (drop.epoch, drop.lo, drop.hi, drop.reason, drop.first, drop.last),
            )


def forget(db: sqlite3.Connection, epoch: int, lo: int, hi: int) -> None:
    """Deletes the losses in `[lo, hi)`: the gateway acknowledged them."""
    rows = db.execute(
        "SELECT lo, hi, reason, first, last FROM lost WHERE epoch = ? AND lo < ? AND hi > ?", (epoch, hi, lo)
    ).fetchall()
    for a, b, reason, first, last in rows:
        db.execute("DELETE FROM lost WHERE epoch = ? AND lo = ? AND reason = ?", (epoch, a, reason))
        rest = [(epoch, x, y, reason, first, last) for x, y in subtract(((a, b),), ((lo, hi),))]
        db.executemany("INSERT INTO lost VALUES (?, ?, ?, ?, ?, ?)", rest)


def quarantine(db: sqlite3.Connection, epoch: int, seq: int, reason: tuple[str, str], at: int) -> None:
    """Copies one stored reading to the quarantine with `reason` = (code, detail) and the time `at`."""
    row = db.execute(
        "SELECT lo, hi, data FROM block WHERE epoch = ? AND lo <= ? AND hi > ?", (epoch, seq, seq)
    ).fetchone()
    if row is None:
        return
    try:
        reading = unpack(epoch, *row)[seq - row[0]]
    except BlockUnreadable:
        return
    name = db.execute("SELECT name FROM series WHERE id = ?", (reading.series,)).fetchone()
    value = reading.value.hex() if isinstance(reading.value, float) else repr(reading.value)
    db.execute(
        "INSERT OR IGNORE INTO quarantine (epoch, seq, series, t, value, code, detail, at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (epoch, seq, name[0] if name else str(reading.series), reading.t, value, *reason, at),
    )


def trim_quarantine(db: sqlite3.Connection) -> None:
    """Deletes the oldest rows beyond 10,000."""
    db.execute("DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?", (QUARANTINE_ROWS,))


def close_if_empty(db: sqlite3.Connection, epoch: int) -> None:
    """Deletes an epoch without stored readings and without losses to declare."""
    db.execute(EMPTY_EPOCHS + " AND id = ?", (epoch,))


def raise_highest(db: sqlite3.Connection, value: int) -> None:
    """Raises the highest `ord` that this disk has used to at least `value`."""
    db.execute(
        "INSERT INTO meta VALUES ('highest_ord', ?) ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)",
        (value,),
    )


def impossible_ord(db: sqlite3.Connection) -> int:
    """The highest `ord` in the file above the limit of the protocol; 0 when there is none."""
    row = db.execute(
        "SELECT max(ord) FROM (SELECT ord FROM epoch UNION ALL SELECT value FROM meta WHERE key = 'highest_ord') "
        "WHERE ord > ?",
        (MAX_ORD,),
    ).fetchone()
    return row[0] or 0


def forget_impossible_ords(db: sqlite3.Connection) -> int:
    """Resets every `ord` above the limit. Their epochs count as old, and the gateway tells the running epoch how far to
    rise, as after a restored backup. Returns the highest `ord` that was reset, or 0."""
    highest = impossible_ord(db)
    if highest:
        db.execute("UPDATE epoch SET ord = 1 WHERE ord > ?", (MAX_ORD,))
        db.execute("DELETE FROM meta WHERE key = 'highest_ord' AND value > ?", (MAX_ORD,))
    return highest


def unpack(epoch: int, lo: int, hi: int, data: bytes) -> list[Reading]:
    """Decodes a block. Raises BlockUnreadable."""
    try:
        readings = codec.decode(data)
    except codec.UnreadableBlockError as error:
        raise BlockUnreadable(epoch, lo, hi, str(error)) from error
    if len(readings) != hi - lo:
        raise BlockUnreadable(epoch, lo, hi, f"has {len(readings)} readings")
    return readings

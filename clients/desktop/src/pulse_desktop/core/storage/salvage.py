"""Reads what is readable in a corrupt buffer file, and works out which readings are lost. Read-only SQL.

Also renames the corrupt file, so that it is kept under a dated name."""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pulse_contracts.ranges import Ranges, normalized, subtract
from pulse_contracts.telemetry import SeriesDeclaration
from pulse_desktop.core.model import Drop, SeriesTable
from pulse_desktop.core.storage import codec
from pulse_desktop.core.storage.tables import Block


@dataclass
class Salvage:
    """The readable parts of a corrupt file. `epochs`: (ord, next) by epoch id. `has_epochs`: whether the list of epochs
    was readable; only then does `missing` cover every loss."""

    series: SeriesTable = ()
    epochs: dict[int, tuple[int, int]] = field(default_factory=dict)
    highest_ord: int = 0
    blocks: list[tuple[int, Block]] = field(default_factory=list)
    drops: list[Drop] = field(default_factory=list)
    has_epochs: bool = False

    @property
    def readable(self) -> int:
        """Readings in readable blocks."""
        return sum(block[1] - block[0] for _, block in self.blocks)

    def missing(self) -> list[Drop]:
        """Assigned numbers that are in no readable block: lost, or settled long ago. Declaring a settled number as lost
        is harmless, because the ledger keeps the first settlement."""
        out = list(self.drops)
        for epoch, (_, next_) in self.epochs.items():
            have = [(b[0], b[1]) for e, b in self.blocks if e == epoch]
            have += [d.range for d in self.drops if d.epoch == epoch]
            rest: Ranges = subtract(normalized([(0, next_)]), normalized(have))
            out += [Drop(epoch, lo, hi, "unreadable") for lo, hi in rest]
        return out


def move_aside(file: Path, micros: int) -> Path:
    """Renames the file with its WAL files to `buffer.corrupt-<date>`; returns the new path. Raises OSError."""
    stamp = datetime.fromtimestamp(micros / 1e6, UTC).strftime("%Y%m%dT%H%M%SZ")
    target = file.with_name(f"{file.stem}.corrupt-{stamp}")
    number = 1
    while target.exists():
        number += 1
        target = file.with_name(f"{file.stem}.corrupt-{stamp}-{number}")
    for suffix in ("-wal", "-shm", ""):
        path = file.with_name(file.name + suffix)
        if path.exists():
            path.replace(target.with_name(target.name + suffix))
    return target


def examine(corrupt: Path) -> Salvage:
    """Reads every part that is readable. Raises nothing: an unreadable part is left out."""
    found = Salvage()
    with contextlib.suppress(sqlite3.Error):
        db = sqlite3.connect(f"{corrupt.resolve().as_uri()}?mode=ro", uri=True)
        with contextlib.closing(db):
            _examine(db, found)
    return found


def _examine(db: sqlite3.Connection, found: Salvage) -> None:
    with contextlib.suppress(sqlite3.Error, ValueError):
        found.series = tuple(
            SeriesDeclaration(id=i, name=n, display_name=d, type=t, unit=u, interval=every)
            for i, n, d, t, u, every in db.execute(
                "SELECT id, name, display_name, type, unit, interval FROM series ORDER BY id"
            )
        )
    with contextlib.suppress(sqlite3.Error):
        found.epochs = {e: (o, n) for e, o, n in db.execute("SELECT id, ord, next FROM epoch")}
        found.has_epochs = True
    with contextlib.suppress(sqlite3.Error):
        found.highest_ord = db.execute("SELECT coalesce(max(value), 0) FROM meta WHERE key = 'highest_ord'").fetchone()[
            0
        ]
    with contextlib.suppress(sqlite3.Error):
        rows = db.execute("SELECT epoch, lo, hi, reason, first, last FROM lost")
        found.drops = [Drop(*row) for row in rows]
    known = {s.id for s in found.series}
    blocks: dict[int, tuple[int, Block]] = {}
    for direction in ("ASC", "DESC"):  # from both ends, up to the damage
        with contextlib.suppress(sqlite3.Error):
            for number, epoch, block in _blocks(db, direction):
                if number in blocks:
                    break
                if _is_good(block, known):
                    blocks[number] = epoch, block
    good = _disjoint(blocks)
    found.blocks = [blocks[number] for number in sorted(good)]
    for epoch, block in found.blocks:
        ord_, next_ = found.epochs.get(epoch, (0, 0))
        found.epochs[epoch] = ord_, max(next_, block[1])


def _blocks(db: sqlite3.Connection, direction: str) -> Iterator[tuple[int, int, Block]]:
    query = "SELECT id, epoch, lo, hi, first, last, data FROM block NOT INDEXED ORDER BY id "
    for number, epoch, *block in db.execute(query + direction):
        yield number, epoch, (block[0], block[1], block[2], block[3], block[4])


def _is_good(block: Block, series: set[int]) -> bool:
    try:
        readings = codec.decode(block[-1])
    except (codec.UnreadableBlockError, TypeError):
        return False
    return len(readings) == block[1] - block[0] and all(r.series in series for r in readings)


def _disjoint(blocks: dict[int, tuple[int, Block]]) -> set[int]:
    """Ids of blocks without overlaps: in a corrupt file the ranges of blocks may be wrong too."""
    out: set[int] = set()
    ends: dict[int, int] = {}
    for number, (epoch, block) in sorted(blocks.items(), key=lambda item: (item[1][0], item[1][1][0])):
        if block[0] >= ends.get(epoch, 0):
            out.add(number)
            ends[epoch] = block[1]
    return out

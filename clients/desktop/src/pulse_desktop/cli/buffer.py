"""`pulse-collector buffer`: lists, verifies and exports the readings that wait on the disk."""

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Protocol, TextIO

from pulse_contracts.ranges import count, subtract
from pulse_contracts.telemetry import SeriesDeclaration
from pulse_desktop.cli.terminal import FAILED, OK, complain, moment, progress, say, table
from pulse_desktop.core.model import BlockUnreadable, Reading
from pulse_desktop.core.storage.inspection import Inspection, StoredBlock

_COLUMNS = ("epoch", "seq", "series", "type", "unit", "t", "time", "value")


def show(folder: Path, *, as_json: bool) -> int:
    """`buffer list`: one line per epoch. Raises NoBufferError, StoreFailure."""
    with Inspection.at(folder) as inspection:
        epochs = inspection.epochs()
    if as_json:
        say(json.dumps([{**asdict(line), "is_summary": line.is_summary} for line in epochs]))
        return OK
    rows = [
        (
            str(line.epoch),
            str(line.ord),
            "summary" if line.is_summary else "readings",
            f"{line.next:,}",
            f"{line.waiting:,}",
            f"{line.lost:,}",
            f"{line.blocks:,}",
            f"{line.size:,}",
            moment(line.first),
            moment(line.last),
        )
        for line in epochs
    ]
    head = ("epoch", "ord", "holds", "next", "waiting", "lost", "blocks", "bytes", "from", "to")
    say(*table(head, rows), f"{sum(line.waiting for line in epochs):,} readings waiting in {len(epochs)} epochs")
    return OK


def verify(folder: Path) -> int:
    """`buffer verify`: reads and checks every block; changes nothing. Raises NoBufferError, StoreFailure."""
    with Inspection.at(folder) as inspection:
        problems = inspection.faults()
        good = bad = 0
        with progress("checking", sum(line.blocks for line in inspection.epochs())) as done:
            for block in inspection.blocks():
                try:
                    good += len(block.readings())
                except BlockUnreadable as error:
                    bad += block.hi - block.lo
                    problems.append(str(error))
                if subtract(block.gone, ((block.lo, block.hi),)):
                    problems.append(f"epoch {block.epoch}: settled numbers outside block [{block.lo}, {block.hi})")
                done(1)
    complain(*problems) if problems else None
    say(f"{good:,} readable readings, {bad:,} unreadable readings, {len(problems)} problems")
    if problems:
        complain(
            "A running collector declares unreadable readings as lost and delivers the others. If SQLite reports a"
        )
        complain("malformed file, the next start of the collector replaces it and keeps every readable reading.")
    return FAILED if problems else OK


class _Writer(Protocol):
    def write(self, block: StoredBlock, seq: int, reading: Reading, series: SeriesDeclaration | None) -> None: ...


class _Csv:
    def __init__(self, out: TextIO) -> None:
        self._out = csv.writer(out, lineterminator="\n")
        self._out.writerow(_COLUMNS)

    def write(self, block: StoredBlock, seq: int, reading: Reading, series: SeriesDeclaration | None) -> None:
        value = repr(reading.value) if isinstance(reading.value, float) else str(reading.value).lower()
        self._out.writerow((*_fields(block, seq, reading, series), value))


class _JsonLines:
    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, block: StoredBlock, seq: int, reading: Reading, series: SeriesDeclaration | None) -> None:
        value: object = reading.value
        if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):  # noqa: PLR0124
            value = repr(value)  # JSON has no NaN and no infinity
        line = dict(zip(_COLUMNS, (*_fields(block, seq, reading, series), value), strict=True))
        self._out.write(json.dumps(line) + "\n")


def _fields(
    block: StoredBlock, seq: int, reading: Reading, series: SeriesDeclaration | None
) -> tuple[int, int, str, str, str, int, str]:
    name, kind, unit = (series.name, series.type, series.unit) if series else (str(reading.series), "", "")
    return block.epoch, seq, name, kind, unit, reading.t, moment(reading.t)


def export(folder: Path, form: str, output: Path | None) -> int:
    """`buffer export`: every waiting reading, in the order of writing, as CSV or JSON lines. Raises NoBufferError,
    StoreFailure, OSError."""
    written = unreadable = 0
    with Inspection.at(folder) as inspection, _opened(output) as out:
        writer: _Writer = _Csv(out) if form == "csv" else _JsonLines(out)
        series = inspection.series()
        with progress("exporting", inspection.counts()["waiting"]) as done:
            for block in inspection.blocks():
                left = subtract(((block.lo, block.hi),), block.gone)
                try:
                    readings = block.readings()
                except BlockUnreadable as error:
                    unreadable += count(left)
                    complain(f"skipped: {error}")
                    continue
                for lo, hi in left:
                    for seq in range(lo, hi):
                        reading = readings[seq - block.lo]
                        writer.write(block, seq, reading, series.get(reading.series))
                written += count(left)
                done(count(left))
    complain(f"{written:,} readings exported" + (f", {unreadable:,} unreadable" if unreadable else ""))
    return FAILED if unreadable else OK


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
        return
    with output.open("x", encoding="utf-8", newline="") as out:  # never overwrites a file
        yield out

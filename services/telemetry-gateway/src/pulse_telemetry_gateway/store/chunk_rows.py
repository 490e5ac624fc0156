"""Converts chunks and roll-ups to rows and back. Arrays are read as PostgreSQL sends them (`array_send`), without one
object per element."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pulse_postgres import Row
from pulse_telemetry_gateway.model.storage.chunks import Chunk
from pulse_telemetry_gateway.model.storage.columns import FLOAT, Ints
from pulse_telemetry_gateway.model.storage.lines import Line, Offsets
from pulse_telemetry_gateway.model.storage.rollups import SLOTS, WIDTH, Level, Rollups
from pulse_telemetry_gateway.store.binary_copy import Block

_WIDTHS: Final = {2: "2", 4: "4", 8: "8"}
_SCALARS: Final = "series_id, epoch, n, late, t0, t_step, q0, q_step, v0, v_step, divisor"
CHUNK_COLUMNS: Final = [*_SCALARS.split(", "), "t1", "device_id", *(f"{c}{w}" for c in "tqv" for w in "248"), "vf"]
CHUNK_TYPES: Final = [
    *("int4", "int8", "int4", "int4", "int8", "float8", "int8", "float8", "int8", "float8", "float8", "int8", "int4"),
    *("int2[]", "int4[]", "int8[]") * 3,
    "float8[]",
]
CHUNK_READ: Final = f"{_SCALARS}, " + ", ".join(
    f"array_send({name}) AS {name}" for name in (*(f"{c}{w}" for c in "tqv" for w in "248"), "vf")
)
_HEAD: Final = 20
"""Bytes before the elements of a one-dimensional array."""
_FLOATS: Final = ("f_first", "f_last", "f_min", "f_max")
_INTS: Final = ("i_first", "i_last", "i_min", "i_max")
_COUNTS: Final = ("slot", "n", "late", "t_first", "t_last", "t_min", "t_max", "sum")
ROLLUP_COLUMNS: Final = ["t0", "series_id", *_COUNTS, *_FLOATS, *_INTS]
_MINUTES: Final = ["int8", "int4", "int2[]", "int4[]", "int4[]", *["int4[]"] * 4, *["float8[]"] * 5, *["int8[]"] * 4]
_HOURS: Final = ["int8", "int4", "int2[]", "int4[]", "int4[]", *["int8[]"] * 4, *["float8[]"] * 5, *["int8[]"] * 4]
ROLLUP_TYPES: Final[dict[Level, list[str]]] = {"1m": _MINUTES, "1h": _HOURS}
ROLLUP_READ: Final = "t0, series_id, " + ", ".join(
    f"array_send({name}) AS {name}" for name in (*_COUNTS, *_FLOATS, *_INTS)
)
ROLLUP_TABLES: Final[dict[Level, str]] = {"1m": "rollup_minute", "1h": "rollup_hour"}


def chunk_blocks(chunks: Iterable[Chunk], device_id: int) -> Iterator[Block]:
    """Rows of CHUNK_COLUMNS. Chunks with arrays of the same types share a block."""
    groups: dict[tuple[int, int, int, bool], list[Chunk]] = defaultdict(list)
    for chunk in chunks:
        groups[chunk.t.width, chunk.seq.width, chunk.value.width, chunk.reals is not None].append(chunk)
    for (*widths, is_real), some in groups.items():
        sizes = np.asarray([c.n for c in some], np.int64)
        lines = [[c.t for c in some], [c.seq for c in some], [c.value for c in some]]
        columns: list[NDArray[Any] | None] = [
            *(np.asarray(one, np.int64) for one in zip(*((c.series, c.epoch, c.n, c.late) for c in some), strict=True)),
            *(column for line in lines for column in _starts_and_steps(line)),
            np.asarray([c.divisor for c in some], np.float64),
            np.asarray([c.span[1] for c in some], np.int64),
            np.full(len(some), device_id, np.int64),
        ]
        for line, width in zip(lines, widths, strict=True):
            offsets = _end_to_end([one.offsets for one in line]) if width else None
            columns += [offsets if width == each else None for each in _WIDTHS]
        columns.append(_end_to_end([c.reals for c in some]) if is_real else None)
        yield Block(columns, np.cumsum(sizes) - sizes, sizes)


def _starts_and_steps(lines: Sequence[Line]) -> tuple[Ints, NDArray[np.float64]]:
    return np.asarray([one.start for one in lines], np.int64), np.asarray([one.step for one in lines], np.float64)


def _end_to_end(arrays: Sequence[NDArray[Any] | None]) -> NDArray[Any]:
    return np.concatenate([one for one in arrays if one is not None])


def chunk_of(row: Row) -> Chunk:
    """The chunk in a row of CHUNK_READ."""
    reals = row["vf"]
    return Chunk(
        series=row["series_id"],
        epoch=row["epoch"],
        n=row["n"],
        late=row["late"],
        t=Line(row["t0"], row["t_step"], _offsets(row, "t")),
        seq=Line(row["q0"], row["q_step"], _offsets(row, "q")),
        value=Line(row["v0"], row["v_step"], _offsets(row, "v")),
        divisor=row["divisor"],
        reals=None if reals is None else elements(reals, "f8"),
    )


def _offsets(row: Row, column: str) -> Offsets | None:
    for width, name in _WIDTHS.items():
        sent = row[column + name]
        if sent is not None:
            found: Offsets = elements(sent, f"i{width}")
            return found
    return None


def elements(sent: bytes, kind: str) -> NDArray[Any]:
    """The elements of an array without NULLs, from the bytes of `array_send`."""
    return _column([sent], kind)


def rollup_blocks(found: Rollups, level: Level) -> Iterator[Block]:
    """Merged roll-ups as rows of ROLLUP_COLUMNS, one for each series and window."""
    is_float = found.kind == FLOAT
    for part, has_floats in ((is_float, True), (~is_float, False)):
        if part.any():
            yield _rollup_block(found if part.all() else found.take(part), level, has_floats=has_floats)


def _rollup_block(found: Rollups, level: Level, *, has_floats: bool) -> Block:
    width = WIDTH[level]
    window = found.bucket // (width * SLOTS[level]) * (width * SLOTS[level])
    is_new = (np.diff(found.series, prepend=-1) != 0) | (np.diff(window, prepend=window[0] - 1) != 0)
    starts = np.flatnonzero(is_new)
    counts = ((found.bucket - window) // width, found.n, found.late, *(t - found.bucket for t in _times(found)))
    words = (found.first, found.last, found.low, found.high)
    values = [word.view(np.float64) for word in words] if has_floats else words
    none = [None] * len(words)
    both = (*values, *none) if has_floats else (*none, *values)
    columns = [window[starts], found.series[starts], *counts, found.total, *both]
    return Block(columns, starts, np.diff(starts, append=len(found)))


def _times(found: Rollups) -> tuple[Ints, ...]:
    return found.t_first, found.t_last, found.t_low, found.t_high


def rollups_of(rows: Sequence[Row], level: Level, kinds: Mapping[int, int]) -> Rollups:
    """The roll-ups in rows of ROLLUP_READ, not merged. `kinds`: number of the type of each series."""
    offset = "i4" if level == "1m" else "i8"

    def column(name: str, kind: str) -> Ints:
        return _column([row[name] for row in rows], kind).astype(np.int64)

    sizes = [(len(row["slot"]) - _HEAD) // 6 for row in rows]
    t0 = np.repeat(np.asarray([row["t0"] for row in rows], np.int64), sizes)
    series = np.repeat(np.asarray([row["series_id"] for row in rows], np.int64), sizes)
    kind = np.repeat(np.asarray([kinds[row["series_id"]] for row in rows], np.uint8), sizes)
    bucket = t0 + column("slot", "i2") * WIDTH[level]
    t_first, t_last, t_low, t_high = (bucket + column(f"t_{c}", offset) for c in ("first", "last", "min", "max"))
    first, last, low, high = (_words(rows, c) for c in ("first", "last", "min", "max"))
    n, late, total = column("n", "i4"), column("late", "i4"), _column([row["sum"] for row in rows], "f8")
    return Rollups(series, kind, bucket, n, late, total, t_first, first, t_last, last, t_low, low, t_high, high)


def _words(rows: Sequence[Row], name: str) -> Ints:
    sent = [row[f"i_{name}"] if row[f"f_{name}"] is None else row[f"f_{name}"] for row in rows]
    return _column(sent, "i8")  # the bits of both are the word


def _column(sent: list[bytes], kind: str) -> NDArray[Any]:
    """The elements of several arrays, concatenated."""
    together = b"".join([memoryview(one)[_HEAD:] for one in sent])
    return np.frombuffer(together, [("length", ">i4"), ("value", f">{kind}")])["value"].astype(kind)

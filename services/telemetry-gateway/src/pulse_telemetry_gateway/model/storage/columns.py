"""Readings as columns, and the bytes in which a batch is stored.

Layout of a stored batch, little-endian (format 1):
    u8 format, u8 flags (1: sequence offsets follow, 2: index of two bytes), u16 n, u16 s
    s * (i32 series id, u8 type: 0 int, 1 float, 2 bool)
    then one zstd frame of: i64 t0; n * i64 (t - t0) as 8 planes of bytes; n * u8 or u16 index into the series;
    n * 64-bit values grouped by series (in order of sequence), as 8 planes of bytes; with flag 1: n * u32 (seq - lo)
A value is its 64 bits: an integer in two's complement, a binary64, a boolean as 0 or 1. Planes (byte k of every word
together) are what makes slowly changing words compress.
"""

import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import zstandard
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
TYPES: Final = ("int", "float", "bool")
INT, FLOAT, BOOL = 0, 1, 2
_FORMAT: Final = 1
_SPARSE, _WIDE = 1, 2
_HEAD: Final = struct.Struct("<BBHH")
_SERIES: Final = np.dtype([("id", "<i4"), ("type", "u1")])


@dataclass(frozen=True, slots=True)
class Columns:
    """n readings. `seq` (strictly ascending), `t` (microseconds) and `word` (the value's 64 bits) have shape (n,). `x`
    is the index of each reading's series in `series` (gateway ids) and `types`."""

    series: Ints
    types: NDArray[np.uint8]
    seq: Ints
    t: Ints
    x: Ints
    word: Ints

    def __len__(self) -> int:
        return len(self.seq)

    def take(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> "Columns":
        """Selects readings by a mask or by places."""
        return Columns(self.series, self.types, self.seq[keep], self.t[keep], self.x[keep], self.word[keep])

    def values(self) -> list[bool | int | float]:
        """The values as Python objects."""
        kinds = self.types[self.x]
        if (kinds == FLOAT).all():
            floats: list[bool | int | float] = self.word.view(np.float64).tolist()
            return floats
        words, reals = self.word.tolist(), self.word.view(np.float64).tolist()
        return [
            reals[i] if kind == FLOAT else words[i] if kind == INT else bool(words[i])
            for i, kind in enumerate(kinds.tolist())
        ]


def concatenate(pieces: Sequence[Columns]) -> Columns:
    """Joins pieces in the order of their sequence numbers and drops unused series. The pieces share no sequence
    number."""
    first = pieces[0]
    if len(pieces) > 1:
        seq, t, word = (np.concatenate([getattr(piece, name) for piece in pieces]) for name in ("seq", "t", "word"))
        if all(piece.series is first.series for piece in pieces):
            x = np.concatenate([piece.x for piece in pieces])
            first = Columns(first.series, first.types, seq, t, x, word)
        else:
            ids = np.concatenate([piece.series[piece.x] for piece in pieces])
            types = np.concatenate([piece.types[piece.x] for piece in pieces])
            series, at, x = np.unique(ids, return_index=True, return_inverse=True)
            first = Columns(series, types[at], seq, t, x.astype(np.int64, copy=False), word)
        if (seq[1:] <= seq[:-1]).any():
            first = first.take(np.argsort(seq))
    return _compact(first)


def _compact(columns: Columns) -> Columns:
    """Drops the series that do not occur."""
    counts = np.bincount(columns.x, minlength=len(columns.series))
    if counts.all():
        return columns
    used = np.flatnonzero(counts)
    where = np.zeros(len(columns.series), np.int64)
    where[used] = np.arange(len(used))
    return Columns(columns.series[used], columns.types[used], columns.seq, columns.t, where[columns.x], columns.word)


class _Zstd(threading.local):
    """One pair per thread: zstandard's objects corrupt each other when two threads share them."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=1, write_content_size=True)
        self.decompressor = zstandard.ZstdDecompressor()


_zstd = _Zstd()


def _planes(words: Ints) -> bytes:
    return words.astype("<i8", copy=False).view(np.uint8).reshape(-1, 8).T.tobytes()


def _words(planes: memoryview, n: int) -> Ints:
    return np.frombuffer(planes, np.uint8).reshape(8, n).T.copy().view("<i8").reshape(n).astype(np.int64, copy=False)


def encode(columns: Columns) -> bytes:
    """The stored form of 1 to 65,535 readings."""
    n, lo = len(columns), int(columns.seq[0])
    is_sparse = int(columns.seq[-1]) - lo != n - 1
    is_wide = len(columns.series) > 256
    head = np.empty(len(columns.series), _SERIES)
    head["id"], head["type"] = columns.series, columns.types
    t0 = int(columns.t[0])
    x = columns.x.astype("<u2" if is_wide else "u1")  # numpy sorts small integers several times faster
    grouped = columns.word[np.argsort(x, kind="stable")]
    body = [
        t0.to_bytes(8, "little", signed=True),
        _planes(columns.t - t0),
        x.tobytes(),
        _planes(grouped),
    ]
    if is_sparse:
        body.append((columns.seq - lo).astype("<u4").tobytes())
    flags = (_SPARSE if is_sparse else 0) | (_WIDE if is_wide else 0)
    fixed = _HEAD.pack(_FORMAT, flags, n, len(head))
    return fixed + head.tobytes() + _zstd.compressor.compress(b"".join(body))


def _head(payload: bytes) -> tuple[int, int, int, int]:
    if len(payload) < _HEAD.size:
        raise ValueError(f"stored batch of {len(payload)} bytes")
    form, flags, n, s = _HEAD.unpack_from(payload)
    return form, flags, n, s


def series_of(payload: bytes) -> Ints:
    """The series ids of a stored batch, read from its header. Raises ValueError when the header is truncated."""
    _, _, _, s = _head(payload)
    head = np.frombuffer(payload, _SERIES, s, _HEAD.size)
    return head["id"].astype(np.int64)


def decode(payload: bytes, lo: int) -> Columns:
    """The readings of a stored batch whose first sequence number is `lo`. Raises ValueError for an unknown format and
    for damaged data."""
    form, flags, n, s = _head(payload)
    if form != _FORMAT:
        raise ValueError(f"stored batch of format {form}, this program knows {_FORMAT}")
    head = np.frombuffer(payload, _SERIES, s, _HEAD.size)
    start = _HEAD.size + s * _SERIES.itemsize
    packed, width = memoryview(payload)[start:], 2 if flags & _WIDE else 1
    size = 8 + n * (16 + width + (4 if flags & _SPARSE else 0))
    try:
        # zstandard allocates the size that the frame claims, whatever max_output_size says: check it first.
        claimed = zstandard.get_frame_parameters(packed).content_size
        body = memoryview(_zstd.decompressor.decompress(packed)) if claimed == size else memoryview(b"")
    except zstandard.ZstdError as error:
        raise ValueError(f"stored batch is damaged: {error}") from error
    if len(body) != size:
        raise ValueError(f"stored batch is damaged: {claimed} bytes for {n} readings, which take {size}")
    t0 = int.from_bytes(body[:8], "little", signed=True)
    at = 8 + 8 * n
    t = _words(body[8:at], n) + t0
    x = np.frombuffer(body[at : at + width * n], "<u2" if width == 2 else np.uint8)
    if n and int(x.max()) >= s:
        raise ValueError(f"stored batch is damaged: it names series {int(x.max())} of {s}")
    at += width * n
    word = np.empty(n, np.int64)
    word[np.argsort(x, kind="stable")] = _words(body[at : at + 8 * n], n)
    at += 8 * n
    seq = np.arange(lo, lo + n, dtype=np.int64)
    if flags & _SPARSE:
        seq = np.frombuffer(body[at : at + 4 * n], "<u4").astype(np.int64) + lo
    return Columns(head["id"].astype(np.int64), head["type"].copy(), seq, t, x.astype(np.int64), word)

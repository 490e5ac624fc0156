"""Blocks: up to 1,000 readings as zstd-compressed columns. Decoding returns every value bit for bit.

Layout before compression, little-endian: version u8, count u32, then columns: time deltas i64 (the first from 0),
series u32, kind u8 (0 int, 1 float, 2 bool), then the integers and booleans as i64 and the floats as binary64, each in
order. The frame has a checksum, so that a flipped bit is detected and never delivered.
"""

import struct
import threading
from collections.abc import Iterable, Sequence
from itertools import accumulate, repeat
from operator import sub
from typing import Final

import zstandard

from pulse_desktop.core.model import BLOCK_READINGS, Reading, Value

_VERSION = 1
_HEAD = struct.Struct("<BI")
_INT, _FLOAT, _BOOL = 0, 1, 2
_KINDS: Final[dict[type[Value], int]] = {int: _INT, float: _FLOAT, bool: _BOOL}
_MAX_RAW = _HEAD.size + BLOCK_READINGS * (8 + 4 + 1 + 8)


class UnreadableBlockError(ValueError):
    """The bytes are not a block, or they were damaged."""


class _Zstd(threading.local):
    """One pair per thread: zstandard's objects corrupt each other when two threads share them. A new compressor for
    each block would cost as much as compressing it."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=3, write_checksum=True, write_content_size=True)
        self.decompressor = zstandard.ZstdDecompressor()


_zstd = _Zstd()


def encode(readings: Sequence[Reading]) -> bytes:
    """Encodes 1 to 1,000 readings. Raises ValueError for another count, struct.error for an integer beyond 64 bits."""
    n = len(readings)
    if not 1 <= n <= BLOCK_READINGS:
        raise ValueError(f"{n} readings in one block")
    series: tuple[int, ...]
    times: tuple[int, ...]
    values: tuple[Value, ...]
    series, times, values = zip(*readings, strict=True)
    kinds = _kinds(values)
    floats: Sequence[Value] = values
    whole: Sequence[int] = ()
    if kinds.count(_FLOAT) < n:
        floats = [value for value, kind in zip(values, kinds, strict=True) if kind == _FLOAT]
        whole = [int(value) for value, kind in zip(values, kinds, strict=True) if kind != _FLOAT]
    raw = b"".join(
        (
            _HEAD.pack(_VERSION, n),
            struct.pack(f"<{n}q", times[0], *map(sub, times[1:], times)),
            struct.pack(f"<{n}I", *series),
            kinds,
            struct.pack(f"<{len(whole)}q", *whole),
            struct.pack(f"<{len(floats)}d", *floats),
        )
    )
    return _zstd.compressor.compress(raw)


def _kinds(values: Sequence[Value]) -> bytes:
    """The kind of each value. Most blocks have one kind only, and are not looked at value by value."""
    types = set(map(type, values))
    if len(types) == 1:
        return bytes([_KINDS[types.pop()]]) * len(values)
    return bytes(_KINDS[type(value)] for value in values)


def decode(block: bytes) -> list[Reading]:
    """Decodes a block. Raises UnreadableBlockError."""
    try:
        # zstandard allocates the size that the frame claims, whatever max_output_size is: check the claim first.
        size = zstandard.get_frame_parameters(block).content_size
        if size > _MAX_RAW:
            raise UnreadableBlockError(f"the frame claims {size} bytes")
        raw = _zstd.decompressor.decompress(block)
        version, n = _HEAD.unpack_from(raw)
        if version != _VERSION or not 1 <= n <= BLOCK_READINGS:
            raise UnreadableBlockError(f"version {version}, {n} readings")
        at = _HEAD.size
        deltas = struct.unpack_from(f"<{n}q", raw, at)
        series = struct.unpack_from(f"<{n}I", raw, at + 8 * n)
        kinds = raw[at + 12 * n : at + 13 * n]
        n_floats = kinds.count(_FLOAT)
        whole = struct.unpack_from(f"<{n - n_floats}q", raw, at + 13 * n)
        floats = struct.unpack_from(f"<{n_floats}d", raw, at + 13 * n + 8 * (n - n_floats))
    except (zstandard.ZstdError, struct.error) as error:
        raise UnreadableBlockError(str(error)) from error
    values = floats if n_floats == n else _mixed(kinds, whole, floats)
    # NamedTuple's own constructor is a Python function and takes twice as long
    return list(map(tuple.__new__, repeat(Reading), zip(series, accumulate(deltas), values, strict=True)))


def _mixed(kinds: bytes, whole: Iterable[int], floats: Iterable[float]) -> list[Value]:
    """The values in their order, from integers and floats that are each in order."""
    wholes, reals = iter(whole), iter(floats)
    return [next(reals) if kind == _FLOAT else bool(next(wholes)) if kind == _BOOL else next(wholes) for kind in kinds]

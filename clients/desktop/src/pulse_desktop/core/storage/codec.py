"""Blocks: up to 1,000 readings as zstd-compressed columns. Decoding returns every value bit for bit.

Layout before compression, little-endian: version u8, count u32, then columns: time deltas i64 (the first from 0),
series u32, kind u8 (0 int, 1 float, 2 bool), then the integers and booleans as i64 and the floats as binary64, each in
order. The frame has a checksum, so that a flipped bit is detected and never delivered.
"""

import struct
from collections.abc import Sequence
from itertools import pairwise

import zstandard

from pulse_desktop.core.model import BLOCK_READINGS, Reading, Value

_VERSION = 1
_HEAD = struct.Struct("<BI")
_INT, _FLOAT, _BOOL = 0, 1, 2
_KINDS = {int: _INT, float: _FLOAT, bool: _BOOL}
_MAX_RAW = _HEAD.size + BLOCK_READINGS * (8 + 4 + 1 + 8)


class UnreadableBlockError(ValueError):
    """The bytes are not a block, or they were damaged."""


def encode(readings: Sequence[Reading]) -> bytes:
    """Encodes 1 to 1,000 readings. Raises ValueError for another count, struct.error for an integer beyond 64 bits."""
    n = len(readings)
    if not 1 <= n <= BLOCK_READINGS:
        raise ValueError(f"{n} readings in one block")
    times = [r.t for r in readings]
    deltas = [times[0], *(b - a for a, b in pairwise(times))]
    kinds = bytes(_KINDS[type(r.value)] for r in readings)
    whole = [int(r.value) for r in readings if type(r.value) is not float]
    floats = [r.value for r in readings if type(r.value) is float]
    raw = b"".join(
        (
            _HEAD.pack(_VERSION, n),
            struct.pack(f"<{n}q", *deltas),
            struct.pack(f"<{n}I", *(r.series for r in readings)),
            kinds,
            struct.pack(f"<{len(whole)}q", *whole),
            struct.pack(f"<{len(floats)}d", *floats),
        )
    )
    return zstandard.ZstdCompressor(level=3, write_checksum=True, write_content_size=True).compress(raw)


def decode(block: bytes) -> list[Reading]:
    """Decodes a block. Raises UnreadableBlockError."""
    try:
        # zstandard allocates the size that the frame claims, whatever max_output_size is: check the claim first.
        size = zstandard.get_frame_parameters(block).content_size
        if size > _MAX_RAW:
            raise UnreadableBlockError(f"the frame claims {size} bytes")
        raw = zstandard.ZstdDecompressor().decompress(block)
        version, n = _HEAD.unpack_from(raw)
        if version != _VERSION or not 1 <= n <= BLOCK_READINGS:
            raise UnreadableBlockError(f"version {version}, {n} readings")
        at = _HEAD.size
        deltas = struct.unpack_from(f"<{n}q", raw, at)
        series = struct.unpack_from(f"<{n}I", raw, at + 8 * n)
        kinds = raw[at + 12 * n : at + 13 * n]
        n_floats = kinds.count(_FLOAT)
        whole = iter(struct.unpack_from(f"<{n - n_floats}q", raw, at + 13 * n))
        floats = iter(struct.unpack_from(f"<{n_floats}d", raw, at + 13 * n + 8 * (n - n_floats)))
    except (zstandard.ZstdError, struct.error) as error:
        raise UnreadableBlockError(str(error)) from error
    t, out = 0, []
    for delta, which, kind in zip(deltas, series, kinds, strict=True):
        t += delta
        value: Value = next(floats) if kind == _FLOAT else next(whole)
        out.append(Reading(which, t, bool(value) if kind == _BOOL else value))
    return out

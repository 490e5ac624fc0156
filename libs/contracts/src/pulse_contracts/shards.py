"""Shards: the devices are divided into equal groups, so that one gateway at a time gets the readings of a device (ADR
30)."""

import zlib
from typing import Final

SHARDS: Final = 256
"""How many shards there are. At most this many gateways can share the readings."""


def shard_of(device: str) -> int:
    """Returns the shard of a device, 0 to 255: CRC-32 of its id, modulo 256. Equal in every program and release."""
    return zlib.crc32(device.encode()) % SHARDS

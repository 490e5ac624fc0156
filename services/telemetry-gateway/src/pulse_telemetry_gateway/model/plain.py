"""What a plain message says: which values can be stored, as what, and why the others cannot."""

import math
import re
import struct
from dataclasses import dataclass
from typing import Final

from pulse_contracts.message import ValueType
from pulse_contracts.telemetry import PlainReadings

_NAME: Final = re.compile(r"[A-Za-z0-9_.:/-]{1,128}")
_EXACT: Final = 2**53


@dataclass(frozen=True, slots=True)
class Told:
    """`t` in microseconds; `values` by name as type and 64 bits; `refused` by name with a code."""

    t: int
    values: dict[str, tuple[ValueType, int]]
    refused: dict[str, str]


def told(message: PlainReadings, received: int, span: int) -> Told:
    """A number is a float (exact to 2**53), true and false are booleans; the rest is refused, value by value, and so is
    everything when the time lies further than `span` microseconds from `received`."""
    t = received if message.micros is None else message.micros
    values: dict[str, tuple[ValueType, int]] = {}
    refused: dict[str, str] = {}
    for name, given in message.values.items():
        if not _NAME.fullmatch(name):
            refused[name] = "bad_name"
        elif abs(t - received) > span:
            refused[name] = "implausible_time"
        elif isinstance(given, bool):
            values[name] = ("bool", int(given))
        elif not isinstance(given, int | float):
            refused[name] = "wrong_type"
        elif isinstance(given, int) and abs(given) > _EXACT:
            refused[name] = "out_of_range"
        elif not math.isfinite(given):
            refused[name] = "not_finite"
        else:
            values[name] = ("float", struct.unpack("<q", struct.pack("<d", given))[0])
    return Told(t, values, refused)

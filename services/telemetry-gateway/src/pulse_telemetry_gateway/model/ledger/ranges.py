"""Ranges as the ledger needs them, beside `pulse_contracts.ranges`: growing a list in place, and PostgreSQL's form."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from pulse_contracts.ranges import Range


def add(settled: list[Range], part: Range) -> None:
    """Adds one range to ranges in normal form, in place."""
    lo, hi = part
    if lo >= hi:
        return
    if not settled or settled[-1][1] < lo:
        settled.append(part)
        return
    first = bisect_left(settled, lo, key=_end)  # the first that ends at or after lo touches it, or lies behind it
    last = bisect_right(settled, hi, lo=first, key=_start)
    if first < last:
        lo, hi = min(lo, settled[first][0]), max(hi, settled[last - 1][1])
    settled[first:last] = [(lo, hi)]


def touches(settled: Sequence[Range], part: Range) -> bool:
    """Whether `part` overlaps or adjoins one of the ranges, so that adding it makes no further range."""
    lo, hi = part
    first = bisect_left(settled, lo, key=_end)
    return first < len(settled) and settled[first][0] <= hi


def _start(part: Range) -> int:
    return part[0]


def _end(part: Range) -> int:
    return part[1]


def covering(wanted: Iterable[Range], settled: Sequence[Range]) -> list[Range]:
    """The whole settled ranges that overlap any of `wanted`."""
    found: dict[Range, None] = {}
    for lo, hi in wanted:
        for part in settled[max(0, bisect_right(settled, (lo, -1)) - 1) :]:
            if part[0] >= hi:
                break
            if part[1] > lo:
                found[part] = None
    return sorted(found)


def as_text(ranges: Iterable[Range]) -> str:
    """The ranges as a literal of PostgreSQL's int8multirange."""
    return "{" + ",".join(f"[{lo},{hi})" for lo, hi in ranges) + "}"

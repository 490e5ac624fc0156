"""Arithmetic of half-open ranges [lo, hi) of sequence numbers. "Canonical" ranges are sorted and neither overlap nor
touch."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import TypeAlias

Range: TypeAlias = tuple[int, int]


def union(ranges: Iterable[Range]) -> list[Range]:
    """The same numbers as canonical ranges."""
    merged: list[Range] = []
    for lo, hi in sorted(ranges):
        if lo >= hi:
            continue
        if merged and lo <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], hi))
        else:
            merged.append((lo, hi))
    return merged


def add(settled: list[Range], part: Range) -> None:
    """Adds one range to canonical ranges, in place."""
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


def subtract(wanted: Range, settled: Sequence[Range]) -> list[Range]:
    """The numbers of `wanted` that are not in the canonical ranges `settled`."""
    lo, hi = wanted
    left: list[Range] = []
    for have_lo, have_hi in settled[max(0, bisect_right(settled, (lo, -1)) - 1) :]:
        if have_lo >= hi:
            break
        if have_hi <= lo:
            continue
        if have_lo > lo:
            left.append((lo, have_lo))
        lo = max(lo, have_hi)
    if lo < hi:
        left.append((lo, hi))
    return left


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


def clip(settled: Sequence[Range], window: Range) -> list[Range]:
    """The settled numbers inside a window."""
    lo, hi = window
    return [(max(a, lo), min(b, hi)) for a, b in covering([window], settled) if max(a, lo) < min(b, hi)]


def count(ranges: Iterable[Range]) -> int:
    """How many numbers the ranges hold."""
    return sum(hi - lo for lo, hi in ranges)


def as_text(ranges: Iterable[Range]) -> str:
    """The ranges as a literal of PostgreSQL's int8multirange."""
    return "{" + ",".join(f"[{lo},{hi})" for lo, hi in ranges) + "}"

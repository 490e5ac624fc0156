"""Arithmetic on half-open ranges [lo, hi) of sequence numbers.

Functions that take `Sequence[Range]` expect the normal form: sorted, disjoint, and no two ranges touch. They return it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

Range = tuple[int, int]
Ranges = tuple[Range, ...]

EMPTY: Ranges = ()


def normalized(pieces: Iterable[Sequence[int]]) -> Ranges:
    """The normal form of any pieces: empty pieces are removed, touching pieces are merged."""
    out: list[Range] = []
    for lo, hi in sorted((piece[0], piece[1]) for piece in pieces):
        if lo >= hi:
            continue
        if out and lo <= out[-1][1]:
            out[-1] = (out[-1][0], max(hi, out[-1][1]))
        else:
            out.append((lo, hi))
    return tuple(out)


def union(a: Ranges, b: Ranges) -> Ranges:
    """The numbers in `a` or `b`."""
    if not a or not b:
        return a or b
    if a[-1][1] < b[0][0]:
        return a + b
    if a[-1][1] == b[0][0]:
        return (*a[:-1], (a[-1][0], b[0][1]), *b[1:])
    return normalized((*a, *b))


def intersect(a: Sequence[Range], b: Sequence[Range]) -> Ranges:
    """The numbers in both `a` and `b`."""
    if len(a) > len(b):
        a, b = b, a
    return tuple(
        (max(lo, b[i][0]), min(hi, b[i][1]))
        for lo, hi in a
        for i in range(bisect_right(b, lo, key=lambda r: r[1]), bisect_left(b, hi, key=lambda r: r[0]))
    )


def subtract(a: Sequence[Range], b: Sequence[Range]) -> Ranges:
    """The numbers in `a` that are not in `b`."""
    out: list[Range] = []
    for lo, hi in a:
        start = lo
        for i in range(bisect_right(b, lo, key=lambda r: r[1]), bisect_left(b, hi, key=lambda r: r[0])):
            if b[i][0] > start:
                out.append((start, b[i][0]))
            start = b[i][1]
        if start < hi:
            out.append((start, hi))
    return tuple(out)


def count(a: Iterable[Range]) -> int:
    """How many sequence numbers the ranges hold."""
    return sum(hi - lo for lo, hi in a)

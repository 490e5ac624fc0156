"""What is worth keeping of readings that have to make room: pure arithmetic, no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulse_desktop.core.model import Reading

SMALLEST_BUCKET = 16
"""Readings of one series of which at most four are kept."""
STEPS = 8
"""The bucket doubles this often at most, while summaries become up to half of what waits."""


@dataclass
class _Bucket:
    """Places of the readings worth keeping of one series."""

    n: int
    first: int
    last: int
    low: int | None = None
    high: int | None = None


def bucket_for(share: float) -> int | None:
    """Readings of one series in a bucket, when summaries already are `share` (0 to 1) of the readings that wait: it
    grows with them. None: they are half, and nothing more is thinned."""
    step = int(share * 2 * STEPS)
    return SMALLEST_BUCKET << step if step < STEPS else None


def thin(readings: Sequence[Reading], bucket: int) -> list[Reading]:
    """Per series and per `bucket` of its readings: the first, the lowest, the highest and the last, unchanged and in
    their order. Not-a-number is neither lowest nor highest."""
    kept: set[int] = set()
    open_: dict[int, _Bucket] = {}
    for place, reading in enumerate(readings):
        mine = open_.get(reading.series)
        if mine is None:
            mine = open_[reading.series] = _Bucket(0, place, place)
        mine.n += 1
        mine.last = place
        value = reading.value
        if value == value:  # noqa: PLR0124  # false for NaN alone
            if mine.low is None or value < readings[mine.low].value:
                mine.low = place
            if mine.high is None or value > readings[mine.high].value:
                mine.high = place
        if mine.n == bucket:
            kept |= _places(open_.pop(reading.series))
    for mine in open_.values():
        kept |= _places(mine)
    return [readings[place] for place in sorted(kept)]


def _places(bucket: _Bucket) -> set[int]:
    return {p for p in (bucket.first, bucket.low, bucket.high, bucket.last) if p is not None}

"""Decides which readings to keep as summaries when a full buffer is thinned. Does no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulse_desktop.core.model import Reading

SMALLEST_BUCKET = 16
"""The smallest bucket, in readings of one series. At most four readings of each bucket are kept."""
STEPS = 8
"""The bucket doubles this many times while summaries grow to half of the waiting readings."""


@dataclass
class _Bucket:
    """Indexes of the readings to keep of one series. `n`: readings in the bucket."""

    n: int
    first: int
    last: int
    low: int | None = None
    high: int | None = None


def bucket_for(share: float) -> int | None:
    """Returns the bucket size, which grows with `share`: the share of summaries (0 to 1) in the waiting readings.
    Returns None if `share` is 0.5 or more, because nothing is thinned then."""
    step = int(share * 2 * STEPS)
    return SMALLEST_BUCKET << step if step < STEPS else None


def thin(readings: Sequence[Reading], bucket: int) -> list[Reading]:
    """Keeps the first, lowest, highest and last reading of every `bucket` readings of each series. The readings stay
    unchanged and in order. NaN is neither lowest nor highest."""
    kept: set[int] = set()
    open_: dict[int, _Bucket] = {}
    for index, reading in enumerate(readings):
        mine = open_.get(reading.series)
        if mine is None:
            mine = open_[reading.series] = _Bucket(0, index, index)
        mine.n += 1
        mine.last = index
        value = reading.value
        if value == value:  # noqa: PLR0124  # false for NaN alone
            if mine.low is None or value < readings[mine.low].value:
                mine.low = index
            if mine.high is None or value > readings[mine.high].value:
                mine.high = index
        if mine.n == bucket:
            kept |= _indexes(open_.pop(reading.series))
    for mine in open_.values():
        kept |= _indexes(mine)
    return [readings[index] for index in sorted(kept)]


def _indexes(bucket: _Bucket) -> set[int]:
    return {p for p in (bucket.first, bucket.low, bucket.high, bucket.last) if p is not None}

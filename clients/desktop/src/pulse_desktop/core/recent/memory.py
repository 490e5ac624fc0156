"""The recent values in memory: single readings of about five minutes, buckets of 5 s for an hour, and the buckets of
60 s that the file does not have yet. Bounded per series and in all. Does no I/O."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import Reading, Value
from pulse_desktop.core.rates import Rate
from pulse_desktop.core.recent.buckets import Bucket, single

SECOND = 1_000_000
FINE, COARSE = 5 * SECOND, 60 * SECOND
"""Widths of the buckets in microseconds."""
_RAW_AGE, _FINE_AGE = 300 * SECOND, 3_600 * SECOND
_AHEAD = 60 * SECOND
"""Buckets further in the future than this leave first: the clock was ahead when they were made."""
FOREVER = 2**63 - 1
_RAW_EACH, _RAW_ALL = 6_000, 200_000
_FINE_EACH, _FINE_ALL = (_FINE_AGE + _AHEAD) // FINE + 10, 150_000
_PENDING_ALL = 100_000


@dataclass(frozen=True)
class Held:
    """A copy of what the memory holds of one series. The single readings are complete from `raw_from` on, the fine
    buckets from `fine_from` on, as far as this process received them."""

    raw: list[tuple[int, Value]]
    raw_from: int
    fine: list[Bucket]
    fine_from: int
    pending: list[Bucket]


class _Series:
    """The values of one series."""

    def __init__(self, clock: Clock) -> None:
        self.raw: deque[tuple[int, Value]] = deque()
        self.fine: dict[int, Bucket] = {}
        self.pending: dict[int, Bucket] = {}
        self.raw_evicted: int | None = None
        self.fine_evicted: int | None = None
        self.newest: Reading | None = None
        self.rate = Rate(clock)

    def add(self, reading: Reading) -> None:
        _, t, value = reading
        self.newest = reading
        self.raw.append((t, value))
        _add(self.fine, t - t % FINE, t, value)
        _add(self.pending, t - t % COARSE, t, value)

    def bound(self, now: int, raw_most: int, fine_most: int) -> None:
        """Evicts what is too old or too much. What was evicted while the clock was ahead hides nothing after it was set
        back."""
        raw, fine, ahead = self.raw, self.fine, now + _AHEAD
        if self.raw_evicted is not None and self.raw_evicted > ahead:
            self.raw_evicted = None
        if self.fine_evicted is not None and self.fine_evicted > ahead:
            self.fine_evicted = None
        while raw and (len(raw) > raw_most or raw[0][0] < now - _RAW_AGE):
            t, _ = raw.popleft()
            if t < ahead:
                self.raw_evicted = _later(self.raw_evicted, t + 1)
        if len(fine) > fine_most:
            for start in [s for s in fine if not now - _FINE_AGE <= s <= ahead]:
                self._evict_fine(start, now)
            for start in sorted(fine)[: max(0, len(fine) - fine_most)]:
                self._evict_fine(start, now)

    def _evict_fine(self, start: int, now: int) -> None:
        del self.fine[start]
        if start + FINE <= now + _AHEAD:
            self.fine_evicted = _later(self.fine_evicted, start + FINE)

    def held(self) -> Held:
        """A copy of the lists. Buckets that still change are shared: a reader sees each value old or new."""
        raw, fine = list(self.raw), list(self.fine.values())
        raw_from = self.raw_evicted if self.raw_evicted is not None else min((t for t, _ in raw), default=FOREVER)
        fine_from = self.fine_evicted
        if fine_from is None:
            fine_from = min((b.first_t for b in fine), default=FOREVER)
        return Held(raw, raw_from, fine, fine_from, list(self.pending.values()))


class Memory:
    """The recent values of every series. Call `tidy` every few seconds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._series: dict[int, _Series] = {}

    def record(self, readings: Sequence[Reading]) -> None:
        """Adds readings, in the order in which they were taken."""
        for reading in readings:
            if (one := self._series.get(reading.series)) is None:
                one = self._series[reading.series] = _Series(self._clock)
            one.add(reading)
        now = self._clock.micros()
        for series, n in Counter(reading.series for reading in readings).items():
            one = self._series[series]
            one.rate.add(n)
            self._bound(one, now)

    def _bound(self, one: _Series, now: int) -> None:
        count = len(self._series)
        one.bound(now, max(1, min(_RAW_EACH, _RAW_ALL // count)), max(1, min(_FINE_EACH, _FINE_ALL // count)))

    def tidy(self) -> None:
        """Evicts what is too old or too much, also of series without new readings."""
        now, most = self._clock.micros(), max(1, _PENDING_ALL // max(1, len(self._series)))
        for one in self._series.values():
            self._bound(one, now)
            for start in sorted(one.pending)[: max(0, len(one.pending) - most)]:
                del one.pending[start]

    def held(self, series: int) -> Held:
        """What the memory holds of one series."""
        return self._series[series].held() if series in self._series else Held([], FOREVER, [], FOREVER, [])

    def newest(self, series: int) -> Reading | None:
        """The reading that arrived last; None before the first."""
        return self._series[series].newest if series in self._series else None

    def per_second(self, series: int) -> float:
        """Readings per second over the last ten seconds."""
        return self._series[series].rate.per_second if series in self._series else 0.0

    def take_pending(self) -> dict[int, list[Bucket]]:
        """Removes and returns the buckets of 60 s that are to be written, by series."""
        taken: dict[int, list[Bucket]] = {}
        for series, one in self._series.items():
            if one.pending:
                taken[series] = list(one.pending.values())
                one.pending = {}
        return taken

    def give_back(self, taken: Mapping[int, Sequence[Bucket]]) -> None:
        """Undoes `take_pending`, because the buckets could not be written."""
        for series, buckets in taken.items():
            pending = self._series[series].pending
            for bucket in buckets:
                if (newer := pending.get(bucket.t)) is not None:
                    bucket.merge(newer)
                pending[bucket.t] = bucket


def _add(buckets: dict[int, Bucket], start: int, t: int, value: Value) -> None:
    if (bucket := buckets.get(start)) is None:
        buckets[start] = single(start, t, value)
    else:
        bucket.add(t, value)


def _later(a: int | None, b: int) -> int:
    return b if a is None else max(a, b)

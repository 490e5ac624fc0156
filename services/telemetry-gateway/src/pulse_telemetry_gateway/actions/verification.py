"""Verifies the ledger of a device: compares its counts with what is stored, and checks every sequence number."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pulse_contracts.ranges import Range, count, normalized, subtract
from pulse_telemetry_gateway.model.storage.columns import Ints
from pulse_telemetry_gateway.store.verification import EpochCounts, Evidence, VerificationStore

EPOCHS_MAX: Final = 1_000_000
"""Most epochs of a device that `verify` reads."""
NUMBERS_MAX: Final = 1_000_000_000
"""Sequence numbers of one epoch that can be verified. Each takes a byte of memory."""


@dataclass(frozen=True)
class Disagreement:
    """A difference between the ledger and what is stored: `n` numbers, such as `example`."""

    epoch: int
    what: str
    n: int
    example: int | None


class Verification:
    """Each call reads one snapshot."""

    def __init__(self, store: VerificationStore) -> None:
        self._store = store

    async def counts(
        self, device_id: int, most: int = EPOCHS_MAX, after: tuple[int, int] | None = None
    ) -> list[EpochCounts]:
        """The device's epochs after an (ord, epoch), newest first, counted again: at most `most`."""
        async with self._store.evidence() as evidence:
            return await evidence.counts(device_id, most, after)

    async def verify(self, device_id: int, progress: Callable[[int], None]) -> list[Disagreement]:
        """Checks every sequence number of a device: it is at most once in the log or the chunks; every settled number
        is stored, refused, dropped or removed; and the counts agree. `progress` gets the number of readings."""
        found: list[Disagreement] = []
        async with self._store.evidence() as evidence:
            for counted in await evidence.counts(device_id, EPOCHS_MAX):
                found += _counts(counted)
                found += await _numbers(evidence, device_id, counted, progress)
        return found


def _counts(counted: EpochCounts) -> list[Disagreement]:
    pairs = (
        ("stored", counted.stored, counted.in_log + counted.in_chunks + counted.removed),
        ("refused", counted.refused, counted.refused_rows),
        ("dropped", counted.dropped, counted.dropped_rows),
    )
    found = [
        Disagreement(counted.epoch, f"{name}: the ledger says {says}, there are {there}", abs(says - there), None)
        for name, says, there in pairs
        if says != there
    ]
    total = counted.stored + counted.refused + counted.dropped
    if total != count(counted.settled):
        what = f"settled: {count(counted.settled)} numbers, but stored, refused and dropped are {total}"
        found.append(Disagreement(counted.epoch, what, abs(total - count(counted.settled)), None))
    return found


async def _numbers(
    evidence: Evidence, device_id: int, counted: EpochCounts, progress: Callable[[int], None]
) -> list[Disagreement]:
    dropped = await evidence.dropped(device_id, counted.epoch)
    tally = Tally(counted.settled, dropped)
    if tally.size > NUMBERS_MAX:
        return [Disagreement(counted.epoch, f"more than {NUMBERS_MAX} numbers: not verified", tally.size, None)]

    async def take(what: str, source: AsyncIterator[Ints]) -> None:
        async for numbers in source:
            tally.add(what, numbers)
            progress(len(numbers))

    async with aclosing(evidence.chunks(device_id, counted.epoch)) as chunks:
        await take("in the chunks", chunks)
    async with aclosing(evidence.log(device_id, counted.epoch, is_chunked=False)) as fresh:
        await take("in the log", fresh)
    async with aclosing(evidence.refused(device_id, counted.epoch)) as refused:
        await take("refused", refused)
    lost = 0
    async with aclosing(evidence.log(device_id, counted.epoch, is_chunked=True)) as old:
        async for numbers in old:
            lost += tally.absent(numbers)
    unreadable = evidence.unreadable | await evidence.put_aside(device_id, counted.epoch)
    evidence.unreadable = {}
    return [
        *(
            Disagreement(counted.epoch, f"unreadable: the batch at position {pos}", *at)
            for pos, at in unreadable.items()
        ),
        *(Disagreement(counted.epoch, what, n, example) for what, (n, example) in tally.wrong.items()),
        *_absent(counted, tally, lost),
    ]


def _absent(counted: EpochCounts, tally: "Tally", lost: int) -> list[Disagreement]:
    n, example = tally.unseen()
    if n == counted.removed:
        return []
    where = f"retention removed {counted.removed}, {lost} are in log rows marked as compacted"
    what = f"settled, but not stored: {n} ({where})"
    return [Disagreement(counted.epoch, what, abs(n - counted.removed), example)]


class Tally:
    """Marks which settled numbers were seen: one byte for each that was not dropped."""

    def __init__(self, settled: list[Range], dropped: list[Range]) -> None:
        self.wrong: dict[str, tuple[int, int]] = {}
        for lo, hi in _twice(dropped):
            self._note("dropped twice", hi - lo, lo)
        gone = normalized(dropped)
        left = subtract(settled, gone)
        self._lo = np.asarray([lo for lo, _ in left], np.int64)
        self._hi = np.asarray([hi for _, hi in left], np.int64)
        self._base = np.cumsum([0, *(hi - lo for lo, hi in left)])
        self.size = int(self._base[-1])
        self._seen: NDArray[np.bool_] = np.zeros(self.size if self.size <= NUMBERS_MAX else 0, np.bool_)

    def add(self, what: str, numbers: Ints) -> None:
        """Marks numbers. Notes those that are not settled and those that were seen before."""
        unique = np.unique(numbers)
        if len(unique) < len(numbers):
            values, counts = np.unique(numbers, return_counts=True)
            self._note(f"twice {what}", len(numbers) - len(unique), int(values[counts > 1][0]))
        index, is_known = self._index(unique)
        if not is_known.all():
            unsettled = unique[~is_known]
            self._note(f"{what}, but not settled, or dropped", len(unsettled), int(unsettled[0]))
        again = self._seen[index]
        if again.any():
            self._note(f"{what}, and elsewhere too", int(again.sum()), int(unique[is_known][again][0]))
        self._seen[index] = True

    def absent(self, numbers: Ints) -> int:
        """How many of these were not seen."""
        index, _ = self._index(np.unique(numbers))
        return int((~self._seen[index]).sum())

    def unseen(self) -> tuple[int, int | None]:
        """How many were never seen, and the first of them."""
        index = np.flatnonzero(~self._seen)
        if len(index) == 0:
            return 0, None
        part = int(np.searchsorted(self._base, index[0], side="right")) - 1
        return len(index), int(self._lo[part] + index[0] - self._base[part])

    def _index(self, numbers: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        if not len(self._lo):
            return np.empty(0, np.int64), np.zeros(len(numbers), np.bool_)
        part = np.searchsorted(self._lo, numbers, side="right") - 1
        is_known = (part >= 0) & (numbers < self._hi[part])
        inside = part[is_known]
        return self._base[inside] + numbers[is_known] - self._lo[inside], is_known

    def _note(self, what: str, n: int, example: int) -> None:
        before = self.wrong.get(what, (0, example))
        self.wrong[what] = (before[0] + n, before[1])


def _twice(parts: list[Range]) -> list[Range]:
    found: list[Range] = []
    reach = -1
    for lo, hi in sorted(parts):
        if lo < reach:
            found.append((lo, min(hi, reach)))
        reach = max(reach, hi)
    return found

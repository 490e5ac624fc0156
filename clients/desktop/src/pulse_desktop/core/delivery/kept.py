"""Settled readings that are still on the disk. After a restore of the gateway's database from a backup, its ledger no
longer has the newest of them, and the collector offers them again.

Each hello contains some epochs with kept readings. The gateway's answer says what it has of them.
"""

from collections.abc import Iterable, Mapping, Sequence

from pulse_contracts.ranges import EMPTY, Ranges, intersect, subtract, union
from pulse_contracts.telemetry import HAVE_RANGES, HAVE_REFUSALS, EpochSettled


class Kept:
    """Which settled readings may still be on the disk. `is_enabled`: whether settled readings are kept at all. `every`:
    seconds between two rounds of comparisons."""

    def __init__(self, found: Mapping[int, Ranges], every: float, *, is_enabled: bool) -> None:
        self._every, self._is_enabled = every, is_enabled
        self._ranges: dict[int, Ranges] = dict(found) if is_enabled else {}
        self._compared: set[int] = set()
        """Epochs of which the gateway has answered in this round."""
        self._asked: dict[int, Ranges] = {}
        """What the last hello asked for. Readings that were settled later may be missing in the answer."""
        self._round_at = float("-inf")
        """When the last round began."""

    def add(self, epoch: int, ranges: Ranges) -> None:
        """Records that readings were settled."""
        if self._is_enabled and ranges:
            self._ranges[epoch] = union(self._ranges.get(epoch, EMPTY), ranges)

    def remove(self, epoch: int, ranges: Ranges) -> None:
        """Records that readings are unsettled again, or no longer stored."""
        rest = subtract(self._ranges.get(epoch, EMPTY), ranges)
        if rest:
            self._ranges[epoch] = rest
        else:
            self._ranges.pop(epoch, None)

    def begin_round(self) -> None:
        """Makes the next hellos ask for every epoch."""
        self._compared.clear()
        self._round_at = float("-inf")

    def due(self) -> float | None:
        """When the next hello must ask; None while nothing is kept. Now, if it is in the past."""
        if not self._ranges:
            return None
        return float("-inf") if self._waiting() else self._round_at + self._every

    def ask(self, first: Iterable[int], most: int, now: float) -> list[int]:
        """Returns epochs for the next hello in addition to `first`, at most `most` together. A hello names every
        epoch if there is room: all other missing readings of the gateway's ledger are then lost."""
        if now >= self._round_at + self._every:
            self._compared.clear()
            self._round_at = now
        chosen = list(first)
        others = sorted(set(self._ranges) - set(chosen), key=lambda epoch: (epoch in self._compared, epoch))
        more = others[: most - len(chosen)]
        self._asked = {epoch: self._ranges[epoch] for epoch in [*chosen, *more] if epoch in self._ranges}
        return more

    def of(self, epoch: int) -> Ranges:
        """The ranges of one epoch."""
        return self._ranges.get(epoch, EMPTY)

    def missing(self, answers: Sequence[EpochSettled], settled: Mapping[int, Ranges]) -> list[tuple[int, Ranges]]:
        """What the gateway no longer has, from its answer to the last hello. `settled`: the ranges of each answer. An
        answer at its limits is cut, so that nothing follows from what it does not have. An epoch with missing readings
        is compared again by the next hello."""
        found = []
        is_cut = (
            sum(len(answer.settled) for answer in answers) >= HAVE_RANGES
            or sum(len(answer.refused) for answer in answers) >= HAVE_REFUSALS
        )
        for answer in answers:
            asked = self._asked.pop(answer.epoch, EMPTY)
            lost = subtract(intersect(asked, self.of(answer.epoch)), settled[answer.epoch])
            if lost and not is_cut:
                found.append((answer.epoch, lost))
            else:
                self._compared.add(answer.epoch)
        return found

    def _waiting(self) -> set[int]:
        return set(self._ranges) - self._compared

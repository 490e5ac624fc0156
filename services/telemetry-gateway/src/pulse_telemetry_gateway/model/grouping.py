"""Which waiting batches become one commit, and when it begins: pure, without a clock of its own."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

ENOUGH: Final = 64
"""Batches for which a commit is worth it in any case: what it costs whatever is in it, 0.4 ms of the gateway, is a
fifth of the whole then, and while more are collected PostgreSQL has nothing to do (decision 19)."""


Streams = Sequence[tuple[str, int]]
"""(device, epoch)."""


class Waiting(Protocol):
    """Batches that arrived together and wait for a commit."""

    @property
    def batches(self) -> int:
        """How many batches."""

    @property
    def size(self) -> int:
        """Bytes of their payloads."""

    @property
    def since(self) -> float:
        """When they arrived, in seconds of the clock that `due` uses."""

    @property
    def streams(self) -> Streams:
        """Their devices and epochs. What is all of one device and exceeds its share waits for a later group."""


W = TypeVar("W", bound=Waiting)


@dataclass(frozen=True, slots=True)
class GroupLimits:
    """Of one commit: `batches` and `bytes` of payloads at most (but what arrived together stays together). It is
    collected for no longer than `age`, and only while the last one began less than `interval` ago (both seconds)."""

    batches: int
    bytes: int
    age: float
    interval: float


SHARE: Final = 2
"""Streams of one device in one commit: each costs up to 3 ms, however little is in it, and others wait meanwhile. A
collector sends of one or two: the life that runs, and the oldest of its backlog."""


class Gathering(Generic[W]):
    """What waits, oldest first. The broker's window and the collectors' credit bound how much that is."""

    def __init__(self, limits: GroupLimits) -> None:
        self._limits = limits
        self._waiting: deque[W] = deque()
        self._batches, self._bytes = 0, 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_enough(self) -> bool:
        """Nothing is gained by collecting more."""
        return self._batches >= min(ENOUGH, self._limits.batches) or self._bytes >= self._limits.bytes

    def add(self, waiting: W) -> None:
        """Behind the others."""
        self._waiting.append(waiting)
        self._count(waiting, 1)

    def due(self, last: float) -> float:
        """When the next commit has to begin, where the last one began at `last`. Something must wait."""
        if self.is_enough:
            return self._waiting[0].since
        return min(last + self._limits.interval, self._waiting[0].since + self._limits.age)

    def take(self) -> list[W]:
        """The next group: as many of the oldest as fit, one at least if there is one."""
        group: list[W] = []
        later: deque[W] = deque()
        shares: dict[str, set[int]] = {}
        batches, size = 0, 0
        while self._waiting:
            first = self._waiting[0]
            if self._is_over(first, shares):
                later.append(self._waiting.popleft())
                continue
            batches, size = batches + first.batches, size + first.size
            if group and (batches > self._limits.batches or size > self._limits.bytes):
                break
            group.append(self._waiting.popleft())
            self._count(first, -1)
        self._waiting.extendleft(reversed(later))
        return group

    def _is_over(self, waiting: W, shares: dict[str, set[int]]) -> bool:
        """Whether its device has its share already; else it counts."""
        for device, epoch in waiting.streams:
            mine = shares.setdefault(device, set())
            if mine and epoch not in mine and len(mine) >= SHARE:
                return True
            mine.add(epoch)
        return False

    def _count(self, waiting: W, sign: int) -> None:
        self._batches += sign * waiting.batches
        self._bytes += sign * waiting.size


def shared_out(streams: Streams) -> list[list[int]]:
    """The places of what arrived together: one list for each device, or several where it has more than its share."""
    found: list[list[int]] = []
    latest: dict[str, tuple[list[int], set[int]]] = {}
    for place, (device, epoch) in enumerate(streams):
        places, epochs = latest.get(device, ([], set()))
        if not places or (epoch not in epochs and len(epochs) >= SHARE):
            places, epochs = latest[device] = [], set()
            found.append(places)
        places.append(place)
        epochs.add(epoch)
    return found

"""Decides which waiting batches become one commit, and when the commit starts. Callers pass the time."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

WORTHWHILE_BATCHES: Final = 64
"""With this many batches a commit starts immediately. Its fixed cost, 0.4 ms of the gateway's time, is then a fifth of
the whole, and PostgreSQL would be idle while more batches are collected (decision 19)."""


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
    """Limits of one commit: `batches` and `bytes` of payloads (a submission is never divided). A group is collected for
    at most `age`, and only while the last commit started less than `interval` ago (both in seconds)."""

    batches: int
    bytes: int
    age: float
    interval: float


DEVICE_STREAMS_MAX: Final = 2
"""Streams of one device in one commit. Each stream costs up to 3 ms, however few readings it has. A collector sends
from one or two: the running epoch, and the oldest one of its backlog."""


class GroupQueue(Generic[W]):
    """What waits, oldest first. The broker's window and the collectors' credit bound its length."""

    def __init__(self, limits: GroupLimits) -> None:
        self._limits = limits
        self._waiting: deque[W] = deque()
        self._batches, self._bytes = 0, 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_enough(self) -> bool:
        """Whether the next commit should start immediately."""
        return self._batches >= min(WORTHWHILE_BATCHES, self._limits.batches) or self._bytes >= self._limits.bytes

    def add(self, waiting: W) -> None:
        """Appends to the queue."""
        self._waiting.append(waiting)
        self._count(waiting, 1)

    def due(self, last: float) -> float:
        """When the next commit has to start, if the last one started at `last`. The queue must not be empty."""
        if self.is_enough:
            return self._waiting[0].since
        return min(last + self._limits.interval, self._waiting[0].since + self._limits.age)

    def take(self) -> list[W]:
        """Removes and returns the next group: as many of the oldest as fit, and at least one if there is one."""
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
        """Whether its device has its share already. If not, counts it."""
        for device, epoch in waiting.streams:
            mine = shares.setdefault(device, set())
            if mine and epoch not in mine and len(mine) >= DEVICE_STREAMS_MAX:
                return True
            mine.add(epoch)
        return False

    def _count(self, waiting: W, sign: int) -> None:
        self._batches += sign * waiting.batches
        self._bytes += sign * waiting.size


def split_by_device(streams: Streams) -> list[list[int]]:
    """Divides what arrived together. Returns lists of places, one for each device, or several for a device with more
    than its share."""
    found: list[list[int]] = []
    latest: dict[str, tuple[list[int], set[int]]] = {}
    for place, (device, epoch) in enumerate(streams):
        places, epochs = latest.get(device, ([], set()))
        if not places or (epoch not in epochs and len(epochs) >= DEVICE_STREAMS_MAX):
            places, epochs = latest[device] = [], set()
            found.append(places)
        places.append(place)
        epochs.add(epoch)
    return found

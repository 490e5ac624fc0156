"""Viewers with equal subscriptions: their readings are collected and encoded once. A viewer that cannot take a frame
falls out of step, collects what it misses for itself (bounded), and joins again after it has acknowledged."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pulse_contracts.message import Lane
from pulse_telemetry_gateway.live.pending import Frame, Pending, Points, Slice, encode
from pulse_telemetry_gateway.live.wire import Wire

MEMBERS_MAX: Final = 64
"""Viewers in one group. With more, the last of them would wait; they form other groups with other phases."""

_EARLY: Final = 0.5
"""How much sooner than evenly a frame may be sent, as a part of the interval."""


@dataclass(frozen=True)
class Key:
    """Equal subscriptions have equal keys. `rate`: frames a second."""

    series: frozenset[int]
    rate: float


@dataclass(frozen=True)
class Encoder:
    """Numbers and encodes frames. `counted` is called for each. `clock`: microseconds."""

    clock: Callable[[], int]
    numbers: Callable[[], int]
    counted: Callable[[Slice], None]

    def frame(self, part: Slice, pos: Mapping[str, int]) -> Frame:
        """Encodes once, for any number of sockets."""
        self.counted(part)
        return encode(self.numbers(), self.clock(), dict(pos), part)


@dataclass(eq=False)
class Viewer:
    """One browser. `pending` is None while it is in step with its group. `sent`, while out of step: the positions up to
    which its frames are complete; a browser may only resume from there."""

    sid: str
    wire: Wire
    pending_max: int
    group: "Group | None" = None
    pending: Pending | None = None
    sent: dict[str, int] = field(default_factory=dict)
    is_resuming: bool = False
    was_noticed: bool = False
    room: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.wire.on_room = self._has_room

    def _has_room(self) -> None:
        self.was_noticed = False
        self.room.set()
        if self.pending is not None and self.group is not None and not self.is_resuming:
            self.group.changed.set()

    async def wait_for_room(self, size: int) -> None:
        """Returns when a frame of `size` bytes may be sent."""
        while not self.wire.has_room(size):
            self.room.clear()
            await self.room.wait()

    def fall_out(self, sent: Mapping[str, int]) -> Pending:
        """From now on the viewer collects for itself."""
        self.sent = dict(sent)
        self.pending = Pending(self.pending_max)
        return self.pending


class Group:
    """At most `MEMBERS_MAX` viewers of one `Key`. pos: feed positions up to which readings were collected. sent:
    positions up to which they were sent. phase: delay against other groups, as a part of the interval."""

    def __init__(self, key: Key, positions: Mapping[str, int], *, phase: float, pending_max: int) -> None:
        self.key, self.phase = key, phase
        self.pos, self.sent = dict(positions), dict(positions)
        self.members: dict[Viewer, None] = {}
        self.changed = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self._pending = Pending(pending_max)

    @property
    def is_full(self) -> bool:
        return len(self.members) >= MEMBERS_MAX

    def join(self, viewer: Viewer, sent: Mapping[str, int] | None) -> None:
        """Adds a viewer: in step from the next frame on, or (with `sent`) out of step until it has been sent what it
        missed up to the group's `sent`."""
        viewer.group, viewer.pending = self, None
        if sent is not None:
            viewer.fall_out(sent)
        self.members[viewer] = None

    def leave(self, viewer: Viewer) -> None:
        """Removes a viewer."""
        self.members.pop(viewer, None)
        viewer.group, viewer.pending = None, None

    def add(self, device: str, pos: int, lane: Lane, readings: Points) -> None:
        """Collects the subscribed readings of a live batch."""
        for series in self.key.series & readings.keys():
            self._pending.add(lane, series, readings[series])
        self.pos[device] = max(self.pos[device], pos)
        if not self._pending.is_empty:
            self.changed.set()

    def lose(self, lane: Lane) -> None:
        """Reports that readings of a lane were lost."""
        self._pending.conflated.add(lane)
        self.changed.set()

    async def run(self, encoder: Encoder) -> None:
        """Sends at the group's rate until cancelled, as soon after new readings as phase and rate allow. A frame may be
        half an interval early (generic cell rate algorithm, ITU-T I.371). Without that, every frame would stay as late
        after its readings as the latest frame ever was."""
        loop = asyncio.get_running_loop()
        interval, even = 1.0 / self.key.rate, float("-inf")
        while True:
            await self.changed.wait()
            now = loop.time()
            due = max(now + self.phase * interval, even - _EARLY * interval)
            await asyncio.sleep(due - now)
            self.changed.clear()
            even = max(due, even) + interval
            await self.tick(encoder)

    async def tick(self, encoder: Encoder) -> None:
        """Sends what was collected, and takes in viewers that have room again."""
        before, parts = self.sent, self._pending.take()
        self.sent = after = dict(self.pos)
        in_step: list[Viewer] = []
        behind: list[Viewer] = []
        for viewer in self.members:
            (in_step if viewer.pending is None else behind).append(viewer)
        for viewer in behind:
            for part in parts:
                if viewer.pending is not None:
                    viewer.pending.absorb(part)
        await self._give(in_step, parts, before, after, encoder)
        for viewer in behind:
            pending = viewer.pending
            if pending is None or viewer.is_resuming or not viewer.wire.has_room(pending.size):
                continue
            mine, sent, viewer.pending = pending.take(), viewer.sent, None
            await self._give([viewer], mine, sent, after, encoder)

    async def _give(
        self,
        viewers: list[Viewer],
        parts: list[Slice],
        before: Mapping[str, int],
        after: Mapping[str, int],
        encoder: Encoder,
    ) -> None:
        """The position advances with the last part. A viewer that cannot take a part keeps it and all later ones."""
        for place, part in enumerate(parts):
            if not viewers:
                return
            frame = encoder.frame(part, after if place == len(parts) - 1 else before)
            able = []
            for viewer in viewers:
                if viewer.group is not self:
                    continue  # it left in the meantime
                if viewer.wire.has_room(len(frame.text)):
                    await viewer.wire.send_frame(frame.number, frame.text)
                    able.append(viewer)
                    continue
                kept = viewer.fall_out(before)
                for rest in parts[place:]:
                    kept.absorb(rest)
            viewers = able

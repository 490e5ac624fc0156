"""Viewers with equal subscriptions: what they are sent is collected once and encoded once. Who cannot take a frame
falls out of step, keeps what it missed for itself (bounded), and is taken in again when it has acknowledged."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pulse_contracts.message import Lane
from pulse_telemetry_gateway.live.pending import Frame, Pending, Points, Slice, encode
from pulse_telemetry_gateway.live.wire import Wire

MEMBERS_MAX: Final = 64
"""In one group. Sending to more at once would make the last of them wait: they are other groups, in other phases."""

_EARLY: Final = 0.5
"""Of an interval: how much sooner than evenly a frame may be sent."""


@dataclass(frozen=True)
class Key:
    """What makes two subscriptions equal. `rate`: frames a second."""

    series: frozenset[int]
    rate: float


@dataclass(frozen=True)
class Encoder:
    """Numbers frames and encodes them; `counted` is told of each. `clock`: microseconds."""

    clock: Callable[[], int]
    numbers: Callable[[], int]
    counted: Callable[[Slice], None]

    def frame(self, part: Slice, pos: Mapping[str, int]) -> Frame:
        """One encoding, for as many sockets as there are."""
        self.counted(part)
        return encode(self.numbers(), self.clock(), dict(pos), part)


@dataclass(eq=False)
class Viewer:
    """One browser. In step with its group when `pending` is None. `sent`, while out of step: what the frames up to the
    last one hold completely; only that may a browser come back with."""

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
        """Until a frame of `size` bytes may be sent."""
        while not self.wire.has_room(size):
            self.room.clear()
            await self.room.wait()

    def fall_out(self, sent: Mapping[str, int]) -> Pending:
        """From here on it collects for itself."""
        self.sent = dict(sent)
        self.pending = Pending(self.pending_max)
        return self.pending


class Group:
    """At most `MEMBERS_MAX` viewers of one `Key`. `pos`: the feed positions up to which readings were collected;
    `sent`: up to which they were given out. `phase`: of an interval, by which it sends later than others."""

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
        """Takes a viewer in: in step from the next frame on, or (with `sent`) out of step until it has been sent what
        it missed up to the group's own `sent`."""
        viewer.group, viewer.pending = self, None
        if sent is not None:
            viewer.fall_out(sent)
        self.members[viewer] = None

    def leave(self, viewer: Viewer) -> None:
        """It is gone, or watches something else."""
        self.members.pop(viewer, None)
        viewer.group, viewer.pending = None, None

    def add(self, device: str, pos: int, lane: Lane, readings: Points) -> None:
        """Takes what it watches of a live batch."""
        for series in self.key.series & readings.keys():
            self._pending.add(lane, series, readings[series])
        self.pos[device] = max(self.pos[device], pos)
        if not self._pending.is_empty:
            self.changed.set()

    def lose(self, lane: Lane) -> None:
        """Something cannot be given, and that is said."""
        self._pending.conflated.add(lane)
        self.changed.set()

    async def run(self, encoder: Encoder) -> None:
        """Sends at the group's rate until cancelled, as soon after something came as its phase and its rate allow.
        A frame may be half an interval early (the generic cell rate algorithm, ITU-T I.371): sent evenly after the last
        one instead, every frame would for ever be as late after its readings as the latest one ever was."""
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
        """Gives out what was collected, and takes in who has room again."""
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
        """The position moves on with the last part; who cannot take one keeps it, and all after it."""
        for place, part in enumerate(parts):
            if not viewers:
                return
            frame = encoder.frame(part, after if place == len(parts) - 1 else before)
            able = []
            for viewer in viewers:
                if viewer.group is not self:
                    continue  # it left meanwhile
                if viewer.wire.has_room(len(frame.text)):
                    await viewer.wire.send_frame(frame.number, frame.text)
                    able.append(viewer)
                    continue
                kept = viewer.fall_out(before)
                for rest in parts[place:]:
                    kept.absorb(rest)
            viewers = able

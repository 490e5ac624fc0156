"""Fan-out: follows the feeds of the devices that somebody here watches, and gives each viewer its own series.

A feed is a chain of positions. A hole in it (a QoS 0 message was lost, or too much came at once) is read from the log.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pulse_bus import Bus, Delivery, Subscription
from pulse_contracts.errors import Unavailable
from pulse_contracts.live import Subscribe
from pulse_contracts.message import Lane
from pulse_contracts.telemetry import LiveBatch
from pulse_contracts.topics import TELEMETRY_LIVE
from pulse_telemetry_gateway.live.pending import Pending, Point, Slice
from pulse_telemetry_gateway.model.columns import Columns, decode
from pulse_telemetry_gateway.store.log import LogStore, StoredBatch
from pulse_telemetry_gateway.store.registry import RegistryStore

log = logging.getLogger("pulse.live")
_RESUME_FRAME = 5_000
_UNKNOWN = -1

Emit = Callable[["Viewer", Slice], Awaitable[None]]


@dataclass(frozen=True)
class LiveLimits:
    """See `GatewaySettings`. Seconds."""

    resume_readings_max: int
    pending_max: int
    silence_notice: float
    silence_end: float


@dataclass(eq=False)
class Viewer:
    """One browser's subscription. `unacked` frames are on their way; two at most. `pos` is what has been collected up
    to, `sent` what the frames up to the last one hold completely: only that may a browser come back with."""

    sid: str
    pending: Pending
    series: frozenset[int] = frozenset()
    rate: float = 5.0
    pos: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    resume: list[Slice] = field(default_factory=list)
    taken: list[Slice] = field(default_factory=list)
    taken_pos: dict[str, int] = field(default_factory=dict)
    resumed_pos: dict[str, int] = field(default_factory=dict)
    is_resuming: bool = False
    unacked: int = 0
    last_ack: float = 0.0
    was_noticed: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def forget(self) -> None:
        """Nothing of the last subscription is sent any more."""
        self.pending.take()
        self.resume.clear()
        self.taken.clear()

    def next_slice(self) -> Slice | None:
        """What to send next, resumed readings first; `sent` moves on when the last slice of what was collected up to
        some position is given out."""
        if self.is_resuming:
            return None  # what is collected meanwhile comes after what was missed
        if self.resume:
            whole, self.resume[:] = merge(self.resume)
            if not self.resume:
                self.sent = self.sent | self.resumed_pos
            return whole
        if not self.taken and not self.pending.is_empty:
            self.taken, self.taken_pos = self.pending.take(), dict(self.pos)
        if not self.taken:
            return None
        part = self.taken.pop(0)
        if not self.taken:
            self.sent = self.taken_pos
        return part

    def add(self, device: str, pos: int, lane: Lane, readings: dict[int, list[Point]]) -> None:
        """Takes what it watches of a live batch."""
        for series in self.series & readings.keys():
            self.pending.add(lane, series, readings[series])
        if device in self.pos:
            self.pos[device] = max(self.pos[device], pos)
        self.changed.set()


@dataclass
class _Feed:
    """One device that somebody watches."""

    device_id: int
    pos: int
    subscription: Subscription | None = None
    viewers: set[Viewer] = field(default_factory=set)


class Hub:
    """Knows the viewers and the feeds."""

    def __init__(self, bus: Bus, log_store: LogStore, registry: RegistryStore, limits: LiveLimits) -> None:
        self._bus, self._log, self._registry, self._limits = bus, log_store, registry, limits
        self._feeds: dict[str, _Feed] = {}
        self._lock = asyncio.Lock()

    def viewer(self, sid: str) -> Viewer:
        """A new viewer that watches nothing yet."""
        return Viewer(sid, Pending(self._limits.pending_max))

    async def watch(self, viewer: Viewer, wish: Subscribe) -> tuple[dict[str, int], dict[str, str]]:
        """Replaces what the viewer watches. Returns its positions and how each device was resumed.
        Raises Unavailable; then it watches nothing. Live readings are collected from before the log is read: nothing
        falls between."""
        viewer.is_resuming = True
        try:
            return await self._watch(viewer, wish)
        except Unavailable:
            await self.leave(viewer)
            raise
        finally:
            viewer.is_resuming = False
            viewer.changed.set()

    async def _watch(self, viewer: Viewer, wish: Subscribe) -> tuple[dict[str, int], dict[str, str]]:
        viewer.forget()
        owners = await self._registry.devices_of(wish.series)
        devices = {name: device_id for device_id, name, _ in owners.values()}
        async with self._lock:
            await self._leave(viewer, set(devices))
            viewer.series, viewer.rate = frozenset(owners), wish.rate
            viewer.forget()
            viewer.pos, viewer.sent, viewer.resumed_pos = dict.fromkeys(devices, 0), {}, {}
            for name, device_id in devices.items():
                await self._join(viewer, name, device_id)
        resumed: dict[str, str] = {}
        found: list[Slice] = []
        for name, device_id in devices.items():
            resumed[name] = await self._resume(viewer, name, device_id, wish.pos.get(name), found)
        viewer.resume.extend(found)
        answer = dict(viewer.sent)
        if not found:
            viewer.sent = viewer.sent | viewer.resumed_pos
        return answer, resumed

    async def leave(self, viewer: Viewer) -> None:
        """The browser is gone."""
        async with self._lock:
            await self._leave(viewer, set())
            viewer.series = frozenset()

    async def _join(self, viewer: Viewer, device: str, device_id: int) -> None:
        feed = self._feeds.get(device)
        if feed is None:
            feed = self._feeds[device] = _Feed(device_id, _UNKNOWN)
            feed.viewers.add(viewer)
            feed.subscription = await self._bus.subscribe(TELEMETRY_LIVE, self._deliver, device=device)
        feed.viewers.add(viewer)

    async def _leave(self, viewer: Viewer, keep: set[str]) -> None:
        for device, feed in list(self._feeds.items()):
            if device in keep:
                continue
            feed.viewers.discard(viewer)
            if not feed.viewers:
                del self._feeds[device]
                if feed.subscription is not None:
                    await feed.subscription.cancel()

    async def _resume(self, viewer: Viewer, device: str, device_id: int, given: int | None, found: list[Slice]) -> str:
        left = self._limits.resume_readings_max - sum(len(part.t) for part in found)
        now, readings, is_whole = await self._log.size_since(device_id, 2**62 if given is None else given, left)
        feed = self._feeds.get(device)
        if feed is not None and feed.pos == _UNKNOWN:
            feed.pos = now  # so that a hole before the first message is seen too
        viewer.pos[device] = max(viewer.pos.get(device, 0), now)
        viewer.sent[device] = now
        if given is None:
            return "live"
        if given > now or not is_whole or readings > left:
            return "history"
        viewer.sent[device], viewer.resumed_pos[device] = given, now
        rows = await self._log.since(device_id, given, now)
        found.extend(await asyncio.to_thread(_slices_of, rows, viewer.series))
        return "exact"

    async def _deliver(self, delivery: Delivery[LiveBatch]) -> None:
        device, batch = delivery.levels["device"], delivery.message
        feed = self._feeds.get(device)
        if feed is None or batch.pos <= feed.pos:
            return
        known = batch.after if batch.value else batch.pos  # without readings it only says where the feed is
        if feed.pos != _UNKNOWN and known > feed.pos:
            await self._fill(device, feed, known)
        feed.pos = batch.pos
        wanted: set[int] = set().union(*(viewer.series for viewer in feed.viewers))
        readings: dict[int, list[Point]] = defaultdict(list)
        series, t0 = batch.series, batch.t0
        for x, dt, value in zip(batch.x, batch.dt, batch.value, strict=True):
            if series[x] in wanted:
                readings[series[x]].append((t0 + dt, value))
        for viewer in feed.viewers:
            viewer.add(device, batch.pos, batch.lane, readings)

    async def _fill(self, device: str, feed: _Feed, until: int) -> None:
        """Reads the hole in a feed from the log. A hole too large is said to be conflated: load history."""
        try:
            rows = await self._log.since(feed.device_id, feed.pos, min(until, feed.pos + 1_000))
        except Unavailable as error:
            log.debug("a hole in the feed of %s stays: %s", device, error)
            rows = []
        for row in rows:
            readings = await asyncio.to_thread(_points, row)
            for viewer in feed.viewers:
                viewer.add(device, row.pos, "backlog", readings)
        if len(rows) < until - feed.pos:
            for viewer in feed.viewers:
                viewer.pending.conflated.add("backlog")
                viewer.changed.set()


def _points(row: StoredBatch) -> dict[int, list[Point]]:
    columns = decode(row.payload, row.lo)
    readings: dict[int, list[Point]] = defaultdict(list)
    ids = columns.series.tolist()
    for x, t, value in zip(columns.x.tolist(), columns.t.tolist(), columns.values(), strict=True):
        readings[ids[x]].append((t, value))
    return readings


def _slices_of(rows: list[StoredBatch], wanted: frozenset[int]) -> list[Slice]:
    return [part for row in rows for part in _slices(decode(row.payload, row.lo), wanted)]


def _slices(columns: Columns, wanted: frozenset[int]) -> list[Slice]:
    ids = columns.series.tolist()
    found = Slice("resume", [], [], [], [], is_conflated=False)
    index: dict[int, int] = {}
    for x, t, value in zip(columns.x.tolist(), columns.t.tolist(), columns.values(), strict=True):
        if ids[x] not in wanted:
            continue
        if ids[x] not in index:
            index[ids[x]] = len(index)
            found.series.append(ids[x])
        found.x.append(index[ids[x]])
        found.t.append(t)
        found.v.append(value)
    return [found] if found.t else []


def merge(slices: list[Slice]) -> tuple[Slice, list[Slice]]:
    """The first slices as one frame of at most five thousand readings, and the rest."""
    series: dict[int, int] = {}
    whole = Slice("resume", [], [], [], [], is_conflated=False)
    for used, part in enumerate(slices):
        if whole.t and len(whole.t) + len(part.t) > _RESUME_FRAME:
            return whole, slices[used:]
        where = [series.setdefault(s, len(series)) for s in part.series]
        whole.series[:] = list(series)
        whole.x.extend(where[x] for x in part.x)
        whole.t.extend(part.t)
        whole.v.extend(part.v)
    return whole, []

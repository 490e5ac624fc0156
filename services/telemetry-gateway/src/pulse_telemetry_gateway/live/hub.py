"""Subscriptions of viewers: assigns them to groups, and reads exactly what a browser missed from the log."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import structlog

from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.errors import Unavailable
from pulse_contracts.live import Subscribe
from pulse_telemetry_gateway.live.feeds import Feed, Feeds, read_points
from pulse_telemetry_gateway.live.group import Encoder, Group, Key, Viewer
from pulse_telemetry_gateway.live.pending import READING_BYTES, Slice
from pulse_telemetry_gateway.live.wire import WINDOW, Wire
from pulse_telemetry_gateway.store.log import LogStore
from pulse_telemetry_gateway.store.registry import RegistryStore

log = structlog.get_logger("pulse.live")
Outcome = Literal["live", "exact", "history", "ahead"]
_RESUME_AT_ONCE: Final = 4
"""Maximum number of browsers that read the log at the same time. After a restart all browsers resume together."""
_PAGE_ROWS: Final = 500


@dataclass(frozen=True)
class LiveLimits:
    """See `GatewaySettings`. Seconds."""

    resume_readings_max: int
    pending_bytes: int
    silence_notice: float
    silence_end: float
    viewers_max: int
    viewers_of_account_max: int
    drain_spread: float


@dataclass(frozen=True)
class Watched:
    """Result of a subscription: positions, how each device was resumed, and unknown series ids."""

    pos: dict[str, int]
    resumed: dict[str, Outcome]
    unknown: list[int]


@dataclass
class _Missed:
    """Rows (at, until] of a device's log that a browser has not seen. A frame holds `rows` of them."""

    device: str
    device_id: int
    at: int
    until: int
    rows: int


class Hub:
    """Knows the groups. `run` owns their tasks and those of resuming viewers."""

    def __init__(
        self, feeds: Feeds, log_store: LogStore, registry: RegistryStore, limits: LiveLimits, metrics: Metrics
    ) -> None:
        self._feeds, self._log, self._registry, self._limits = feeds, log_store, registry, limits
        self._groups: dict[Key, list[Group]] = {}
        self._held: dict[Group, dict[str, Feed]] = {}
        self._resuming: dict[Viewer, asyncio.Task[None]] = {}
        self._reading = asyncio.Semaphore(_RESUME_AT_ONCE)
        self._tasks: asyncio.TaskGroup | None = None
        self._encoder: Encoder | None = None
        self._resumes = metrics.counter("live_resumes", "Devices that were subscribed to", ["outcome"])
        self._size = metrics.gauge("live_groups", "Groups of equal subscriptions")

    @property
    def is_running(self) -> bool:
        return self._tasks is not None

    async def run(self, clock: Callable[[], int], counted: Callable[[Slice], None]) -> None:
        """Runs until cancelled. `clock`: microseconds. `counted` is called for each encoding."""
        self._encoder = Encoder(clock, itertools.count(1).__next__, counted)
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            await asyncio.Event().wait()

    def viewer(self, sid: str, wire: Wire) -> Viewer:
        """A new viewer without a subscription."""
        return Viewer(sid, wire, self._limits.pending_bytes)

    async def watch(self, viewer: Viewer, request: Subscribe, is_wanted: Callable[[], bool]) -> Watched:
        """Replaces the viewer's subscription. Raises Unavailable; the viewer then has none. Starts nothing when
        `is_wanted` is False, because the browser disconnected in the meantime."""
        self.leave(viewer)
        owners = await self._registry.devices_of(request.series)
        devices = {name: device_id for device_id, name, _ in owners.values()}
        held: dict[str, Feed] = {}
        try:
            for name, device_id in devices.items():
                held[name] = await self._feeds.hold(name, device_id)
            resumed, missed = await self._compare(request, held)
            unknown = sorted(set(request.series) - owners.keys())
            if not is_wanted() or not held:
                return Watched({name: feed.pos for name, feed in held.items()}, resumed, unknown)
            group = self._group(Key(frozenset(owners), request.rate), held, {m.device: m.at for m in missed})
        finally:
            for feed in held.values():
                self._feeds.release(feed)
        for part in missed:
            part.until = group.sent[part.device]
        missed = [part for part in missed if part.at < part.until]
        sent = group.sent | {part.device: part.at for part in missed}
        group.join(viewer, sent if missed else None)
        viewer.wire.await_answer()
        if missed and self._tasks is not None:
            viewer.is_resuming = True
            self._resuming[viewer] = self._tasks.create_task(self._resume(viewer, group, missed))
        return Watched(sent, resumed, unknown)

    def leave(self, viewer: Viewer) -> None:
        """Ends the viewer's subscription."""
        resuming = self._resuming.pop(viewer, None)
        if resuming is not None:
            resuming.cancel()
        viewer.is_resuming = False
        group = viewer.group
        if group is None:
            return
        group.leave(viewer)
        if not group.members:
            self._end(group)

    async def flush(self) -> None:
        """Sends everything that was collected."""
        for group in [group for groups in self._groups.values() for group in groups]:
            if self._encoder is not None:
                await group.tick(self._encoder)

    async def _compare(self, request: Subscribe, held: dict[str, Feed]) -> tuple[dict[str, Outcome], list[_Missed]]:
        resumed: dict[str, Outcome] = {}
        missed: list[_Missed] = []
        left = self._limits.resume_readings_max
        for name, feed in held.items():
            position = request.pos.get(name)
            outcome: Outcome = "live"
            if position is not None:
                now, readings, is_whole = await self._log.size_since(feed.device_id, position, left)
                if position > now:
                    outcome = "ahead"
                elif not is_whole or readings > left:
                    outcome = "history"
                else:
                    outcome = "exact"
                    left -= readings
                    if feed.pos < position:
                        await self._feeds.advance(name, now)
                    each = max(1, readings // max(1, now - position))
                    rows = min(_PAGE_ROWS, max(1, WINDOW // READING_BYTES // each))
                    missed.append(_Missed(name, feed.device_id, position, now, rows))
            resumed[name] = outcome
            self._resumes.labels(outcome).inc()
        return resumed, missed

    def _group(self, key: Key, held: dict[str, Feed], seen: dict[str, int]) -> Group:
        """A group with room that has not sent beyond what this browser has seen, or a new one."""
        groups = self._groups.setdefault(key, [])
        for group in groups:
            if not group.is_full and all(group.sent[device] >= pos for device, pos in seen.items()):
                return group
        positions = {name: feed.pos for name, feed in held.items()}
        taken = {group.phase for group in groups}
        phase = next(p for p in map(_phase, itertools.count()) if p not in taken)
        group = Group(key, positions, phase=phase, pending_max=self._limits.pending_bytes)
        groups.append(group)
        self._held[group] = dict(held)
        for feed in held.values():
            feed.groups[group] = None
        if self._tasks is not None and self._encoder is not None:
            group.task = self._tasks.create_task(group.run(self._encoder))
        self._size.set(len(self._held))
        return group

    def _end(self, group: Group) -> None:
        self._groups[group.key].remove(group)
        if not self._groups[group.key]:
            del self._groups[group.key]
        for feed in self._held.pop(group).values():
            del feed.groups[group]
        if group.task is not None:
            group.task.cancel()
        self._size.set(len(self._held))

    async def _resume(self, viewer: Viewer, group: Group, missed: Sequence[_Missed]) -> None:
        """Sends what was missed, a page at a time and no faster than it is acknowledged."""
        try:
            for part in missed:
                while part.at < part.until:
                    await viewer.wait_for_room(WINDOW)
                    await self._page(viewer, group, part)
        except Unavailable as error:
            log.debug("resume_interrupted", reason=str(error))
            await viewer.wire.close(1013)  # the browser resumes from what it was sent
            return
        except Exception:  # a bug in one resume must not end the task group of all viewers
            log.exception("resume_failed")
            await viewer.wire.close(1011)
            return
        viewer.is_resuming = False
        self._resuming.pop(viewer, None)
        group.changed.set()

    async def _page(self, viewer: Viewer, group: Group, part: _Missed) -> None:
        until = min(part.at + part.rows, part.until)
        async with self._reading:
            rows = await self._log.since(part.device_id, part.at, until)
        points, is_readable = await asyncio.to_thread(read_points, rows, group.key.series)
        is_whole = is_readable and len(rows) == until - part.at
        part.at = until
        viewer.sent[part.device] = until
        if (
            points or not is_whole
        ) and self._encoder is not None:  # rows that retention removed in the meantime are reported
            frame = self._encoder.frame(Slice("resume", points, is_conflated=not is_whole), viewer.sent)
            await viewer.wire.send_frame(frame.number, frame.text)


def _phase(number: int) -> float:
    """0, 1/2, 1/4, 3/4, 1/8, …: any number of phases is evenly spread."""
    phase, bit = 0.0, 0.5
    while number:
        phase += bit * (number & 1)
        number, bit = number >> 1, bit / 2
    return phase

"""Once a second: status file, retained bus status, and a warning when the buffer fills."""

import asyncio
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from pulse_bus.port import Bus, LinkState, PublishRefused
from pulse_contracts.errors import Unavailable
from pulse_contracts.system import Status
from pulse_contracts.topics import SYSTEM_STATUS
from pulse_desktop.core.buffer_thread import BufferThread
from pulse_desktop.core.clock import Clock, JumpWatch
from pulse_desktop.core.fill import LEVELS, FillWatch
from pulse_desktop.core.link import Link
from pulse_desktop.core.model import Usage
from pulse_desktop.core.replay_control import ReplayWatch
from pulse_desktop.core.signals import Throttled
from pulse_desktop.core.status import Snapshot

log = structlog.get_logger("pulse.desktop.status")

_PUBLISH_EVERY = 5.0


@dataclass(frozen=True)
class Identity:
    """Who reports, where, and every how many seconds."""

    device: str
    name: str
    version: str
    folder: Path
    every: float = 1.0


@dataclass
class _Before:
    """The previous second, to make rates of."""

    at: float
    produced: int = 0
    settled: int = 0
    dropped: int = 0
    usage: Usage = field(default_factory=Usage)


class Reporter:
    """Tells people how this collector is."""

    def __init__(self, identity: Identity, bus: Bus, buffer: BufferThread, link: Link, clock: Clock) -> None:
        self._identity, self._bus, self._buffer, self._link, self._clock = identity, bus, buffer, link, clock
        self._started = clock.micros()
        self._before = _Before(clock.monotonic())
        self._published: Status | None = None
        self._published_at = float("-inf")
        self._connected = asyncio.Event()
        self.last: Snapshot | None = None
        self._is_file_refused = False
        self._fill, self._replay = FillWatch(), ReplayWatch(identity.folder)
        self._jumps = JumpWatch(clock)

    async def run(self) -> None:
        """Until cancelled."""
        self._bus.on_connected(self._on_connected)
        while True:
            await self.report()
            try:
                async with asyncio.timeout(self._identity.every):
                    await self._connected.wait()
            except TimeoutError:
                pass
            self._connected.clear()

    async def _on_connected(self) -> None:
        self._published = None
        self._connected.set()

    async def report(self) -> None:
        """Follows the operator's wish, writes the file, and publishes when something changed."""
        if (by := self._jumps.jump()) is not None:
            log.warning("clock_jumped", seconds=round(by, 3), why="it was set, or the machine slept")
        await self.follow()
        snapshot = await self._look()
        self.last = snapshot
        try:
            await asyncio.to_thread(snapshot.write, self._identity.folder)
        except OSError as error:
            log.log(logging.DEBUG if self._is_file_refused else logging.WARNING, "status_not_written", why=str(error))
            self._is_file_refused = True
        else:
            self._is_file_refused = False
        status = Status(
            state="online",
            since=self._started,
            version=self._identity.version,
            name=self._identity.name,
            waiting=snapshot.waiting,
            oldest_waiting=snapshot.oldest_waiting,
            buffer_fill=round(snapshot.buffer_fill, 2),
            full_in=snapshot.full_in if snapshot.buffer_fill >= LEVELS[0] else None,
        )
        now = self._clock.monotonic()
        if self._published is None or (status != self._published and now - self._published_at >= _PUBLISH_EVERY):
            await self._publish(status)

    async def follow(self) -> None:
        """Tells the delivery when the operator wishes another pace for the backlog."""
        if await asyncio.to_thread(self._replay.look):
            log.info("replay_changed", replay=str(self._replay.wish))
            await self._link.tell(Throttled(self._replay.wish.allowed))

    async def say_offline(self) -> None:
        """The last word of a process that ends on purpose."""
        await self._publish(
            Status(
                state="offline",
                since=self._clock.micros(),
                version=self._identity.version,
                name=self._identity.name,
                waiting=await self._buffer.waiting(),
            )
        )

    async def _publish(self, status: Status) -> None:
        try:
            await self._bus.publish(SYSTEM_STATUS, status, kind="collector", id=self._identity.device)
        except (Unavailable, PublishRefused) as error:
            log.debug("status_not_published", why=str(error))
            return
        self._published, self._published_at = status, self._clock.monotonic()

    async def _look(self) -> Snapshot:
        counts, life, before = self._buffer.counts, self._buffer.life, self._before
        now, wall = self._clock.monotonic(), self._clock.micros()
        elapsed = max(1e-6, now - before.at)
        usage = await self._buffer.usage() or before.usage
        fill = self._fill.look(usage.share, now, is_losing=counts.dropped > before.dropped and usage.share > LEVELS[-1])
        if fill.is_news:
            log.warning("buffer_fills", percent=round(100 * fill.share), seconds_left=fill.seconds_left)
        produced, settled = counts.produced, counts.settled
        snapshot = Snapshot(
            pid=os.getpid(),
            version=self._identity.version,
            device=self._identity.device,
            name=self._identity.name,
            started=self._started,
            written=wall,
            link=self._bus.state.value,
            link_detail=self._why(),
            delivering=self._link.is_open,
            fault=self._buffer.fault,
            epoch=life.epoch,
            ord=life.ord,
            produced=produced,
            waiting=await self._buffer.waiting(),
            settled=settled,
            refused=counts.refused,
            dropped=counts.dropped,
            quarantined=usage.quarantined,
            lost_in_memory=counts.lost_in_memory,
            oldest_waiting=usage.oldest,
            oldest_waiting_age=None if usage.oldest is None else max(0.0, (wall - usage.oldest) / 1e6),
            buffer_bytes=usage.used,
            buffer_max_bytes=usage.limit,
            buffer_max_readings=usage.max_waiting,
            buffer_fill=fill.share,
            full_in=fill.seconds_left,
            disk_free=usage.free,
            replay=str(self._replay.wish),
            produced_per_second=(produced - before.produced) / elapsed,
            settled_per_second=(settled - before.settled) / elapsed,
        )
        before.at, before.produced, before.settled = now, produced, settled
        before.usage, before.dropped = usage, counts.dropped
        return snapshot

    def _why(self) -> str:
        if self._bus.state is LinkState.REFUSED:
            hint = (
                f"the broker refuses {self._identity.device}: it was disabled, enrolled again or removed at the "
                "server, or PULSE_DEVICE and PULSE_MQTT_PASSWORD_FILE are wrong; readings wait here"
            )
            return f"{hint} ({self._bus.detail})"
        return self._bus.detail or self._link.refused

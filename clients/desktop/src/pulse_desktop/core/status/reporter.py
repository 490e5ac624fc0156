"""Reports once per second: status file, retained status message, and a warning when the buffer fills."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from pulse_bus.port import Bus, LinkState, PublishRefused
from pulse_contracts.errors import Unavailable
from pulse_contracts.system import Status
from pulse_contracts.topics import SYSTEM_STATUS
from pulse_desktop.core.buffer.thread import BufferThread
from pulse_desktop.core.clock import Clock, JumpWatch
from pulse_desktop.core.delivery.link import Link
from pulse_desktop.core.delivery.replay_control import ReplayWatch
from pulse_desktop.core.delivery.signals import RateChanged
from pulse_desktop.core.mirror.configuration import Configuration
from pulse_desktop.core.mirror.driver import MirrorView
from pulse_desktop.core.model import Usage
from pulse_desktop.core.status.fill import LEVELS, FillWatch
from pulse_desktop.core.status.snapshot import Snapshot

log = structlog.get_logger("pulse.desktop.status")

_PUBLISH_EVERY = 5.0


@dataclass(frozen=True)
class ReportSettings:
    """Which collector reports, into which folder, and the interval in seconds. `mirror` returns the mirror's view; None
    without an enrolment."""

    device: str
    name: str
    version: str
    folder: Path
    every: float = 1.0
    mirror: Callable[[], MirrorView | None] = lambda: None


@dataclass
class _LastReport:
    """The values of the last report, to compute rates."""

    at: float
    produced: int = 0
    settled: int = 0
    dropped: int = 0
    usage: Usage = field(default_factory=Usage)


class Reporter:
    """Reports the status of this collector. `last`: the last snapshot, None before the first."""

    def __init__(
        self,
        settings: ReportSettings,
        bus: Bus,
        buffer: BufferThread,
        link: Link,
        configuration: Configuration,
        clock: Clock,
    ) -> None:
        self._settings, self._bus, self._buffer, self._link, self._clock = settings, bus, buffer, link, clock
        self._started = clock.micros()
        self._previous = _LastReport(clock.monotonic())
        self._published: Status | None = None
        self._published_at = float("-inf")
        self._connected = asyncio.Event()
        self.last: Snapshot | None = None
        self._has_write_failed = False
        self._fill, self._replay = FillWatch(), ReplayWatch(configuration)
        self._jumps = JumpWatch(clock)

    async def run(self) -> None:
        """Runs until cancelled."""
        self._bus.on_connected(self._on_connected)
        while True:
            await self.report()
            try:
                async with asyncio.timeout(self._settings.every):
                    await self._connected.wait()
            except TimeoutError:
                pass
            self._connected.clear()

    async def _on_connected(self) -> None:
        self._published = None
        self._connected.set()

    async def report(self) -> None:
        """Applies the operator's replay limit, writes the status file, and publishes the status when it changed."""
        if (by := self._jumps.jump()) is not None:
            log.warning("clock_jumped", seconds=round(by, 3), reason="clock_set_or_machine_slept")
        await self.apply_replay_limit()
        snapshot = await self._take_snapshot()
        self.last = snapshot
        try:
            await asyncio.to_thread(snapshot.write, self._settings.folder)
        except OSError as error:
            level = log.debug if self._has_write_failed else log.warning
            level("status_write_failed", error=str(error))
            self._has_write_failed = True
        else:
            if self._has_write_failed:
                log.info("status_write_recovered")
            self._has_write_failed = False
        status = Status(
            state="online",
            since=self._started,
            version=self._settings.version,
            name=self._settings.name,
            waiting=snapshot.waiting,
            oldest_waiting=snapshot.oldest_waiting,
            buffer_fill=round(snapshot.buffer_fill, 2),
            full_in=snapshot.full_in if snapshot.buffer_fill >= LEVELS[0] else None,
            mirror=snapshot.mirror.state if snapshot.mirror is not None else None,
        )
        now = self._clock.monotonic()
        if self._published is None or (status != self._published and now - self._published_at >= _PUBLISH_EVERY):
            await self._publish(status)

    async def apply_replay_limit(self) -> None:
        """Passes a changed replay limit of the operator to the delivery."""
        if await self._replay.has_changed():
            log.info("replay_limit_changed", replay=str(self._replay.limit))
            await self._link.post(RateChanged(self._replay.limit.allowed))

    async def publish_offline(self) -> None:
        """Publishes the status of a collector that stops on request."""
        await self._publish(
            Status(
                state="offline",
                since=self._clock.micros(),
                version=self._settings.version,
                name=self._settings.name,
                waiting=await self._buffer.waiting(),
            )
        )

    async def _publish(self, status: Status) -> None:
        try:
            await self._bus.publish(SYSTEM_STATUS, status, kind="collector", id=self._settings.device)
        except (Unavailable, PublishRefused) as error:
            log.debug("status_publish_failed", error=str(error))
            return
        self._published, self._published_at = status, self._clock.monotonic()

    async def _take_snapshot(self) -> Snapshot:
        counts, epoch, previous = self._buffer.counts, self._buffer.epoch, self._previous
        now, wall = self._clock.monotonic(), self._clock.micros()
        elapsed = max(1e-6, now - previous.at)
        usage = await self._buffer.usage() or previous.usage
        is_losing = counts.dropped > previous.dropped and usage.share > LEVELS[-1]
        fill = self._fill.update(usage.share, now, is_losing=is_losing)
        if fill.is_new:
            log.warning("buffer_filling", percent=round(100 * fill.share), seconds_left=fill.seconds_left)
        produced, settled = counts.produced, counts.settled
        snapshot = Snapshot(
            pid=os.getpid(),
            version=self._settings.version,
            device=self._settings.device,
            name=self._settings.name,
            started=self._started,
            written=wall,
            link=self._bus.state.value,
            link_detail=self._link_detail(),
            delivering=self._link.is_open,
            fault=self._buffer.fault,
            epoch=epoch.id,
            ord=epoch.ord,
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
            replay=str(self._replay.limit),
            produced_per_second=(produced - previous.produced) / elapsed,
            settled_per_second=(settled - previous.settled) / elapsed,
            mirror=self._settings.mirror(),
        )
        previous.at, previous.produced, previous.settled = now, produced, settled
        previous.usage, previous.dropped = usage, counts.dropped
        return snapshot

    def _link_detail(self) -> str:
        if self._bus.state is LinkState.REFUSED:
            hint = (
                f"the broker rejects {self._settings.device}: the device was disabled, removed or enrolled again at "
                "the server, or PULSE_DEVICE and PULSE_MQTT_PASSWORD_FILE are wrong; readings stay in the buffer"
            )
            return f"{hint} ({self._bus.detail})"
        return self._bus.detail or self._link.refused

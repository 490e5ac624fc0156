"""Assembles the collector: opens its parts, connects them, runs them in one TaskGroup and stops them in order."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from random import Random, SystemRandom

import structlog

from pulse_bus.port import Bus
from pulse_contracts.series_digest import series_digest
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.buffer.journal import Journal
from pulse_desktop.core.buffer.thread import BufferThread
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.collector import Collector
from pulse_desktop.core.commands.controls import make_controls
from pulse_desktop.core.commands.runner import CommandRunner, CommandSettings
from pulse_desktop.core.delivery.link import Link
from pulse_desktop.core.delivery.replay import Replay
from pulse_desktop.core.delivery.signals import Policy
from pulse_desktop.core.identity.enrolled import open_identity
from pulse_desktop.core.identity.model import IdentityError
from pulse_desktop.core.mirror.configuration import Configuration
from pulse_desktop.core.mirror.driver import Mirror
from pulse_desktop.core.model import BufferLimits, StoreFailure
from pulse_desktop.core.recent.recent import Recent
from pulse_desktop.core.settings import Settings
from pulse_desktop.core.sources.base import Source, SourceWatch, supervise
from pulse_desktop.core.sources.host import HostSource, Pace
from pulse_desktop.core.sources.simulator import SimulatorSettings, SimulatorSource
from pulse_desktop.core.status.reporter import Reporter, ReportSettings
from pulse_desktop.core.status.snapshot import Snapshot
from pulse_desktop.core.view import EngineView, ViewedParts

log = structlog.get_logger("pulse.desktop.engine")

_MIRROR_RETRY = 60.0
"""Seconds until the mirror is started again after a bug."""
_STOP_TIMEOUT = 0.35
"""Timeout of each step of the shutdown in seconds. All steps together take less than three seconds."""


@dataclass(frozen=True)
class World:
    """Injected dependencies: time, randomness, the constants of the delivery, and the seconds between two reports.
    `rng` generates epoch ids, so it must not repeat between processes."""

    clock: Clock = field(default_factory=Clock)
    rng: Random = field(default_factory=SystemRandom)
    policy: Policy = field(default_factory=Policy)
    report_every: float = 1.0


class Engine:
    """One run of a collector. Call `run` once; `snapshot` can be read while it runs. `doctor`: the report that a remote
    command asks for. `must_restart`: a remote command ended the run, so the process should start again. `view`: what a
    window can see; None unless the engine is ready."""

    def __init__(
        self,
        settings: Settings,
        bus: Bus,
        world: World | None = None,
        sources: Sequence[Source] | None = None,
        doctor: Callable[[], str] | None = None,
    ) -> None:
        self._settings, self._bus, self._world, self._doctor = settings, bus, world or World(), doctor
        self._pace = Pace()
        self._sources = make_sources(settings, self._world, self._pace) if sources is None else list(sources)
        self.must_restart = False
        self._reporter: Reporter | None = None
        self.view: EngineView | None = None

    @property
    def snapshot(self) -> Snapshot | None:
        """The last status snapshot; None before the first."""
        return self._reporter.last if self._reporter else None

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until `stop` is set, then stops within three seconds. Raises StoreFailure or OSError if it cannot
        start."""
        settings, world = self._settings, self._world
        epoch = world.rng.getrandbits(63)
        buffer = await BufferThread.open(
            lambda: Buffer(
                settings.state_dir,
                epoch,
                BufferLimits(
                    settings.buffer_max_bytes,
                    settings.buffer_max_readings,
                    settings.buffer_min_free_bytes,
                    keep_settled=settings.backup_interval.total_seconds(),
                ),
                world.clock,
                Journal(settings.journal) if settings.journal else None,
            )
        )
        recent = Recent(settings.state_dir, lambda: buffer.table, world.clock, settings.buffer_min_free_bytes)
        try:
            async with Configuration(settings.state_dir, world.clock, owns_folder=True) as configuration:
                await self._run(buffer, recent, configuration, stop)
        finally:
            self.view = None
            await buffer.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_TIMEOUT):
                    await recent.close()
        log.info("collector_stopped", **vars(buffer.counts))

    async def _run(
        self, buffer: BufferThread, recent: Recent, configuration: Configuration, stop: asyncio.Event
    ) -> None:
        settings, world = self._settings, self._world
        replay = Replay(
            buffer.epoch,
            buffer.holdings,
            series_digest(buffer.table),
            world.rng,
            world.policy,
            keeps_settled=bool(settings.backup_interval),
        )
        link = Link(self._bus, settings.device, buffer, replay, world.clock)
        collector = Collector(buffer, link, recent.record)
        mirror = self._open_mirror()
        report = ReportSettings(
            settings.device,
            settings.name,
            collector_version(),
            settings.state_dir,
            world.report_every,
            lambda: mirror.view if mirror is not None else None,
        )
        reporter = self._reporter = Reporter(report, self._bus, buffer, link, configuration, world.clock)
        watches = [SourceWatch(source.name, collector, world.clock) for source in self._sources]
        self.view = EngineView(ViewedParts(reporter, buffer, link, recent, watches, configuration))
        await reporter.apply_replay_limit()  # before the first batch is sent
        await self._apply_interval(configuration)
        async with asyncio.TaskGroup() as group:
            linking = group.create_task(link.run())
            grouping = group.create_task(collector.run())
            reporting = group.create_task(reporter.run())
            running = group.create_task(self._bus.run())
            writing = group.create_task(recent.run())
            mirroring: list[asyncio.Task[None]] = []
            if mirror is not None:
                mirroring.append(group.create_task(_supervise_mirror(mirror)))
                mirroring.append(group.create_task(self._commands(mirror, configuration, stop).run()))
            sources = [
                group.create_task(supervise(source, collector, world.rng, watch))
                for source, watch in zip(self._sources, watches, strict=True)
            ]
            log.info(
                "collector_ready",
                device=settings.device,
                epoch=buffer.epoch.id,
                ord=buffer.epoch.ord,
                waiting=replay.waiting,
                sources=[source.name for source in self._sources],
            )
            await stop.wait()
            await _cancel(*sources, *mirroring, writing)
            collector.finish()
            await asyncio.wait([grouping], timeout=_STOP_TIMEOUT)
            await _cancel(grouping)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_TIMEOUT):
                    await link.wait_delivered()
            await _cancel(reporting)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_TIMEOUT):
                    await reporter.report()
                    await reporter.publish_offline()
            await _cancel(linking)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_STOP_TIMEOUT):
                    await self._bus.drain()
                    await asyncio.shield(running)
            await _cancel(running)

    async def _apply_interval(self, configuration: Configuration) -> None:
        """Measures this machine as often as a remote command has demanded."""
        try:
            interval = (await configuration.read()).interval
        except StoreFailure as error:
            log.warning("interval_unreadable", error=str(error), kept="default")
            return
        if interval is not None:
            self._pace.set_interval(interval)

    def _commands(self, mirror: Mirror, configuration: Configuration, stop: asyncio.Event) -> CommandRunner:
        """The remote commands of an enrolled collector."""

        def restart() -> None:
            self.must_restart = True
            stop.set()

        settings = self._settings
        controls = make_controls(configuration, self._pace, mirror, self._doctor, restart)
        allowed = CommandSettings(
            settings.device, configuration, settings.remote_commands, lambda: mirror.trusted("command")
        )
        return CommandRunner(allowed, self._bus, controls, self._world.clock)

    def _open_mirror(self) -> Mirror | None:
        """The mirror of an enrolled collector. An unreadable identity disables the mirror, not the collector."""
        enrolled = open_identity(self._settings.state_dir)
        try:
            identity = enrolled.read()
        except IdentityError as error:
            log.warning("mirror_disabled", error=str(error))
            return None
        if identity is None or identity.device != self._settings.device:
            return None
        return Mirror(self._bus, enrolled, identity, self._world.clock, self._world.rng)


async def _supervise_mirror(mirror: Mirror) -> None:
    """Runs the mirror until cancelled. A bug in it is logged, and never ends the collector."""
    while True:
        try:
            await mirror.run()
        except Exception:
            log.exception("mirror_crashed", will_retry=True)
            await asyncio.sleep(_MIRROR_RETRY)


async def _cancel(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_STOP_TIMEOUT)


def make_sources(settings: Settings, world: World, pace: Pace | None = None) -> list[Source]:
    """The sources that the settings enable. `pace`: how often this machine is measured."""
    sources: list[Source] = []
    if settings.host_metrics:
        sources.append(HostSource(settings.state_dir, world.clock, pace))
    if settings.simulator_rate > 0:
        seed = world.rng.getrandbits(64) if settings.simulator_seed is None else settings.simulator_seed
        simulator = SimulatorSettings(settings.simulator_rate, settings.simulator_series)
        sources.append(SimulatorSource(simulator, world.clock, Random(seed)))  # noqa: S311  # sensor noise, no secret
    return sources


def collector_version() -> str:
    """The version of the installed package; empty when it is not installed."""
    try:
        return version("pulse-desktop")
    except PackageNotFoundError:
        return ""

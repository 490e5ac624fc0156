"""A service process: one task group. When one part fails, all stop and the exit code is not zero. SIGTERM stops them in
order."""

import asyncio
import gc
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from pulse_bus import Bus, LinkState, Quarantine
from pulse_bus.handling import log_quarantine
from pulse_bus.mqtt import MqttBus
from pulse_chassis.audit.refusals import AuditedRefusals
from pulse_chassis.http.app import Health, RequestMiddleware, create_app
from pulse_chassis.http.rate_limits import RateLimits
from pulse_chassis.identity.principal import Principals
from pulse_chassis.identity.proxies import Proxies
from pulse_chassis.observability import logs
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.background import Background, Job
from pulse_chassis.process.broker import (
    count_quarantined,
    measure_bus,
    mqtt_settings,
    publish_offline,
    session_opener,
)
from pulse_chassis.process.migration import SchemaCheck, migrate_at_start, on_stop_signal
from pulse_chassis.process.server import HttpServer
from pulse_chassis.process.settings import ServiceSettings, decoded_key
from pulse_contracts.system import Status
from pulse_contracts.topics import SYSTEM_STATUS
from pulse_postgres import Audit, Database, Migrations, Outbox, Relay
from pulse_postgres.database import PoolSettings

log = structlog.get_logger("pulse.process")


def now_micros() -> int:
    """The wall clock in microseconds since 1970."""
    return time.time_ns() // 1_000


@dataclass(frozen=True)
class Identity:
    """Name and version of a service on the bus and in the logs, and the migrations of its schema."""

    name: str
    version: str
    migrations: Migrations
    has_outbox: bool = False


@dataclass
class Runtime:
    """The shared objects that a service uses to assemble its parts. `client_id`: of this process at the broker. Empty:
    the service's name."""

    identity: Identity
    database: Database
    bus: Bus
    outbox: Outbox
    principals: Principals
    metrics: Metrics
    limits: RateLimits
    audit: Audit
    rng: random.Random
    clock: Callable[[], int] = now_micros
    open_session: Callable[[str, timedelta], Bus] | None = None
    """Creates another bus with its own session (see `session_opener`). None without a broker."""
    client_id: str = ""
    background: Background = field(init=False)

    def __post_init__(self) -> None:
        self.client_id = self.client_id or self.identity.name
        self.background = Background(self.metrics, self.rng)


@dataclass(frozen=True)
class Parts:
    """The service's own parts.

    tasks: coroutines that must run until the process ends.
    jobs: background jobs.
    wrap: wraps the HTTP app, for example with a Socket.IO server.
    before_drain: callbacks before the bus stops accepting messages.
    on_stop: callbacks between the end of the bus and the end of HTTP.
    state: attributes of `app.state`.
    body_limits: the largest request body in bytes by the start of the path, where it is not 64 KiB.
    """

    routers: Sequence[APIRouter]
    tasks: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()
    jobs: Sequence[Job] = ()
    wrap: Callable[[ASGIApp], ASGIApp] | None = None
    before_drain: Sequence[Callable[[], Awaitable[None]]] = ()
    on_stop: Sequence[Callable[[], Awaitable[None]]] = ()
    state: dict[str, object] = field(default_factory=dict)
    body_limits: Mapping[str, int] = field(default_factory=dict)


Assemble = Callable[[Runtime], Awaitable[Parts]]


async def serve(
    identity: Identity,
    settings: ServiceSettings,
    assemble: Assemble,
    *,
    quarantine: Callable[[Database, Metrics], Quarantine] | None = None,
) -> None:
    """Runs the service until SIGTERM or SIGINT. Raises the error of a part that failed."""
    logs.configure(identity.name, style=settings.log_format, level=settings.log_level)
    password = settings.database_password.get_secret_value() if settings.database_password else None
    stop = asyncio.Event()
    if settings.migrate_on_start:
        await migrate_at_start(identity.migrations, settings.database_url, password, stop)
    on_stop_signal(stop.set)
    if stop.is_set():
        return
    pool = PoolSettings(
        settings.database_url, password, settings.database_pool_size, idle_timeout=settings.database_idle_timeout
    )
    async with Database(pool) as database:
        rng = random.Random(secrets.randbits(64))  # noqa: S311  # jitter, not a secret
        started = now_micros()
        metrics = Metrics()
        mqtt = mqtt_settings(identity.name, settings, started)
        put = count_quarantined(quarantine(database, metrics) if quarantine else log_quarantine, metrics)
        bus = MqttBus(mqtt, clock=now_micros, rng=rng, quarantine=put)
        principals, audit = Principals(time.time), Audit(decoded_key(settings.audit_key))
        runtime = Runtime(identity, database, bus, Outbox(), principals, metrics, RateLimits(), audit, rng)
        runtime.client_id = mqtt.client_id
        runtime.open_session = session_opener(mqtt, now_micros, rng, put, metrics)
        measure_bus(bus, metrics)
        age = metrics.gauge(
            "auth_revocations_age_seconds",
            "Age of the last list of revocations from auth. Above 15 s requests with special permissions are refused",
        )
        age.set_function(lambda: principals.revocations_age)
        parts = await assemble(runtime)
        await _run(runtime, settings, parts, started, stop)


def prepare_app(app: FastAPI, runtime: Runtime, settings: ServiceSettings) -> None:
    """Sets the attributes of `app.state` that the dependencies and routes of the chassis need."""
    app.state.principals, app.state.database, app.state.audit = runtime.principals, runtime.database, runtime.audit
    app.state.proxies, app.state.clock = Proxies(settings.trusted_proxies), runtime.clock
    app.state.refusals = AuditedRefusals(runtime.database, runtime.audit, runtime.limits, runtime.clock)


async def _run(runtime: Runtime, settings: ServiceSettings, parts: Parts, started: int, stop: asyncio.Event) -> None:
    """Runs all parts until `stop` is set, then stops them in order."""
    bus, identity, client_id = runtime.bus, runtime.identity, runtime.client_id
    schema = SchemaCheck(runtime.database, identity.migrations)
    health, server = _http(runtime, settings, parts, schema)

    async def publish_online() -> None:
        status = Status(state="online", since=started, version=identity.version, name=identity.name)
        await bus.publish(SYSTEM_STATUS, status, kind=identity.name, id=client_id)

    bus.on_connected(publish_online)
    all_jobs = [*parts.jobs, *(_outbox_jobs(runtime) if identity.has_outbox else ())]
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(schema.watch(), name="schema")
        intake = group.create_task(_after(schema.ready, bus.run), name="bus")
        http = group.create_task(server.run_until(stop), name="http")
        tasks = [
            group.create_task(_run_task(schema.ready, task), name=getattr(task, "__qualname__", "task"))
            for task in parts.tasks
        ]
        jobs = [
            group.create_task(_run_task(schema.ready, partial(runtime.background.run, job)), name=job.name)
            for job in all_jobs
        ]
        gc.collect()
        gc.freeze()  # objects from the start live until the end, so the collector need not visit them
        log.info("service_started", version=identity.version, port=settings.http_port)
        await stop.wait()
        log.info("service_stopping")
        health.is_stopping = True
        status = Status(state="offline", since=now_micros(), version=identity.version, name=identity.name)
        await publish_offline(bus, status, identity.name, client_id, settings.shutdown_timeout / 10)
        for callback in parts.before_drain:
            await callback()
        await bus.drain()
        await asyncio.wait([intake], timeout=settings.shutdown_timeout.total_seconds() / 2)
        intake.cancel()
        for callback in parts.on_stop:
            await callback()
        server.should_exit = True
        await asyncio.wait([http], timeout=settings.shutdown_timeout.total_seconds() / 2)
        for running in (http, watch, *tasks, *jobs):
            running.cancel()
    log.info("service_stopped")


def _http(runtime: Runtime, settings: ServiceSettings, parts: Parts, schema: SchemaCheck) -> tuple[Health, HttpServer]:
    """Returns the health state and the HTTP server of the service."""

    async def is_connected() -> bool:
        return runtime.bus.state is LinkState.CONNECTED and not runtime.bus.is_unstable

    checks = {"database": runtime.database.is_reachable, "migrations": schema.is_migrated, "bus": is_connected}
    health = Health(checks, is_started=True)
    identity = runtime.identity
    app = create_app(identity.name, identity.version, parts.routers, health=health, metrics=runtime.metrics)
    prepare_app(app, runtime, settings)
    for name, value in parts.state.items():
        setattr(app.state, name, value)
    outer: ASGIApp = RequestMiddleware(app, runtime.metrics, parts.body_limits)
    if parts.wrap is not None:
        outer = parts.wrap(outer)
    return health, HttpServer(outer, settings.http_host, settings.http_port)


def _outbox_jobs(runtime: Runtime) -> list[Job]:
    set_aside = runtime.metrics.counter(
        "outbox_events_set_aside", "Events that could not be published and were set aside"
    )
    dropped = runtime.metrics.counter("outbox_notices_dropped", "Notices for pages that the broker refused")
    relay = Relay(runtime.database, runtime.bus, set_aside.inc, dropped.inc)
    pending = runtime.metrics.gauge("outbox_pending_events", "Events that are not published yet")
    pending.set_function(lambda: relay.depth)
    age = runtime.metrics.gauge("outbox_oldest_event_age_seconds", "Age of the oldest event that is not published yet")
    age.set_function(lambda: relay.oldest_age)
    return [
        Job("outbox_relay", relay.publish_next, interval=timedelta(seconds=1), wake=runtime.outbox.written),
        Job("outbox_measure", relay.measure, interval=timedelta(seconds=5)),
    ]


async def _after(ready: asyncio.Event, task: Callable[[], Awaitable[None]]) -> None:
    await ready.wait()
    await task()


async def _run_task(ready: asyncio.Event, task: Callable[[], Awaitable[None]]) -> None:
    """Runs a task once the schema is ready. Until then the process answers health requests. Raises RuntimeError when
    the task ends."""
    await _after(ready, task)
    raise RuntimeError(f"{task} ended unexpectedly")

"""A process is one task group: if one part dies all stop and the exit code is not zero; SIGTERM ends it in order."""

import asyncio
import gc
import logging
import random
import secrets
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from pulse_bus import Bus, LinkState, Quarantine, Quarantined
from pulse_bus.handling import log_quarantine
from pulse_bus.mqtt import MqttBus, MqttSettings, Will
from pulse_chassis.audit.refusals import Refusals
from pulse_chassis.http.app import Envelope, Health, create_app
from pulse_chassis.http.connection import HttpConnection, WebSocketConnection
from pulse_chassis.http.rate_limits import RateLimits
from pulse_chassis.identity.principal import Principals
from pulse_chassis.identity.proxies import Proxies
from pulse_chassis.observability import logs
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.background import Background, Job
from pulse_chassis.process.settings import ServiceSettings, decoded_key
from pulse_contracts.errors import Unavailable
from pulse_contracts.system import Status
from pulse_contracts.topics import SYSTEM_STATUS
from pulse_postgres import Audit, Database, DatabaseUnavailable, Migrations, Outbox, Relay
from pulse_postgres.database import PoolSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

log = structlog.get_logger("pulse.process")
_MIGRATION_POLL_SECONDS = 0.2
_MIGRATION_PAUSE_MAX = 2.0


def now_micros() -> int:
    """The wall clock, in microseconds since 1970."""
    return time.time_ns() // 1_000


@dataclass(frozen=True)
class Identity:
    """Who this process is on the bus and in the logs."""

    name: str
    version: str
    migrations: Migrations
    has_outbox: bool = False


@dataclass
class Runtime:
    """What a service is given to build itself from."""

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
    """Makes a second bus: client id, and how long the broker keeps its session. It has the service's account and no
    last will. None where there is no broker."""
    background: Background = field(init=False)

    def __post_init__(self) -> None:
        self.background = Background(self.metrics, self.rng)


@dataclass(frozen=True)
class Parts:
    """What a service is made of, beside the chassis: its routes, its endless tasks, and what wraps its HTTP app."""

    routers: Sequence[APIRouter]
    tasks: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()
    jobs: Sequence[Job] = ()
    wrap: Callable[[ASGIApp], ASGIApp] | None = None
    on_stop: Sequence[Callable[[], Awaitable[None]]] = ()
    state: dict[str, object] = field(default_factory=dict)


Assemble = Callable[[Runtime], Awaitable[Parts]]


class _Server(uvicorn.Server):
    """uvicorn without its own idea of signals: the process owns them."""

    @contextmanager
    def capture_signals(self) -> "Iterator[None]":
        yield


async def serve(
    identity: Identity,
    settings: ServiceSettings,
    assemble: Assemble,
    *,
    quarantine: Callable[[Database, Metrics], Quarantine] | None = None,
) -> None:
    """Runs the service until SIGTERM or SIGINT. Raises the failure of whichever part died."""
    logs.configure(identity.name, style=settings.log_format, level=settings.log_level)
    password = settings.database_password.get_secret_value() if settings.database_password else None
    stop = asyncio.Event()
    if settings.migrate_on_start:
        await _migrate(identity.migrations, settings.database_url, password, stop)
    _on_signal(stop.set)
    if stop.is_set():
        return
    pool = PoolSettings(settings.database_url, password, settings.database_pool_size)
    async with Database(pool) as database:
        rng = random.Random(secrets.randbits(64))  # noqa: S311  # jitter, no secret
        started = now_micros()
        metrics = Metrics()
        mqtt = _mqtt_settings(identity, settings, started)
        put_away = counted(quarantine(database, metrics) if quarantine else log_quarantine, metrics)
        bus = MqttBus(mqtt, clock=now_micros, rng=rng, quarantine=put_away)
        principals, audit = Principals(time.time), Audit(decoded_key(settings.audit_key))
        runtime = Runtime(identity, database, bus, Outbox(), principals, metrics, RateLimits(), audit, rng)
        runtime.open_session = session_opener(mqtt, rng, put_away, metrics)
        _measure(bus, principals, metrics)
        parts = await assemble(runtime)
        await _run(runtime, settings, parts, started, stop)


def session_opener(
    mqtt: MqttSettings, rng: random.Random, put_away: Quarantine, metrics: Metrics
) -> Callable[[str, timedelta], Bus]:
    """See `Runtime.open_session`."""
    in_work = metrics.gauge("bus_session_in_work", "As bus_in_work, of a session of its own", ["session"])

    def open_session(client_id: str, expiry: timedelta) -> Bus:
        settings = replace(mqtt, client_id=client_id, session_expiry=expiry, will=None)
        bus = MqttBus(settings, clock=now_micros, rng=rng, quarantine=put_away)
        in_work.labels(client_id).set_function(lambda: bus.in_work)
        return bus

    return open_session


def furnish(app: FastAPI, runtime: Runtime, settings: ServiceSettings) -> None:
    """Gives the app what the chassis's own dependencies and routes look for."""
    app.state.principals, app.state.database, app.state.audit = runtime.principals, runtime.database, runtime.audit
    app.state.proxies, app.state.clock = Proxies(settings.trusted_proxies), runtime.clock
    app.state.refusals = Refusals(runtime.database, runtime.audit, runtime.limits, runtime.clock)


def counted(put_away: Quarantine, metrics: Metrics) -> Quarantine:
    """The same quarantine; what was put away is counted by its code."""
    total = metrics.counter("bus_quarantined", "Messages that nobody could use", ["code"])

    async def put(item: Quarantined) -> None:
        await put_away(item)
        total.labels(item.code).inc()

    return put


def _measure(bus: MqttBus, principals: Principals, metrics: Metrics) -> None:
    """What waits between the broker and us, beside its bounds (PULSE_MQTT_RECEIVE_MAXIMUM, …_PUBLISH_BUFFER_MAX); and
    whether auth is heard."""
    gauge = metrics.gauge("auth_silence_seconds", "How long ago auth was heard: beyond 15 administrators wait")
    gauge.set_function(lambda: principals.silence)
    gauge = metrics.gauge("bus_in_work", "Messages taken from the broker and not acknowledged")
    gauge.set_function(lambda: bus.in_work)
    gauge = metrics.gauge("bus_dropped", "Messages of QoS 0 that came faster than they were handled, and were dropped")
    gauge.set_function(lambda: bus.dropped)
    gauge = metrics.gauge("bus_waiting_bytes", "Bytes that the broker has not taken")
    gauge.set_function(lambda: bus.waiting_bytes)


def _on_signal(told: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for sig in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sig, told)


async def _migrate(migrations: Migrations, url: str, password: str | None, stop: asyncio.Event) -> None:
    """Brings the schema to its head, however long PostgreSQL takes to come up. Returns early, with `stop` set, when the
    process is told to end. Raises MigrationError."""
    loop = asyncio.get_running_loop()
    delay = _MIGRATION_POLL_SECONDS
    is_told = False
    with suppress(TimeoutError):  # only of this limit: `apply` has its own for everything else
        async with asyncio.timeout(None) as limit:

            def told() -> None:
                stop.set()
                if not limit.expired():
                    limit.reschedule(loop.time())

            _on_signal(told)
            while True:
                try:
                    for name in await migrations.apply(url, password):
                        log.info("migrated", step=name)
                except DatabaseUnavailable as error:
                    if not is_told:
                        log.info("waiting for the database", reason=str(error))
                        is_told = True
                    await asyncio.sleep(delay)
                    delay = min(_MIGRATION_PAUSE_MAX, 2 * delay)
                else:
                    return


def _mqtt_settings(identity: Identity, settings: ServiceSettings, started: int) -> MqttSettings:
    client_id = settings.mqtt_client_id or identity.name
    will = Will(SYSTEM_STATUS, Status(state="offline", since=started), {"kind": identity.name, "id": client_id})
    return MqttSettings(
        settings.mqtt_url,
        identity.name,
        settings.mqtt_password.get_secret_value(),
        client_id,
        prefix=settings.mqtt_prefix,
        session_expiry=settings.mqtt_session_expiry,
        receive_maximum=settings.mqtt_receive_maximum,
        publish_buffer_max=settings.mqtt_publish_buffer_max,
        will=will,
        ca_file=settings.mqtt_ca_file,
    )


async def _run(runtime: Runtime, settings: ServiceSettings, parts: Parts, started: int, stop: asyncio.Event) -> None:
    """`stop` is set by whoever has the signals."""
    database, bus, identity = runtime.database, runtime.bus, runtime.identity
    is_migrated = False

    async def migrated() -> bool:
        nonlocal is_migrated
        if not is_migrated:
            is_migrated = await _is_migrated(database, identity.migrations)
        return is_migrated

    async def connected() -> bool:
        return bus.state is LinkState.CONNECTED

    health = Health({"database": database.is_reachable, "migrations": migrated, "bus": connected}, is_started=True)
    app = create_app(identity.name, identity.version, parts.routers, health=health, metrics=runtime.metrics)
    furnish(app, runtime, settings)
    for name, value in parts.state.items():
        setattr(app.state, name, value)
    outer: ASGIApp = Envelope(app, runtime.metrics)
    if parts.wrap is not None:
        outer = parts.wrap(outer)
    server = _Server(
        uvicorn.Config(
            outer,
            host=settings.http_host,
            port=settings.http_port,
            log_config=None,
            log_level="warning",  # at INFO it tells of each websocket: anybody could fill the disk
            access_log=False,
            lifespan="off",
            http=HttpConnection,
            ws=WebSocketConnection,
            ws_max_size=262_144,
            ws_per_message_deflate=False,  # what is sent to many is encoded once; compressing is for each
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=3,
        )
    )

    async def say_online() -> None:
        client_id = settings.mqtt_client_id or identity.name
        status = Status(state="online", since=started, version=identity.version, name=identity.name)
        await bus.publish(SYSTEM_STATUS, status, kind=identity.name, id=client_id)

    bus.on_connected(say_online)
    all_jobs = [*parts.jobs, *(_outbox_jobs(runtime) if identity.has_outbox else ())]
    async with asyncio.TaskGroup() as group:
        schema_is_there = asyncio.Event()
        watch = group.create_task(_watch_schema(migrated, schema_is_there), name="schema")
        intake = group.create_task(_after(schema_is_there, bus.run), name="bus")
        http = group.create_task(_serve_http(server, stop), name="http")
        endless = [
            group.create_task(_endless(schema_is_there, task), name=getattr(task, "__qualname__", "task"))
            for task in parts.tasks
        ]
        jobs = [
            group.create_task(_endless(schema_is_there, partial(runtime.background.run, job)), name=job.name)
            for job in all_jobs
        ]
        gc.collect()
        gc.freeze()  # what is there at the start stays: no collection need look at it again
        log.info("started", version=identity.version, port=settings.http_port)
        await stop.wait()
        log.info("stopping")
        health.is_stopping = True
        await _say_offline(bus, identity, settings)
        await bus.drain()
        await asyncio.wait([intake], timeout=settings.shutdown_timeout.total_seconds() / 2)
        intake.cancel()
        for callback in parts.on_stop:
            await callback()
        server.should_exit = True
        await asyncio.wait([http], timeout=settings.shutdown_timeout.total_seconds() / 2)
        for running in (http, watch, *endless, *jobs):
            running.cancel()
    log.info("stopped")


def _outbox_jobs(runtime: Runtime) -> list[Job]:
    set_aside = runtime.metrics.counter("outbox_set_aside", "Events that could never be published and were set aside")
    relay = Relay(runtime.database, runtime.bus, set_aside.inc)
    depth = runtime.metrics.gauge("outbox_depth", "Events that wait to be published")
    depth.set_function(lambda: relay.depth)
    age = runtime.metrics.gauge("outbox_oldest_age_seconds", "Age of the oldest event that waits to be published")
    age.set_function(lambda: relay.oldest_age)
    return [
        Job("outbox_relay", relay.publish_next, interval=timedelta(seconds=1), wake=runtime.outbox.written),
        Job("outbox_measure", relay.measure, interval=timedelta(seconds=5)),
    ]


async def _say_offline(bus: Bus, identity: Identity, settings: ServiceSettings) -> None:
    """A farewell in order withdraws the last will: without a word of ours the retained `online` would stay."""
    status = Status(state="offline", since=now_micros(), version=identity.version, name=identity.name)
    client_id = settings.mqtt_client_id or identity.name
    try:
        async with asyncio.timeout(settings.shutdown_timeout.total_seconds() / 10):
            await bus.publish(SYSTEM_STATUS, status, kind=identity.name, id=client_id)
    except (Unavailable, TimeoutError) as error:
        log.debug("not told", reason=str(error))


async def _after(schema_is_there: asyncio.Event, task: Callable[[], Awaitable[None]]) -> None:
    await schema_is_there.wait()
    await task()


async def _endless(schema_is_there: asyncio.Event, task: Callable[[], Awaitable[None]]) -> None:
    """An endless task, begun when the schema is there: until then the process answers, and is not ready."""
    await _after(schema_is_there, task)
    raise RuntimeError(f"{task} ended, and it never should")


async def _watch_schema(migrated: Callable[[], Awaitable[bool]], schema_is_there: asyncio.Event) -> None:
    """Asks until the schema is at this program's version. Nothing else tells."""
    is_told = False
    while True:
        if await migrated():
            schema_is_there.set()
            return
        if not is_told:
            log.info("waiting for the schema: is the database there, and has `migrate` been run?")
            is_told = True
        await asyncio.sleep(_MIGRATION_POLL_SECONDS)


async def _serve_http(server: _Server, stop: asyncio.Event) -> None:
    try:
        await server.serve()
    except SystemExit as error:  # uvicorn's answer to a taken port
        raise OSError(f"HTTP could not start (exit code {error.code}): is the port taken?") from error
    if not stop.is_set():
        raise OSError("HTTP stopped by itself")


async def _is_migrated(database: Database, migrations: Migrations) -> bool:
    try:
        async with database.connection() as connection:
            if not await connection.fetchval("SELECT to_regclass('schema_migration') IS NOT NULL"):
                return False
            return bool(await connection.fetchval("SELECT max(version) FROM schema_migration") == migrations.head)
    except DatabaseUnavailable as error:
        logging.getLogger("pulse.process").debug("migrations unknown: %s", error)
        return False

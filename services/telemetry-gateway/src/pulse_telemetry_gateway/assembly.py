"""Builds every object and connects them. Only this module knows the concrete classes."""

import time
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Literal

from pulse_bus import Bus, Quarantine
from pulse_chassis.audit.routes import audit_router
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process import service as process
from pulse_chassis.process.background import Job
from pulse_chassis.process.service import Identity, Parts, Runtime
from pulse_chassis.process.settings import decoded_key
from pulse_postgres import Audit, Database, Migrations
from pulse_telemetry_gateway.actions.annotations import Annotations
from pulse_telemetry_gateway.actions.audit_trail import AuditTrail
from pulse_telemetry_gateway.actions.availability import INTERVAL, Watch
from pulse_telemetry_gateway.actions.catalogs import Catalogs
from pulse_telemetry_gateway.actions.certificates import Certificates
from pulse_telemetry_gateway.actions.commands import CommandDependencies, Commands
from pulse_telemetry_gateway.actions.compaction import Compaction, CompactionPace
from pulse_telemetry_gateway.actions.concurrency_limit import ConcurrencyLimit
from pulse_telemetry_gateway.actions.connections import ConnectionHistory
from pulse_telemetry_gateway.actions.device_notices import DeviceNotices
from pulse_telemetry_gateway.actions.displays import Displays
from pulse_telemetry_gateway.actions.erasure import Erasure
from pulse_telemetry_gateway.actions.export import Export
from pulse_telemetry_gateway.actions.handshake import Handshake
from pulse_telemetry_gateway.actions.history import History, HistoryLimits
from pulse_telemetry_gateway.actions.incidents import Incidents
from pulse_telemetry_gateway.actions.ingest import LOOKUPS, Ingest, IngestLimits
from pulse_telemetry_gateway.actions.intake import Intake
from pulse_telemetry_gateway.actions.intake_rate import INTERVAL as RATE_INTERVAL
from pulse_telemetry_gateway.actions.intake_rate import IntakeRate
from pulse_telemetry_gateway.actions.latest import Latest
from pulse_telemetry_gateway.actions.pages import Pages
from pulse_telemetry_gateway.actions.plain import Plain, PlainLimits
from pulse_telemetry_gateway.actions.plain_settings import PlainDeviceSettings
from pulse_telemetry_gateway.actions.renaming import Renaming
from pulse_telemetry_gateway.actions.retention import Retention
from pulse_telemetry_gateway.actions.retention_settings import RetentionSettings
from pulse_telemetry_gateway.actions.saved_objects import SavedObjects, SavingDependencies
from pulse_telemetry_gateway.actions.shards import Shards
from pulse_telemetry_gateway.actions.share_links import ShareLinks
from pulse_telemetry_gateway.actions.upkeep import Upkeep
from pulse_telemetry_gateway.actions.verification import Verification
from pulse_telemetry_gateway.handlers import DeviceBudget, Handlers, ReplyHandlers, quarantine
from pulse_telemetry_gateway.live.feeds import Feeds
from pulse_telemetry_gateway.live.hub import Hub, LiveLimits
from pulse_telemetry_gateway.live.sockets import SocketDependencies, Sockets
from pulse_telemetry_gateway.model.ingest.credit import CreditLimits
from pulse_telemetry_gateway.model.ingest.grouping import GroupLimits
from pulse_telemetry_gateway.model.ledger.clock_stretches import ClockLimits
from pulse_telemetry_gateway.model.retention import Ages
from pulse_telemetry_gateway.routes import BODY_LIMITS, TelemetryDependencies, public, router
from pulse_telemetry_gateway.settings import GatewaySettings
from pulse_telemetry_gateway.store.availability import AvailabilityStore
from pulse_telemetry_gateway.store.compaction import CompactionStore
from pulse_telemetry_gateway.store.connections import ConnectionStore
from pulse_telemetry_gateway.store.erasure import ErasureStore
from pulse_telemetry_gateway.store.handshake import HandshakeStore
from pulse_telemetry_gateway.store.history import HistoryStore
from pulse_telemetry_gateway.store.intake_rate import IntakeRateStore
from pulse_telemetry_gateway.store.leases import LeaseStore
from pulse_telemetry_gateway.store.ledger import LedgerLimits, LedgerStore
from pulse_telemetry_gateway.store.log import LogStore
from pulse_telemetry_gateway.store.partitions import Partitions
from pulse_telemetry_gateway.store.plain import PlainStore
from pulse_telemetry_gateway.store.quarantine import QuarantineBounds, QuarantineStore
from pulse_telemetry_gateway.store.registry import RegistryLimits, RegistryStore
from pulse_telemetry_gateway.store.retention import RetentionStore
from pulse_telemetry_gateway.store.search import SeriesSearch
from pulse_telemetry_gateway.store.shards import ShardStore
from pulse_telemetry_gateway.store.verification import VerificationStore

VERSION = "0.1.0"
IDENTITY = Identity("telemetry-gateway", VERSION, Migrations("pulse_telemetry_gateway.migrations"))
_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)
ROUTERS = [audit_router("/api/telemetry", "telemetry"), public, router]


async def serve(settings: GatewaySettings) -> None:
    """Runs the gateway until it is told to stop."""

    if settings.role != "all":  # a resumed session would have subscriptions that this role does not serve
        settings = settings.model_copy(update={"mqtt_session_expiry": timedelta(0)})

    async def assemble(runtime: Runtime) -> Parts:
        return await _assemble(runtime, settings)

    def put_away(database: Database, metrics: Metrics) -> Quarantine:
        return quarantine(quarantine_of(database, settings), budget_of(settings), metrics)

    await process.serve(IDENTITY, settings, assemble, quarantine=put_away)


async def _assemble(runtime: Runtime, settings: GatewaySettings) -> Parts:
    database, bus = runtime.database, runtime.bus
    clocks = ClockLimits(
        *(int(t.total_seconds() * 1e6) for t in (settings.clock_suspect_after, settings.clock_behind_after))
    )
    ledger = LedgerStore(database, LedgerLimits(settings.ledger_fragments_max, settings.device_epochs_max, clocks))
    registry = RegistryStore(database, RegistryLimits(settings.device_series_max, settings.device_catalogs_max))
    log = LogStore(database)
    catalogs = Catalogs(registry)
    ingest = Ingest(
        ledger,
        catalogs,
        bus,
        IngestLimits(
            CreditLimits(
                settings.credit, 2, settings.mqtt_receive_maximum, settings.commit_wait_target.total_seconds()
            ),
            GroupLimits(
                settings.group_commit_max,
                settings.group_commit_bytes_max,
                settings.group_commit_age_max.total_seconds(),
                settings.group_commit_interval.total_seconds(),
            ),
            settings.ledger_fragments_max,
            int(settings.plausible_span.total_seconds() * 1e6),
            settings.device_waiting_max,
            LOOKUPS * settings.device_pace,
        ),
        runtime.metrics,
    )
    shards = Shards(ShardStore(database), bus, runtime.client_id, runtime.metrics)
    handshake = Handshake(HandshakeStore(database), registry, catalogs, ingest, lambda: shards.is_working)
    span = int(settings.plausible_span.total_seconds() * 1e6)
    plain_store = PlainStore(database)
    plain = Plain(ingest, catalogs, plain_store, PlainLimits(settings.plain_series_max, span), runtime.metrics)
    notices = DeviceNotices(bus, runtime.clock)
    bus.on_connected(notices.publish_again)
    registry.on_registered = notices.note
    audit = AuditTrail(database, runtime.audit, runtime.clock, notices.note)
    key = decoded_key(settings.gateway_key) if settings.gateway_key else None
    commands = Commands(CommandDependencies(database, bus, audit, key, runtime.clock, uuid.uuid4), runtime.metrics)
    connection_store = ConnectionStore(database)
    connections = ConnectionHistory(connection_store, settings.retention_connections, notices.note)
    handlers = Handlers(bus, ingest, plain, handshake, registry, budget_of(settings))
    handlers.on_status = connections.due.set
    bus.on_connected(commands.announce)
    intake = _intake(runtime, settings, handlers)
    if settings.role != "live":
        shards.use(await handlers.subscribe())
        await ReplyHandlers(bus, commands, budget_of(settings)).subscribe()
    limits = LiveLimits(
        settings.resume_readings_max,
        settings.viewer_pending_bytes,
        settings.viewer_silence_notice.total_seconds(),
        settings.viewer_silence_end.total_seconds(),
        settings.viewers_max,
        settings.viewers_of_account_max,
        settings.drain_spread.total_seconds(),
    )
    feeds = Feeds(bus, log)
    hub = Hub(feeds, log, registry, limits, runtime.metrics)
    sockets = Sockets(
        hub,
        limits,
        SocketDependencies(runtime.principals, runtime.metrics, runtime.clock, runtime.rng, settings.origins),
    )
    await runtime.principals.follow(bus)  # before the sockets: a revoked session must not connect again
    if settings.role != "ingest":
        await sockets.subscribe_bus(bus)
    put_away = quarantine_of(database, settings)
    compaction = compaction_of(database, settings, runtime.metrics)
    clock_suspect = int(settings.clock_suspect_after.total_seconds() * 1e6)
    at_once = max(1, settings.database_pool_size // 4)
    history_limits = HistoryLimits(settings.history_deadline, at_once, clock_suspect)
    stored = HistoryStore(database)
    history = History(stored, registry, history_limits, runtime.clock)
    pages = Pages(history)
    saving = SavingDependencies(database, audit, runtime.clock, uuid.uuid4)
    retention = retention_of(database, settings, runtime.clock, runtime.metrics)
    intake_rate = _intake_rate(runtime, ingest)
    watch = await _watch(runtime)
    routes = TelemetryDependencies(
        registry,
        history,
        pages,
        Verification(VerificationStore(database)),
        Export(pages, stored),
        put_away,
        clock_suspect,
        ConcurrencyLimit(at_once, settings.history_deadline),
        audit,
        PlainDeviceSettings(database, plain_store, audit, runtime.clock),
        Erasure(ErasureStore(database), registry, compaction, audit),
        Renaming(database, registry, audit),
        runtime.clock,
        runtime.limits,
        commands,
        SavedObjects("dashboard", saving),
        SavedObjects("question", saving),
        Displays(database, audit, runtime.clock),
        Annotations(saving),
        ShareLinks(saving),
        ConcurrencyLimit(max(2, at_once // 2), settings.history_deadline),
        connection_store,
        RetentionSettings(database, retention, audit, runtime.clock),
        watch,
        Certificates(settings.mqtt_url, settings.mqtt_ca_file, time.monotonic),
        intake_rate,
        Incidents(saving),
        SeriesSearch(database),
    )
    ingest_parts = Parts(
        routers=(),
        tasks=[ingest.run, intake.run],
        jobs=[
            Job("shard_lease", shards.renew_lease, _SECOND / 2, retry_floor=_SECOND / 2, retry_cap=_SECOND),
            Job("shards", shards.balance, _SECOND / 2, wake=shards.wake, retry_floor=_SECOND, retry_cap=_SECOND),
            Job("plain_lease", intake.renew_lease, _SECOND, retry_floor=_SECOND, retry_cap=_SECOND),
            Job("plain_skipped", plain.write_skipped, 2 * _SECOND),
            Job("latest", Latest(log, runtime.metrics).catch_up, settings.latest_every, retry_cap=5 * _SECOND),
            compaction_job(compaction, settings),
            Job("retention", retention.round, timedelta(days=1), retry_floor=10 * _MINUTE, retry_cap=10 * _MINUTE),
            Job("commands_unknown", commands.mark_unknown, _MINUTE),
            *connection_jobs(connections),
            *upkeep_jobs(Upkeep(log, put_away)),
            Job("intake_rate", intake_rate.measure, RATE_INTERVAL),
            Job("availability", watch.count, INTERVAL, retry_floor=INTERVAL, retry_cap=INTERVAL),
        ],
        before_drain=[shards.stop],
        on_stop=[intake.stop, plain.stop],
    )
    live_parts = Parts(
        routers=(),
        tasks=[sockets.run],
        jobs=[
            Job("live_feeds", feeds.sweep, _SECOND, retry_cap=2 * _SECOND),
            Job("live_sessions", sockets.sweep, _SECOND, retry_cap=_SECOND),
            Job("live_changes", sockets.changes.flush, _SECOND, wake=sockets.changes.wake, pause=_SECOND / 4),
        ],
        wrap=sockets.wrap,
        on_stop=[sockets.stop],
    )
    notices_job = Job("device_notices", notices.publish, wake=notices.due, pause=_SECOND / 4)
    return _of_role(settings.role, (ingest_parts, live_parts), {"telemetry": routes}, notices_job)


def _of_role(
    role: Literal["all", "ingest", "live"], parts_of: tuple[Parts, Parts], state: dict[str, object], *shared: Job
) -> Parts:
    ingest, live = parts_of
    chosen = [parts for name, parts in (("ingest", ingest), ("live", live)) if role in {"all", name}]
    return Parts(
        routers=ROUTERS,
        tasks=[task for parts in chosen for task in parts.tasks],
        jobs=[*shared, *(job for parts in chosen for job in parts.jobs)],
        wrap=live.wrap if live in chosen else None,
        before_drain=[callback for parts in chosen for callback in parts.before_drain],
        on_stop=[callback for parts in chosen for callback in parts.on_stop],
        state=state,
        body_limits=BODY_LIMITS,
    )


def compaction_job(compaction: Compaction, settings: GatewaySettings) -> Job:
    """Rounds follow each other with a pause while there is work, so that ingest gets its share of the database."""
    return Job(
        "compaction",
        compaction.round,
        settings.compaction_lag / 4,
        pause=settings.compaction_pause,
        retry_cap=5 * _SECOND,
    )


def connection_jobs(connections: ConnectionHistory) -> Sequence[Job]:
    """Several gateways hear each change of a device. The wait lets all of them note it before one writes it."""
    wait = _SECOND / 2
    return [
        Job("connection_history", connections.write, 2 * _SECOND, wake=connections.due, gather=wait, pause=wait),
        Job("connection_history_trim", connections.trim, 10 * _MINUTE),
    ]


def upkeep_jobs(upkeep: Upkeep) -> Sequence[Job]:
    """Partitions that exist are found without a lock. Each attempt to make one may block ingest for a moment, so
    attempts are a minute apart."""
    return [
        Job("log_partitions", upkeep.make_partitions, _MINUTE, retry_floor=_MINUTE, retry_cap=_MINUTE),
        Job("quarantine_trim", upkeep.trim_quarantine, 10 * _MINUTE),
    ]


def _intake_rate(runtime: Runtime, ingest: Ingest) -> IntakeRate:
    made = IntakeRate(IntakeRateStore(runtime.database), runtime.client_id, time.monotonic)
    ingest.on_stored = made.note
    return made


async def _watch(runtime: Runtime) -> Watch:
    made = Watch(runtime.bus, AvailabilityStore(runtime.database), runtime.clock)
    await made.subscribe()
    return made


def _intake(runtime: Runtime, settings: GatewaySettings, handlers: Handlers) -> Intake:
    opener = runtime.open_session
    if opener is None:
        raise RuntimeError("the gateway cannot open a broker session for plain devices")

    def open_session() -> Bus:
        return opener(settings.plain_session, settings.plain_session_expiry)

    return Intake(LeaseStore(runtime.database), open_session, handlers.subscribe_plain, runtime.metrics)


def budget_of(settings: GatewaySettings) -> DeviceBudget:
    """The limits of one device, from the settings."""
    usual, pace = DeviceBudget(), settings.device_pace
    return DeviceBudget(
        hellos=usual.hellos * pace,
        drops=usual.drops * pace,
        parts=usual.parts * pace,
        states=usual.states * pace,
        replies=usual.replies * pace,
        quarantined=usual.quarantined * pace,
    )


def compaction_of(database: Database, settings: GatewaySettings, metrics: Metrics | None = None) -> Compaction:
    """Compaction as the settings configure it."""
    pace = CompactionPace(
        settings.compaction_lag,
        settings.compaction_rows,
        settings.compaction_readings,
        settings.compaction_pause,
        settings.compaction_quiet,
    )
    return Compaction(CompactionStore(database), Partitions(database), pace, metrics)


def retention_of(
    database: Database,
    settings: GatewaySettings,
    clock: Callable[[], int] = process.now_micros,
    metrics: Metrics | None = None,
) -> Retention:
    """Retention. The settings are the ages of levels for which administrators chose none."""
    ages = Ages(settings.retention_log, settings.retention_raw, settings.retention_minutes, settings.retention_hours)
    return Retention(RetentionStore(database), ages, clock, metrics)


def export_of(database: Database, settings: GatewaySettings) -> Export:
    """An export for the command line, with a concurrency limit of its own."""
    limits = HistoryLimits(settings.history_deadline, 1, 0)
    stored = HistoryStore(database)
    return Export(Pages(History(stored, RegistryStore(database), limits)), stored)


def audit_trail_of(database: Database, settings: GatewaySettings) -> AuditTrail:
    """An audit trail for the command line."""
    return AuditTrail(database, Audit(decoded_key(settings.audit_key)), process.now_micros)


def quarantine_of(database: Database, settings: GatewaySettings) -> QuarantineStore:
    """The quarantine as the settings configure it."""
    bounds = QuarantineBounds(
        settings.quarantine_rows_max, settings.quarantine_bytes_max, settings.quarantine_rows_each
    )
    return QuarantineStore(database, bounds)

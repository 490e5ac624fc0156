"""Creates all objects and connects them: the only module that knows the concrete classes."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from pulse_chassis.audit.routes import audit_router
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process import service as process
from pulse_chassis.process.background import Job
from pulse_chassis.process.drift import CHECK_EVERY, DriftTiming
from pulse_chassis.process.service import Identity, Parts, Runtime, now_micros
from pulse_chassis.process.settings import decoded_key
from pulse_postgres import Audit, Database, Migrations
from pulse_postgres.database import PoolSettings
from pulse_sync_publisher.actions.accounts import Accounts
from pulse_sync_publisher.actions.audit_uploads import AuditUploads
from pulse_sync_publisher.actions.collectors import Collectors
from pulse_sync_publisher.actions.context import Context, SyncMetrics
from pulse_sync_publisher.actions.entitlement import EntitlementActions, Policy
from pulse_sync_publisher.actions.logs import Logs
from pulse_sync_publisher.actions.pages import Pages
from pulse_sync_publisher.actions.repairs import Repairs, Wipes
from pulse_sync_publisher.actions.reports import Reports
from pulse_sync_publisher.actions.sending import Sender
from pulse_sync_publisher.actions.signing import SERVICE, Signing
from pulse_sync_publisher.actions.statuses import Statuses
from pulse_sync_publisher.actions.upkeep import Upkeep
from pulse_sync_publisher.actions.users_set import UsersSet
from pulse_sync_publisher.actions.vault import Vault
from pulse_sync_publisher.handlers import Copies, Handlers
from pulse_sync_publisher.routes import accounts, collectors, entitlement
from pulse_sync_publisher.routes import users as users_routes
from pulse_sync_publisher.routes.dependencies import Limits, SyncDependencies
from pulse_sync_publisher.settings import SyncSettings

VERSION = "0.1.0"
ROUTERS = [
    audit_router("/api/sync", "sync"),
    collectors.router,
    accounts.router,
    entitlement.router,
    users_routes.router,
]
IDENTITY = Identity(SERVICE, VERSION, Migrations("pulse_sync_publisher.migrations"))


async def serve(settings: SyncSettings) -> None:
    """Runs the service until it is stopped."""

    async def assemble(runtime: Runtime) -> Parts:
        return await build(runtime, settings)

    await process.serve(IDENTITY, settings, assemble)


async def build(
    runtime: Runtime, settings: SyncSettings, entropy: Callable[[int], bytes] = secrets.token_bytes
) -> Parts:
    """Builds the service."""
    database, bus, clock = runtime.database, runtime.bus, runtime.clock
    due, show = asyncio.Event(), asyncio.Event()
    vault = Vault(settings.vault_key(), clock)
    measured = SyncMetrics(runtime.metrics)
    context = Context(database, vault, runtime.audit, measured, clock, entropy, due.set, show.set)
    logs, repairs = Logs(context), Repairs(context)
    signing = Signing(context, bus, settings.collectors_sealing_key(), runtime.metrics)
    sender = Sender(context, bus, signing, runtime.rng)
    reports = Reports(context, logs, repairs, signing, bus)
    statuses, wipes = Statuses(context, bus, runtime.metrics), Wipes(context, bus, signing)
    upkeep = Upkeep(context, logs, repairs, settings.rekey_every)
    users = UsersSet(context, logs, settings.accounts_sealing_key())
    copies = Copies(
        bus,
        Accounts(context, logs, settings.accounts_sealing_key()),
        users,
        Collectors(context, logs, settings.collectors_sealing_key(), repairs.wipe_due.set),
        DriftTiming(grace=settings.replay_grace, pause=settings.replay_pause),
    )
    await Handlers(bus, copies, reports, AuditUploads(context, reports), signing).subscribe()
    await runtime.principals.follow(bus)

    connected = asyncio.Event()

    async def greet() -> None:
        """Tells the broker what it may have lost."""
        await signing.announce()
        await wipes.publish_again()
        repairs.wipe_due.set()
        await sender.resend_all()
        await statuses.publish_all()

    async def note_connected() -> None:
        connected.set()

    bus.on_connected(note_connected)
    routes = SyncDependencies(
        Pages(context),
        EntitlementActions(context, logs),
        Policy(context, logs),
        repairs,
        users,
        signing,
        runtime.limits,
        Limits(settings.read_limit, settings.change_limit),
        clock,
    )
    jobs = [
        Job("mirror_connected", greet, wake=connected),
        Job("mirror_sender", sender.send_due, settings.send_poll, due),
        Job("mirror_wipes", wipes.publish_due, settings.sweep_every, repairs.wipe_due),
        Job("mirror_status", statuses.publish_changes, settings.measure_every, show, pause=settings.status_pause),
        Job("mirror_rules", statuses.publish_rule_changes, settings.status_pause),
        Job("mirror_measure", statuses.measure, settings.measure_every),
        Job("account_drift", copies.account_drift.compare, CHECK_EVERY, wake=copies.account_drift.received),
        Job("collector_drift", copies.collector_drift.compare, CHECK_EVERY, wake=copies.collector_drift.received),
        Job("sweep", upkeep.sweep, settings.sweep_every),
        Job("mirror_check", upkeep.check, settings.check_every),
    ]
    return Parts(routers=ROUTERS, jobs=jobs, state={"sync": routes})


@asynccontextmanager
async def offline(settings: SyncSettings) -> AsyncIterator[EntitlementActions]:
    """The rule list for commands, without a bus. The running service sends the changes within a second."""
    password = settings.database_password.get_secret_value() if settings.database_password else None
    async with Database(PoolSettings(settings.database_url, password, 2)) as database:
        vault = Vault(settings.vault_key(), now_micros)
        audit, metrics = Audit(decoded_key(settings.audit_key)), SyncMetrics(Metrics())
        context = Context(database, vault, audit, metrics, now_micros, secrets.token_bytes, lambda: None, lambda: None)
        yield EntitlementActions(context, Logs(context))

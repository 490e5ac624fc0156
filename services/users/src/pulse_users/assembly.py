"""Creates all objects and connects them: the only module that knows the concrete classes."""

import asyncio
import secrets
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from pulse_chassis.audit.routes import audit_router
from pulse_chassis.process import service as process
from pulse_chassis.process.background import Job
from pulse_chassis.process.service import Identity, Parts, Runtime, now_micros
from pulse_chassis.process.settings import decoded_key
from pulse_passwords import PasswordHasher
from pulse_postgres import Audit, Database, Migrations, Outbox
from pulse_postgres.database import PoolSettings
from pulse_users.actions.accounts import Accounts
from pulse_users.actions.announcements import Announcements
from pulse_users.actions.brand import Branding
from pulse_users.actions.bulk import BulkChanges
from pulse_users.actions.changes import ChangeDependencies, milliseconds
from pulse_users.actions.directory import Directory
from pulse_users.actions.links import Links, LinkSettings
from pulse_users.actions.mail_test import MailSettings, MailTest
from pulse_users.actions.mailing import Mailer, MailQueue
from pulse_users.actions.passwords import HashingPolicies, Passwords
from pulse_users.actions.preferences import OwnPreferences
from pulse_users.actions.profile import Profile
from pulse_users.actions.smtp import MailServer
from pulse_users.actions.upkeep import Sweep
from pulse_users.actions.verifiers import Verifiers
from pulse_users.handlers import Handlers
from pulse_users.model.accounts import EventKeys, EventSealer
from pulse_users.model.passwords import PasswordRules, read_blocklist
from pulse_users.routes import accounts, brand, bulk, mail, passwords, preferences, profile
from pulse_users.routes.dependencies import Limits, UsersDependencies
from pulse_users.settings import UsersSettings

VERSION = "0.1.0"
_POLL = timedelta(seconds=5)
"""How often a job looks for work that another replica left behind."""
_POLICIES = HashingPolicies()
ROUTERS = [
    profile.router,
    preferences.router,
    audit_router("/api/users", "users"),
    brand.router,
    mail.router,
    bulk.router,
    passwords.router,
    passwords.managed,
    accounts.router,
]
IDENTITY = Identity("users", VERSION, Migrations("pulse_users.migrations"), has_outbox=True)


async def serve(settings: UsersSettings) -> None:
    """Runs the service until it is stopped."""

    async def assemble(runtime: Runtime) -> Parts:
        return await build(runtime, settings)

    await process.serve(IDENTITY, settings, assemble)


async def build(
    runtime: Runtime,
    settings: UsersSettings,
    policies: HashingPolicies = _POLICIES,
    version_floor: Callable[[int], int] = milliseconds,
) -> Parts:
    """Builds the service. `policies`: the costs of password hashes. `version_floor`: of `ChangeDependencies`."""
    database, clock = runtime.database, runtime.clock
    sealer = EventSealer(_event_keys(settings), clock)
    deps = ChangeDependencies(
        database, runtime.outbox, runtime.audit, sealer, clock, uuid.uuid4, version_floor=version_floor
    )
    hasher = PasswordHasher(policies.sign_in)
    await hasher.start()
    checked = Passwords(hasher, await asyncio.to_thread(rules, settings), policies)
    announcements = Announcements(deps, runtime.bus)
    verifiers = Verifiers(deps, settings.sealing_key(), policies.mirror)
    await Handlers(runtime.bus, announcements, verifiers).subscribe()
    await runtime.principals.follow(runtime.bus)
    runtime.bus.on_connected(announcements.request_digest)
    server = _mail_server(settings)
    queue = MailQueue(settings.mail_key(), uuid.uuid4, clock, is_configured=server is not None)
    links = Links(deps, checked, queue, LinkSettings(settings.origins[0], settings.company, secrets.token_bytes))
    routes = UsersDependencies(
        Directory(database, deps.recent),
        Accounts(deps),
        BulkChanges(deps),
        Profile(deps, checked),
        OwnPreferences(database),
        links,
        checked,
        runtime.limits,
        Limits(settings.list_limit, settings.change_limit, settings.strength_limit),
        Branding(database, runtime.audit, clock),
        MailTest(database, runtime.audit, clock, _shown(server), server.send if server else None),
    )
    jobs = [
        Job("accounts_digest", announcements.announce_digest, settings.digest_every, announcements.digest_due),
        Job("accounts_replay", announcements.replay, wake=announcements.replay_due, pause=settings.replay_pause),
        Job("sweep", Sweep(database, clock).sweep, settings.sweep_every),
        Job("reset_requests", links.answer_one, _POLL, links.requested),
    ]
    if server is not None:
        mailer = Mailer(database, queue, server.send, runtime.metrics, clock)
        jobs.append(Job("mail", mailer.send_one, _POLL, queue.written))
    return Parts(
        routers=ROUTERS, jobs=jobs, on_stop=[checked.close], state={"users": routes}, body_limits=brand.BODY_LIMITS
    )


def rules(settings: UsersSettings) -> PasswordRules:
    """The password rules with both blocklists. Reads a file."""
    if settings.password_blocklist is None:
        blocked = read_blocklist()
    else:
        with settings.password_blocklist.open(encoding="utf-8", errors="replace") as lines:
            blocked = read_blocklist(lines)
    return PasswordRules(settings.password_min_length, blocked, settings.company)


def _event_keys(settings: UsersSettings) -> EventKeys:
    return EventKeys(settings.sealing_key(), settings.mirror_key())


def _mail_server(settings: UsersSettings) -> MailServer | None:
    if settings.smtp_host is None or settings.smtp_from is None:
        return None
    return MailServer(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_from,
        settings.smtp_user,
        settings.smtp_password.get_secret_value() if settings.smtp_password else None,
        settings.smtp_tls,
        settings.smtp_timeout,
    )


def _shown(server: MailServer | None) -> MailSettings | None:
    if server is None:
        return None
    return MailSettings(server.host, server.port, server.sender, server.tls, server.password is not None)


@dataclass(frozen=True)
class Offline:
    """Dependencies of commands: the database, but no bus. The running service publishes their events."""

    accounts: Accounts
    passwords: Passwords


@asynccontextmanager
async def offline(settings: UsersSettings) -> AsyncIterator[Offline]:
    """Opens the database for one command."""
    password = settings.database_password.get_secret_value() if settings.database_password else None
    hasher = PasswordHasher(_POLICIES.sign_in)
    checked = Passwords(hasher, rules(settings), _POLICIES)
    try:
        async with Database(PoolSettings(settings.database_url, password, 2)) as database:
            sealer = EventSealer(_event_keys(settings), now_micros)
            audit = Audit(decoded_key(settings.audit_key))
            deps = ChangeDependencies(database, Outbox(), audit, sealer, now_micros, uuid.uuid4)
            yield Offline(Accounts(deps), checked)
    finally:
        await checked.close()

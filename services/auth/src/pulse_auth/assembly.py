"""Creates all objects and connects them: the only module that knows the concrete classes."""

import secrets
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from pulse_auth.actions.adoption import Adoption
from pulse_auth.actions.api_keys import ApiKeys
from pulse_auth.actions.broker import ReconcileIntervals, Reconciler
from pulse_auth.actions.codes import Codes
from pulse_auth.actions.collector_events import CollectorAnnouncements, CollectorEvents
from pulse_auth.actions.collectors import CollectorDependencies, Collectors
from pulse_auth.actions.ending import SessionRevoker, Sweep
from pulse_auth.actions.enrolment import BrokerEndpoint, Enrolment
from pulse_auth.actions.guard import GuardLimits, IntakeGuard
from pulse_auth.actions.heartbeat import Heartbeat, heartbeat_job
from pulse_auth.actions.mirror import Mirror, account_drift
from pulse_auth.actions.opening import SessionOpener
from pulse_auth.actions.plain_devices import PlainDevices
from pulse_auth.actions.second_factors import SecondFactors
from pulse_auth.actions.second_step import SecondStep
from pulse_auth.actions.sessions import Sessions
from pulse_auth.actions.signing_in import SignIn
from pulse_auth.actions.signing_keys import Rotation, SigningKeys
from pulse_auth.actions.tokens import SessionDependencies
from pulse_auth.actions.trusted_keys import PUBLISH_EVERY, TrustedKeyring
from pulse_auth.actions.verifiers import VerifierDependencies, Verifiers
from pulse_auth.handlers import HandlerActions, Handlers
from pulse_auth.model.sessions import SessionRules, derived_key
from pulse_auth.routes import (
    administration,
    api_keys,
    collectors,
    enrolment,
    own_sessions,
    plain_devices,
    second_factors,
    sessions,
)
from pulse_auth.routes.dependencies import AuthDependencies, Limits
from pulse_auth.settings import AuthSettings
from pulse_bus.mqtt import MqttSettings
from pulse_bus.mqtt.dynsec import DynamicSecurity
from pulse_chassis.audit.routes import audit_router
from pulse_chassis.http.rate_limits import parse_limit
from pulse_chassis.identity.principal import Principals
from pulse_chassis.process import service as process
from pulse_chassis.process.background import Background, Job
from pulse_chassis.process.drift import CHECK_EVERY, DriftTiming
from pulse_chassis.process.service import Identity, Parts, Runtime
from pulse_chassis.process.settings import decoded_key
from pulse_contracts.access import ADMIN
from pulse_jose.vault import Vault
from pulse_passwords import LOGIN_POLICY, MIRROR_POLICY, HashingPolicy, PasswordHasher
from pulse_postgres import Audit, Database, Migrations, Outbox, Rate
from pulse_postgres.database import PoolSettings

VERSION = "0.1.0"
ROUTERS = [
    sessions.router,
    own_sessions.router,
    second_factors.router,
    api_keys.router,
    api_keys.token_router,
    administration.router,
    plain_devices.router,
    collectors.router,
    enrolment.router,
    audit_router("/api/auth", "auth"),
]
IDENTITY = Identity("auth", VERSION, Migrations("pulse_auth.migrations"), has_outbox=True)


@dataclass(frozen=True)
class HashingPolicies:
    """The costs of digests for sign-in at the server, and of verifiers for offline sign-in."""

    sign_in: HashingPolicy = LOGIN_POLICY
    mirror: HashingPolicy = MIRROR_POLICY


_POLICIES = HashingPolicies()


async def serve(settings: AuthSettings) -> None:
    """Runs the service until it is stopped."""

    async def assemble(runtime: Runtime) -> Parts:
        return await build(runtime, settings)

    await process.serve(IDENTITY, settings, assemble)


async def build(runtime: Runtime, settings: AuthSettings, policies: HashingPolicies = _POLICIES) -> Parts:
    """Builds the service. `policies`: the costs of hashes; `sign_in` must equal that of stored digests."""
    database, bus, clock = runtime.database, runtime.bus, runtime.clock
    hasher = PasswordHasher(policies.sign_in)
    await hasher.start()
    vault = Vault(settings.vault_key(), clock)
    revoker = SessionRevoker(runtime.outbox, runtime.audit)
    keys = SigningKeys(bus, runtime.principals, vault)
    rotation = Rotation(database, keys, revoker, runtime.audit, clock)
    rotation.every = settings.key_rotation
    secret = derived_key(settings.vault_key(), "refresh successor")
    deps = SessionDependencies(hasher, keys, secret, secrets.token_bytes, uuid.uuid4, clock, runtime.audit)
    mirror = Mirror(database, revoker, settings.sealing_key(), runtime.metrics, clock=clock)
    timing = DriftTiming(grace=settings.replay_grace, pause=settings.replay_pause)
    drift = account_drift(mirror, bus, IDENTITY.name, timing)
    events = CollectorEvents(runtime.outbox, vault, settings.collectors_sealing_key(), clock)
    collectors = CollectorAnnouncements(database, runtime.outbox, bus, events)
    trusted = TrustedKeyring(database, bus, vault, runtime.audit, settings.announcement_keys(), clock=clock)
    await Handlers(bus, HandlerActions(mirror, drift, keys, collectors, trusted)).subscribe()
    verifier_deps = VerifierDependencies(
        database, runtime.outbox, hasher, settings.sealing_key(), clock, policies.mirror
    )
    verifiers = Verifiers(verifier_deps, runtime.metrics)
    await runtime.principals.follow(bus)
    limits = GuardLimits(settings.broker_stored_messages_max, settings.broker_stored_bytes_max)
    guard = IntakeGuard(limits, settings.mqtt_prefix, runtime.metrics)
    reconciler = Reconciler(database, vault, settings.mqtt_prefix, runtime.metrics, guard)
    guard.on_admitted = reconciler.check_soon
    fleet = CollectorDependencies(database, vault, runtime.audit, clock, secrets.token_bytes, events, reconciler.wake)
    routes = _routes(runtime, settings, deps, (vault, revoker, rotation, fleet))
    routes.sign_in.on_verified = verifiers.offer
    return Parts(
        routers=ROUTERS,
        jobs=[
            Job("key_rotation", rotation.on_schedule, interval=settings.key_poll),
            Job("account_drift", drift.compare, CHECK_EVERY, wake=drift.received),
            heartbeat_job(Heartbeat(database, bus, clock), revoker, settings.heartbeat_every),
            Job("collectors_digest", collectors.announce_digest, settings.digest_every, events.digest_due),
            Job("collectors_replay", collectors.replay, wake=collectors.replay_due, pause=settings.replay_pause),
            Job("trusted_keys", trusted.publish, PUBLISH_EVERY, trusted.due),
            Job("verifiers", verifiers.make_one, wake=verifiers.due),
            Job("sweep", Sweep(database, clock).sweep, interval=settings.sweep_every),
            *_broker_jobs(runtime.background, settings, reconciler, guard, fleet),
        ],
        on_stop=[hasher.close],
        state={"auth": routes},
    )


@asynccontextmanager
async def offline(settings: AuthSettings) -> AsyncIterator[tuple[Rotation, SecondFactors]]:
    """Key rotation and second factors for commands, without a bus. Passwords cannot be verified."""
    password = settings.database_password.get_secret_value() if settings.database_password else None
    audit, clock = Audit(decoded_key(settings.audit_key)), process.now_micros
    async with Database(PoolSettings(settings.database_url, password, 2)) as database:
        vault, revoker = Vault(settings.vault_key(), clock), SessionRevoker(Outbox(), audit)
        keys = SigningKeys(None, Principals(time.time), vault)
        hasher = PasswordHasher(LOGIN_POLICY, workers=1)
        deps = SessionDependencies(hasher, keys, b"", secrets.token_bytes, uuid.uuid4, clock, audit)
        yield (
            Rotation(database, keys, revoker, audit, clock),
            SecondFactors(database, deps, vault, Codes(vault), revoker),
        )
        await hasher.close()


@asynccontextmanager
async def fleet_offline(settings: AuthSettings) -> AsyncIterator[CollectorDependencies]:
    """Collector management for commands. The running service notices changes within a second."""
    password = settings.database_password.get_secret_value() if settings.database_password else None
    audit, clock = Audit(decoded_key(settings.audit_key)), process.now_micros
    async with Database(PoolSettings(settings.database_url, password, 2)) as database:
        vault = Vault(settings.vault_key(), clock)
        events = CollectorEvents(Outbox(), vault, settings.collectors_sealing_key(), clock)
        yield CollectorDependencies(database, vault, audit, clock, secrets.token_bytes, events, lambda: None)


def _routes(  # all parts meet here
    runtime: Runtime,
    settings: AuthSettings,
    deps: SessionDependencies,
    parts: tuple[Vault, SessionRevoker, Rotation, CollectorDependencies],
) -> AuthDependencies:
    vault, revoker, rotation, fleet = parts
    database, metrics = runtime.database, runtime.metrics
    rules = SessionRules(settings.session_idle, settings.session_life, settings.rotation_grace)
    codes = Codes(vault)
    endpoint = BrokerEndpoint(
        settings.broker_url,
        settings.mqtt_ca_file,
        settings.mqtt_prefix,
        settings.broker_admin_password is not None,
        settings.broker_tls12_url,
    )
    opener = SessionOpener(deps, rules, metrics)
    sign_in = SignIn(database, deps, opener, metrics)
    sign_in.client_rate = _rate(settings.login_limit_client)
    return AuthDependencies(
        sign_in,
        SecondStep(database, deps, codes, opener),
        Sessions(database, revoker, deps, rules, metrics),
        SecondFactors(database, deps, vault, codes, revoker),
        ApiKeys(database, revoker, deps, _rate(settings.token_limit)),
        deps.keys,
        rotation,
        runtime.principals,
        runtime.limits,
        Limits(settings.login_limit_global, settings.refresh_limit_global, settings.own_limit),
        settings.origins,
        Collectors(fleet),
        Enrolment(fleet, endpoint, _rate(settings.enrolment_limit)),
        PlainDevices(fleet, endpoint),
    )


def _broker_jobs(
    background: Background,
    settings: AuthSettings,
    reconciler: Reconciler,
    guard: IntakeGuard,
    fleet: CollectorDependencies,
) -> list[Job]:
    """Without the password of the broker's administrator there are none: the broker's accounts are managed
    elsewhere."""
    if settings.broker_admin_password is None:
        return []
    mqtt = MqttSettings(
        settings.mqtt_url,
        ADMIN,
        settings.broker_admin_password.get_secret_value(),
        ADMIN,
        ca_file=settings.mqtt_ca_file,
    )
    adopted = {name: secret.get_secret_value() for name, secret in settings.broker_accounts.items()}
    intervals = ReconcileIntervals(settings.broker_poll, settings.broker_check)

    async def reconcile() -> None:
        if adopted:
            await Adoption(fleet).all(adopted)
            adopted.clear()
        await reconciler.reconcile(
            lambda: DynamicSecurity.open(mqtt), intervals, partial(background.progress, "broker_accounts")
        )

    async def watch() -> None:
        await guard.watch(lambda: DynamicSecurity.open(mqtt), partial(background.progress, "intake_guard"))

    pause, most = timedelta(seconds=1), timedelta(seconds=5)
    return [
        Job("broker_accounts", reconcile, interval=pause, retry_floor=pause, retry_cap=most),
        Job("intake_guard", watch, interval=pause, retry_floor=pause, retry_cap=most),
    ]


def _rate(limit: str) -> Rate:
    uses, seconds = parse_limit(limit)
    return Rate(uses, timedelta(seconds=seconds))

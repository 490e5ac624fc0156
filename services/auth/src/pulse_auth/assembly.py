"""Opens everything and hands it to everything: the only place that knows the concrete classes."""

import secrets
import uuid
from functools import partial

from pulse_auth.actions.ending import Events, Sweep
from pulse_auth.actions.heartbeat import Heartbeat
from pulse_auth.actions.mirror import Drift, Mirror
from pulse_auth.actions.sessions import Means, Sessions, SignIn
from pulse_auth.handlers import Handlers
from pulse_auth.model.sessions import SessionRules, successor_secret
from pulse_auth.routes.sessions import AuthRoutes, Limits, router
from pulse_auth.settings import AuthSettings
from pulse_chassis import process
from pulse_chassis.audit_routes import audit_router
from pulse_chassis.clients import Proxies
from pulse_chassis.principal import RULES
from pulse_chassis.process import Identity, Parts, Runtime
from pulse_jose import write_jwks
from pulse_jose.signing import TokenSigner
from pulse_passwords import LOGIN_POLICY, HashingPolicy, PasswordHasher
from pulse_postgres import Migrations

VERSION = "0.1.0"
ROUTERS = [router, audit_router("/api/auth", "auth")]
IDENTITY = Identity("auth", VERSION, Migrations("pulse_auth.migrations"))


async def serve(settings: AuthSettings) -> None:
    """Runs auth until it is told to stop."""

    async def assemble(runtime: Runtime) -> Parts:
        return await build(runtime, settings)

    await process.serve(IDENTITY, settings, assemble)


async def build(runtime: Runtime, settings: AuthSettings, policy: HashingPolicy = LOGIN_POLICY) -> Parts:
    """The parts of the service. `policy` is what the dummy for unknown accounts costs: that of the live digests."""
    database, outbox, bus, clock = runtime.database, runtime.outbox, runtime.bus, runtime.clock
    key = settings.token_key()
    hasher = PasswordHasher(policy)
    await hasher.start()
    means = Means(
        hasher,
        TokenSigner(key, RULES),
        successor_secret(key.to_pem()),
        secrets.token_bytes,
        uuid.uuid4,
        clock,
        runtime.audit,
    )
    events = Events(outbox, runtime.audit)
    rules = SessionRules(settings.session_idle, settings.session_life, settings.rotation_grace)
    mirror = Mirror(database, events, settings.sealing_key(), clock=clock)
    drift = Drift(mirror, bus, IDENTITY.name)
    await Handlers(bus, mirror, drift, key.verification_key()).subscribe()
    await runtime.principals.follow(bus)
    runtime.principals.use([key.verification_key()])  # its own keys need no bus
    routes = AuthRoutes(
        SignIn(database, means, rules, runtime.metrics),
        Sessions(database, events, means, rules, runtime.metrics),
        runtime.principals,
        runtime.limits,
        Limits(settings.login_limit_client, settings.login_limit_global, settings.refresh_limit_global),
        settings.origins,
        Proxies(settings.trusted_proxies),
        write_jwks([key.verification_key()]),
    )
    return Parts(
        routers=ROUTERS,
        tasks=[
            partial(drift.keep_comparing, settings.replay_grace, settings.replay_pause),
            partial(Heartbeat(database, bus, clock).keep_beating, settings.heartbeat_every),
            partial(Sweep(database, clock).keep_sweeping, settings.sweep_every),
        ],
        on_stop=[hasher.close],
        state={"auth": routes},
    )

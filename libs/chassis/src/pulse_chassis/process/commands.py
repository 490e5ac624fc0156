"""The command line that every service has: `serve`, `migrate`, `openapi`, and what it adds itself."""

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import uvloop
from fastapi import APIRouter

from pulse_chassis.http.app import Health, create_app
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.service import Identity
from pulse_chassis.process.settings import ServiceSettings, decoded_key, load
from pulse_contracts.errors import DomainError, Unavailable
from pulse_postgres import Audit, AuditAnchor, Database, MigrationError
from pulse_postgres.database import PoolSettings

S = TypeVar("S", bound=ServiceSettings)


@dataclass(frozen=True)
class Command(Generic[S]):
    """One more word of a service's command line."""

    summary: str
    run: Callable[[S, argparse.Namespace], Awaitable[int]]
    arguments: Callable[[argparse.ArgumentParser], None] | None = None


@dataclass(frozen=True)
class Program(Generic[S]):
    """A service as its command line sees it. `routers` is for `openapi` alone: it needs no settings and no servers."""

    identity: Identity
    settings: type[S]
    serve: Callable[[S], Coroutine[Any, Any, None]]
    routers: Callable[[], list[APIRouter]]
    commands: Mapping[str, Command[S]]


def openapi(program: Program[Any]) -> dict[str, Any]:
    """The OpenAPI document of the service."""
    identity = program.identity
    app = create_app(identity.name, identity.version, program.routers(), health=Health(), metrics=Metrics())
    return app.openapi()


def main(program: Program[S], argv: list[str] | None = None) -> int:
    """Runs one command; returns its exit code. 0 done, 1 failed (said in one line), 2 bad settings or arguments."""
    identity = program.identity
    parser = argparse.ArgumentParser(prog=f"python -m pulse_{identity.name.replace('-', '_')}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="run the service until it is told to stop")
    commands.add_parser("migrate", help="bring the service's schema up to date")
    commands.add_parser("openapi", help="print the OpenAPI document of the HTTP API")
    verify = commands.add_parser("verify-audit", help="recompute the audit trail and say whether anything was changed")
    verify.add_argument("--anchor", type=_anchor, metavar="N:HASH", help="an earlier head that was kept elsewhere")
    for name, command in program.commands.items():
        sub = commands.add_parser(name, help=command.summary)
        if command.arguments:
            command.arguments(sub)
    given = parser.parse_args(argv)
    if given.command == "openapi":
        sys.stdout.write(json.dumps(openapi(program), indent=2, sort_keys=True) + "\n")
        return 0
    settings = load(program.settings)
    try:
        if given.command == "serve":
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(program.serve(settings))
            return 0
        if given.command == "migrate":
            return asyncio.run(_migrate(identity, settings))
        if given.command == "verify-audit":
            return asyncio.run(_verify_audit(settings, given.anchor))
        return asyncio.run(_run(program.commands[given.command], settings, given))
    except (DomainError, Unavailable, MigrationError) as error:
        sys.stderr.write(f"{parser.prog} {given.command}: {error}\n")
        return 1


async def _run(command: Command[S], settings: S, given: argparse.Namespace) -> int:
    return await command.run(settings, given)


def _anchor(text: str) -> AuditAnchor:
    number, _, hash_ = text.partition(":")
    if not (number.isdecimal() and len(number) <= 18 and re.fullmatch(r"[0-9a-f]{64}", hash_)):
        raise argparse.ArgumentTypeError("an anchor is N:HASH, as an earlier run printed it")
    return AuditAnchor(int(number), hash_)


async def _verify_audit(settings: ServiceSettings, anchor: AuditAnchor | None) -> int:
    password = settings.database_password.get_secret_value() if settings.database_password else None
    audit = Audit(decoded_key(settings.audit_key))
    async with (
        Database(PoolSettings(settings.database_url, password, 2)) as database,
        database.snapshot() as connection,
    ):
        verdict = await audit.verify(connection, anchor)
    if verdict.fault:
        sys.stderr.write(f"the audit trail was changed: {verdict.fault}\n")
        return 1
    sys.stdout.write(f"intact: {verdict.head.n} entries\nanchor {verdict.head.n}:{verdict.head.hash}\n")
    return 0


async def _migrate(identity: Identity, settings: ServiceSettings) -> int:
    password = settings.database_password.get_secret_value() if settings.database_password else None
    applied = await identity.migrations.apply(settings.database_url, password)
    sys.stdout.write("".join(f"applied {name}\n" for name in applied) or "up to date\n")
    return 0

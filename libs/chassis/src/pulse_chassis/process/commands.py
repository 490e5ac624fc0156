"""The command line of every service: `serve`, `migrate`, `openapi`, `verify-audit`, and the service's own commands."""

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
    """A further command of a service."""

    summary: str
    run: Callable[[S, argparse.Namespace], Awaitable[int]]
    arguments: Callable[[argparse.ArgumentParser], None] | None = None


@dataclass(frozen=True)
class Program(Generic[S]):
    """A service with a command line. `routers` serves the command `openapi`, which needs no settings and no servers."""

    identity: Identity
    settings: type[S]
    serve: Callable[[S], Coroutine[Any, Any, None]]
    routers: Callable[[], list[APIRouter]]
    commands: Mapping[str, Command[S]]


def openapi(program: Program[Any]) -> dict[str, Any]:
    """Returns the OpenAPI document of the service."""
    identity = program.identity
    app = create_app(identity.name, identity.version, program.routers(), health=Health(), metrics=Metrics())
    return app.openapi()


def main(program: Program[S], argv: list[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0 success, 1 failure (one line on stderr), 2 bad settings or
    arguments."""
    identity = program.identity
    parser = argparse.ArgumentParser(prog=f"python -m pulse_{identity.name.replace('-', '_')}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="run the service until SIGTERM")
    commands.add_parser("migrate", help="bring the service's schema up to date")
    commands.add_parser("openapi", help="print the OpenAPI document of the HTTP API")
    verify = commands.add_parser("verify-audit", help="check the hashes of the audit trail")
    verify.add_argument("--anchor", type=_anchor, metavar="N:HASH", help="an anchor that an earlier run printed")
    for name, command in program.commands.items():
        sub = commands.add_parser(name, help=command.summary)
        if command.arguments:
            command.arguments(sub)
    arguments = parser.parse_args(argv)
    if arguments.command == "openapi":
        sys.stdout.write(json.dumps(openapi(program), indent=2, sort_keys=True) + "\n")
        return 0
    settings = load(program.settings)
    try:
        if arguments.command == "serve":
            _serve(program, settings)
            return 0
        if arguments.command == "migrate":
            return asyncio.run(_migrate(identity, settings))
        if arguments.command == "verify-audit":
            return asyncio.run(_verify_audit(settings, arguments.anchor))
        return asyncio.run(_run(program.commands[arguments.command], settings, arguments))
    except (DomainError, Unavailable, MigrationError) as error:
        sys.stderr.write(f"{parser.prog} {arguments.command}: {error}\n")
        return 1


def _serve(program: Program[S], settings: S) -> None:
    """Runs the service. Raises MigrationError alone, also when a part of the service raised it in a group."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(program.serve(settings))
    except ExceptionGroup as group:
        error: BaseException | None = group.subgroup(MigrationError)
        while isinstance(error, ExceptionGroup):
            error = error.exceptions[0]
        raise error or group from None


async def _run(command: Command[S], settings: S, arguments: argparse.Namespace) -> int:
    return await command.run(settings, arguments)


def _anchor(text: str) -> AuditAnchor:
    number, _, hash_ = text.partition(":")
    if not (number.isdecimal() and len(number) <= 18 and re.fullmatch(r"[0-9a-f]{64}", hash_)):
        raise argparse.ArgumentTypeError("an anchor has the form N:HASH, as printed by an earlier run")
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

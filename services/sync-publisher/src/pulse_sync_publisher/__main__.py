"""`python -m pulse_sync_publisher serve | migrate | openapi | verify-audit | allow | list-rules`."""

import argparse
import json
import sys

from pulse_chassis.identity.caller import COMMAND_LINE
from pulse_chassis.process.commands import Command, Program
from pulse_chassis.process.commands import main as run
from pulse_sync_publisher.assembly import IDENTITY, ROUTERS, offline, serve
from pulse_sync_publisher.settings import SyncSettings


async def allow(settings: SyncSettings, args: argparse.Namespace) -> int:
    """Allows an account to sign in at one collector. Raises DomainError."""
    async with offline(settings) as entitlement:
        entries = await entitlement.allow(args.email, args.device, COMMAND_LINE)
    sys.stdout.write(json.dumps({"email": args.email, "device": args.device, "changes": entries}) + "\n")
    return 0


async def list_rules(settings: SyncSettings, args: argparse.Namespace) -> int:
    """Prints one rule a line, as JSON."""
    del args
    async with offline(settings) as entitlement:
        found, _ = await entitlement.read()
    for rule in found.rules:
        effect = "allow" if rule.is_allowed else "deny"
        line = {"subject": rule.subject, "place": rule.place, "effect": effect, "origin": rule.origin}
        sys.stdout.write(json.dumps(line) + "\n")
    return 0


def _allow_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True, help="e-mail of the account")
    parser.add_argument("--device", required=True, help="id of the collector")


PROGRAM = Program(
    IDENTITY,
    SyncSettings,
    serve,
    lambda: ROUTERS,
    {
        "allow": Command("allow an account to sign in at a collector while it is offline", allow, _allow_arguments),
        "list-rules": Command("print who may sign in at which collectors", list_rules),
    },
)


def main() -> int:
    """Runs the command; returns the exit code."""
    return run(PROGRAM)


if __name__ == "__main__":
    sys.exit(main())

"""`python -m pulse_auth serve | migrate | openapi | verify-audit | renew-keys | reset-second-factor | adopt-collector |
enrolment-code`."""

import argparse
import json
import re
import sys

from pulse_auth.actions.adoption import Adoption
from pulse_auth.actions.collectors import Collectors
from pulse_auth.assembly import IDENTITY, ROUTERS, fleet_offline, offline, serve
from pulse_auth.settings import AuthSettings
from pulse_chassis.identity.caller import COMMAND_LINE
from pulse_chassis.process.commands import Command, Program
from pulse_chassis.process.commands import main as run

_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,128}")
_SECRET, _DEVICE = re.compile(r"[!-~]{32,128}"), re.compile(r"[a-z0-9-]{1,32}")


async def renew_keys(settings: AuthSettings, _: argparse.Namespace) -> int:
    """Destroys all signing keys and ends all sessions: after a theft, or when the key-encryption key is lost."""
    async with offline(settings) as (rotation, _factors):
        await rotation.on_demand(COMMAND_LINE, is_emergency=True)
    sys.stdout.write("All signing keys were replaced and all sessions ended.\n")
    return 0


async def reset_second_factor(settings: AuthSettings, args: argparse.Namespace) -> int:
    """Removes a lost second factor: needed for the only administrator. Raises DomainError."""
    async with offline(settings) as (_rotation, factors):
        account = await factors.reset_by_email(args.email, COMMAND_LINE)
    sys.stdout.write(json.dumps({"account": str(account)}) + "\n")
    return 0


async def adopt_collector(settings: AuthSettings, args: argparse.Namespace) -> int:
    """Makes a device that has a broker secret a collector. Raises DomainError."""
    secret = sys.stdin.readline().strip()
    if not _SECRET.fullmatch(secret):
        sys.stderr.write("adopt-collector: the secret must have 32 to 128 visible ASCII characters\n")
        return 2
    if not _DEVICE.fullmatch(args.id):
        sys.stderr.write("adopt-collector: the id must have 1 to 32 of a-z, 0-9 and -\n")
        return 2
    async with fleet_offline(settings) as fleet:
        is_changed = await Adoption(fleet).device(args.id, secret, COMMAND_LINE)
    sys.stdout.write(json.dumps({"collector": args.id, "adopted": is_changed}) + "\n")
    return 0


async def enrolment_code(settings: AuthSettings, args: argparse.Namespace) -> int:
    """Prints `{"collector", "state", "code", "expires_at"}`. Creates the collector if it does not exist. Needs
    no broker. Raises DomainError."""
    if not _DEVICE.fullmatch(args.device):
        sys.stderr.write("enrolment-code: the id must have 1 to 32 of a-z, 0-9 and -\n")
        return 2
    name = args.device if args.name is None else args.name.strip()
    if not _NAME.fullmatch(name):
        sys.stderr.write("enrolment-code: the name must have 1 to 128 printable characters\n")
        return 2
    async with fleet_offline(settings) as fleet:
        collector, code = await Collectors(fleet).enrolment_code(args.device, name, COMMAND_LINE)
    expires = collector.code_ends.isoformat() if collector.code_ends else None
    answer = {"collector": collector.id, "state": collector.state, "code": code.text, "expires_at": expires}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def _device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", required=True, metavar="ID")
    parser.add_argument("--name", help="display name of a new collector (default: its id)")


def _collector(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID")
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        required=True,
        help="read the secret from the first line of standard input",
    )


def _email(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True)


PROGRAM = Program(
    IDENTITY,
    AuthSettings,
    serve,
    lambda: ROUTERS,
    {
        "renew-keys": Command("replace all signing keys and end all sessions", renew_keys),
        "adopt-collector": Command("make a device that has a broker secret a collector", adopt_collector, _collector),
        "enrolment-code": Command("print a one-time code that enrols a collector", enrolment_code, _device),
        "reset-second-factor": Command("remove the second factor of an account", reset_second_factor, _email),
    },
)


def main() -> int:
    """Runs the command; returns the exit code."""
    return run(PROGRAM)


if __name__ == "__main__":
    sys.exit(main())

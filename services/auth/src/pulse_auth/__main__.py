"""`python -m pulse_auth serve | migrate | openapi | verify-audit | renew-keys | reset-second-factor |
adopt-collector`."""

import argparse
import json
import re
import sys

from pulse_auth.actions.adoption import Adoption
from pulse_auth.assembly import IDENTITY, ROUTERS, fleet_offline, offline, serve
from pulse_auth.settings import AuthSettings
from pulse_chassis.identity.caller import COMMAND_LINE
from pulse_chassis.process.commands import Command, Program
from pulse_chassis.process.commands import main as run

_SECRET, _DEVICE = re.compile(r"[!-~]{32,128}"), re.compile(r"[a-z0-9-]{1,32}")


async def renew_keys(settings: AuthSettings, _: argparse.Namespace) -> int:
    """Destroys every signing key and ends every session: after a theft, or when the key-encryption key was lost."""
    async with offline(settings) as (rotation, _factors):
        await rotation.on_demand(COMMAND_LINE, is_emergency=True)
    sys.stdout.write("every signing key is new, and everybody is signed out\n")
    return 0


async def reset_second_factor(settings: AuthSettings, given: argparse.Namespace) -> int:
    """Takes a lost second factor away: the way back in for the only administrator. Raises DomainError."""
    async with offline(settings) as (_rotation, factors):
        account = await factors.reset_by_email(given.email, COMMAND_LINE)
    sys.stdout.write(json.dumps({"account": str(account)}) + "\n")
    return 0


async def adopt_collector(settings: AuthSettings, given: argparse.Namespace) -> int:
    """Makes a device a collector that has a broker secret already. Raises DomainError."""
    secret = sys.stdin.readline().strip()
    if not _SECRET.fullmatch(secret):
        sys.stderr.write("adopt-collector: the secret has 32 to 128 visible ASCII characters: generate it\n")
        return 2
    if not _DEVICE.fullmatch(given.id):
        sys.stderr.write("adopt-collector: an id has 1 to 32 of a-z 0-9 -\n")
        return 2
    async with fleet_offline(settings) as fleet:
        is_changed = await Adoption(fleet).device(given.id, secret, COMMAND_LINE)
    sys.stdout.write(json.dumps({"collector": given.id, "adopted": is_changed}) + "\n")
    return 0


def _collector(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID")
    parser.add_argument("--password-stdin", action="store_true", required=True, help="one line: the secret")


def _email(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True)


PROGRAM = Program(
    IDENTITY,
    AuthSettings,
    serve,
    lambda: ROUTERS,
    {
        "renew-keys": Command("destroy every signing key and end every session", renew_keys),
        "adopt-collector": Command("take over a device that has a broker secret already", adopt_collector, _collector),
        "reset-second-factor": Command("take an account's second factor away", reset_second_factor, _email),
    },
)


def main() -> int:
    """Returns the exit code."""
    return run(PROGRAM)


if __name__ == "__main__":
    sys.exit(main())

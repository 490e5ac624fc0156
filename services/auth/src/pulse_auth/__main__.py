"""`python -m pulse_auth serve | migrate | openapi | verify-audit | renew-keys | reset-second-factor`."""

import argparse
import json
import sys

from pulse_auth.assembly import IDENTITY, ROUTERS, offline, serve
from pulse_auth.settings import AuthSettings
from pulse_chassis.caller import COMMAND_LINE
from pulse_chassis.commands import Command, Program
from pulse_chassis.commands import main as run


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


def _email(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True)


PROGRAM = Program(
    IDENTITY,
    AuthSettings,
    serve,
    lambda: ROUTERS,
    {
        "renew-keys": Command("destroy every signing key and end every session", renew_keys),
        "reset-second-factor": Command("take an account's second factor away", reset_second_factor, _email),
    },
)


def main() -> int:
    """Returns the exit code."""
    return run(PROGRAM)


if __name__ == "__main__":
    sys.exit(main())

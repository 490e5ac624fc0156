"""`python -m pulse_users serve | migrate | openapi | create-admin | set-password | activate | deactivate`."""

import argparse
import json
import secrets
import sys
from collections.abc import Mapping

from pulse_chassis.identity.caller import COMMAND_LINE
from pulse_chassis.process.commands import Command, Program
from pulse_chassis.process.commands import main as run
from pulse_passwords import generate_password
from pulse_users.assembly import IDENTITY, ROUTERS, offline, serve
from pulse_users.model.accounts import NewAccount
from pulse_users.settings import UsersSettings

_STDIN_MAX = 4_096
"""Characters that are read of a password on standard input: more than any fit one has."""


async def create_admin(settings: UsersSettings, given: argparse.Namespace) -> int:
    """Prints `{"email", "password"}` once; the password only if it was made here. Raises DomainError."""
    async with offline(settings) as tools:
        accounts = tools.accounts
        if given.if_missing and await accounts.has_admin():
            return _say({})
        await accounts.require_free(given.email)
        password = _first_line() if given.password_stdin else generate_password(secrets.token_bytes)
        name = given.name if given.name is not None else given.email.partition("@")[0]
        digest = await tools.passwords.digest(password, given.email, name)
        create = accounts.create_first if given.if_missing else accounts.create
        account = await create(COMMAND_LINE, NewAccount(given.email, name, "admin", digest))
    if account is None:
        return _say({})
    return _say({"email": account.email} | ({} if given.password_stdin else {"password": password}))


async def set_password(settings: UsersSettings, given: argparse.Namespace) -> int:
    """Sets the password that is the first line of stdin: the way back in for an administrator who is locked out.
    Raises DomainError."""
    async with offline(settings) as tools:
        found = await tools.accounts.find(given.email)
        digest = await tools.passwords.digest(_first_line(), found.email, found.name)
        account = await tools.accounts.set_password(COMMAND_LINE, given.email, digest)
    return _say({"email": account.email})


async def activate(settings: UsersSettings, given: argparse.Namespace) -> int:
    """Switches an account on. Raises DomainError."""
    return await _set_active(settings, given.email, active=True)


async def deactivate(settings: UsersSettings, given: argparse.Namespace) -> int:
    """Switches an account off: auth ends its sessions. Raises DomainError."""
    return await _set_active(settings, given.email, active=False)


async def _set_active(settings: UsersSettings, email: str, *, active: bool) -> int:
    async with offline(settings) as tools:
        account = await tools.accounts.set_active(COMMAND_LINE, email, active=active)
    return _say({"email": account.email, "active": account.active})


def _say(answer: Mapping[str, object]) -> int:
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def _first_line() -> str:
    return sys.stdin.readline(_STDIN_MAX).rstrip("\r\n")


def _create_arguments(parser: argparse.ArgumentParser) -> None:
    _email(parser)
    parser.add_argument("--name", help="as it is shown; the e-mail's local part unless given")
    parser.add_argument("--if-missing", action="store_true", help="do nothing when an active administrator exists")
    parser.add_argument("--password-stdin", action="store_true", help="the password is the first line of stdin")


def _email(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True)


PROGRAM = Program(
    IDENTITY,
    UsersSettings,
    serve,
    lambda: ROUTERS,
    {
        "create-admin": Command("make an administrator and print its password once", create_admin, _create_arguments),
        "set-password": Command("set the password from stdin and end the account's sessions", set_password, _email),
        "activate": Command("switch an account on", activate, _email),
        "deactivate": Command("switch an account off and end its sessions", deactivate, _email),
    },
)


def main() -> int:
    """Returns the exit code."""
    return run(PROGRAM)


if __name__ == "__main__":
    sys.exit(main())

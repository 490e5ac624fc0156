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
"""How many characters are read from standard input: more than any valid password has."""


async def create_admin(settings: UsersSettings, args: argparse.Namespace) -> int:
    """Prints `{"email", "password"}`, the password only if it was generated here. Raises DomainError."""
    async with offline(settings) as tools:
        accounts = tools.accounts
        if args.if_missing and await accounts.has_admin():
            return _print_json({})
        await accounts.require_free(args.email)
        password = _first_line() if args.password_stdin else generate_password(secrets.token_bytes)
        name = args.name if args.name is not None else args.email.partition("@")[0]
        hashes = await tools.passwords.hashes(password, args.email, name)
        create = accounts.create_first if args.if_missing else accounts.create
        account = await create(COMMAND_LINE, NewAccount(args.email, name, "admin", hashes))
    if account is None:
        return _print_json({})
    return _print_json({"email": account.email} | ({} if args.password_stdin else {"password": password}))


async def set_password(settings: UsersSettings, args: argparse.Namespace) -> int:
    """Sets the password from the first line of standard input, for an administrator who cannot sign in. Raises
    DomainError."""
    async with offline(settings) as tools:
        found = await tools.accounts.find(args.email)
        hashes = await tools.passwords.hashes(_first_line(), found.email, found.name)
        account = await tools.accounts.set_password(COMMAND_LINE, args.email, hashes)
    return _print_json({"email": account.email})


async def activate(settings: UsersSettings, args: argparse.Namespace) -> int:
    """Enables an account. Raises DomainError."""
    return await _set_active(settings, args.email, active=True)


async def deactivate(settings: UsersSettings, args: argparse.Namespace) -> int:
    """Disables an account; auth ends its sessions. Raises DomainError."""
    return await _set_active(settings, args.email, active=False)


async def _set_active(settings: UsersSettings, email: str, *, active: bool) -> int:
    async with offline(settings) as tools:
        account = await tools.accounts.set_active(COMMAND_LINE, email, active=active)
    return _print_json({"email": account.email, "active": account.active})


def _print_json(answer: Mapping[str, object]) -> int:
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def _first_line() -> str:
    return sys.stdin.readline(_STDIN_MAX).rstrip("\r\n")


def _create_arguments(parser: argparse.ArgumentParser) -> None:
    _email(parser)
    parser.add_argument("--name", help="display name (default: the local part of the e-mail)")
    parser.add_argument("--if-missing", action="store_true", help="do nothing if an active administrator exists")
    parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")


def _email(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True)


PROGRAM = Program(
    IDENTITY,
    UsersSettings,
    serve,
    lambda: ROUTERS,
    {
        "create-admin": Command("create an administrator and print its password", create_admin, _create_arguments),
        "set-password": Command(
            "set the password from standard input and end the account's sessions", set_password, _email
        ),
        "activate": Command("enable an account", activate, _email),
        "deactivate": Command("disable an account and end its sessions", deactivate, _email),
    },
)


def main() -> int:
    """Runs the command; returns the exit code."""
    return run(PROGRAM)


if __name__ == "__main__":
    sys.exit(main())

"""`pulse-collector sign-in`, `sign-out`, `whoami` and `change-password`."""

import asyncio
import getpass
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulse_desktop.cli.opened import NotEnrolledError, opened
from pulse_desktop.cli.terminal import FAILED, OK, REFUSED, complain, moment, say
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.identity.enrolled import open_identity
from pulse_desktop.core.mirror.server import AuthServer
from pulse_desktop.core.mirror.sessions import LocalSession
from pulse_desktop.core.mirror.sign_in import Credentials, SignIn, SignInRefused

_MAX_LINE = 4_096


@dataclass(frozen=True)
class SignInRequest:
    """The arguments of the command. `ca_file`: authorities (PEM) of the server's certificate, instead of those that
    were named at enrolment."""

    email: str
    ca_file: Path | None = None


def sign_in(folder: Path, request: SignInRequest, *, from_stdin: bool, as_json: bool) -> int:
    """Signs a person in. Raises NotEnrolledError, IdentityError, StoreFailure."""
    return asyncio.run(_sign_in(folder, request, from_stdin=from_stdin, as_json=as_json))


def sign_out(folder: Path, *, as_json: bool) -> int:
    """Ends the session. Raises NotEnrolledError, IdentityError, StoreFailure."""
    return asyncio.run(_sign_out(folder, as_json=as_json))


def whoami(folder: Path, *, as_json: bool) -> int:
    """Shows who is signed in. Raises NotEnrolledError, IdentityError, StoreFailure."""
    return asyncio.run(_whoami(folder, as_json=as_json))


def change_password(folder: Path, *, as_json: bool) -> int:
    """Refuses: a collector holds a copy of the accounts, and only the server can change them. Raises NotEnrolledError,
    IdentityError."""
    identity = open_identity(folder).read()
    if identity is None:
        raise NotEnrolledError(folder)
    server = AuthServer(identity.server).url
    text = (
        f"a password is changed at the server, never at a collector: open {server} in a browser. If it cannot be "
        "reached, your password stays as it is until the network works again"
    )
    if as_json:
        say(json.dumps({"changed": False, "code": "only_at_the_server", "reason": text}))
    else:
        complain(f"password not changed: {text}")
    return REFUSED


async def _sign_in(folder: Path, request: SignInRequest, *, from_stdin: bool, as_json: bool) -> int:
    async def ask_code() -> str | None:
        return await asyncio.to_thread(_read, "Code of the second factor: ", from_stdin=from_stdin)

    async with opened(folder) as mirror:
        server = AuthServer(mirror.identity.server, request.ca_file or open_identity(folder).server_authorities())
        password = await asyncio.to_thread(_read, "Password: ", from_stdin=from_stdin)
        try:
            session = await SignIn(mirror, server, Clock())(Credentials(request.email, password), ask_code)
        except SignInRefused as refusal:
            if as_json:
                say(json.dumps({"signed_in": False, "code": refusal.code, "reason": str(refusal)}))
            else:
                complain(f"sign-in refused: {refusal}")
            return REFUSED
        if server.failure:
            complain(f"signed in without the server: {server.failure}")
        _show(session, as_json=as_json)
    return OK


async def _sign_out(folder: Path, *, as_json: bool) -> int:
    async with opened(folder) as mirror:
        person = await mirror.sessions.sign_out(Clock().micros())
    if as_json:
        say(json.dumps({"signed_out": person.email if person is not None else None}))
    else:
        say(f"{person.email} is signed out" if person is not None else "nobody was signed in")
    return OK


async def _whoami(folder: Path, *, as_json: bool) -> int:
    async with opened(folder) as mirror:
        session = await mirror.sessions.current(mirror.elapsed.now())
    if session is None:
        say(json.dumps({"signed_in": False})) if as_json else complain("nobody is signed in")
        return FAILED
    _show(session, as_json=as_json)
    return OK


def _show(session: LocalSession, *, as_json: bool) -> None:
    if as_json:
        say(json.dumps(_fields(session)))
        return
    person = session.person
    say(
        f"{person.name} <{person.email}>, role {person.role}",
        f"signed in {session.how} since {moment(session.since)}, until {moment(session.expires)}",
    )


def _fields(session: LocalSession) -> dict[str, Any]:
    person = session.person
    return {
        "signed_in": True,
        "account": person.account,
        "email": person.email,
        "name": person.name,
        "role": person.role,
        "permissions": sorted(session.permissions),
        "how": session.how,
        "since": session.since,
        "validated": session.validated,
        "expires": session.expires,
    }


def _read(prompt: str, *, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline(_MAX_LINE).rstrip("\r\n")
    return getpass.getpass(prompt)

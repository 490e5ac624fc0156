"""Signing in at the collector of a test, as a command does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pulse_desktop.core.clock import Clock
from pulse_desktop.core.identity.enrolled import Enrolled
from pulse_desktop.core.mirror.opening import OpenMirror, open_for_command
from pulse_desktop.core.mirror.server import AuthServer
from pulse_desktop.core.mirror.sessions import LocalSession
from pulse_desktop.core.mirror.sign_in import Credentials, SignIn, SignInRefused

from .mirror_desk import PASSWORD

NOBODY = "http://127.0.0.1:9"
"""An address where nothing listens."""


@asynccontextmanager
async def opened(folder: Path, clock: Clock | None = None) -> AsyncIterator[OpenMirror]:
    """The mirror as a command opens it."""
    enrolled = Enrolled(folder, None, None)
    identity = enrolled.read()
    assert identity is not None
    mirror = await open_for_command(enrolled, identity, clock or Clock())
    try:
        yield mirror
    finally:
        await mirror.close()


async def sign_in(
    folder: Path,
    email: str = "person-1@example.org",
    password: str = PASSWORD,
    *,
    server: str = NOBODY,
    clock: Clock | None = None,
    code: str | None = None,
) -> LocalSession:
    async def ask() -> str | None:
        return code

    async with opened(folder, clock) as mirror:
        return await SignIn(mirror, AuthServer(server), clock or Clock())(Credentials(email, password), ask)


async def refusal(folder: Path, *words: str, **more: object) -> str:
    """The code of a refused sign-in."""
    with pytest.raises(SignInRefused) as raised:
        await sign_in(folder, *words, **more)  # type: ignore[arg-type]
    return raised.value.code


async def current(folder: Path, clock: Clock | None = None) -> LocalSession | None:
    async with opened(folder, clock) as mirror:
        return await mirror.sessions.current(mirror.elapsed.now())


async def audited(folder: Path) -> list[tuple[str, str]]:
    async with opened(folder) as mirror:
        assert await mirror.trail.problems() == []
        return [(one.kind, one.reason) for one in await mirror.trail.waiting(1_000)]

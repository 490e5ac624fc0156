"""People at collectors: sessions and sign-ins beside a running mirror, as the commands of the collector make them."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.mirror_stage import account_id, email_of
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.identity.enrolled import Enrolled
from pulse_desktop.core.mirror import sessions
from pulse_desktop.core.mirror.cipher import verifier_hash
from pulse_desktop.core.mirror.opening import OpenMirror, open_for_command
from pulse_desktop.core.mirror.server import AuthServer
from pulse_desktop.core.mirror.sessions import LIFETIME, LocalSession, Person
from pulse_desktop.core.mirror.sign_in import Credentials, SignIn, SignInRefused

_LOOK = 0.02
"""Seconds between two looks at the session."""
_PATIENCE = 60.0


class Desk:
    """One collector. Nobody answers at the address of its server."""

    def __init__(self, mirror: OpenMirror, clock: Clock) -> None:
        self._mirror, self._clock = mirror, clock
        self._sign_in = SignIn(mirror, AuthServer(mirror.identity.server), clock)

    async def begin_session(self, number: int, verifier: str) -> None:
        """Begins an offline session, without the check of the password."""
        now = self._mirror.elapsed.now()
        person = Person(account_id(number), email_of(number), "Somebody", "user", verifier_hash(verifier))
        session = LocalSession(secrets.token_hex(16), person, "offline", now, now, now + LIFETIME)
        async with self._mirror.database.transaction() as rows:
            await sessions.begin(rows, session, self._clock.micros())

    async def session_ended(self) -> float:
        """Returns the time at which nobody is signed in any more, in monotonic seconds."""
        async with asyncio.timeout(_PATIENCE):
            while await self._is_signed_in():  # noqa: ASYNC110  # polled from outside
                await asyncio.sleep(_LOOK)
        return time.monotonic()

    async def _is_signed_in(self) -> bool:
        return await self._mirror.sessions.current(self._mirror.elapsed.now()) is not None

    async def sign_in(self, number: int, password: str) -> float:
        """Signs in. Returns the seconds it took. Raises SignInRefused."""
        began = time.monotonic()
        await self._sign_in(Credentials(email_of(number), password), _no_code)
        return time.monotonic() - began

    async def refuses(self, number: int, password: str) -> float:
        """Signs in again and again. Returns the time of the first refusal, in monotonic seconds."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                try:
                    await self.sign_in(number, password)
                except SignInRefused as refusal:
                    if refusal.code != "wrong_credentials":
                        raise
                    return time.monotonic()


async def _no_code() -> None:
    return None


@asynccontextmanager
async def desks(folders: Sequence[Path]) -> AsyncIterator[list[Desk]]:
    """Opens the state directories of running collectors."""
    clock, opened = Clock(), list[OpenMirror]()
    try:
        for folder in folders:
            enrolled = Enrolled(folder, None, None)
            identity = enrolled.read()
            if identity is None:
                raise RuntimeError(f"{folder} has no identity")
            opened.append(await open_for_command(enrolled, identity, clock))
        yield [Desk(one, clock) for one in opened]
    finally:
        for one in opened:
            await one.close()

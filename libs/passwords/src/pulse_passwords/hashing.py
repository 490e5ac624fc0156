"""Hashing and verifying in a small pool of threads: the only place that touches passlib.

argon2 is meant to be expensive. Without a bound, a hundred sign-ins at once would take two gigabytes and every core.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Final, Self, TypeVar

from passlib.hash import argon2

from pulse_passwords.digests import DIGEST_BYTES, SALT_BYTES, HashingPolicy, check_digest
from pulse_passwords.errors import HashingBusy, HostileDigest
from pulse_passwords.texts import normalise

# Two workers do about 80 a second, so a full queue of 20 has drained well within this.
RETRY_AFTER: Final = timedelta(seconds=1)

# Any text will do: whatever the dummy answers, the account does not exist.
_DUMMY_PASSWORD: Final = b"no account has this one"

_NICER: Final = 5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer of `verify`. A digest that was refused counts as a wrong password, and deserves an alarm."""

    is_valid: bool
    needs_rehash: bool = False
    is_digest_refused: bool = False


class PasswordHasher:
    """argon2id with `workers` threads and at most `queue` calls waiting; more raise `HashingBusy`.

    An async context manager; use it between `start` and `close` only. A call that is cancelled while it waits leaves
    the queue; one that is running keeps its worker until argon2 returns.
    """

    def __init__(self, policy: HashingPolicy, workers: int = 2, queue: int = 20) -> None:
        self._policy = policy
        self._argon2 = argon2.using(  # type: ignore[no-untyped-call] # types-passlib leaves this one bare
            type="ID",
            memory_cost=policy.memory_kib,
            time_cost=policy.time_cost,
            parallelism=policy.parallelism,
            salt_len=SALT_BYTES,
            digest_size=DIGEST_BYTES,
        )
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="pulse-passwords", initializer=_give_way)
        self._places = threading.BoundedSemaphore(workers + queue)
        self._dummy: str | None = None

    async def start(self) -> None:
        """Make the dummy digest. Without it, the first unknown account would take twice as long as the others."""
        if self._dummy is None:
            self._dummy = await self._run(lambda: self._hash(_DUMMY_PASSWORD))

    async def close(self) -> None:
        """Let what runs and what waits finish (at most a queue of it). Calls after this raise `RuntimeError`."""
        await asyncio.to_thread(self._pool.shutdown)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def hash(self, password: str) -> str:
        """The argon2id digest (PHC string) of `password`, with a salt of its own.

        Raises `PasswordRefused` (empty, too long, not text) and `HashingBusy`.
        """
        normalised = normalise(password)
        return await self._run(lambda: self._hash(normalised))

    async def verify(self, password: str, digest: str | None) -> Verification:
        """Whether `password` belongs to `digest`; None stands for an account that does not exist.

        With None, or a digest that `check_digest` refuses, a dummy is verified at the same cost: the answer's time does
        not tell which accounts exist. `needs_rehash` says that a valid digest has other costs than the policy's.
        Raises `PasswordRefused` (which depends on the password alone) and `HashingBusy`.
        """
        if self._dummy is None:
            raise RuntimeError("verify before start")
        normalised, stored = normalise(password), self._dummy if digest is None else digest
        try:
            costs = check_digest(stored)
        except HostileDigest:
            dummy = self._dummy
            await self._run(lambda: self._verify(normalised, dummy))
            return Verification(is_valid=False, is_digest_refused=True)
        is_valid = await self._run(lambda: self._verify(normalised, stored)) and digest is not None
        return Verification(is_valid, needs_rehash=is_valid and costs != self._policy)

    def _hash(self, normalised: bytes) -> str:
        return str(self._argon2.hash(normalised))

    def _verify(self, normalised: bytes, digest: str) -> bool:
        return bool(self._argon2.verify(normalised, digest))

    async def _run(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise HashingBusy(RETRY_AFTER)
        try:
            future: Future[T] = self._pool.submit(work)
        except RuntimeError:
            self._places.release()
            raise
        # Not in `finally`: a cancelled caller is gone at once, its thread is not.
        future.add_done_callback(lambda _: self._places.release())
        return await asyncio.wrap_future(future)


def _give_way() -> None:
    """Makes this thread yield to whoever has little to do and is waited for: the event loop of its own process, and the
    database that it asks. Between two threads that hash for 20 ms each, they would wait for a time slice a dozen times
    in one sign-in. Of Linux alone, where priorities are of threads; without it, everything is as right, and later."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICER)

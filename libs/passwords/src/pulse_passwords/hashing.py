"""Hashes and verifies passwords in a small pool of threads. No other module imports passlib.

argon2 is expensive by design. Without a limit, a hundred concurrent sign-ins would use two gigabytes and every core.
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
from functools import partial
from types import TracebackType
from typing import Final, Self, TypeVar

from passlib.hash import argon2

from pulse_passwords.digests import DIGEST_BYTES, SALT_BYTES, HashingPolicy, check_digest
from pulse_passwords.errors import HashingBusy, HostileDigest
from pulse_passwords.texts import normalise

# Two workers process about 80 calls a second, so a full queue of 20 is empty by then.
RETRY_AFTER: Final = timedelta(seconds=1)

# The text does not matter: the result of verifying the dummy is ignored.
_DUMMY_PASSWORD: Final = b"no account has this one"

_NICE_INCREMENT: Final = 5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of `verify`. `is_digest_refused`: the stored digest is invalid; raise an alarm. It counts as a wrong
    password."""

    is_valid: bool
    needs_rehash: bool = False
    is_digest_refused: bool = False


class PasswordHasher:
    """argon2id with `workers` threads and at most `queue` pending calls. Further calls raise `HashingBusy`.

    `dummy`: a digest of the same policy for accounts that do not exist. `start` makes one if it is None.

    It is an async context manager: use it between `start` and `close`. A cancelled call leaves the queue. If it is
    already running, it keeps its worker until argon2 returns.
    """

    def __init__(self, policy: HashingPolicy, workers: int = 2, queue: int = 20, dummy: str | None = None) -> None:
        self._policy = policy
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="pulse-passwords", initializer=_lower_priority)
        self._places = threading.BoundedSemaphore(workers + queue)
        self._dummy = dummy

    async def start(self) -> None:
        """Creates the dummy digest in advance, so that the first unknown account does not take twice as long."""
        if self._dummy is None:
            self._dummy = await self._run(lambda: _hash(_DUMMY_PASSWORD, self._policy))

    async def close(self) -> None:
        """Waits for running and pending calls. Later calls raise `RuntimeError`."""
        await asyncio.to_thread(self._pool.shutdown)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def hash(self, password: str, policy: HashingPolicy | None = None) -> str:
        """Returns the argon2id digest (PHC string) of `password`, with a new salt. `policy`: its costs, None for those
        of this hasher.

        Raises `PasswordRefused` (empty, too long, not text) and `HashingBusy`.
        """
        (digest,) = await self.hash_each(password, policy or self._policy)
        return digest

    async def hash_each(self, password: str, *policies: HashingPolicy) -> list[str]:
        """Returns one digest for each policy, in order, each with its own salt. The computations run side by side.

        Raises `PasswordRefused` as `hash`, and `HashingBusy` unless there is a free place for every computation.
        """
        normalised = normalise(password)
        running: list[Future[str]] = []
        try:
            for policy in policies:
                running.append(self._submit(partial(_hash, normalised, policy)))  # noqa: PERF401  # kept if the next is busy
            return [await asyncio.wrap_future(future) for future in running]
        finally:
            for future in running:
                future.cancel()  # does nothing to those that are complete

    async def verify(self, password: str, digest: str | None) -> Verification:
        """Verifies `password` against `digest`. None: the account does not exist.

        For None, and for a digest that `check_digest` rejects, it verifies a dummy at the same cost, so that the
        response time does not reveal which accounts exist. `needs_rehash`: the digest is valid, but its costs are not
        the policy's. Raises `PasswordRefused` (depends on the password only) and `HashingBusy`.
        """
        if self._dummy is None:
            raise RuntimeError("call start before verify")
        normalised, stored = normalise(password), self._dummy if digest is None else digest
        try:
            costs = check_digest(stored)
        except HostileDigest:
            dummy = self._dummy
            await self._run(lambda: _verify(normalised, dummy))
            return Verification(is_valid=False, is_digest_refused=True)
        is_valid = await self._run(lambda: _verify(normalised, stored)) and digest is not None
        return Verification(is_valid, needs_rehash=is_valid and costs != self._policy)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.wrap_future(self._submit(work))

    def _submit(self, work: Callable[[], T]) -> Future[T]:
        if not self._places.acquire(blocking=False):
            raise HashingBusy(RETRY_AFTER)
        try:
            future: Future[T] = self._pool.submit(work)
        except RuntimeError:
            self._places.release()
            raise
        # Not in `finally`, because the thread continues after its caller was cancelled.
        future.add_done_callback(lambda _: self._places.release())
        return future


def _hash(normalised: bytes, policy: HashingPolicy) -> str:
    handler = argon2.using(  # type: ignore[no-untyped-call] # types-passlib does not type it
        type="ID",
        memory_cost=policy.memory_kib,
        time_cost=policy.time_cost,
        parallelism=policy.parallelism,
        salt_len=SALT_BYTES,
        digest_size=DIGEST_BYTES,
    )
    return str(handler.hash(normalised))


def _verify(normalised: bytes, digest: str) -> bool:
    return bool(argon2.verify(normalised, digest))  # type: ignore[no-untyped-call] # as above


def _lower_priority() -> None:
    """Lowers the priority of this thread, so that the event loop and the database need not wait for hashing threads. A
    sign-in would otherwise wait about a dozen times for a time slice of 20 ms. Works on Linux only, where threads have
    their own priorities. Failures are ignored, because they only cost time."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICE_INCREMENT)

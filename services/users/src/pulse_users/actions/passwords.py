"""Passwords in bounded thread pools: check, hash, verify, and estimate the strength."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from pulse_chassis.http.problems import Overloaded
from pulse_passwords import LOGIN_POLICY, MIRROR_POLICY, HashingBusy, HashingPolicy, PasswordHasher, PasswordRefused
from pulse_users.model.accounts import PasswordHashes
from pulse_users.model.passwords import InvalidPassword, PasswordFault, PasswordRules, context_words, score

_SCORING_QUEUE = 20
_RETRY_AFTER = timedelta(seconds=1)


@dataclass(frozen=True)
class Strength:
    """`score`: 0 (guessed at once) to 4 (hard to guess). `faults`: the broken rules."""

    score: int
    faults: list[PasswordFault]


@dataclass(frozen=True)
class HashingPolicies:
    """The costs of the digest for sign-in at the server, and of the verifier for offline sign-in."""

    sign_in: HashingPolicy = LOGIN_POLICY
    mirror: HashingPolicy = MIRROR_POLICY


class Passwords:
    """argon2id runs in the threads of `hasher`. Scores run in one further thread, because zxcvbn uses a module
    table. `policies`: the costs of the two hashes of a password."""

    def __init__(self, hasher: PasswordHasher, rules: PasswordRules, policies: HashingPolicies) -> None:
        self.rules = rules
        self._hasher, self._policies = hasher, policies
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="pulse-strength")
        self._waiting = 0

    async def close(self) -> None:
        """Lets running work finish."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        await self._hasher.close()

    async def hashes(self, password: str, email: str = "", name: str = "") -> PasswordHashes:
        """The argon2id hashes of a new password, computed side by side. Raises InvalidPassword, Overloaded."""
        self.rules.check(password, email, name)
        try:
            policies = self._policies
            digest, verifier = await self._hasher.hash_each(password, policies.sign_in, policies.mirror)
            return PasswordHashes(digest, verifier)
        except PasswordRefused as error:
            raise InvalidPassword(["not_text"], self.rules.minimum) from error
        except HashingBusy as error:
            raise Overloaded(error.retry_after) from error

    async def verify(self, password: str, digest: str | None) -> bool:
        """Whether the password is right. Raises Overloaded."""
        try:
            return (await self._hasher.verify(password, digest)).is_valid
        except PasswordRefused:
            return False
        except HashingBusy as error:
            raise Overloaded(error.retry_after) from error

    async def strength(self, password: str, email: str = "", name: str = "") -> Strength:
        """The strength for an account with this e-mail and name. Raises Overloaded."""
        faults = self.rules.faults(password, email, name)
        if "not_text" in faults:
            return Strength(0, faults)
        words = context_words(email, name, self.rules.company)
        return Strength(await self._scored(lambda: score(password, words)), faults)

    async def _scored(self, work: Callable[[], int]) -> int:
        if self._waiting >= _SCORING_QUEUE:
            raise Overloaded(_RETRY_AFTER)
        self._waiting += 1
        loop = asyncio.get_running_loop()
        try:
            future: Future[int] = self._pool.submit(work)
        except RuntimeError:
            self._waiting -= 1
            raise
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done))
        return await asyncio.wrap_future(future)

    def _done(self) -> None:  # when the thread is done, even if the caller was cancelled before
        self._waiting -= 1

"""Nobody learns from an answer's work or time which accounts exist: unknown, switched off and wrong are alike."""

import math
import random
import statistics
import time
from itertools import combinations
from uuid import UUID

import pytest

from pulse_passwords import HashingPolicy, PasswordHasher

from .conftest import EMAIL, PASSWORD, World, event

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]
SAMPLES = 300
ROUNDS = 3
REAL = HashingPolicy(8 * 1024, 1, 1)
"""Cheap, and costly enough (some 4 ms) that an answer without it would be seen at once."""
OFF = "off@example.org"


def mann_whitney(one: list[float], other: list[float]) -> float:
    """The two-sided p-value of the U test, by its normal approximation (Mann and Whitney 1947)."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(rank for rank, (_, which) in enumerate(ranked, 1) if which == 0)
    n, m = len(one), len(other)
    u = ranks - n * (n + 1) / 2
    z = abs(u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(z / math.sqrt(2))


def test_the_u_test_tells_shifted_samples_from_equal_ones() -> None:
    rng = random.Random(7)
    equal = [[rng.gauss(10, 1) for _ in range(SAMPLES)] for _ in range(2)]
    assert mann_whitney(*equal) > 0.01
    assert mann_whitney(equal[0], [value + 0.4 for value in equal[1]]) < 0.001


async def prepared(ada: World) -> None:
    """Ada, and somebody who is switched off, with digests of the live policy."""
    async with PasswordHasher(REAL) as hasher:
        digest = await hasher.hash(PASSWORD)
    ada.sign_in._means.hasher._dummy = digest
    await ada.mirror.apply(event(ada.clock, digest, version=2))
    await ada.mirror.apply(event(ada.clock, digest, account=UUID(int=2**70), email=OFF, active=False))


async def measured(ada: World, rng: random.Random) -> dict[str, list[float]]:
    """Seconds of refused sign-ins, the three kinds in a new order each time."""
    emails = {"unknown": "nobody@example.org", "off": OFF, "wrong": EMAIL}
    found: dict[str, list[float]] = {kind: [] for kind in emails}
    for number in range(SAMPLES):
        if number % 5 == 0:
            await ada.rows("DELETE FROM backoff RETURNING 1")
        for kind in rng.sample(sorted(emails), 3):
            body = {"email": emails[kind], "password": PASSWORD if kind == "off" else "wrong password"}
            started = time.perf_counter()
            answer = await ada.http.post("/api/auth/login", json=body)
            found[kind].append(time.perf_counter() - started)
            assert answer.status_code == 401
    return found


async def test_unknown_switched_off_and_wrong_do_the_same_work(ada: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await prepared(ada)
    work: list[str] = []
    hasher, verify = ada.sign_in._means.hasher, ada.sign_in._means.hasher._verify

    def counted(normalised: bytes, digest: str) -> bool:
        work.append("argon2 " + digest.split("$")[3])
        return verify(normalised, digest)

    monkeypatch.setattr(hasher, "_verify", counted)
    seen = {}
    for kind, email in (("unknown", "nobody@example.org"), ("off", OFF), ("wrong", EMAIL)):
        work.clear()
        rows = await ada.rows("SELECT n FROM audit_head")
        await ada.login("wrong password" if kind != "off" else PASSWORD, email=email)
        entries = await ada.rows(f"SELECT kind FROM audit WHERE n > {rows[0]['n']}")  # noqa: S608
        seen[kind] = ([*work], [row["kind"] for row in entries])
    assert seen["unknown"] == seen["off"] == seen["wrong"] == (["argon2 m=8192,t=1,p=1"], ["sign_in_refused"])


async def test_unknown_switched_off_and_wrong_take_the_same_time(ada: World) -> None:
    """On a busy machine one round may be noise, but a difference that is there shows in every round."""
    await prepared(ada)
    rng, verdicts = random.Random(5), []
    for _ in range(ROUNDS):
        found = await measured(ada, rng)
        medians = {kind: statistics.median(values) for kind, values in found.items()}
        apart = (max(medians.values()) - min(medians.values())) / min(medians.values())
        p = min(mann_whitney(found[one], found[other]) for one, other in combinations(found, 2))
        verdicts.append((round(apart, 4), round(p, 4)))
        if apart <= 0.05 and p > 0.01:
            return
    pytest.fail(f"sign-in tells accounts apart: (difference of medians, p) in {ROUNDS} rounds: {verdicts}")

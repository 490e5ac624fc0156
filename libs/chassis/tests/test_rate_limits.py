"""Rate limits in memory: exact in every window, and removed after it."""

import pytest

from pulse_chassis.http.problems import TooManyRequests
from pulse_chassis.http.rate_limits import RateLimits


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> RateLimits:
    return RateLimits(clock)


async def test_several_uses_are_counted_together_or_not_at_all(limits: RateLimits, clock: Clock) -> None:
    await limits.check("things", "5/minute", "ada", 2)
    clock.now += 20
    await limits.check("things", "5/minute", "ada")
    with pytest.raises(TooManyRequests) as refused:
        await limits.check("things", "5/minute", "ada", 4)
    assert refused.value.retry_after.total_seconds() == 40
    await limits.check("things", "5/minute", "ada", 2)
    with pytest.raises(TooManyRequests):
        await limits.check("things", "5/minute", "ada")
    clock.now += 40
    await limits.check("things", "5/minute", "ada", 2)


async def test_uses_become_free_one_by_one_and_the_problem_says_when(limits: RateLimits, clock: Clock) -> None:
    await limits.check("things", "2/minute", "ada")
    clock.now += 20
    await limits.check("things", "2/minute", "ada")
    clock.now += 10.5
    with pytest.raises(TooManyRequests) as refused:
        await limits.check("things", "2/minute", "ada")
    assert refused.value.retry_after.total_seconds() == 30
    clock.now += 29.5
    await limits.check("things", "2/minute", "ada")
    with pytest.raises(TooManyRequests):
        await limits.check("things", "2/minute", "ada")


async def test_keys_and_names_are_counted_separately(limits: RateLimits) -> None:
    for name, key in (("things", "ada"), ("things", "bob"), ("others", "ada")):
        await limits.check(name, "1/minute", key)
        with pytest.raises(TooManyRequests):
            await limits.check(name, "1/minute", key)


async def test_require_left_counts_nothing_and_count_rejects_nothing(limits: RateLimits) -> None:
    for _ in range(3):
        await limits.require_left("failures", "2/minute", "ada")
    for _ in range(3):
        await limits.count("failures", "2/minute", "ada")
    with pytest.raises(TooManyRequests):
        await limits.require_left("failures", "2/minute", "ada")


async def test_expired_keys_are_removed(limits: RateLimits, clock: Clock) -> None:
    for number in range(1_000):
        await limits.check("things", "2/minute", str(number))
    clock.now += 30
    await limits.check("things", "2/minute", "7")
    clock.now += 30
    await limits.check("things", "2/minute", "ada")
    assert len(limits) == 2
    await limits.check("things", "2/minute", "7")
    with pytest.raises(TooManyRequests):
        await limits.check("things", "2/minute", "7")

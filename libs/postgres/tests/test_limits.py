"""Back-off and rate limits, with sequential and concurrent uses of a key."""

import asyncio
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_postgres import BackoffStore, Database, LimitStore, Rate, limit_key, wait_after

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = bytes(32)


@pytest.fixture
async def shop(database: Database) -> Database:
    async with database.connection() as connection:
        for table in ("backoff", "backoff_noted", "rate_limit"):
            await connection.execute(files("pulse_postgres.tables").joinpath(f"{table}.sql").read_text())
    return database


async def reserve(database: Database, now: datetime) -> timedelta:
    async with database.transaction() as connection:
        return await BackoffStore().reserve(connection, KEY, now)


def test_five_failures_are_free_then_the_lock_doubles_up_to_five_minutes() -> None:
    seconds = [int(wait_after(n).total_seconds()) for n in range(16)]
    assert seconds == [0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]


@given(st.integers(0, 10**9))
def test_more_failures_never_shorten_the_lock_and_it_is_bounded(failures: int) -> None:
    assert wait_after(failures) <= wait_after(failures + 1) <= timedelta(seconds=300)


@pytest.mark.servers
async def test_the_seventh_attempt_is_locked_and_a_success_resets_the_count(shop: Database) -> None:
    assert [await reserve(shop, NOW) for _ in range(6)] == [timedelta(0)] * 6
    assert await reserve(shop, NOW) == timedelta(seconds=1)
    assert await reserve(shop, NOW + timedelta(seconds=1)) == timedelta(0)
    assert await reserve(shop, NOW + timedelta(seconds=1)) == timedelta(seconds=2)
    async with shop.transaction() as connection:
        await BackoffStore().clear(connection, KEY)
    assert await reserve(shop, NOW) == timedelta(0)


@pytest.mark.servers
async def test_an_attempt_that_was_given_back_does_not_count(shop: Database) -> None:
    for _ in range(20):
        assert await reserve(shop, NOW) == timedelta(0)
        async with shop.transaction() as connection:
            await BackoffStore().give_back(connection, KEY, NOW)


@pytest.mark.servers
async def test_a_hundred_concurrent_attempts_are_all_counted(shop: Database) -> None:
    waits = await asyncio.gather(*(reserve(shop, NOW) for _ in range(30)))
    assert sum(not wait for wait in waits) == 6


@pytest.mark.servers
async def test_a_free_attempt_never_waits_for_one_whose_clock_is_ahead(shop: Database) -> None:
    for ahead in (5, 0, 3, 1):
        assert await reserve(shop, NOW + timedelta(milliseconds=ahead)) == timedelta(0)


@pytest.mark.servers
async def test_a_lock_is_reported_once(shop: Database) -> None:
    for _ in range(7):
        await reserve(shop, NOW)
    async with shop.transaction() as connection:
        store = BackoffStore()
        assert [await store.note_wait(connection, KEY) for _ in range(3)] == [True, False, False]
        await store.sweep(connection, NOW + timedelta(days=2))
        assert not await store.note_wait(connection, KEY)


@pytest.mark.servers
async def test_a_sweep_skips_a_key_that_is_in_use(shop: Database) -> None:
    await reserve(shop, NOW)
    async with shop.transaction() as user, shop.transaction() as sweeper:
        await user.execute("SELECT 1 FROM backoff FOR UPDATE")
        await BackoffStore().sweep(sweeper, NOW + timedelta(days=2))
        assert await sweeper.fetchval("SELECT count(*) FROM backoff") == 1


@pytest.mark.servers
async def test_a_limit_allows_a_burst_and_then_one_use_at_a_time(shop: Database) -> None:
    rate = Rate(3, timedelta(seconds=30))

    async def at(seconds: int, who: str = "x") -> float:
        async with shop.transaction() as connection:
            now = NOW + timedelta(seconds=seconds)
            return (await LimitStore().take(connection, limit_key("test", who), rate, now)).total_seconds()

    assert [await at(0), await at(0), await at(0), await at(0), await at(9)] == [0, 0, 0, 10, 1]
    assert [await at(10), await at(10), await at(0, "y")] == [0, 10, 0]


@pytest.mark.servers
async def test_concurrent_uses_do_not_exceed_the_limit_and_become_free_one_by_one(shop: Database) -> None:
    store, rate, key = LimitStore(), Rate(4, timedelta(seconds=8)), limit_key("x", "y")
    now = NOW

    async def take(count: int) -> int:
        taken = 0
        for _ in range(count):
            async with shop.transaction() as connection:
                taken += not await store.take(connection, key, rate, now)
        return taken

    assert sum(await asyncio.gather(*(take(5) for _ in range(4)))) == 4
    now += timedelta(seconds=2)
    assert await take(3) == 1
    now += timedelta(seconds=60)
    assert await take(9) == 4
    async with shop.transaction() as connection:
        await store.give_back(connection, key, rate)
    assert await take(2) == 1

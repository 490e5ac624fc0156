"""The testkit itself: it fails the tests that it should fail."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import pytest

from pulse_testkit.clock import FakeClock
from pulse_testkit.waiting import eventually

pytest_plugins = ["pytester"]


def test_only_advance_moves_the_clock(clock: FakeClock) -> None:
    before = clock()
    assert clock() == before == 1_767_225_600_000_000
    clock.advance(timedelta(seconds=1.5))
    assert clock() - before == 1_500_000
    clock.advance(timedelta(seconds=-1.5))
    assert clock() == before


async def test_eventually_waits_for_a_state_and_names_it_in_its_error() -> None:
    done = asyncio.Event()
    asyncio.get_running_loop().call_later(0.02, done.set)
    await eventually(done.is_set)
    with pytest.raises(AssertionError, match=r"not within 0\.05 s: the moon"):
        await eventually(lambda: False, seconds=0.05, what="the moon")
    with pytest.raises(AssertionError, match=r"not within 0\.05 s: \[7\]"):
        await eventually(lambda: False, seconds=0.05, what=lambda: [7])


INNER = """
import logging
import pytest
import structlog

def test_silent(): ...

def test_warns():
    logging.getLogger("x").warning("the disk is nearly full")

def test_warns_by_structlog():
    structlog.get_logger("y").error("disk_full", path="/data")

@pytest.mark.announces_log("nearly full")
@pytest.mark.announces_log("disk_full")
def test_announces():
    logging.getLogger("x").warning("the disk is nearly full")
    structlog.get_logger("y").error("disk_full", path="/data")
    structlog.get_logger("y").info("disk_cleaned")

@pytest.mark.announces_log("something else")
def test_announces_another():
    logging.getLogger("x").error("the disk is full")

@pytest.mark.announces_log("quota")
def test_announces_and_logs_nothing(): ...
"""


def test_warnings_and_announcements_must_agree(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nmarkers = announces_log(text): x\nasyncio_default_fixture_loop_scope = function")
    pytester.makepyfile(INNER)
    outcome = pytester.runpytest_subprocess("-q")
    outcome.assert_outcomes(passed=6, errors=4)
    outcome.stdout.fnmatch_lines_random(
        [
            "*x: the disk is nearly full*",
            "*y: event=disk_full path=/data*",
            "*announced logs that never appeared:",
            "*quota",
        ]
    )


@pytest.mark.servers
async def test_each_database_is_a_fresh_clone_of_its_template(
    new_database: Callable[[str, Callable[[str], Awaitable[None]]], Awaitable[str]],
) -> None:
    prepared: list[str] = []

    async def migrate(url: str) -> None:
        prepared.append(url)
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE thing (a int)")
        await connection.close()

    for _ in range(2):
        connection = await asyncpg.connect(await new_database("testkit", migrate))
        assert await connection.fetchval("SELECT count(*) FROM thing") == 0
        await connection.execute("INSERT INTO thing VALUES (1)")
        await connection.close()
    assert len(prepared) == 1

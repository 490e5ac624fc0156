"""The testkit keeps its own promises: it fails what it should fail."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import pytest

from pulse_testkit.clock import FakeClock
from pulse_testkit.waiting import eventually

pytest_plugins = ["pytester"]


def test_the_clock_moves_only_when_told(clock: FakeClock) -> None:
    before = clock()
    assert clock() == before == 1_767_225_600_000_000
    clock.advance(timedelta(seconds=1.5))
    assert clock() - before == 1_500_000
    clock.advance(timedelta(seconds=-1.5))
    assert clock() == before


async def test_eventually_waits_for_a_state_and_names_what_did_not_come() -> None:
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

def test_silent(): ...

def test_warns():
    logging.getLogger("x").warning("the disk is nearly full")

@pytest.mark.announces_log("nearly full")
def test_announces():
    logging.getLogger("x").warning("the disk is nearly full")

@pytest.mark.announces_log("something else")
def test_announces_another():
    logging.getLogger("x").error("the disk is full")
"""


def test_an_unannounced_warning_fails_and_an_announced_one_does_not(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nmarkers = announces_log(text): x\nasyncio_default_fixture_loop_scope = function")
    pytester.makepyfile(INNER)
    outcome = pytester.runpytest_subprocess("-q")
    outcome.assert_outcomes(passed=4, errors=2)
    outcome.stdout.fnmatch_lines(["*x: the disk is nearly full*"])


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

"""What a person or a command changes at run time: durable, taken over from older files once, never from a lost file."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from pulse_desktop.core.clock import Clock
from pulse_desktop.core.mirror.configuration import REMOTE, REPLAY, Configuration, Configured
from pulse_desktop.core.mirror.database import FILE, Database
from pulse_desktop.core.model import StoreFailure

NOW = 1_800_000_000
CLOCK = Clock(lambda: NOW * 1_000_000)


def configuration(folder: Path, **more: Any) -> Configuration:
    return Configuration(folder, CLOCK, **more)


async def test_values_survive_a_restart_and_a_command_number_never_goes_back(tmp_path: Path) -> None:
    async with configuration(tmp_path) as one:
        await one.executes_command(9, 2.5)
        await one.executes_command(7, None)
        await one.pause_replay(is_paused=True)
    async with configuration(tmp_path) as one:
        assert await one.read() == Configured(command_n=9, interval=2.5, is_replay_paused=True)
        await one.limit_replay(is_paused=False, rate=500)
        assert await one.read() == Configured(command_n=9, interval=2.5, replay_rate=500)


async def test_the_values_of_older_files_are_taken_over_once(tmp_path: Path) -> None:
    (tmp_path / REMOTE).write_text('{"last": 41, "interval": 5}')
    (tmp_path / REPLAY).write_text('{"is_paused": true, "rate": 250}')
    expected = Configured(command_n=41, interval=5, is_replay_paused=True, replay_rate=250)
    async with configuration(tmp_path) as one, configuration(tmp_path) as two:
        assert list(await asyncio.gather(one.read(), two.read())) == [expected, expected]
        assert not (tmp_path / REMOTE).exists()
        assert not (tmp_path / REPLAY).exists()
        await two.limit_replay(is_paused=False, rate=None)
        assert await one.read() == Configured(command_n=41, interval=5)


@pytest.mark.announces_log("configuration_file_corrupt")
async def test_an_invalid_older_file_is_set_aside_and_repeats_no_command(tmp_path: Path) -> None:
    (tmp_path / REMOTE).write_text("{")
    (tmp_path / REPLAY).write_text('{"rate": NaN}')
    async with configuration(tmp_path) as one:
        assert await one.read() == Configured(command_n=NOW)
    assert len(list(tmp_path.glob("*.json.corrupt-*"))) == 2


@pytest.mark.announces_log("mirror_database_corrupt")
async def test_a_replaced_database_repeats_no_command(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(os.urandom(20_000))
    async with configuration(tmp_path, owns_folder=True) as one:
        assert await one.read() == Configured(command_n=NOW)


async def test_a_command_never_replaces_a_corrupt_database(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database" * 1_000)
    async with configuration(tmp_path) as one:
        with pytest.raises(StoreFailure, match="corrupt"):
            await one.read()
    assert (tmp_path / FILE).read_bytes().startswith(b"not a database")


async def test_a_file_that_was_replaced_meanwhile_is_opened_again(tmp_path: Path) -> None:
    async with configuration(tmp_path) as one:
        await one.executes_command(9, None)
        for path in tmp_path.glob(f"{FILE}*"):
            path.rename(path.with_name(f"aside-{path.name}"))
        await one.executes_command(12, None)
        async with configuration(tmp_path) as other:
            assert (await other.read()).command_n == 12


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE configuration SET interval = 0.01",
        "UPDATE configuration SET replay_rate = -1",
        "UPDATE configuration SET command_n = -1",
        "UPDATE configuration SET is_replay_paused = 2",
    ],
)
async def test_the_file_accepts_no_impossible_value(tmp_path: Path, sql: str) -> None:
    database = await Database.open(tmp_path / FILE)
    with pytest.raises(Exception, match="CHECK constraint failed"):
        async with database.transaction() as rows:
            await rows.run(sql)
    await database.close()


@pytest.mark.parametrize("turns", range(12))
async def test_a_call_that_is_cancelled_at_any_moment_leaves_no_open_transaction(tmp_path: Path, turns: int) -> None:
    async with configuration(tmp_path) as one:
        await one.pause_replay(is_paused=True)
        for call in (one.read(), one.limit_replay(is_paused=True, rate=5)):
            task = asyncio.ensure_future(call)
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            await one.pause_replay(is_paused=True)
        assert (await one.read()).is_replay_paused

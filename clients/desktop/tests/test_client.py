"""One suite for both clients of a window: the engine in this process, and the engine in the service."""

import asyncio
import fcntl
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pulse_desktop.client.attached import AttachedClient
from pulse_desktop.client.in_process import InProcessClient
from pulse_desktop.client.opening import open_client, service_runs
from pulse_desktop.client.port import EngineClient, EngineUnavailable, ReplayLimit, SeriesInfo
from pulse_desktop.client.wire import SOCKET
from pulse_desktop.core.settings import Settings
from pulse_desktop.core.state_directory import lock
from pulse_testkit.waiting import eventually

from .test_cli import running

MINUTE = 60_000_000


def settings_of(folder: Path) -> Settings:
    """A simulator, and a broker whose port is closed: everything is buffered."""
    flags = {"device": "alpha", "mqtt_url": "mqtt://127.0.0.1:9", "simulator_rate": 200.0, "host_metrics": False}
    return Settings.load({"state_dir": folder, **flags})


@pytest.fixture(autouse=True)
def closed_port_is_expected(caplog: pytest.LogCaptureFixture) -> None:
    """Whether the bus already warned of the closed port when a test ends is a matter of timing."""
    caplog.set_level(logging.ERROR, "pulse.bus")


@pytest.fixture(params=["in_process", "attached"])
async def client(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[EngineClient]:
    if request.param == "in_process":
        mine: EngineClient = InProcessClient(settings_of(tmp_path), "")
        await mine.start()
        yield mine
        await mine.stop()
        return
    with running(tmp_path, "--no-host-metrics"):
        mine = open_client(settings_of(tmp_path), "")
        await mine.start()
        yield mine
        await mine.stop()


async def with_values(client: EngineClient) -> list[SeriesInfo]:
    """Every series, when each has a value."""
    found: list[SeriesInfo] = []

    async def all_have_one() -> bool:
        found[:] = await client.series()
        return len(found) == 10 and all(one.t is not None for one in found)

    await eventually(all_have_one, what=lambda: found)
    return found


async def test_series_appear_with_values_of_their_types(client: EngineClient) -> None:
    found = await with_values(client)
    types = {"int": int, "float": float, "bool": bool}
    assert {type(one.value) is types[one.type] for one in found} == {True}
    assert {one.type for one in found} == {"int", "float", "bool"}


async def test_points_of_several_series_arrive_and_keep_their_types(client: EngineClient) -> None:
    found = await with_values(client)
    ids = [one.id for one in found]
    now = time.time_ns() // 1_000
    points = await client.points([*ids, 99_999], now - MINUTE, now + MINUTE, 500)
    assert set(points) == {*ids, 99_999}
    assert points[99_999].t == []
    types = {"int": int, "float": float, "bool": bool}
    for one in found:
        mine = points[one.id]
        assert len(mine.t) == len(mine.last) == len(mine.lo) == len(mine.hi) > 0
        assert mine.is_raw
        assert {type(value) for value in mine.last} == {types[one.type]}
    few = (await client.points(ids[:1], now - MINUTE, now + MINUTE, 1))[ids[0]]
    assert len(few.t) == 1


@pytest.mark.parametrize(("start", "end", "most"), [(2, 1, 10), (1, 2, 0), (1, 2**63, 10), (-5, 1, 10), (1, 2, 10_001)])
async def test_a_range_that_cannot_be_answered_is_an_error_of_the_caller(
    client: EngineClient, start: int, end: int, most: int
) -> None:
    with pytest.raises(ValueError, match="cannot answer"):
        await client.points([1, 2], start, end, most)
    assert await client.sources()


async def test_the_simulator_runs_and_nothing_is_sent_to_a_closed_port(client: EngineClient) -> None:
    await with_values(client)
    (source,) = await client.sources()
    assert (source.name, source.state, source.error) == ("simulator", "running", "")
    assert source.per_second > 0
    assert await client.batches() == []

    async def is_buffering() -> bool:
        snapshot = await client.snapshot()
        return snapshot is not None and snapshot.waiting > 0 and snapshot.device == "alpha"

    await eventually(is_buffering)


async def test_a_limit_of_the_backlog_is_applied(client: EngineClient) -> None:
    await client.limit_replay(ReplayLimit(is_paused=True, rate=250.0))

    async def is_paused() -> bool:
        snapshot = await client.snapshot()
        return snapshot is not None and snapshot.replay == str(ReplayLimit(is_paused=True, rate=250.0))

    await eventually(is_paused)


async def test_twenty_calls_at_once_are_answered(client: EngineClient) -> None:
    await with_values(client)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(client.series()) for _ in range(20)]
    assert [len(task.result()) for task in tasks] == [10] * 20


async def test_a_cancelled_call_does_not_spoil_the_next_one(client: EngineClient) -> None:
    await with_values(client)
    now = time.time_ns() // 1_000
    for _ in range(5):
        call = asyncio.ensure_future(client.points([1, 2, 3], now - MINUTE, now, 6_000))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        assert [source.name for source in await client.sources()] == ["simulator"]


def test_a_window_waits_for_a_service_that_restarts_only(tmp_path: Path) -> None:
    assert not service_runs(tmp_path, 60)
    (tmp_path / lock.FILE).write_text("nonsense")
    assert not service_runs(tmp_path, 60)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    (tmp_path / lock.FILE).write_text(f"{ended.pid}\n")
    assert not service_runs(tmp_path, 60)
    lock.acquire(tmp_path).close()  # this process lives
    assert not service_runs(tmp_path, 0.2)
    with socket.socket(socket.AF_UNIX) as again:
        again.bind(str(tmp_path / SOCKET))
        again.listen()
        assert service_runs(tmp_path, 60)
    with lock.acquire(tmp_path):
        assert service_runs(tmp_path, 60)


def test_a_look_at_the_lock_does_not_stop_a_collector_that_starts(tmp_path: Path) -> None:
    (tmp_path / lock.FILE).touch()
    looking = (tmp_path / lock.FILE).open()
    fcntl.flock(looking, fcntl.LOCK_SH)
    threading.Timer(0.03, looking.close).start()
    lock.acquire(tmp_path).close()


async def test_a_stopped_engine_keeps_its_limit_and_gives_the_folder_back(tmp_path: Path) -> None:
    first = InProcessClient(settings_of(tmp_path), "")
    await first.start()
    await with_values(first)
    await first.limit_replay(ReplayLimit(rate=77.0))
    assert lock.is_held(tmp_path)
    await first.stop()
    assert not lock.is_held(tmp_path)
    with pytest.raises(EngineUnavailable, match="Start it again"):
        await first.series()
    second = open_client(settings_of(tmp_path), "")
    assert not second.is_attached
    await second.start()

    async def is_limited() -> bool:
        snapshot = await second.snapshot()
        return snapshot is not None and "77" in snapshot.replay

    await eventually(is_limited)
    await second.stop()
    await second.stop()


async def test_a_restart_that_a_remote_command_demands_gives_a_new_engine(tmp_path: Path) -> None:
    client = InProcessClient(settings_of(tmp_path), "")
    await client.start()
    first = client._engine
    assert first is not None
    assert client._loop is not None
    first.must_restart = True  # as the command does
    client._loop.call_soon_threadsafe(client._end)
    await eventually(lambda: client._engine is not first)
    await client.start()
    assert await client.sources()
    await client.stop()
    assert not lock.is_held(tmp_path)


async def test_an_engine_that_cannot_start_says_why(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    with pytest.raises(EngineUnavailable, match="cannot be written"):
        await InProcessClient(settings_of(file), "").start()
    client = InProcessClient(settings_of(tmp_path), "")
    with lock.acquire(tmp_path), pytest.raises(EngineUnavailable, match="already running"):
        await client.start()
    await client.start()  # the folder is free again
    await client.stop()


def test_the_engine_in_this_process_answers_a_loop_that_is_not_its_own(tmp_path: Path) -> None:
    client = InProcessClient(settings_of(tmp_path), "")
    for step in (client.start, client.series, client.stop):  # each on a loop of its own
        asyncio.run(step())


async def test_a_folder_whose_owner_has_no_socket_is_explained(tmp_path: Path) -> None:
    with lock.acquire(tmp_path):
        client = open_client(settings_of(tmp_path), "")
        assert client.is_attached
        with pytest.raises(EngineUnavailable, match="accepts no window"):
            await client.start()


async def test_a_service_that_stops_is_unavailable_and_the_next_one_is_found(tmp_path: Path) -> None:
    client = AttachedClient(tmp_path)
    with running(tmp_path):
        await client.start()
    with pytest.raises(EngineUnavailable):
        await client.series()
    with running(tmp_path):
        assert await client.sources()
    await client.stop()


def test_the_program_and_the_clients_do_not_load_qt() -> None:
    check = (
        "import sys, pulse_desktop.__main__, pulse_desktop.client.opening;"
        "sys.exit(any(name.startswith('PySide6') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0  # noqa: S603  # this interpreter

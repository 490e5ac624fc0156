"""One supervised process, with tiny programs: restarts with back-off, stops, and a filtered environment."""

import asyncio
import contextlib
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pulse_standalone.children import Child, Program
from pulse_standalone.files import SetupError, last_line
from pulse_standalone.probe import MqttProbe

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


def program(tmp_path: Path, command: list[str] | None = None, **env: str) -> Program:
    return Program("tiny", command or SLEEPER, env=env, log=tmp_path / "log", cwd=tmp_path)


async def until(claim: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not claim():  # noqa: ASYNC110  # there is no event for this
            await asyncio.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@asynccontextmanager
async def running(child: Child, said: list[str]) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        group.create_task(child.run(said.append))
        try:
            await asyncio.wait_for(child.became_ready.wait(), 10)
            yield
        finally:
            await child.stop(2)


async def test_a_killed_process_is_restarted_with_growing_delays(tmp_path: Path) -> None:
    child, said = program(tmp_path), list[str]()
    async with running(child, said):
        for times in (1, 2):
            pid = child.pid
            assert pid
            os.kill(pid, signal.SIGKILL)
            await until(lambda pid=pid: child.is_ready and child.pid not in {None, pid})  # type: ignore[misc]
            assert child.restarts == times
    assert said == [f"tiny ended (exit code -9); restart in {pause} s" for pause in ("0.2", "0.4")]


async def test_a_program_that_never_starts_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    child = program(tmp_path, [sys.executable, "-c", "import sys; sys.exit('no such luck')"]).at(1)
    with pytest.raises(SetupError, match=r"tiny does not start.*no such luck"):
        await child.run(lambda _: None)


async def test_a_full_disk_after_the_first_start_is_reported_and_retried(tmp_path: Path) -> None:
    class FullOnce(Program):
        launches = 0

        async def launch(self) -> asyncio.subprocess.Process:
            self.launches += 1
            if self.launches == 2:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "rules")
            return await super().launch()

    child, said = FullOnce("tiny", SLEEPER, env={}, log=tmp_path / "log", cwd=tmp_path), list[str]()
    async with running(child, said):
        os.kill(child.pid or 0, signal.SIGKILL)
        await until(lambda: child.launches == 3 and child.is_ready)
    assert "No space left" in said[1]


async def test_the_log_of_a_running_process_is_limited(tmp_path: Path) -> None:
    flood = "import sys, time\nfor n in range(30): print('x' * 1_000_000, flush=True)\nprint('last', flush=True)\n"
    child = program(tmp_path, [sys.executable, "-c", flood + "time.sleep(600)"])
    log, kept = tmp_path / "log", tmp_path / "log.1"
    async with running(child, []):
        await until(lambda: kept.exists() and log.stat().st_size <= 10_000_000)
        assert kept.stat().st_size <= 10_100_000
        assert child.pid is not None
        await until(lambda: last_line(log) == "last" or last_line(kept) == "last")
        with log.open("rb") as file:
            assert file.read(1) != b"\0", "the process appends, so truncation leaves no hole"


async def test_a_hung_process_is_killed_after_the_timeout(tmp_path: Path) -> None:
    child = program(tmp_path)
    async with asyncio.TaskGroup() as group:
        group.create_task(child.run(lambda _: None))
        await asyncio.wait_for(child.became_ready.wait(), 10)
        pid = child.pid or 0
        os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        await child.stop(0.3)
        assert time.monotonic() - began < 2
    assert is_gone(pid)


async def test_a_stop_does_not_wait_for_the_back_off(tmp_path: Path) -> None:
    child, said = program(tmp_path), list[str]()
    async with running(child, said):
        for _ in range(3):  # 0.2, 0.4, 0.8 s
            pid = child.pid or 0
            os.kill(pid, signal.SIGKILL)
            await until(lambda pid=pid: child.pid != pid)  # type: ignore[misc]
            if len(said) < 3:
                await until(lambda: child.pid is not None)
        began = time.monotonic()
    assert time.monotonic() - began < 0.5


async def test_children_do_not_see_the_superusers_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://root:hidden-a@127.0.0.1/postgres")
    monkeypatch.setenv("MQTT_URL", "mqtt://127.0.0.1:1883")
    monkeypatch.setenv("PULSE_MQTT_PASSWORD", "hidden-b")
    monkeypatch.setenv("AWS_ACCESS_THING", "hidden-c")
    monkeypatch.setenv("PULSE_JOURNAL", "/tmp/journal")  # noqa: S108
    monkeypatch.setenv("PULSE_SIMULATOR_RATE", "7")
    child = program(tmp_path, PULSE_HTTP_PORT="1")
    async with running(child, []):
        await until(lambda: "up" in (tmp_path / "log").read_text())
        seen = Path(f"/proc/{child.pid}/environ").read_text()
    names = {entry.partition("=")[0] for entry in seen.split("\0")}
    assert "hidden" not in seen
    assert {"PATH", "PULSE_JOURNAL", "PULSE_SIMULATOR_RATE", "PULSE_HTTP_PORT"} <= names
    assert not {"DATABASE_URL", "MQTT_URL"} & names


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl(2) exists on Linux only")
def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    parent = (
        "import asyncio, pathlib\n"
        "from pulse_standalone.children import Program\n"
        f"here = pathlib.Path({str(tmp_path)!r})\n"
        "async def main():\n"
        f"    child = Program('tiny', {SLEEPER!r}, env={{}}, log=here / 'log', cwd=here)\n"
        "    process = await child.launch()\n"
        "    print(process.pid, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout
        pid = int(started.stdout.readline())
        assert not is_gone(pid)
        started.kill()
    end = time.monotonic() + 10
    while not is_gone(pid):
        assert time.monotonic() < end
        time.sleep(0.01)


async def broker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, code: int) -> None:
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        await reader.readexactly((await reader.readexactly(2))[1])
        writer.write(bytes([0x20, 2, 0, code]))
        while await reader.readexactly(2) == b"\xc0\x00":
            writer.write(b"\xd0\x00")
    writer.close()


@pytest.mark.parametrize("code", [0, 5])
async def test_a_broker_that_refuses_a_connection_is_ready(code: int) -> None:
    server = await asyncio.start_server(lambda r, w: broker(r, w, code=code), "127.0.0.1", 0)
    probe = MqttProbe("user", "password")
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert [await probe.answers(port) for _ in range(3)] == [True] * 3
        probe.close()
    assert not await probe.answers(port)


async def test_a_broker_that_does_not_answer_is_not_ready() -> None:
    done = asyncio.Event()

    async def mute(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    server = await asyncio.start_server(mute, "127.0.0.1", 0)
    async with server:
        assert not await MqttProbe("user", "password").answers(server.sockets[0].getsockname()[1])
        done.set()

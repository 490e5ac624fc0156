"""Whole runs: refused when they cannot be, stopped in five seconds, and killed ones leave nothing that hinders."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from pulse_standalone.children import Child, Program, Say
from pulse_standalone.files import SetupError
from pulse_standalone.ports import free_port
from pulse_standalone.state import State
from pulse_standalone.supervisor import Supervisor
from pulse_standalone.system import Options, System
from pulse_standalone.terminal import Screen

ROOT = Path(__file__).resolve().parents[2]


class TinySystem(System):
    """The same order of start and stop, with programs that only sleep."""

    def tiny(self, name: str) -> Child:
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        return Program(name, command, env={}, log=self.state.log(name), cwd=self.state.folder)

    async def servers(self) -> list[Child]:
        return [self.tiny("postgres"), self.tiny("mosquitto")]

    async def provision(self, servers: list[Child]) -> None:
        """Nothing to provide."""

    def services(self) -> list[Child]:
        return [self.tiny("users"), self.tiny("auth")]

    def web(self) -> Child:
        return self.tiny("web")

    def collector(self) -> Child:
        return self.tiny("collector")

    async def first_administrator(self, say: Say) -> dict[str, str] | None:
        return None

    async def hears_auth(self) -> bool:
        return True


class DeafSystem(TinySystem):
    """Its services have not heard auth until it `is_so`."""

    asked, is_so = 0, False

    async def hears_auth(self) -> bool:
        self.asked += 1
        return self.is_so


class NewSystem(TinySystem):
    """Its administrator's account is on its way to auth until it `is_so`."""

    asked, is_so = 0, False

    async def first_administrator(self, say: Say) -> dict[str, str] | None:
        return {"email": "ada@example.com", "password": "a long enough password"}

    async def knows_accounts(self) -> bool:
        self.asked += 1
        return self.is_so


class FullSystem(TinySystem):
    async def servers(self) -> list[Child]:
        raise OSError(28, "No space left on device", "somewhere")


def options(state: Path) -> Options:
    return Options(state, state / "tools", ROOT, free_port(), (), True, "admin@example.com")


def wait_for(claim: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.01)


def pulse(state: Path, *arguments: str, **env: str) -> "subprocess.Popen[str]":
    full = {**os.environ, "PULSE_STATE_DIR": str(state), "PULSE_PORT": str(free_port()), **env}
    command = [sys.executable, "-m", "pulse_standalone", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=full, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def leftovers(state: Path) -> list[str]:
    return [
        " ".join(p.info["cmdline"])
        for p in psutil.process_iter(["cmdline", "status"])
        if str(state) in " ".join(p.info["cmdline"] or []) and p.info["status"] != psutil.STATUS_ZOMBIE
    ]


async def _owned(state: State, supervisor: Supervisor) -> None:
    with state.owned():
        await supervisor.run()


async def test_a_stop_takes_less_than_five_seconds_even_when_all_hang(tmp_path: Path) -> None:
    chosen, state = options(tmp_path), State(tmp_path)
    supervisor = Supervisor(chosen, state, Screen(), TinySystem(chosen, state))
    pids: list[int] = []
    async with asyncio.TaskGroup() as group:
        running = group.create_task(_owned(state, supervisor))
        async with asyncio.timeout(20):
            while not state.status()["ready"]:  # noqa: ASYNC110  # as `make status` asks
                await asyncio.sleep(0.01)
        pids += [entry["pid"] for entry in json.loads(state.status_file.read_text())["processes"]]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        os.kill(os.getpid(), signal.SIGTERM)
        await running
        assert time.monotonic() - began < 5
    assert len(pids) == 6
    assert not any(psutil.pid_exists(pid) for pid in pids)


@pytest.mark.parametrize("kind", [NewSystem, DeafSystem])
async def test_ready_is_said_when_administrators_can_sign_in_and_work(
    tmp_path: Path, kind: type[NewSystem | DeafSystem]
) -> None:
    chosen, state = options(tmp_path), State(tmp_path)
    system = kind(chosen, state)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(_owned(state, Supervisor(chosen, state, Screen(), system)))
        async with asyncio.timeout(20):
            while system.asked < 3:  # noqa: ASYNC110  # nothing tells how often it asked
                await asyncio.sleep(0.01)
            assert not state.status()["ready"]
            system.is_so = True
            while not state.status()["ready"]:  # noqa: ASYNC110  # as `make status` asks
                await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        await running


async def test_a_full_disk_before_ready_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    chosen, state = options(tmp_path), State(tmp_path)
    with pytest.raises(SetupError, match=rf"no space left in {tmp_path}: free some, or set PULSE_STATE_DIR"):
        await Supervisor(chosen, state, Screen(), FullSystem(chosen, state)).run()


def test_a_taken_port_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with pulse(tmp_path, "run", PULSE_PORT=port) as refused:
            _, complaint = refused.communicate(timeout=30)
    assert refused.returncode == 1
    assert complaint.count("\n") == 1
    assert f"port {port} is taken by" in complaint


def test_a_second_run_names_the_first(tmp_path: Path) -> None:
    with State(tmp_path).owned(), pulse(tmp_path, "run") as second:
        _, complaint = second.communicate(timeout=30)
    assert second.returncode == 1
    assert complaint == f"pulse: already running here (pid {os.getpid()}): make stop, or set PULSE_STATE_DIR\n"


@pytest.mark.servers
def test_a_start_killed_during_initdb_does_not_hinder_the_next(tmp_path: Path) -> None:
    state = tmp_path / "state"
    arguments = ("servers", "--state-dir", str(state), "--tools-dir", str(ROOT / ".tools"), "--throwaway")
    with pulse(state, *arguments) as first:
        wait_for((state / "postgres/data.new/PG_VERSION").exists)
        first.kill()
    assert not (state / "postgres/data").exists()
    wait_for(lambda: not leftovers(state))
    with pulse(state, *arguments) as second:
        assert second.stdout
        assert "database_url" in json.loads(second.stdout.readline())
        second.terminate()
        second.communicate(timeout=20)
    assert second.returncode == 0


@pytest.mark.servers
def test_a_sigterm_during_the_start_leaves_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with pulse(state, "run", PULSE_TOOLS_DIR=str(ROOT / ".tools")) as started:
        wait_for((state / "postgres").exists)
        began = time.monotonic()
        started.terminate()
        _, complaint = started.communicate(timeout=20)
        assert time.monotonic() - began < 5
    assert (started.returncode, complaint) == (0, "")
    assert leftovers(state) == []

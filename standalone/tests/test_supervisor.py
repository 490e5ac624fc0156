"""Whole runs: rejected when they cannot start, stopped within five seconds, restarted after a kill."""

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

from pulse_standalone.children import Child, Program, Say, StopWave
from pulse_standalone.files import SetupError
from pulse_standalone.ports import free_port
from pulse_standalone.settings import Settings
from pulse_standalone.state import State
from pulse_standalone.supervisor import Supervisor
from pulse_standalone.system import System
from pulse_standalone.terminal import Screen

ROOT = Path(__file__).resolve().parents[2]


class TinySystem(System):
    """Starts and stops in the same order, with programs that only sleep."""

    def tiny(self, name: str, wave: StopWave = StopWave.SERVICES) -> Child:
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        child = Program(name, command, env={}, log=self.state.log(name), cwd=self.state.folder)
        child.stop_wave = wave
        return child

    async def servers(self) -> list[Child]:
        return [self.tiny("postgres", StopWave.SERVERS), self.tiny("mosquitto", StopWave.SERVERS)]

    async def provision(self, servers: list[Child]) -> None:
        """Does nothing: the programs need no database."""

    def services(self) -> list[Child]:
        return [self.tiny("users"), self.tiny("auth")]

    def web(self) -> Child:
        return self.tiny("web", StopWave.CLIENTS)

    def collector(self) -> Child:
        return self.tiny("collector", StopWave.CLIENTS)

    async def first_administrator(self, say: Say) -> dict[str, str] | None:
        return None

    async def enrol_collector(self) -> None:
        """Does nothing: there is no auth."""

    async def allow_first_administrator(self, say: Say) -> None:
        """Does nothing: there is no sync-publisher."""

    async def is_auth_fresh(self) -> bool:
        return True


class StaleSystem(TinySystem):
    """Its services have no session data from auth until `is_done`."""

    probes, is_done = 0, False

    async def is_auth_fresh(self) -> bool:
        self.probes += 1
        return self.is_done


class NewSystem(TinySystem):
    """auth does not know the new administrator's account until `is_done`."""

    probes, is_done = 0, False

    async def first_administrator(self, say: Say) -> dict[str, str] | None:
        return {"email": "ada@example.com", "password": "a long enough password"}

    async def knows_accounts(self) -> bool:
        self.probes += 1
        return self.is_done


class FullSystem(TinySystem):
    async def servers(self) -> list[Child]:
        raise OSError(28, "No space left on device", "somewhere")


def settings(state: Path) -> Settings:
    return Settings(state_dir=state, tools_dir=state / "tools", root=ROOT, port=free_port(), service_port_base=0)


def wait_for(claim: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.01)


def pulse(state: Path, *arguments: str, **env: str) -> "subprocess.Popen[str]":
    full = {
        **os.environ,
        "PULSE_STATE_DIR": str(state),
        "PULSE_PORT": str(free_port()),
        "PULSE_SERVICE_PORT_BASE": "0",
        **env,
    }
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


async def test_a_stop_takes_less_than_five_seconds_even_when_every_process_hangs(tmp_path: Path) -> None:
    chosen, state = settings(tmp_path), State(tmp_path)
    supervisor = Supervisor(chosen, state, Screen(), TinySystem(chosen, state))
    pids: list[int] = []
    async with asyncio.TaskGroup() as group:
        running = group.create_task(_owned(state, supervisor))
        async with asyncio.timeout(20):
            while not state.status()["ready"]:  # noqa: ASYNC110  # as `make status` does
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


async def test_processes_stop_before_the_ones_that_they_use(tmp_path: Path) -> None:
    stopped: list[tuple[StopWave, str]] = []

    class Recorded(TinySystem):
        def tiny(self, name: str, wave: StopWave = StopWave.SERVICES) -> Child:
            child = super().tiny(name, wave)
            stop = child.stop

            async def record(seconds: float) -> None:
                await stop(seconds)
                stopped.append((wave, name))

            child.stop = record  # type: ignore[method-assign]
            return child

    chosen, state = settings(tmp_path), State(tmp_path)
    supervisor = Supervisor(chosen, state, Screen(), Recorded(chosen, state))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(_owned(state, supervisor))
        async with asyncio.timeout(20):
            while not state.status()["ready"]:  # noqa: ASYNC110  # as `make status` does
                await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        await running
    waves = [wave for wave, _ in stopped[:6]]
    assert waves == sorted(waves)
    assert {name for wave, name in stopped if wave is StopWave.SERVERS} == {"postgres", "mosquitto"}


@pytest.mark.parametrize("kind", [NewSystem, StaleSystem])
async def test_the_system_is_ready_only_when_administrators_can_sign_in_and_work(
    tmp_path: Path, kind: type[NewSystem | StaleSystem]
) -> None:
    chosen, state = settings(tmp_path), State(tmp_path)
    system = kind(chosen, state)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(_owned(state, Supervisor(chosen, state, Screen(), system)))
        async with asyncio.timeout(20):
            while system.probes < 3:  # noqa: ASYNC110  # there is no event for a probe
                await asyncio.sleep(0.01)
            assert not state.status()["ready"]
            system.is_done = True
            while not state.status()["ready"]:  # noqa: ASYNC110  # as `make status` does
                await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
        await running


async def test_a_full_disk_during_the_start_is_reported_with_the_remedy(tmp_path: Path) -> None:
    chosen, state = settings(tmp_path), State(tmp_path)
    with pytest.raises(SetupError, match=rf"no space left in {tmp_path}: free disk space, or set PULSE_STATE_DIR"):
        await Supervisor(chosen, state, Screen(), FullSystem(chosen, state)).run()


def test_a_port_in_use_is_rejected_before_any_process_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with pulse(tmp_path, "run", PULSE_PORT=port) as refused:
            _, errors = refused.communicate(timeout=30)
    assert refused.returncode == 1
    assert errors.count("\n") == 1
    assert f"port {port} is used by" in errors


def test_a_service_port_in_use_is_rejected_in_one_line_that_names_the_setting(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pulse(tmp_path, "run", PULSE_SERVICE_PORT_BASE=str(port - 2)) as refused:
            _, errors = refused.communicate(timeout=30)
    assert refused.returncode == 1
    assert errors.count("\n") == 1
    assert f"port {port} is used by" in errors
    assert "PULSE_SERVICE_PORT_BASE" in errors


async def test_a_start_after_a_kill_waits_for_the_old_processes_to_free_their_ports(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.status_file.write_text("{}")  # a stopped run deletes it, a killed one cannot
    with socket.socket() as old:
        old.bind(("127.0.0.1", 0))
        old.listen()
        chosen = Settings(state_dir=tmp_path, root=ROOT, port=free_port(), service_port_base=old.getsockname()[1] - 2)
        checking = asyncio.create_task(System(chosen, state).check_ports())
        await asyncio.sleep(0)
        assert not checking.done()
    await checking


def test_a_second_run_is_rejected_with_the_pid_of_the_first(tmp_path: Path) -> None:
    with State(tmp_path).owned(), pulse(tmp_path, "run") as second:
        _, errors = second.communicate(timeout=30)
    assert second.returncode == 1
    assert errors == f"pulse: already running (pid {os.getpid()}): run `make stop`, or set PULSE_STATE_DIR\n"


@pytest.mark.servers
def test_the_next_start_works_after_a_kill_during_initdb(tmp_path: Path) -> None:
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
def test_a_sigterm_during_the_start_leaves_no_process(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with pulse(state, "run", PULSE_TOOLS_DIR=str(ROOT / ".tools")) as started:
        wait_for((state / "postgres").exists)
        began = time.monotonic()
        started.terminate()
        _, errors = started.communicate(timeout=20)
        assert time.monotonic() - began < 5
    assert (started.returncode, errors) == (0, "")
    assert leftovers(state) == []

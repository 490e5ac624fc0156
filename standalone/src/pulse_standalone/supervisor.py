"""`make run`: starts every process in order, restarts failed ones, reports their status, and stops them cleanly."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pulse_standalone.children import Child, StopWave
from pulse_standalone.files import SetupError, explain, write_private
from pulse_standalone.settings import Settings
from pulse_standalone.state import State
from pulse_standalone.system import System
from pulse_standalone.terminal import Screen

_READY_SECONDS = 90
_PROGRESS_EVERY = 10.0
_POLL = 0.05
_STOP_DEADLINES = {StopWave.CLIENTS: 1.5, StopWave.SERVICES: 3.0, StopWave.SERVERS: 4.2}
"""Seconds from the start of the stop until a wave must have ended. A wave may use the time that earlier ones left."""
_MEMORY_EVERY = 5.0


class Supervisor:
    """One run of the whole system."""

    def __init__(self, settings: Settings, state: State, screen: Screen, system: System | None = None) -> None:
        self._settings, self._state, self._screen = settings, state, screen
        self._system = system or System(settings, state)
        self._running: list[asyncio.Task[None]] = []
        self._children: list[Child] = []
        self._memory: dict[str, float | None] = {}
        self._is_ready = False
        self._since = datetime.now(UTC).isoformat()
        self._group: asyncio.TaskGroup

    async def run(self) -> None:
        """Runs until SIGINT, SIGTERM or SIGHUP. Stops every process, then raises SetupError if one could not start."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(sig, stop.set)
        await self._system.check_ports()
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                reporting = group.create_task(self._report())
                starting = group.create_task(self._start())
                stopping = group.create_task(stop.wait())
                await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
                starting.cancel()
                if starting.done() and not starting.cancelled():
                    await stop.wait()
                reporting.cancel()
                self._screen.close()
                self._screen.say("stopping")
                await self._stop()
                stopping.cancel()
                for task in self._running:
                    task.cancel()
        except* (SetupError, OSError) as group_error:
            raise _first(group_error, self._state.folder) from None
        finally:
            await self._stop()
            with contextlib.suppress(OSError):
                self._state.status_file.unlink()

    async def _start(self) -> None:
        began = time.monotonic()
        system, say = self._system, self._screen.say
        self._state.prepare_secrets()
        say("starting PostgreSQL and the broker")
        servers = await system.servers()
        await self._launch(servers)
        await system.provision(servers)
        say("starting the services and the web client")
        services = system.services()
        web = system.web()
        await self._launch([*services, web], wait_for=services[:1])
        admin = await system.first_administrator(say)
        late: list[Child] = [*services, web]
        if self._settings.first_collector:
            await self._wait([child for child in services if child.name == "auth"])
            await system.enrol_collector()
            collector = system.collector()
            await self._launch([collector], wait_for=[])
            late.append(collector)
        await self._wait(late)
        await self._until_administrators_can_act(is_new=bool(admin))
        if self._settings.first_collector:
            await system.allow_first_administrator(say)
        self._is_ready = True
        self._write_status()
        self._screen.ready(system.url, admin, time.monotonic() - began)

    async def _launch(self, children: Sequence[Child], wait_for: Sequence[Child] | None = None) -> None:
        for child in children:
            self._children.append(child)
            self._running.append(self._group.create_task(child.run(self._screen.say), name=child.name))
        await self._wait(children if wait_for is None else wait_for)

    async def _wait(self, children: Sequence[Child]) -> None:
        for child in children:
            deadline = time.monotonic() + _READY_SECONDS
            while not child.became_ready.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_PROGRESS_EVERY):
                        await child.became_ready.wait()
                if child.became_ready.is_set():
                    break
                if progress := child.progress():
                    self._screen.say(f"{child.name} is {progress}")
                    deadline = time.monotonic() + _READY_SECONDS
                elif time.monotonic() > deadline:
                    log = child.log or self._state.log(child.name)
                    raise SetupError(f"{child.name} was not ready after {_READY_SECONDS} s: see {log}")

    async def _until_administrators_can_act(self, *, is_new: bool) -> None:
        """Waits until administrators can sign in and work: auth must have the new administrator's account from users,
        and every service needs recent session data from auth. Raises SetupError."""
        deadline = time.monotonic() + _READY_SECONDS
        users, auth = self._state.log("users"), self._state.log("auth")
        while is_new and not await self._system.knows_accounts():
            if time.monotonic() > deadline:
                raise SetupError(f"auth received no account within {_READY_SECONDS} s: see {users} and {auth}")
            await asyncio.sleep(_POLL)
        while not await self._system.is_auth_fresh():
            if time.monotonic() > deadline:
                raise SetupError(
                    f"a service got no session data from auth within {_READY_SECONDS} s: see {auth} and {users}"
                )
            await asyncio.sleep(_POLL)

    async def _stop(self) -> None:
        """Stops the waves one after the other, all before the last deadline."""
        began = time.monotonic()
        for wave, deadline in sorted(_STOP_DEADLINES.items()):
            timeout = began + deadline - time.monotonic()
            children = [child for child in self._children if child.stop_wave is wave]
            await asyncio.gather(*(child.stop(max(0.1, timeout)) for child in children))

    async def _report(self) -> None:
        last_memory = 0.0
        while True:
            if time.monotonic() - last_memory > _MEMORY_EVERY:
                last_memory = time.monotonic()
                self._memory = await asyncio.to_thread(
                    lambda: {child.name: child.memory_mb() for child in list(self._children)}
                )
            self._write_status()
            self._screen.show(self._rows())
            await asyncio.sleep(1.0)

    def _rows(self) -> list[dict[str, object]]:
        return [
            {
                "name": child.name,
                "pid": child.pid,
                "port": child.port,
                "ready": child.is_ready,
                "restarts": child.restarts,
                "memory_mb": self._memory.get(child.name),
            }
            for child in self._children
        ]

    def _write_status(self) -> None:
        status = {
            "ready": self._is_ready and all(child.is_ready for child in self._children),
            "url": self._system.url,
            "pid": os.getpid(),
            "since": self._since,
            "state_dir": str(self._state.folder),
            "processes": self._rows(),
        }
        with contextlib.suppress(OSError):  # a full disk must not stop the system
            write_private(self._state.status_file, json.dumps(status, indent=2), is_durable=False)


def _first(group: BaseExceptionGroup[SetupError | OSError], folder: Path) -> SetupError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, OSError):
        return explain(error, folder)
    return error if isinstance(error, SetupError) else SetupError(str(error))

"""The children with their own readiness probes: PostgreSQL, the broker, the first collector."""

import asyncio
import contextlib
import json
import signal
import time
from abc import abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from pulse_postgres.database import Database, PoolSettings
from pulse_standalone.certificates import Authority, now
from pulse_standalone.children import Child, Program, StopWave
from pulse_standalone.files import SetupError, last_line
from pulse_standalone.mosquitto import Mosquitto
from pulse_standalone.postgres import Postgres

_PROBE_EVERY = 3.0
_RENEW_EVERY = 3_600.0
_PROBE_TIMEOUT = timedelta(seconds=2)


class _Server(Child):
    """A server that is probed with a real request, every three seconds once it is ready."""

    stop_wave = StopWave.SERVERS
    _probed_at = float("-inf")

    async def answers(self) -> bool:
        if self.pid is None:
            return False
        if self.is_ready and time.monotonic() - self._probed_at < _PROBE_EVERY:
            return True
        self._probed_at = time.monotonic()
        return await self.is_reachable()

    @abstractmethod
    async def is_reachable(self) -> bool:
        """Whether the server answers a request now."""


class PostgresChild(_Server):
    """The embedded PostgreSQL."""

    def __init__(self, server: Postgres) -> None:
        super().__init__("postgres", log=server.log)
        self.server = server

    async def launch(self) -> asyncio.subprocess.Process:
        process = await self.server.spawn()
        self.port = self.server.port
        return process

    async def is_reachable(self) -> bool:
        if not self.server.is_ready():
            return False
        settings = PoolSettings(self.server.url, size=1, acquire_timeout=_PROBE_TIMEOUT, command_timeout=_PROBE_TIMEOUT)
        try:
            async with asyncio.timeout(2 * _PROBE_TIMEOUT.total_seconds()), Database(settings) as database:
                return await database.is_reachable()
        except Exception:  # noqa: BLE001  # any error means that the server is not usable
            return False

    def progress(self) -> str:
        return f"recovering: {last_line(self.server.log)}" if self.server.is_recovering() else ""

    @property
    def stop_signal(self) -> signal.Signals:
        return signal.SIGINT


class BrokerChild(_Server):
    """The embedded Mosquitto. Checks its certificate every hour: `authority` renews it; without one, the operator
    replaces the file."""

    def __init__(self, server: Mosquitto, authority: Authority | None = None) -> None:
        super().__init__("mosquitto", log=server.log)
        self.server, self._authority = server, authority
        self._renewed = time.monotonic()

    async def launch(self) -> asyncio.subprocess.Process:
        process = await self.server.spawn()
        self.port = self.server.port
        return process

    async def is_reachable(self) -> bool:
        if time.monotonic() - self._renewed > _RENEW_EVERY:
            self._renewed = time.monotonic()
            self.renew()
        return await self.server.probe.answers(self.server.port)

    def renew(self) -> None:
        """Renews an expiring certificate, and makes the running broker reload a new one. Connections stay open. A
        failure is ignored: the next check tries again, weeks before the expiry."""
        with contextlib.suppress(OSError, SetupError):
            if self._authority is not None:
                self._authority.ensure(now())
            if self.server.copy_certificates():
                self.server.reload_certificates()

    async def stop(self, seconds: float) -> None:
        self.server.probe.close()
        await super().stop(seconds)


class WebChild(Program):
    """The web server. `authority`: the local authority that issued its certificate, and renews it; the server reads the
    file again when it changes."""

    stop_wave = StopWave.CLIENTS
    authority: Authority | None = None
    _renewed = float("-inf")

    async def answers(self) -> bool:
        if self.authority is not None and time.monotonic() - self._renewed > _RENEW_EVERY:
            self._renewed = time.monotonic()
            with contextlib.suppress(OSError, SetupError):  # the next check tries again, weeks before the expiry
                self.authority.ensure(now())
        return await super().answers()


class CollectorChild(Program):
    """The first collector. It is ready when it is connected to the broker."""

    stop_wave = StopWave.CLIENTS

    def __init__(self, name: str, command: list[str], *, env: Mapping[str, str], log: Path, cwd: Path) -> None:
        super().__init__(name, command, env=env, log=log, cwd=cwd)
        self.status_file = Path(env["PULSE_COLLECTOR_STATE_DIR"]) / "status.json"

    async def answers(self) -> bool:
        try:
            status = json.loads(self.status_file.read_text())
        except (OSError, ValueError):
            return False
        return bool(status.get("pid") == self.pid and str(status.get("link", "")).startswith("connected"))

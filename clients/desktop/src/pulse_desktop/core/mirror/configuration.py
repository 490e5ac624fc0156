"""What a person or a remote command has changed at run time, in `state.db`. The environment has the defaults of the
deployment, and the keystore the secrets."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pulse_contracts.mirror import AuditKind
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.mirror import audit
from pulse_desktop.core.mirror.database import FILE, Database, Rows
from pulse_desktop.core.model import StoreFailure

log = structlog.get_logger("pulse.desktop.configuration")

MAX_RATE: Final = 10_000_000
"""Highest limit of the backlog, in readings per second."""
REMOTE, REPLAY = "remote.json", "replay.json"
"""Files of older versions. Their values are taken over once, and the files are deleted."""
_MAX_BYTES: Final = 4_096


@dataclass(frozen=True)
class Configured:
    """The values.

    command_n: the highest number of an executed remote command.
    interval: seconds between two readings of this machine's own values; None for the default.
    is_replay_paused: whether the backlog is not delivered.
    replay_rate: maximum number of backlog readings per second; None for no limit. It applies again after a pause.
    """

    command_n: int = 0
    interval: float | None = None
    is_replay_paused: bool = False
    replay_rate: float | None = None


M = TypeVar("M", bound=BaseModel)


class _OldRemote(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    last: int = Field(default=0, ge=0, lt=2**62)
    interval: float | None = Field(default=None, ge=0.1, le=3_600, allow_inf_nan=False)


class _OldReplay(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    is_paused: bool = False
    rate: float | None = Field(default=None, gt=0, le=MAX_RATE, allow_inf_nan=False)


class Configuration:
    """The configuration of one state directory. It opens `state.db` when it is needed, and again after a failure or
    when the file was replaced. `owns_folder`: whether this process has locked the folder, and may replace a corrupt
    file."""

    def __init__(self, folder: Path, clock: Clock, *, owns_folder: bool = False) -> None:
        self._folder, self._clock, self._owns_folder = folder, clock, owns_folder
        self._turn = asyncio.Lock()
        self._database: Database | None = None
        self._inode = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Closes the file."""
        if self._database is not None:
            await self._database.close()
        self._database = None

    async def read(self) -> Configured:
        """The values; the defaults without a file, which is not created. Raises StoreFailure."""
        if not any((self._folder / name).exists() for name in (FILE, REMOTE, REPLAY)):
            return Configured()
        async with self._transaction(writes=False) as rows:
            return await _read(rows)

    async def executes_command(self, n: int, interval: float | None) -> None:
        """Stores the number of a command that is about to be executed. `interval`: the one that it sets; None leaves
        it. Durable when this returns. Raises StoreFailure."""
        async with self._transaction() as rows:
            await rows.run(
                "UPDATE configuration SET command_n = max(command_n, ?), interval = coalesce(?, interval)", n, interval
            )

    async def limit_replay(self, *, is_paused: bool, rate: float | None) -> None:
        """Stores the limit of the backlog. Raises StoreFailure."""
        async with self._transaction() as rows:
            await rows.run("UPDATE configuration SET is_replay_paused = ?, replay_rate = ?", is_paused, rate)

    async def pause_replay(self, *, is_paused: bool) -> None:
        """Pauses or resumes the delivery of the backlog; its rate stays. Raises StoreFailure."""
        async with self._transaction() as rows:
            await rows.run("UPDATE configuration SET is_replay_paused = ?", is_paused)

    async def audit(self, kind: AuditKind, account: str | None, reason: str, detail: str) -> None:
        """Appends an entry to the local audit trail. Raises StoreFailure."""
        async with self._transaction() as rows:
            await audit.record(rows, self._clock.micros(), kind, account, reason, detail)

    @asynccontextmanager
    async def _transaction(self, *, writes: bool = True) -> AsyncIterator[Rows]:
        async with self._turn:
            database = await self._opened()
            try:
                await self._adopt(database)
                async with database.transaction() if writes else database.reading() as rows:
                    yield rows
            except StoreFailure:
                await self.close()
                raise

    async def _opened(self) -> Database:
        file = self._folder / FILE
        if self._database is not None and self._inode != _inode(file):
            await self.close()
        if self._database is None:
            if self._owns_folder:
                self._database = await Database.open_or_replace(self._folder, self._clock)
            else:
                self._database = await Database.open(file)
            self._inode = _inode(file)
        return self._database

    async def _adopt(self, database: Database) -> None:
        """Takes the values of older files over. The files are read within the transaction, so that two processes never
        take over a file that is older than a change."""
        files = self._folder / REMOTE, self._folder / REPLAY
        if not any(file.exists() for file in files):
            return
        try:
            async with database.transaction() as rows:
                if (remote := _old(files[0], _OldRemote)) is not None:
                    now = self._clock.micros() // 1_000_000  # above every earlier number, see `open_or_replace`
                    last = remote.last if isinstance(remote, _OldRemote) else now
                    interval = remote.interval if isinstance(remote, _OldRemote) else None
                    await rows.run(
                        "UPDATE configuration SET command_n = max(command_n, ?), interval = ?", last, interval
                    )
                if isinstance(replay := _old(files[1], _OldReplay), _OldReplay):
                    await rows.run(
                        "UPDATE configuration SET is_replay_paused = ?, replay_rate = ?", replay.is_paused, replay.rate
                    )
            for file in files:
                file.unlink(missing_ok=True)
        except OSError as error:
            raise StoreFailure("read-only", f"{error.filename}: {error.strerror}") from error


class _Invalid:
    """An older file that does not fit its schema."""


def _old(file: Path, schema: type[M]) -> M | _Invalid | None:
    """The content of an older file; None without one. An invalid one is renamed. Raises OSError."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(_MAX_BYTES)
    except FileNotFoundError:
        return None
    try:
        return schema.model_validate_json(raw)
    except ValidationError:
        aside = file.with_name(f"{file.name}.corrupt-{time.time_ns()}")
        file.replace(aside)
        log.warning("configuration_file_corrupt", file=str(file), kept_as=aside.name)
        return _Invalid()


async def _read(rows: Rows) -> Configured:
    row = await rows.one("SELECT command_n, interval, is_replay_paused, replay_rate FROM configuration")
    if row is None:
        return Configured()
    n, interval, is_paused, rate = row
    return Configured(n, interval, bool(is_paused), rate)


def _inode(file: Path) -> int:
    with suppress(OSError):
        return file.stat().st_ino
    return 0

"""The engine in the service `pulse-collector run`, over its socket."""

import asyncio
import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from pulse_desktop.client.port import Batch, EngineUnavailable, Points, ReplayLimit, SeriesInfo, Snapshot, SourceInfo
from pulse_desktop.client.wire import (
    MAX_ANSWER,
    SOCKET,
    TOKEN,
    VERSION,
    Answer,
    Greeting,
    LimitOnWire,
    LimitReplay,
    PointsOnWire,
    Read,
    ReadPoints,
)

T = TypeVar("T")

_TIMEOUT = 10.0
_START_TIMEOUT = 30.0
_POLL = 0.1

_SNAPSHOT: TypeAdapter[Snapshot | None] = TypeAdapter(Snapshot | None)
_SERIES: TypeAdapter[list[SeriesInfo]] = TypeAdapter(list[SeriesInfo])
_SOURCES: TypeAdapter[list[SourceInfo]] = TypeAdapter(list[SourceInfo])
_BATCHES: TypeAdapter[list[Batch]] = TypeAdapter(list[Batch])
_POINTS: TypeAdapter[dict[int, PointsOnWire]] = TypeAdapter(dict[int, PointsOnWire])


class AttachedClient:
    """A connection to the service of one state directory. It is opened by the first call, and again by the next call
    after it was lost."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()

    @property
    def is_attached(self) -> bool:
        """See `EngineClient`."""
        return True

    async def start(self) -> None:
        """See `EngineClient`."""
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                while (await self._call(Read(do="sources"))).code == "starting":  # noqa: ASYNC110  # another process
                    await asyncio.sleep(_POLL)
        except TimeoutError as error:
            raise EngineUnavailable(f"The service did not start within {_START_TIMEOUT:.0f} s.") from error

    async def snapshot(self) -> Snapshot | None:
        """See `EngineClient`."""
        return _read(_SNAPSHOT, await self._ask(Read(do="snapshot")))

    async def series(self) -> list[SeriesInfo]:
        """See `EngineClient`."""
        return _read(_SERIES, await self._ask(Read(do="series")))

    async def points(self, series: Sequence[int], start: int, end: int, most: int) -> dict[int, Points]:
        """See `EngineClient`."""
        try:
            request = ReadPoints(series=list(series), start=start, end=end, most=most)
        except ValidationError as error:
            raise ValueError(f"cannot answer at most {most} points from {start} to {end}: {error}") from error
        if end <= start:
            raise ValueError(f"cannot answer at most {most} points from {start} to {end}")
        found = _read(_POINTS, await self._ask(request))
        return {one: Points(p.t, list(p.last), list(p.lo), list(p.hi), p.is_raw) for one, p in found.items()}

    async def sources(self) -> list[SourceInfo]:
        """See `EngineClient`."""
        return _read(_SOURCES, await self._ask(Read(do="sources")))

    async def batches(self) -> list[Batch]:
        """See `EngineClient`."""
        return _read(_BATCHES, await self._ask(Read(do="batches")))

    async def limit_replay(self, limit: ReplayLimit) -> None:
        """See `EngineClient`."""
        await self._ask(LimitReplay(limit=LimitOnWire(is_paused=limit.is_paused, rate=limit.rate)))

    async def stop(self) -> None:
        """See `EngineClient`."""
        self._disconnect()

    # -- the connection

    async def _ask(self, request: BaseModel) -> JsonValue:
        answer = await self._call(request)
        if answer.code == "not_stored":
            raise EngineUnavailable(f"The change cannot be stored: {answer.error}. Free or repair the disk.")
        if answer.code:
            raise EngineUnavailable(answer.error)
        return answer.result

    async def _call(self, request: BaseModel) -> Answer:
        """One request at a time. Anything that goes wrong closes the connection, because its next line could belong to
        this request."""
        async with self._turn:
            try:
                async with asyncio.timeout(_TIMEOUT):
                    if self._streams is None:
                        await self._connect()
                    return await self._exchange(request)
            except TimeoutError as error:
                self._disconnect()
                raise EngineUnavailable(f"The service did not answer within {_TIMEOUT:.0f} s.") from error
            except (OSError, EOFError, ValueError) as error:
                self._disconnect()
                raise EngineUnavailable(f"The service of {self._folder} does not run. Start it.") from error
            except BaseException:
                self._disconnect()
                raise

    async def _connect(self) -> None:
        try:
            token = await asyncio.to_thread((self._folder / TOKEN).read_text, "utf-8")
            streams = await asyncio.open_unix_connection(self._folder / SOCKET, limit=MAX_ANSWER)
        except OSError as error:
            raise EngineUnavailable(
                f"The service of {self._folder} accepts no window ({error.strerror or error}). Start it with "
                "pulse-collector run, or stop the other window that collects here."
            ) from error
        self._streams = streams
        answer = await self._exchange(Greeting(version=VERSION, token=token))
        if answer.code:
            raise EngineUnavailable(answer.error)

    async def _exchange(self, request: BaseModel) -> Answer:
        if self._streams is None:
            raise EOFError
        reader, writer = self._streams
        writer.write(request.model_dump_json().encode() + b"\n")
        await writer.drain()
        line = await reader.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        return Answer.model_validate(json.loads(line))  # pydantic's own parser refuses NaN

    def _disconnect(self) -> None:
        streams, self._streams = self._streams, None
        if streams is not None:
            with contextlib.suppress(RuntimeError):  # the loop of the connection was closed
                streams[1].transport.abort()


def _read(adapter: TypeAdapter[T], value: JsonValue) -> T:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise EngineUnavailable("The service is of another release. Install the same release of both.") from error

"""Exports into files that can be continued after an interruption. A CSV file loses its last incomplete line; a file
beside it records the request. Parquet is a folder of complete files."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

from pulse_telemetry_gateway.actions.export import Export, ExportPosition, ExportRequest, Part
from pulse_telemetry_gateway.model.errors import OutputConflict, UnknownPosition
from pulse_telemetry_gateway.model.history.export_formats import CSV_HEADER, ParquetStream, csv_rows, parquet_metadata

ROWS_MAX: Final = 1_000_000
"""Readings in one Parquet file."""
_TAIL: Final = 64 * 1024


async def to_csv(
    export: Export, request: ExportRequest, path: Path, *, resume: bool, progress: Callable[[int], None]
) -> int:
    """Writes one file. Returns how many readings were added. Raises OutputConflict, and UnknownPosition when the file
    is an export of another request."""
    is_continued = resume and path.exists()
    request_file = path.with_name(f"{path.name}.question")
    question = _metadata(request, None)["pulse_question"]
    try:
        file = path.open("r+b") if is_continued else path.open("xb")
    except FileExistsError as error:
        raise OutputConflict(f"{path} exists: add --resume to continue it") from error
    n = 0
    with file:
        if is_continued:
            if not request_file.exists():
                raise OutputConflict(f"{path} cannot be continued: {request_file.name} is missing beside it")
            before = request_file.read_text("ascii")
            if before != question:
                raise UnknownPosition(f"{path} belongs to another request: {before[:200]}")
            request = replace(request, after=_last_line(file, path))
        else:
            request_file.write_text(question, "ascii")
            file.write(CSV_HEADER)
        async for part in export.parts(request, await export.names(request)):
            file.write(await asyncio.to_thread(csv_rows, part.readings, part.names))
            n += len(part.readings)
            progress(len(part.readings))
        file.flush()
        await asyncio.to_thread(os.fsync, file.fileno())
    return n


def _last_line(file: BinaryIO, path: Path) -> ExportPosition | None:
    """Cuts off an incomplete last line and returns the position of the last complete one."""
    head = file.read(len(CSV_HEADER))
    if not CSV_HEADER.startswith(head):
        raise OutputConflict(f"{path} is not an export of this program")
    if len(head) < len(CSV_HEADER):
        file.seek(0)
        file.write(CSV_HEADER)
        return None
    end = file.seek(0, os.SEEK_END)
    start = max(0, end - _TAIL)
    file.seek(start)
    tail = file.read()
    whole = tail.rfind(b"\n") + 1
    file.truncate(start + whole)
    file.seek(0, os.SEEK_END)
    if start + whole <= len(CSV_HEADER):
        return None
    cells = tail[tail.rfind(b"\n", 0, whole - 1) + 1 : whole - 1].decode().split(",")
    return ExportPosition.of(",".join((cells[0], cells[-4], cells[-2], cells[-1])))


async def to_parquet(
    export: Export, request: ExportRequest, folder: Path, *, resume: bool, progress: Callable[[int], None]
) -> int:
    """Writes `part-00000.parquet` and so on; each file gets its name when it is complete. Returns how many readings
    were added. Raises OutputConflict."""
    folder.mkdir(parents=True, exist_ok=True)
    done = sorted(folder.glob("part-[0-9][0-9][0-9][0-9][0-9].parquet"))
    if done and not resume:
        raise OutputConflict(f"{folder} holds an export: add --resume to continue it")
    if done:
        request = replace(request, after=_position_of(done[-1], request))
    names = await export.names(request)
    following = int(done[-1].stem.removeprefix("part-")) + 1 if done else 0  # one may have been moved away
    parts, n = _Parts(folder, following, request), 0
    try:
        async for part in export.parts(request, names):
            await parts.add(part)
            n += len(part.readings)
            progress(len(part.readings))
        await parts.finish()
    finally:
        parts.drop()
    return n


class _Parts:
    """Files of a folder with about ROWS_MAX readings each. The file being written is called `unfinished`."""

    def __init__(self, folder: Path, number: int, request: ExportRequest) -> None:
        self._folder, self._number, self._request = folder, number, request
        self._unfinished = folder / "unfinished"
        self._file: BinaryIO | None = None
        self._stream: ParquetStream | None = None
        self._rows, self._position = 0, request.after

    async def add(self, part: Part) -> None:
        """Writes one row group."""
        if self._file is None or self._stream is None:
            self._file, self._stream = self._unfinished.open("wb"), await asyncio.to_thread(ParquetStream)
        self._file.write(await asyncio.to_thread(self._stream.add, part.readings, part.names))
        self._rows, self._position = self._rows + len(part.readings), part.position
        if self._rows >= ROWS_MAX:
            await self.finish()

    async def finish(self) -> None:
        """Renames the file once it is complete and on disk."""
        if self._file is None or self._stream is None:
            return
        metadata, stream = _metadata(self._request, self._position), self._stream
        self._file.write(await asyncio.to_thread(lambda: stream.end(**metadata)))
        self._file.flush()
        await asyncio.to_thread(os.fsync, self._file.fileno())
        self._file.close()
        self._unfinished.replace(self._folder / f"part-{self._number:05d}.parquet")
        self._file, self._stream, self._rows, self._number = None, None, 0, self._number + 1

    def drop(self) -> None:
        """Deletes the unfinished file."""
        if self._file is not None:
            self._file.close()
        self._unfinished.unlink(missing_ok=True)


def _metadata(request: ExportRequest, position: ExportPosition | None) -> dict[str, str]:
    question = f"{','.join(map(str, request.series))} {request.start} {request.end}"
    return {"pulse_question": question, "pulse_after": position.text() if position else ""}


def _position_of(path: Path, request: ExportRequest) -> ExportPosition:
    try:
        metadata = parquet_metadata(str(path))
    except ValueError as error:
        raise OutputConflict(str(error)) from error
    if metadata.get("pulse_question") != _metadata(request, None)["pulse_question"]:
        raise UnknownPosition(f"{path} belongs to another request: {metadata.get('pulse_question', 'unknown')}")
    return ExportPosition.of(metadata["pulse_after"])

"""The asynchronous interface of the buffer: one thread owns it and runs one call at a time."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Self, TypeVar

from pulse_contracts.ranges import Ranges
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.model import (
    Appended,
    BlockUnreadable,
    Counts,
    Drop,
    Epoch,
    Holdings,
    Reading,
    SeriesSpec,
    SeriesTable,
    Settlement,
    Slice,
    Usage,
)

T = TypeVar("T")


class BufferThread:
    """See `Buffer` for the meaning and the errors of each method."""

    def __init__(self, executor: ThreadPoolExecutor, buffer: Buffer) -> None:
        self._executor, self._buffer = executor, buffer

    @classmethod
    async def open(cls, make: Callable[[], Buffer]) -> Self:
        """Starts the thread and calls `make` in it. Raises what `make` raises."""
        executor = ThreadPoolExecutor(1, thread_name_prefix="buffer")
        try:
            return cls(executor, await asyncio.get_running_loop().run_in_executor(executor, make))
        except BaseException:
            executor.shutdown(wait=False)
            raise

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    @property
    def epoch(self) -> Epoch:
        """The running epoch."""
        return self._buffer.epoch

    @property
    def holdings(self) -> Holdings:
        """What the file held when this epoch began."""
        return self._buffer.holdings

    @property
    def table(self) -> SeriesTable:
        """Every series of this disk."""
        return self._buffer.table

    @property
    def counts(self) -> Counts:
        """Readings since the process started."""
        return self._buffer.counts

    @property
    def fault(self) -> str:
        """Why the disk cannot be used now; empty while it works."""
        return self._buffer.fault

    async def waiting(self) -> int:
        """Durable readings that are not settled."""
        return await self._run(lambda: self._buffer.waiting)

    async def declare(self, specs: Sequence[SeriesSpec]) -> SeriesTable:
        """See `Buffer.declare`."""
        return await self._run(lambda: self._buffer.declare(specs))

    async def append(self, readings: Sequence[Reading]) -> Appended:
        """See `Buffer.append`."""
        return await self._run(lambda: self._buffer.append(readings))

    async def read(self, epoch: int, lo: int, hi: int) -> Slice | None:
        """See `Buffer.read`."""
        return await self._run(lambda: self._buffer.read(epoch, lo, hi))

    async def settle(self, settlements: Sequence[Settlement]) -> bool:
        """See `Buffer.settle`."""
        return await self._run(lambda: self._buffer.settle(settlements))

    async def restore_kept(self, epoch: int, ranges: Ranges) -> Ranges | None:
        """See `Buffer.restore_kept`."""
        return await self._run(lambda: self._buffer.restore_kept(epoch, ranges))

    async def quarantine(self, epoch: int, seq: int, code: str) -> list[Drop]:
        """See `Buffer.quarantine`."""
        return await self._run(lambda: self._buffer.quarantine(epoch, seq, code))

    async def drop_unreadable(self, block: BlockUnreadable) -> list[Drop]:
        """See `Buffer.drop_unreadable`."""
        return await self._run(lambda: self._buffer.drop_unreadable(block))

    async def raise_ord(self, to: int) -> None:
        """See `Buffer.raise_ord`."""
        await self._run(lambda: self._buffer.raise_ord(to))

    async def usage(self) -> Usage | None:
        """See `Buffer.usage`."""
        return await self._run(self._buffer.usage)

    async def close(self) -> None:
        """Closes the file and ends the thread."""
        await self._run(self._buffer.close)
        self._executor.shutdown(wait=True)

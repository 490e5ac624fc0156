"""The asynchronous door of the buffer: one thread owns it, every call waits its turn there."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Self, TypeVar

from pulse_desktop.core.buffer import Buffer
from pulse_desktop.core.model import (
    Appended,
    BlockUnreadable,
    Counts,
    Drop,
    Holdings,
    Life,
    Reading,
    SeriesSpec,
    SeriesTable,
    Settlement,
    Slice,
    Usage,
)

T = TypeVar("T")


class BufferThread:
    """See `Buffer` for what each method means and raises."""

    def __init__(self, executor: ThreadPoolExecutor, buffer: Buffer) -> None:
        self._executor, self._buffer = executor, buffer

    @classmethod
    async def open(cls, make: Callable[[], Buffer]) -> Self:
        """Starts the thread and makes the buffer in it. Raises what `make` raises."""
        executor = ThreadPoolExecutor(1, thread_name_prefix="buffer")
        try:
            return cls(executor, await asyncio.get_running_loop().run_in_executor(executor, make))
        except BaseException:
            executor.shutdown(wait=False)
            raise

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    @property
    def life(self) -> Life:
        """The running life."""
        return self._buffer.life

    @property
    def holdings(self) -> Holdings:
        """What the disk held when this life began."""
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
        """Why the disk refuses now; empty when it works."""
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

    async def set_aside(self, epoch: int, seq: int, code: str) -> list[Drop]:
        """See `Buffer.set_aside`."""
        return await self._run(lambda: self._buffer.set_aside(epoch, seq, code))

    async def give_up(self, unreadable: BlockUnreadable) -> list[Drop]:
        """See `Buffer.give_up`."""
        return await self._run(lambda: self._buffer.give_up(unreadable))

    async def raise_ord(self, to: int) -> None:
        """See `Buffer.raise_ord`."""
        await self._run(lambda: self._buffer.raise_ord(to))

    async def usage(self) -> Usage | None:
        """See `Buffer.usage`."""
        return await self._run(self._buffer.usage)

    async def close(self) -> None:
        """Closes the file, ends the thread."""
        await self._run(self._buffer.close)
        self._executor.shutdown(wait=True)

"""Buses in tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pulse_bus import Bus


@asynccontextmanager
async def running(*buses: Bus) -> AsyncIterator[None]:
    """Runs buses within the block: connected at its start, drained at its end. Raises TimeoutError when a bus does not
    connect within ten seconds."""
    async with asyncio.TaskGroup() as group:
        for bus in buses:
            group.create_task(bus.run())
        try:
            async with asyncio.timeout(10):
                for bus in buses:
                    await bus.wait_connected()
            yield
        finally:
            for bus in buses:
                await bus.drain()

"""Buses in tests: connected at the beginning, drained at the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pulse_bus import Bus


@asynccontextmanager
async def running(*buses: Bus) -> AsyncIterator[None]:
    """Connected, then drained. Raises TimeoutError when one is not connected within ten seconds."""
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

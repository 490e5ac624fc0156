"""The history of the connections of devices: background jobs that write it and bound it."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from pulse_telemetry_gateway.store.connections import DEVICES_MAX, ConnectionStore


class ConnectionHistory:
    """`kept`: how long events are kept. `on_change`: called with the id of a device that has a new event."""

    def __init__(self, store: ConnectionStore, kept: timedelta, on_change: Callable[[str], None]) -> None:
        self._store, self._kept, self._on_change = store, kept, on_change
        self.due = asyncio.Event()
        """Set when a device has changed its state."""

    async def write(self) -> None:
        """Writes what changed. A device that disconnects and returns before the call leaves no event. Raises
        Unavailable."""
        while devices := await self._store.note_changes():
            for device in devices:
                self._on_change(device)
            if len(devices) < DEVICES_MAX:
                return

    async def trim(self) -> None:
        """Deletes old events, and those beyond the most that are kept for a device. Raises Unavailable."""
        await self._store.forget(self._kept)
        await self._store.trim()

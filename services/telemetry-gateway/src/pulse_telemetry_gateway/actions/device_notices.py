"""Notices for pages that the gateway has changed a device."""

import asyncio
from collections.abc import Callable
from typing import Final

from pulse_bus import Bus, Disconnected, PublishRefused, TemporarilyRefused
from pulse_contracts.changes import Changed
from pulse_contracts.message import is_device_name
from pulse_contracts.topics import CHANGES_DEVICES

_WAITING_MAX: Final = 10_000
"""Devices whose notice waits for the broker. More are left out: after an outage every page reloads."""


class DeviceNotices:
    """Publishes `changes/devices/{device}`. A notice that is lost with the process does no harm beyond a stale page: a
    page reloads when its socket ends. `clock` in microseconds."""

    def __init__(self, bus: Bus, clock: Callable[[], int]) -> None:
        self._bus, self._clock = bus, clock
        self._waiting: dict[str, None] = {}
        self.due = asyncio.Event()
        """Set when a notice waits."""

    def note(self, device: str) -> None:
        """Publishes a notice soon. Call it after the commit. Notices of one device that wait are merged."""
        if is_device_name(device) and len(self._waiting) < _WAITING_MAX:
            self._waiting[device] = None
            self.due.set()

    async def publish_again(self) -> None:
        """Publishes soon what waited for the broker: at each connection."""
        self.due.set()

    async def publish(self) -> None:
        """Publishes the notices that wait. Without a connection they wait for the next one. A notice that the broker
        may accept later waits for the next round. A change during the publishing of its device's notice gets a notice
        of its own. Raises Unavailable, TemporarilyRefused, PublishRefused; the rest waits."""
        while self._waiting:
            device = next(iter(self._waiting))
            del self._waiting[device]
            try:
                await self._bus.publish(CHANGES_DEVICES, Changed(at=self._clock()), device=device)
            except Disconnected:
                self._waiting[device] = None
                return
            except PublishRefused as error:
                if not error.is_temporary:
                    raise
                self._waiting[device] = None
                raise TemporarilyRefused(error) from error

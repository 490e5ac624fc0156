"""The states of devices for browsers: the changes, once a second, encoded once for all browsers with the same version.
A browser that cannot take a message now gets the newest state later."""

from datetime import UTC, datetime
from typing import Final

from pulse_bus import Delivery
from pulse_contracts.live import NAMESPACE, DeviceState, DeviceStates
from pulse_contracts.message import is_device_name
from pulse_contracts.system import Status

_DEVICES_MAX: Final = 10_000


class DeviceBoard:
    """`version` counts the changes."""

    def __init__(self) -> None:
        self.version = 0
        self._states: dict[str, tuple[int, DeviceState]] = {}

    async def note(self, delivery: Delivery[Status]) -> None:
        """Stores a collector's status. Retained messages are ignored, because browsers load the state over HTTP."""
        name, status = delivery.levels["id"], delivery.message
        if delivery.is_retained or not is_device_name(name):
            return
        if name not in self._states and len(self._states) >= _DEVICES_MAX:
            return
        self.version += 1
        self._states[name] = (
            self.version,
            DeviceState(
                id=name,
                online=status.state == "online",
                last_seen_at=datetime.fromtimestamp(delivery.received / 1e6, UTC).isoformat(),
                waiting=status.waiting,
                oldest_waiting=status.oldest_waiting,
                buffer_fill=status.buffer_fill,
                full_in=status.full_in,
            ),
        )

    def since(self, version: int) -> str:
        """A Socket.IO event `devices` with the changes since a version."""
        items = [state for changed, state in self._states.values() if changed > version]
        return f'42{NAMESPACE},["devices",{DeviceStates(items=items).model_dump_json()}]'

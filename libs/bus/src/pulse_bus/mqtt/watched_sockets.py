"""Keeps aiomqtt from watching a socket that is closed.

aiomqtt asks the event loop to watch a socket by its descriptor, in a later turn of the loop. By then the socket may
be closed, and its number may belong to another connection: watching it logs an error or wakes up for a stranger.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

import aiomqtt

from pulse_bus.mqtt.wire import Wire


class _Loop:
    """The event loop as aiomqtt sees it: requests to watch a descriptor without an open wire are ignored."""

    def __init__(self, loop: asyncio.AbstractEventLoop, wires: Sequence[Wire]) -> None:
        self._loop, self._wires = loop, wires

    def __getattr__(self, name: str) -> object:
        return getattr(self._loop, name)

    def add_reader(self, descriptor: int, callback: Callable[[], object]) -> None:
        if self._is_open(descriptor):
            self._loop.add_reader(descriptor, callback)

    def add_writer(self, descriptor: int, callback: Callable[[], object]) -> None:
        if self._is_open(descriptor):
            self._loop.add_writer(descriptor, callback)

    def _is_open(self, descriptor: int) -> bool:
        return descriptor >= 0 and any(wire.fileno() == descriptor for wire in self._wires)


def watch_open_sockets_only(client: aiomqtt.Client, wires: Sequence[Wire]) -> None:
    """`wires`: every wire that the client got so far or will get."""
    loop = _Loop(asyncio.get_running_loop(), wires)
    client._loop = cast("asyncio.AbstractEventLoop", loop)  # noqa: SLF001  # see `pulse_bus.mqtt`

"""aiomqtt watches a socket only while it is open."""

import asyncio
import socket
from types import SimpleNamespace
from typing import Any, cast

from pulse_bus.mqtt.watched_sockets import watch_open_sockets_only
from pulse_bus.mqtt.wire import Wire


async def test_a_closed_socket_is_not_watched_and_neither_is_the_next_owner_of_its_number() -> None:
    loop, failures = asyncio.get_running_loop(), list[dict[str, Any]]()
    loop.set_exception_handler(lambda _, context: failures.append(context))
    ours, theirs = socket.socketpair()
    wire = Wire(cast("Any", ours), loop, 1_000)
    client = SimpleNamespace(_loop=loop)
    watch_open_sockets_only(cast("Any", client), [wire])
    number, written = wire.fileno(), asyncio.Event()
    client._loop.call_soon_threadsafe(client._loop.add_writer, number, written.set)
    await asyncio.wait_for(written.wait(), 5)
    loop.remove_writer(number)
    written.clear()
    client._loop.call_soon_threadsafe(client._loop.add_writer, number, written.set)
    wire.close()
    again, other = socket.socketpair()
    for _ in range(3):
        await asyncio.sleep(0)
    assert not written.is_set()
    assert not loop.remove_writer(number)
    assert failures == []
    for one in (theirs, again, other):
        one.close()

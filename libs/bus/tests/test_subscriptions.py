"""Subscriptions with the real broker: repeated ones, concurrent ones, and cancelled ones with queued messages."""

import asyncio
from datetime import timedelta

import pytest

from pulse_contracts.telemetry import Dropped
from pulse_contracts.topics import SYSTEM_STATUS, TELEMETRY_DROP, TELEMETRY_HELLO, TELEMETRY_SERIES
from pulse_testkit.buses import running
from pulse_testkit.waiting import eventually

from .conftest import GATEWAY, Collecting, Make, hello, ignore

pytestmark = pytest.mark.servers


def workers() -> int:
    return sum("_work" in repr(task.get_coro()) for task in asyncio.all_tasks())


async def test_cancelled_subscriptions_leave_no_workers(make: Make) -> None:
    gateway = make(GATEWAY)
    async with running(gateway):
        before = workers()
        for _ in range(20):
            subscription = await gateway.subscribe(SYSTEM_STATUS, ignore, kind="collector", id="gamma")
            await subscription.cancel()
        await eventually(lambda: workers() == before)


async def test_a_subscription_made_while_others_are_granted_is_granted_too(make: Make) -> None:
    gateway, alpha = make(GATEWAY), make("alpha")
    handler = Collecting()
    for topic in (TELEMETRY_SERIES, TELEMETRY_DROP):
        await gateway.subscribe(topic, ignore, shared=True)
    async with asyncio.TaskGroup() as group:
        group.create_task(gateway.run())
        group.create_task(alpha.run())
        async with asyncio.timeout(5):
            while gateway._connection is None:  # noqa: ASYNC110  # shorter than a poll of `eventually`
                await asyncio.sleep(0)
        assert str(gateway.state.value) == "connecting"
        await gateway.subscribe(TELEMETRY_HELLO, handler, shared=True)
        await gateway.wait_connected()
        await alpha.wait_connected()
        await alpha.publish(TELEMETRY_HELLO, hello(6), device="alpha")
        await eventually(lambda: handler.epochs == [6])
        await gateway.drain()
        await alpha.drain()


async def test_queued_messages_of_a_cancelled_subscription_are_not_delivered(make: Make) -> None:
    gate = asyncio.Event()
    handler = Collecting(gate)
    gateway, alpha = make(GATEWAY), make("alpha")
    async with running(gateway, alpha):
        connection = gateway._connection
        assert connection is not None
        subscription = await gateway.subscribe(TELEMETRY_HELLO, handler, shared=True)
        for number in range(3):
            await alpha.publish(TELEMETRY_HELLO, hello(number), device="alpha")
        await eventually(lambda: connection.in_flight == 3)
        await subscription.cancel()
        gate.set()
        await eventually(lambda: connection.in_flight == 0)
    assert handler.epochs == [0]


async def test_messages_without_a_handler_do_not_block_the_others(make: Make) -> None:
    gateway, alpha = make(GATEWAY, receive_maximum=2, session_expiry=timedelta(minutes=1)), make("alpha")
    await gateway.subscribe(TELEMETRY_DROP, ignore, shared=True)
    handler = Collecting()
    async with running(gateway, alpha):
        gateway._routes.subscriptions.clear()
        gateway._routes._found.clear()
        for _ in range(5):
            dropped = Dropped(epoch=1, ord=1, ranges=[(0, 1)], reason="overflow")
            await alpha.publish(TELEMETRY_DROP, dropped, device="alpha")
        await gateway.subscribe(TELEMETRY_HELLO, handler, shared=True)
        await alpha.publish(TELEMETRY_HELLO, hello(8), device="alpha")
        await eventually(lambda: handler.epochs == [8])

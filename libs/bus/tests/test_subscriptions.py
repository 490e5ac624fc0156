"""Subscriptions at the real broker: that come and go, are made while others are granted, and are cancelled with
messages behind them."""

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


async def test_subscriptions_that_come_and_go_leave_nothing_behind(make: Make) -> None:
    gateway = make(GATEWAY)
    async with running(gateway):
        before = workers()
        for _ in range(20):
            subscription = await gateway.subscribe(SYSTEM_STATUS, ignore, kind="collector", id="gamma")
            await subscription.cancel()
        await eventually(lambda: workers() == before)


async def test_a_subscription_made_while_others_are_being_granted_is_not_forgotten(make: Make) -> None:
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


async def test_messages_queued_behind_a_cancelled_subscription_are_not_delivered(make: Make) -> None:
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


async def test_what_nobody_handles_any_more_does_not_stop_the_rest(make: Make) -> None:
    gateway, alpha = make(GATEWAY, receive_maximum=2, session_expiry=timedelta(minutes=1)), make("alpha")
    await gateway.subscribe(TELEMETRY_DROP, ignore, shared=True)
    handler = Collecting()
    async with running(gateway, alpha):
        gateway._subscriptions.clear()
        gateway._routes.clear()
        for _ in range(5):
            dropped = Dropped(epoch=1, ord=1, ranges=[(0, 1)], reason="overflow")
            await alpha.publish(TELEMETRY_DROP, dropped, device="alpha")
        await gateway.subscribe(TELEMETRY_HELLO, handler, shared=True)
        await alpha.publish(TELEMETRY_HELLO, hello(8), device="alpha")
        await eventually(lambda: handler.epochs == [8])

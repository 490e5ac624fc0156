"""Behaviour that needs the real broker: refusals, back-pressure, redelivery, limits, and lost connections."""

import asyncio
import gc
import socket
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

import pytest

from pulse_bus import Delivery, Disconnected, LinkState, MessageTooLarge, PublishRefused, Quarantined
from pulse_bus.mqtt import Will
from pulse_bus.mqtt.connection import Connection
from pulse_bus.reconnect import UNSTABLE
from pulse_contracts.system import Status
from pulse_contracts.telemetry import BatchAck, SeriesDeclaration, SeriesDeclared
from pulse_contracts.topics import (
    SYSTEM_STATUS,
    TELEMETRY_ACK,
    TELEMETRY_HELLO,
    TELEMETRY_SERIES,
)
from pulse_testkit.buses import running
from pulse_testkit.waiting import eventually

from .conftest import GATEWAY, Collecting, Make, hello, ignore

pytestmark = pytest.mark.servers


async def test_a_forbidden_publish_is_refused_and_the_connection_stays_open(make: Make) -> None:
    alpha = make("alpha")
    async with running(alpha):
        with pytest.raises(PublishRefused) as refusal:
            await alpha.publish(TELEMETRY_HELLO, hello(1), device="beta")
        assert refusal.value.code == 0x87
        assert refusal.value.address == "telemetry/hello/beta"
        await alpha.publish(TELEMETRY_HELLO, hello(1), device="alpha")
        assert alpha.state is LinkState.CONNECTED


@pytest.mark.announces_log("broker_connection_failed state=refused")
async def test_a_refused_subscription_is_an_error(make: Make) -> None:
    alpha = make("alpha")
    await alpha.subscribe(TELEMETRY_ACK, ignore, device="beta")
    async with asyncio.TaskGroup() as group:
        group.create_task(alpha.run())
        await eventually(lambda: alpha.state is LinkState.REFUSED)
        assert "telemetry/ack/beta" in alpha.detail
        await alpha.drain()


@pytest.mark.announces_log("subscription_refused")
@pytest.mark.announces_log("broker_connection_failed")
async def test_a_refused_optional_subscription_ends_nothing_and_is_asked_for_again(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    gateway, alpha, handled = make(GATEWAY), make("alpha"), list[int]()

    async def handle(delivery: Delivery[BatchAck]) -> None:
        handled.append(delivery.message.epoch)

    def is_replaced(before: Connection) -> bool:
        return alpha._connection is not None and alpha._connection is not before

    await alpha.subscribe(TELEMETRY_ACK, handle, device="alpha")
    refused = await alpha.subscribe(TELEMETRY_ACK, ignore, device="beta", optional=True)
    async with running(gateway, alpha):
        assert refused.is_refused
        await gateway.publish(
            TELEMETRY_ACK, BatchAck(epoch=1, settled=[], refused=[], newest=[], credit=0), device="alpha"
        )
        await eventually(lambda: handled == [1])
        for is_allowed in (False, True):
            if is_allowed:  # as if auth had given the right meanwhile
                refused.filters = tuple(name.replace("beta", "alpha") for name in refused.filters)
            before = alpha._connection
            assert before is not None
            sock = before.wire._raw
            assert isinstance(sock, socket.socket)
            sock.shutdown(socket.SHUT_RDWR)
            await eventually(partial(is_replaced, before))
            await alpha.wait_connected()
            assert refused.is_refused is not is_allowed
    assert caplog.text.count("subscription_refused") == 1


@pytest.mark.announces_log("broker_connection_failed state=refused")
async def test_a_wrong_password_gives_the_state_refused_with_the_reason(make: Make) -> None:
    alpha = make("alpha", password="x" * 32)
    async with asyncio.TaskGroup() as group:
        group.create_task(alpha.run())
        await eventually(lambda: alpha.state is LinkState.REFUSED)
        assert "authori" in alpha.detail.lower()
        assert "x" * 32 not in alpha.detail
        with pytest.raises(Disconnected):
            await alpha.publish(TELEMETRY_HELLO, hello(1), device="alpha")
        await alpha.drain()
    assert alpha.state is LinkState.CLOSED


def test_a_url_with_a_password_is_rejected_before_connecting(make: Make) -> None:
    with pytest.raises(ValueError, match="without credentials") as refusal:
        make("alpha", url="mqtt://me:secret@127.0.0.1:1")
    assert "secret" not in str(refusal.value)


async def test_an_unfinished_message_is_delivered_again_after_a_reconnect(make: Make) -> None:
    gate, handled, second = asyncio.Event(), Collecting(), make(GATEWAY, session_expiry=timedelta(minutes=1))
    blocked = Collecting(gate)
    first = make(GATEWAY, session_expiry=timedelta(minutes=1))
    await first.subscribe(TELEMETRY_HELLO, blocked, shared=True)
    alpha = make("alpha")
    async with running(alpha):
        run = asyncio.create_task(first.run())
        await first.wait_connected()
        await alpha.publish(TELEMETRY_HELLO, hello(77), device="alpha")
        await eventually(lambda: blocked.epochs == [77])
        run.cancel()
        await asyncio.wait([run])
        await second.subscribe(TELEMETRY_HELLO, handled, shared=True)
        async with running(second):
            await eventually(lambda: 77 in handled.epochs)
    third = make(GATEWAY)
    again = Collecting()
    await third.subscribe(TELEMETRY_HELLO, again, shared=True)
    async with running(third, alpha := make("alpha")):
        await alpha.publish(TELEMETRY_HELLO, hello(78), device="alpha")
        await eventually(lambda: bool(again.epochs))
    assert again.epochs == [78]


@pytest.mark.parametrize("concurrency", [1, 100])
async def test_receive_maximum_limits_the_messages_in_flight(make: Make, concurrency: int) -> None:
    gate = asyncio.Event()
    handler = Collecting(gate)
    gateway, alpha = make(GATEWAY, receive_maximum=5), make("alpha")
    arrived: list[int] = []
    async with running(gateway, alpha):
        connection = gateway._connection
        assert connection is not None
        await gateway.subscribe(TELEMETRY_HELLO, handler, shared=True, concurrency=concurrency)
        for number in range(12):
            await alpha.publish(TELEMETRY_HELLO, hello(number), device="alpha")
        await eventually(lambda: connection.in_flight == 5)
        # a later message to the same client shows that the broker could have sent a sixth one
        marker = asyncio.Event()

        async def seen(_: Delivery[BatchAck]) -> None:
            marker.set()

        await alpha.subscribe(TELEMETRY_ACK, seen, device="alpha")
        ack = BatchAck(epoch=1, settled=[], refused=[], newest=[], credit=1)
        await gateway.publish(TELEMETRY_ACK, ack, device="alpha")
        async with asyncio.timeout(5):
            await marker.wait()
        arrived.append(connection.in_flight)
        gate.set()
        await eventually(lambda: handler.finished == 12)
    assert arrived == [5]
    assert sorted(handler.epochs) == list(range(12))


async def test_a_message_that_is_too_large_is_not_sent_and_the_connection_stays_open(make: Make) -> None:
    gateway, alpha = make(GATEWAY), make("alpha")
    handler = Collecting()
    await gateway.subscribe(TELEMETRY_HELLO, handler, shared=True)
    declared = SeriesDeclared(
        catalog=1,
        digest="0" * 64,
        series=[SeriesDeclaration(id=i, name="n" * 128, display_name="é" * 128, type="int") for i in range(1_000)],
    )
    big = declared.model_copy(update={"series": declared.series * 5})
    async with running(gateway, alpha):
        before = alpha._connection
        with pytest.raises(MessageTooLarge) as refusal:
            await alpha.publish(TELEMETRY_SERIES, big, device="alpha")
        assert refusal.value.size > refusal.value.limit == alpha.max_payload
        await alpha.publish(TELEMETRY_HELLO, hello(5), device="alpha")
        await eventually(lambda: handler.epochs == [5])
        assert alpha._connection is before


async def test_a_payload_of_exactly_the_limit_is_sent(make: Make) -> None:
    gateway, alpha = make(GATEWAY), make("alpha")
    arrived: list[str] = []

    async def put_away(item: Quarantined) -> None:
        arrived.append(item.address)

    gateway._quarantine = put_away
    await gateway.subscribe(TELEMETRY_SERIES, ignore, shared=True)
    series = [SeriesDeclaration(id=i, name="n" * 128, display_name="d" * 128, type="int") for i in range(1_000)]
    async with running(gateway, alpha):
        limit = alpha.max_payload
        assert limit is not None
        declared = SeriesDeclared(catalog=1, digest="0" * 64, series=series)
        padding = limit - len(declared.model_dump_json())
        padded = declared.model_copy(update={"device": "a" * (padding + 2)})  # replaces `null` by a string
        assert len(padded.model_dump_json()) == limit
        await alpha.publish(TELEMETRY_SERIES, padded, device="alpha")
        larger = declared.model_copy(update={"device": "a" * (padding + 3)})
        with pytest.raises(MessageTooLarge):
            await alpha.publish(TELEMETRY_SERIES, larger, device="alpha")
        await eventually(lambda: arrived == ["telemetry/series/alpha"])


async def test_drain_lets_running_handlers_finish_and_be_acknowledged(make: Make) -> None:
    gate = asyncio.Event()
    handler = Collecting(gate)
    gateway, alpha = make(GATEWAY, session_expiry=timedelta(minutes=1)), make("alpha")
    await gateway.subscribe(TELEMETRY_HELLO, handler, shared=True, concurrency=10)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(alpha))
        run = asyncio.create_task(gateway.run())
        await gateway.wait_connected()
        for number in range(3):
            await alpha.publish(TELEMETRY_HELLO, hello(number), device="alpha")
        await eventually(lambda: len(handler.epochs) == 3)
        await gateway.drain()
        done, _ = await asyncio.wait([run], timeout=0.05)
        assert not done
        gate.set()
        async with asyncio.timeout(5):
            await run
        assert handler.finished == 3
    assert gateway.state is LinkState.CLOSED
    again, late, beta = make(GATEWAY), Collecting(), make("beta")
    await again.subscribe(TELEMETRY_HELLO, late, shared=True)
    async with running(again, beta):
        await beta.publish(TELEMETRY_HELLO, hello(99), device="beta")
        await eventually(lambda: 99 in late.epochs)
    assert late.epochs == [99]


async def test_the_slower_of_two_handlers_delays_the_acknowledgement(
    make: Make,
) -> None:
    gate = asyncio.Event()
    slow, quick = Collecting(gate), Collecting()
    gateway, alpha = make(GATEWAY), make("alpha")
    await gateway.subscribe(TELEMETRY_HELLO, slow, shared=True)
    await gateway.subscribe(TELEMETRY_HELLO, quick, shared=True)
    async with running(gateway, alpha):
        connection = gateway._connection
        assert connection is not None
        await alpha.publish(TELEMETRY_HELLO, hello(4), device="alpha")
        await eventually(lambda: (slow.epochs, quick.finished) == ([4], 1))
        assert connection.in_flight == 1
        gate.set()
        await eventually(lambda: connection.in_flight == 0)


@pytest.mark.announces_log("broker_connection_failed state=waiting")
async def test_the_last_will_is_published_when_a_device_loses_its_connection(make: Make) -> None:
    states: list[str] = []

    async def note(delivery: Delivery[Status]) -> None:
        states.append(delivery.message.state)

    gateway = make(GATEWAY)
    will = Will(SYSTEM_STATUS, Status(state="offline", since=1), {"kind": "collector", "id": "gamma"})
    gamma = make("gamma", will=will)
    await gateway.subscribe(SYSTEM_STATUS, note, kind="collector", id="gamma")
    async with running(gateway):
        run = asyncio.create_task(gamma.run())
        await gamma.wait_connected()
        await gamma.publish(SYSTEM_STATUS, Status(state="online", since=1), kind="collector", id="gamma")
        await eventually(lambda: states[-1:] == ["online"])
        connection = gamma._connection
        assert connection is not None
        sock = connection.wire._raw
        assert isinstance(sock, socket.socket)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(gamma._reconnect, "retrying", gamma._draining.set)  # no second connection
            sock.shutdown(socket.SHUT_RDWR)
            await eventually(lambda: states[-1:] == ["offline"])
            await gamma.drain()
            await asyncio.wait([run])
    again = make("gamma")
    async with running(again):
        await again.wait_connected()
        await again.clear(SYSTEM_STATUS, kind="collector", id="gamma")  # other tests share the broker


async def test_a_connection_that_breaks_while_draining_leaves_no_unretrieved_exception(make: Make) -> None:
    unseen: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unseen.append(str(context["message"])))
    gate = asyncio.Event()
    gateway, blocked = make(GATEWAY), Collecting(gate)
    await gateway.subscribe(TELEMETRY_HELLO, blocked, shared=True)
    async with running(alpha := make("alpha")):
        run = asyncio.create_task(gateway.run())
        await gateway.wait_connected()
        await alpha.publish(TELEMETRY_HELLO, hello(1), device="alpha")
        await eventually(lambda: blocked.epochs == [1])
        connection = gateway._connection
        assert connection is not None
        ended, sock = connection.client._disconnected, connection.wire._raw
        assert isinstance(sock, socket.socket)
        await gateway.drain()
        await asyncio.sleep(0)  # lets the reader of messages end, which would retrieve the exception
        sock.shutdown(socket.SHUT_RDWR)
        await eventually(ended.done)
        gate.set()
        await run
    del connection, ended, sock, run, gateway
    gc.collect()
    assert unseen == []


@pytest.mark.announces_log("broker_connection_failed")
async def test_a_connection_closed_before_connack_is_retried_soon(make: Make) -> None:
    knocks: list[asyncio.StreamWriter] = []

    def shut(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        knocks.append(writer)
        writer.transport.abort() if len(knocks) % 2 else writer.close()

    door = await asyncio.start_server(shut, "127.0.0.1", 0)
    alpha = make("alpha", url=f"mqtt://127.0.0.1:{door.sockets[0].getsockname()[1]}")
    async with door, asyncio.TaskGroup() as group:
        group.create_task(alpha.run())
        async with asyncio.timeout(8):  # the timeout of one connect is ten seconds
            await eventually(lambda: len(knocks) >= 4, seconds=8)
        assert "before the broker answered" in alpha.detail
        await alpha.drain()


@pytest.mark.announces_log("qos0_messages_dropped")
async def test_qos_0_messages_beyond_the_limit_are_dropped_and_counted(
    make: Make,
) -> None:
    gate = asyncio.Event()
    stuck = Collecting(gate)
    gateway, alpha = make(GATEWAY, unacknowledged_bytes_max=100_000), make("alpha")
    await gateway.subscribe(TELEMETRY_HELLO, stuck, shared=True)
    async with running(gateway, alpha):
        connection = alpha._connection
        assert connection is not None
        payload = hello(1).model_copy(update={"session": "s" * 64}).model_dump_json().encode() + b" " * 5_000
        for _ in range(200):
            await connection.client.publish("pulse/v1/telemetry/hello/alpha", payload, qos=0)
        await alpha.publish(TELEMETRY_HELLO, hello(2), device="alpha")
        await eventually(lambda: gateway.qos0_dropped + gateway.in_flight == 201)
        assert gateway.in_flight * 5_000 < 150_000
        gate.set()
        await eventually(lambda: 2 in stuck.epochs and gateway.in_flight == 0)


@pytest.mark.announces_log("broker_connection_failed")
@pytest.mark.announces_log("broker_connection_unstable")
async def test_two_processes_with_one_client_id_are_reported(make: Make) -> None:
    """Each connect of one disconnects the other."""
    one, other = make(GATEWAY), make(GATEWAY)
    async with running(one):
        assert not one.is_unstable
        async with asyncio.TaskGroup() as group:
            group.create_task(other.run())
            await eventually(lambda: one.is_unstable and other.is_unstable, seconds=30)
            assert one.short_connections + other.short_connections >= 2 * UNSTABLE
            await other.drain()
        await one.wait_connected()
        assert one.is_unstable  # until a minute has passed

"""The contract of every bus, tested with the real broker and with the bus in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

import pytest

from pulse_bus import Delivery, Quarantined, Reject, Unavailable, read_each
from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_contracts.system import Status
from pulse_contracts.telemetry import Dropped, Hello
from pulse_contracts.topics import SYSTEM_STATUS, TELEMETRY_DROP, TELEMETRY_HELLO
from pulse_testkit.buses import running
from pulse_testkit.clock import FakeClock
from pulse_testkit.waiting import eventually

from .worlds import MemoryWorld, MqttWorld, World

DIGEST = "0" * 64


def hello(number: int) -> Hello:
    return Hello(epoch=number, ord=1, next=0, pending=[], session="s", series=DIGEST)


@pytest.fixture(params=["memory", pytest.param("mqtt", marks=pytest.mark.servers)])
async def world(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[World]:
    if request.param == "memory":
        async with AsyncExitStack() as stack:
            yield MemoryWorld(stack, clock)
        return
    async with AsyncExitStack() as stack:
        mqtt = MqttWorld(stack, clock, request.getfixturevalue("servers"))
        yield mqtt
    await mqtt.forget()


async def test_a_message_arrives_typed_with_the_levels_of_its_topic(world: World) -> None:
    gateway, alpha = await world.open("telemetry-gateway"), await world.open("alpha")
    got: list[Delivery[Hello]] = []

    async def handle(delivery: Delivery[Hello]) -> None:
        got.append(delivery)

    await gateway.subscribe(TELEMETRY_HELLO, handle, shared=True)
    await alpha.publish(TELEMETRY_HELLO, hello(7), device="alpha")
    await eventually(lambda: len(got) == 1)
    assert got[0].message == hello(7)
    assert got[0].levels == {"device": "alpha"}
    assert not got[0].is_retained


async def test_with_concurrency_one_messages_are_handled_in_order(world: World) -> None:
    gateway, alpha = await world.open("telemetry-gateway"), await world.open("alpha")
    got: list[int] = []

    async def handle(delivery: Delivery[Hello]) -> None:
        await asyncio.sleep(0)
        got.append(delivery.message.epoch)

    await gateway.subscribe(TELEMETRY_HELLO, handle, shared=True)
    for number in range(50):
        await alpha.publish(TELEMETRY_HELLO, hello(number), device="alpha")
    await eventually(lambda: len(got) == 50)
    assert got == list(range(50))


async def test_concurrent_messages_do_not_wait_for_each_other(world: World) -> None:
    gateway, alpha = await world.open("telemetry-gateway"), await world.open("alpha")
    both = asyncio.Barrier(3)

    async def handle(delivery: Delivery[Hello]) -> None:
        await both.wait()

    await gateway.subscribe(TELEMETRY_HELLO, handle, shared=True, concurrency=10)
    await alpha.publish(TELEMETRY_HELLO, hello(1), device="alpha")
    await alpha.publish(TELEMETRY_HELLO, hello(2), device="alpha")
    async with asyncio.timeout(5):
        await both.wait()


async def test_two_handlers_of_one_topic_both_get_each_message(world: World) -> None:
    gateway, alpha = await world.open("telemetry-gateway"), await world.open("alpha")
    first: list[str] = []
    second: list[str] = []

    async def note(delivery: Delivery[Status]) -> None:
        first.append(delivery.levels["id"])

    async def show(delivery: Delivery[Status]) -> None:
        second.append(delivery.levels["id"])

    await gateway.subscribe(SYSTEM_STATUS, note, kind="collector")
    await gateway.subscribe(SYSTEM_STATUS, show, kind="collector")
    await alpha.publish(SYSTEM_STATUS, Status(state="online", since=3), kind="collector", id="alpha")
    await eventually(lambda: "alpha" in first and "alpha" in second)


async def test_a_rejected_message_is_quarantined_with_its_reason_and_not_delivered_again(world: World) -> None:
    gateway, alpha = await world.open("telemetry-gateway"), await world.open("alpha")
    seen: list[int] = []

    async def handle(delivery: Delivery[Hello]) -> None:
        seen.append(delivery.message.epoch)
        if delivery.message.epoch == 1:
            raise Reject("foreign_device", "not yours")

    await gateway.subscribe(TELEMETRY_HELLO, handle, shared=True)
    await alpha.publish(TELEMETRY_HELLO, hello(1), device="alpha")
    await alpha.publish(TELEMETRY_HELLO, hello(2), device="alpha")
    await eventually(lambda: 2 in seen)
    assert seen == [1, 2]
    assert [(q.code, q.detail, q.address) for q in world.quarantined] == [
        ("foreign_device", "not yours", "telemetry/hello/alpha")
    ]


async def test_an_outage_is_retried_until_it_ends_and_never_fills_the_quarantine(world: World) -> None:
    gateway, alpha = await world.open("telemetry-gateway"), await world.open("alpha")
    tries: list[int] = []

    async def handle(delivery: Delivery[Hello]) -> None:
        tries.append(delivery.message.epoch)
        if len(tries) < 6:
            raise Unavailable("the database is away")

    await gateway.subscribe(TELEMETRY_HELLO, handle, shared=True)
    await alpha.publish(TELEMETRY_HELLO, hello(1), device="alpha")
    await eventually(lambda: len(tries) == 6)
    assert world.quarantined == []


@pytest.mark.announces_log("handler_failed")
async def test_a_handler_bug_is_retried_a_few_times_then_quarantined(world: World) -> None:
    gateway, alpha = await world.open("telemetry-gateway"), await world.open("alpha")
    tries: list[int] = []

    async def handle(delivery: Delivery[Hello]) -> None:
        tries.append(1)
        raise ZeroDivisionError

    await gateway.subscribe(TELEMETRY_HELLO, handle, shared=True)
    await alpha.publish(TELEMETRY_HELLO, hello(1), device="alpha")
    await eventually(lambda: len(world.quarantined) == 1)
    assert len(tries) == 4
    assert world.quarantined[0].code == "handler_failed"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"not json", "unreadable"),
        (b"\xff\xfe", "unreadable"),
        (b"[]", "unreadable"),
        (b'{"v": 2, "epoch": 1, "ord": 1, "ranges": [[0, 1]], "reason": "overflow"}', "unreadable"),
        (b"[" * 100_000, "unreadable"),
        (b'{"v": 1, "epoch": 1, "ord": 1, "ranges": [[1, 1]], "reason": "overflow"}', "unreadable"),
    ],
)
async def test_an_unreadable_message_is_quarantined_and_the_next_one_is_handled(
    world: World, payload: bytes, reason: str
) -> None:
    gateway, alpha = await world.open("telemetry-gateway"), await world.open("beta")
    got: list[Delivery[Dropped]] = []

    async def handle(delivery: Delivery[Dropped]) -> None:
        got.append(delivery)

    await gateway.subscribe(TELEMETRY_DROP, handle, shared=True)
    await world.inject("telemetry/drop/alpha", payload)
    good = Dropped(epoch=1, ord=1, ranges=[(0, 5)], reason="overflow")
    await alpha.publish(TELEMETRY_DROP, good, device="beta")
    await eventually(lambda: len(got) == 1 and len(world.quarantined) == 1)
    assert world.quarantined[0].code == reason
    assert world.quarantined[0].payload == payload[:65536]


async def test_unknown_fields_are_ignored(world: World) -> None:
    gateway = await world.open("telemetry-gateway")
    got: list[Delivery[Dropped]] = []

    async def handle(delivery: Delivery[Dropped]) -> None:
        got.append(delivery)

    await gateway.subscribe(TELEMETRY_DROP, handle, shared=True)
    text = b'{"v": 1, "epoch": 1, "ord": 1, "ranges": [[0, 1]], "reason": "overflow", "new": {"a": 1}}'
    await world.inject("telemetry/drop/alpha", text)
    await eventually(lambda: len(got) == 1)


async def test_a_retained_message_reaches_a_later_subscriber_and_is_flagged(world: World) -> None:
    alpha = await world.open("alpha")
    status = Status(state="online", since=1)
    await alpha.publish(SYSTEM_STATUS, status, kind="collector", id="alpha")
    gateway = await world.open("telemetry-gateway")
    got: list[Delivery[Status]] = []

    async def handle(delivery: Delivery[Status]) -> None:
        got.append(delivery)

    await gateway.subscribe(SYSTEM_STATUS, handle)
    await eventually(lambda: any(d.levels["id"] == "alpha" and d.is_retained for d in got))


async def test_a_cleared_message_is_gone_and_no_subscriber_gets_an_empty_one(world: World) -> None:
    alpha = await world.open("alpha")
    status = Status(state="online", since=1)
    await alpha.publish(SYSTEM_STATUS, status, kind="collector", id="alpha")
    gateway = await world.open("telemetry-gateway")
    got: list[tuple[str, int, bool]] = []

    def handler(name: str) -> Callable[[Delivery[Status]], Awaitable[None]]:
        async def handle(delivery: Delivery[Status]) -> None:
            got.append((name, delivery.message.since, delivery.is_retained))

        return handle

    await gateway.subscribe(SYSTEM_STATUS, handler("early"), kind="collector", id="alpha")
    await eventually(lambda: ("early", 1, True) in got)
    await alpha.clear(SYSTEM_STATUS, kind="collector", id="alpha")
    await gateway.subscribe(SYSTEM_STATUS, handler("late"), kind="collector", id="alpha")
    await alpha.publish(SYSTEM_STATUS, status.model_copy(update={"since": 2}), kind="collector", id="alpha")
    await eventually(lambda: {("early", 2, False), ("late", 2, False)} <= set(got))
    assert ("late", 1, True) not in got
    assert world.quarantined == []
    await alpha.clear(SYSTEM_STATUS, kind="collector", id="alpha")
    with pytest.raises(ValueError, match="retains no messages"):
        await alpha.clear(TELEMETRY_HELLO, device="alpha")


async def test_a_subscription_with_levels_gets_only_those_and_ends_when_cancelled(world: World) -> None:
    gateway = await world.open("telemetry-gateway")
    alpha, beta = await world.open("alpha"), await world.open("beta")
    got: list[str] = []

    async def handle(delivery: Delivery[Status]) -> None:
        if not delivery.is_retained:
            got.append(delivery.levels["id"])

    subscription = await gateway.subscribe(SYSTEM_STATUS, handle, kind="collector", id="beta")
    status = Status(state="online", since=2)
    await alpha.publish(SYSTEM_STATUS, status, kind="collector", id="alpha")
    await beta.publish(SYSTEM_STATUS, status, kind="collector", id="beta")
    await eventually(lambda: got == ["beta"])
    await subscription.cancel()
    await beta.publish(SYSTEM_STATUS, status, kind="collector", id="beta")
    await alpha.publish(SYSTEM_STATUS, status, kind="collector", id="alpha")
    assert got == ["beta"]


async def test_after_connect_callbacks_may_publish(world: World) -> None:
    gateway = await world.open("telemetry-gateway")
    got: list[int] = []

    async def handle(delivery: Delivery[Hello]) -> None:
        got.append(delivery.message.epoch)

    await gateway.subscribe(TELEMETRY_HELLO, handle, shared=True)
    alpha = await world.open("alpha")

    async def greet() -> None:
        await alpha.publish(TELEMETRY_HELLO, hello(3), device="alpha")

    alpha.on_connected(greet)
    await greet()
    await eventually(lambda: got == [3])


async def test_messages_that_arrive_together_form_a_group_with_separate_outcomes(world: World) -> None:
    gateway = await world.open("telemetry-gateway")
    tries: list[int] = []

    async def handle(group: Sequence[Delivery[Hello]]) -> list[Exception | None]:
        outcomes: list[Exception | None] = []
        for delivery in group:
            number = delivery.message.epoch
            tries.append(number)
            is_early = tries.count(number) < 3
            outcomes.append(
                Reject("foreign_device") if number == 1 else Unavailable("away") if number == 2 and is_early else None
            )
        return outcomes

    await gateway.subscribe_groups(TELEMETRY_HELLO, handle, read_each(Hello), shared=True)
    await world.inject("telemetry/hello/alpha", b"not json")
    alpha = await world.open("alpha")
    async with asyncio.TaskGroup() as sending:
        for number in range(1, 5):
            sending.create_task(alpha.publish(TELEMETRY_HELLO, hello(number), device="alpha"))
    await eventually(lambda: tries.count(2) == 3 and len(world.quarantined) == 2)
    assert sorted(tries) == [1, 2, 2, 2, 3, 4]
    assert sorted(item.code for item in world.quarantined) == ["foreign_device", "unreadable"]


@pytest.mark.announces_log("handler_failed")
async def test_one_failing_message_of_a_group_does_not_affect_the_others(world: World) -> None:
    gateway, alpha = await world.open("telemetry-gateway"), await world.open("alpha")
    handled: list[int] = []

    async def handle(group: Sequence[Delivery[Hello]]) -> list[Exception | None]:
        if any(delivery.message.epoch == 2 for delivery in group):
            raise ZeroDivisionError
        handled.extend(delivery.message.epoch for delivery in group)
        return [None] * len(group)

    await gateway.subscribe_groups(TELEMETRY_HELLO, handle, read_each(Hello), shared=True)
    async with asyncio.TaskGroup() as sending:
        for number in range(1, 5):
            sending.create_task(alpha.publish(TELEMETRY_HELLO, hello(number), device="alpha"))
    await eventually(lambda: sorted(handled) == [1, 3, 4] and len(world.quarantined) == 1)
    assert world.quarantined[0].code == "handler_failed"


async def test_an_outage_of_a_whole_group_is_retried_until_it_ends(world: World) -> None:
    gateway, alpha = await world.open("telemetry-gateway"), await world.open("alpha")
    tries: list[int] = []

    async def handle(group: Sequence[Delivery[Hello]]) -> list[Exception | None]:
        tries.append(len(group))
        if len(tries) < 6:
            raise Unavailable("the database is away")
        return [None] * len(group)

    await gateway.subscribe_groups(TELEMETRY_HELLO, handle, read_each(Hello), shared=True)
    await alpha.publish(TELEMETRY_HELLO, hello(1), device="alpha")
    await eventually(lambda: len(tries) == 6)
    assert world.quarantined == []


@pytest.mark.announces_log("quarantine_failed")
async def test_a_failing_quarantine_does_not_end_the_process(clock: FakeClock) -> None:
    async def broken(_: Quarantined) -> None:
        raise ValueError("no such table")

    broker = MemoryBroker()
    bus = MemoryBus(broker, clock=clock, quarantine=broken)
    got: list[int] = []

    async def handle(delivery: Delivery[Hello]) -> None:
        got.append(delivery.message.epoch)

    await bus.subscribe(TELEMETRY_HELLO, handle, shared=True)
    async with running(bus):
        bus.inject("telemetry/hello/alpha", b"not json")
        await bus.publish(TELEMETRY_HELLO, hello(2), device="alpha")
        await eventually(lambda: got == [2])

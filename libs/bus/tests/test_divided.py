"""Divided subscriptions: only the values that are kept arrive, with the real broker and with the bus in memory."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from pulse_bus import Bus, Delivery, DividedSubscription, read_each
from pulse_bus.handling import GroupHandling, log_quarantine
from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_bus.mqtt import MqttBus, MqttSettings
from pulse_bus.mqtt.failures import SubscribeRefused
from pulse_bus.mqtt.subscriptions import MqttDividedSubscription, MqttSubscription
from pulse_contracts.telemetry import ReadingBatch
from pulse_contracts.topics import TELEMETRY_SHARD
from pulse_testkit.buses import running
from pulse_testkit.clock import FakeClock
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

ALPHA = "106"
"""The shard of the device `alpha`. The broker lets it publish to no other."""
VALUES = [ALPHA, "113"]


def batch(number: int) -> ReadingBatch:
    return ReadingBatch(
        epoch=7, ord=1, catalog=7, lo=number, lane="live", sent=1, series=[1], t0=0, dt=[0], x=[0], value=[1.0]
    )


class Taken:
    """Records what arrives."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.levels: list[dict[str, str]] = []

    async def __call__(self, group: Sequence[Delivery[ReadingBatch]]) -> list[Exception | None]:
        self.numbers += [delivery.message.lo for delivery in group]
        self.levels += [dict(delivery.levels) for delivery in group]
        return [None] * len(group)

    async def subscribe(self, bus: Bus) -> DividedSubscription:
        return await bus.subscribe_divided(TELEMETRY_SHARD, self, read_each(ReadingBatch), level="shard", values=VALUES)


def mqtt_bus(servers: Servers, clock: FakeClock, party: str, *, session: int = 0) -> MqttBus:
    expiry = timedelta(seconds=session)
    settings = MqttSettings(servers.mqtt_url, party, servers.passwords[party], party, session_expiry=expiry)
    return MqttBus(settings, clock=clock, rng=random.Random(1))


@pytest.fixture(params=["memory", pytest.param("mqtt", marks=pytest.mark.servers)])
async def buses(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[tuple[Bus, Bus]]:
    """A connected gateway and the connected device `alpha`."""
    if request.param == "memory":
        broker = MemoryBroker()
        pair: tuple[Bus, Bus] = MemoryBus(broker, clock=clock), MemoryBus(broker, clock=clock)
    else:
        servers = request.getfixturevalue("servers")
        pair = mqtt_bus(servers, clock, "telemetry-gateway"), mqtt_bus(servers, clock, "alpha")
    async with AsyncExitStack() as stack:
        for bus in pair:
            await stack.enter_async_context(running(bus))
        yield pair


async def test_only_kept_values_arrive_and_a_value_can_come_back(buses: tuple[Bus, Bus]) -> None:
    gateway, alpha = buses
    taken = Taken()
    subscription = await taken.subscribe(gateway)
    await alpha.publish(TELEMETRY_SHARD, batch(0), shard=ALPHA, device="alpha")
    assert await subscription.keep([ALPHA])
    await alpha.publish(TELEMETRY_SHARD, batch(1), shard=ALPHA, device="alpha")
    await eventually(lambda: taken.numbers == [1])
    assert taken.levels == [{"shard": ALPHA, "device": "alpha"}]
    assert await subscription.keep(["113"])
    await alpha.publish(TELEMETRY_SHARD, batch(2), shard=ALPHA, device="alpha")
    assert await subscription.keep([ALPHA, "113"])
    await alpha.publish(TELEMETRY_SHARD, batch(3), shard=ALPHA, device="alpha")
    await eventually(lambda: taken.numbers == [1, 3])
    await subscription.cancel()
    await alpha.publish(TELEMETRY_SHARD, batch(4), shard=ALPHA, device="alpha")
    other = Taken()
    assert await (await other.subscribe(gateway)).keep([ALPHA])
    await alpha.publish(TELEMETRY_SHARD, batch(5), shard=ALPHA, device="alpha")
    await eventually(lambda: other.numbers == [5])
    assert taken.numbers == [1, 3]


@pytest.mark.servers
async def test_without_a_connection_the_next_one_grants_what_is_kept(servers: Servers, clock: FakeClock) -> None:
    gateway, alpha = mqtt_bus(servers, clock, "telemetry-gateway"), mqtt_bus(servers, clock, "alpha")
    taken = Taken()
    subscription = await taken.subscribe(gateway)
    assert not await subscription.keep([ALPHA])
    async with running(gateway, alpha):
        await alpha.publish(TELEMETRY_SHARD, batch(1), shard=ALPHA, device="alpha")
        await eventually(lambda: taken.numbers == [1])


@pytest.mark.servers
async def test_after_a_refusal_nothing_is_kept(servers: Servers, clock: FakeClock) -> None:
    alpha = mqtt_bus(servers, clock, "alpha")
    subscription = await Taken().subscribe(alpha)
    assert isinstance(subscription, MqttDividedSubscription)
    async with running(alpha):
        with pytest.raises(SubscribeRefused):
            await subscription.keep([ALPHA])
        assert subscription.filters == (), "the next connection would be refused"


async def test_after_a_failed_change_everything_is_sent_again() -> None:
    changes: list[tuple[list[str], list[str]]] = []
    answers = [True, False, True, True]

    class Owner:
        async def unsubscribe(self, entry: MqttSubscription) -> None: ...

        async def change_filters(self, entry: MqttSubscription, added: Sequence[str], removed: Sequence[str]) -> bool:
            changes.append((list(added), list(removed)))
            return answers[len(changes) - 1]

    handling = GroupHandling(TELEMETRY_SHARD, log_quarantine, random.Random(1), Taken(), read_each(ReadingBatch))
    by_value = {"1": "t/1", "2": "t/2", "3": "t/3"}
    entry = MqttDividedSubscription((), {}, handling, 0, Owner(), by_value=by_value)  # type: ignore[arg-type]
    assert await entry.keep(["1"])
    assert not await entry.keep(["2"]), "perhaps neither was sent"
    assert await entry.keep(["2"])
    assert await entry.keep(["2", "3"])
    assert changes == [(["t/1"], []), (["t/2"], ["t/1"]), (["t/2"], ["t/1", "t/3"]), (["t/3"], [])]


@pytest.mark.servers
async def test_a_resumed_session_gives_up_values_that_are_no_longer_kept(servers: Servers, clock: FakeClock) -> None:
    alpha = mqtt_bus(servers, clock, "alpha")
    first, second = (mqtt_bus(servers, clock, "telemetry-gateway", session=60) for _ in range(2))
    taken = Taken()
    async with running(alpha):
        async with running(first):
            assert await (await taken.subscribe(first)).keep([ALPHA])
        subscription = await taken.subscribe(second)
        async with running(second):
            assert await subscription.keep(["113"])
            await alpha.publish(TELEMETRY_SHARD, batch(1), shard=ALPHA, device="alpha")
            assert await subscription.keep([ALPHA])
            await alpha.publish(TELEMETRY_SHARD, batch(2), shard=ALPHA, device="alpha")
            await eventually(lambda: 2 in taken.numbers)
            assert taken.numbers == [2]
    async with running(mqtt_bus(servers, clock, "telemetry-gateway")):
        pass  # ends the session

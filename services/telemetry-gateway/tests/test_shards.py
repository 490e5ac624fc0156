"""Shards among gateways, on the real broker and database: equal shares, handover, and nothing stored twice."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from pulse_bus.mqtt.failures import SubscribeRefused
from pulse_contracts.shards import SHARDS, shard_of
from pulse_contracts.telemetry import BatchAck, ReadingBatch
from pulse_contracts.topics import TELEMETRY_SHARD
from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.model.shards import Ownership
from pulse_telemetry_gateway.store.shards import ShardStore
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD
from .system import Collector, Gateway, collector, gateway

pytestmark = pytest.mark.servers
MINUTE = timedelta(minutes=1)
Open = Callable[..., Awaitable[Gateway]]


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
def open_gateway(servers: Servers, database_url: str, stack: AsyncExitStack) -> Open:
    async def opened(**changed: object) -> Gateway:
        url = with_role(database_url, "pulse_telemetry", PASSWORD)
        return await stack.enter_async_context(gateway(servers, url, has_intake=False, **changed))

    return opened


def owned(one: Gateway) -> int:
    return int(one.runtime.metrics.registry.get_sample_value("pulse_shards_owned") or 0)


async def deliver(device: Collector, batch: ReadingBatch) -> BatchAck:
    """Sends a batch to the shard of the device until it is acknowledged."""
    before = len(device.acks)

    async def is_acknowledged() -> bool:
        await device.bus.publish(TELEMETRY_SHARD, batch, shard=str(shard_of(device.name)), device=device.name)
        lo, hi = batch.lo, batch.lo + len(batch.value)
        return any(a <= lo and hi <= b for ack in device.acks[before:] for a, b in ack.settled)

    await eventually(is_acknowledged)
    return device.acks[-1]


async def stored(database: Database) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval("SELECT COALESCE(sum(n), 0) FROM batch"))


async def test_a_batch_to_the_shard_of_its_device_is_stored_once(
    open_gateway: Open, servers: Servers, database: Database
) -> None:
    only = await open_gateway()
    await eventually(lambda: owned(only) == SHARDS)
    async with collector(servers) as alpha:
        assert (await alpha.greet()).shard == shard_of("alpha")
        await alpha.declare()
        await deliver(alpha, alpha.batch(0, [1.0, 2.0]))
        await alpha.deliver(alpha.batch(2, [3.0]))  # the topic without a shard stays in use for older collectors
    assert await stored(database) == 3


async def test_gateways_share_the_shards_and_hand_them_over_when_one_stops(
    servers: Servers, database_url: str, open_gateway: Open, database: Database
) -> None:
    first = await open_gateway()
    async with collector(servers) as alpha:
        await alpha.declare()
        url = with_role(database_url, "pulse_telemetry", PASSWORD)
        async with gateway(servers, url, has_intake=False) as second:
            await eventually(lambda: (owned(first), owned(second)) == (SHARDS // 2, SHARDS // 2))
            await deliver(alpha, alpha.batch(0, [1.0]))
        state = await ShardStore(database).state()
        assert state.gateways == {first.runtime.client_id}
        await eventually(lambda: owned(first) == SHARDS)
        await deliver(alpha, alpha.batch(1, [2.0]))
    assert await stored(database) == 2


async def test_a_gateway_takes_the_shards_of_one_whose_lease_passed(open_gateway: Open, database: Database) -> None:
    store = ShardStore(database)
    await store.renew("dead", timedelta(milliseconds=1))
    async with database.connection() as connection:
        await connection.execute("UPDATE shard SET owner = 'dead', is_ready = true")
    only = await open_gateway()
    await eventually(lambda: owned(only) == SHARDS)
    taken = only.runtime.metrics.registry.get_sample_value("pulse_shards_taken_over_total")
    assert taken == SHARDS


async def test_a_gateway_that_lost_its_shards_keeps_receiving_until_the_new_owner_is_ready(
    open_gateway: Open, servers: Servers, database: Database
) -> None:
    only = await open_gateway()
    store = ShardStore(database)
    async with collector(servers) as alpha:
        await alpha.declare()
        await deliver(alpha, alpha.batch(0, [1.0]))
        await store.renew("other", MINUTE)
        await eventually(lambda: owned(only) == SHARDS // 2)
        async with database.connection() as connection:
            await connection.execute("UPDATE shard SET owner = 'other', is_ready = false")
        await eventually(lambda: owned(only) == 0)
        await deliver(alpha, alpha.batch(1, [2.0]))
        await store.mark_ready("other", range(SHARDS))
        subscription = next(one for one in only.bus._routes.subscriptions if one.handling.topic is TELEMETRY_SHARD)
        await eventually(lambda: subscription.filters == ())
    assert await stored(database) == 2


@pytest.mark.announces_log("background_job_failed")
async def test_without_a_subscription_to_shards_collectors_are_told_none(
    open_gateway: Open, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = await open_gateway()
    await eventually(lambda: owned(only) == SHARDS)
    subscription = next(one for one in only.bus._routes.subscriptions if one.handling.topic is TELEMETRY_SHARD)

    async def refused(_: object) -> bool:
        raise SubscribeRefused("telemetry/shard/1/+: the broker refused the subscription: 0x87")

    async with collector(servers) as alpha:
        with monkeypatch.context() as broken:
            broken.setattr(subscription, "keep", refused)

            async def is_told_none() -> bool:
                return (await alpha.greet()).shard is None

            await eventually(is_told_none)

        async def is_told() -> bool:
            return (await alpha.greet()).shard == shard_of("alpha")

        await eventually(is_told)


async def test_a_live_gateway_owns_no_shard_and_an_ingest_gateway_serves_no_browser(open_gateway: Open) -> None:
    live, ingest = await open_gateway(role="live"), await open_gateway(role="ingest")
    await eventually(lambda: owned(ingest) == SHARDS)
    assert owned(live) == 0
    assert (await ingest.http.get("/socket.io/?EIO=4&transport=polling")).status_code == 404
    assert (await live.http.get("/socket.io/?EIO=4&transport=polling")).status_code == 400


async def test_a_shard_has_one_owner_and_only_free_ones_are_claimed(database: Database) -> None:
    store = ShardStore(database)
    assert not await store.renew("a", MINUTE)
    assert await store.renew("a", MINUTE)
    assert await store.claim("a", [1, 2, 3]) == {1, 2, 3}
    await store.renew("b", MINUTE)
    assert await store.claim("b", [3, 4]) == {4}
    await store.release("b", [1, 4])
    await store.mark_ready("b", [1])
    await store.mark_ready("a", [1])
    owners = (await store.state()).owners
    assert [owners[shard] for shard in (1, 3, 4)] == [Ownership("a", is_ready=True), Ownership("a"), Ownership()]
    await store.leave("a")
    state = await store.state()
    assert (state.gateways, state.owners[1]) == (frozenset({"b"}), Ownership())
    assert await store.claim("b", [1]) == {1}
    await store.renew("b", timedelta(seconds=-1))
    assert not await store.renew("b", MINUTE), "the lease had passed"

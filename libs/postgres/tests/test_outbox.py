"""The outbox: an event exists if and only if its change does, and it is published until the broker confirms it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from importlib.resources import files

import asyncpg
import pytest

from pulse_bus.port import PublishRefused
from pulse_contracts.auth import SessionRevoked
from pulse_contracts.changes import Changed
from pulse_contracts.errors import Unavailable
from pulse_contracts.message import Message
from pulse_contracts.topics import AUTH_EVENT, CHANGES_PEOPLE, Topic
from pulse_postgres import Database, Outbox, Relay
from pulse_testkit.waiting import eventually

pytestmark = pytest.mark.servers


def event(number: int) -> SessionRevoked:
    return SessionRevoked(account=f"00000000-0000-0000-0000-{number:012}", sid=None, at=number)


class Broker:
    """A publisher that records messages. `fails` and `after` simulate the network."""

    def __init__(self) -> None:
        self.got: list[int] = []
        self.levels: list[dict[str, str]] = []
        self.is_down = False
        self.after: Callable[[int], object] | None = None

    async def publish(self, topic: Topic[Message], message: Message, **levels: str) -> None:
        """See `Bus.publish`."""
        assert topic is AUTH_EVENT
        assert isinstance(message, SessionRevoked)
        if self.is_down:
            raise Unavailable("the broker is away")
        self.got.append(message.at)
        self.levels.append(levels)
        if self.after is not None:
            self.after(message.at)


@pytest.fixture
async def shop(database: Database) -> Database:
    async with database.connection() as connection:
        for table in ("outbox", "outbox_set_aside"):
            await connection.execute(files("pulse_postgres.tables").joinpath(f"{table}.sql").read_text())
    return database


async def put(outbox: Outbox, database: Database, *numbers: int) -> None:
    async with database.transaction() as connection:
        for number in numbers:
            await outbox.put(connection, AUTH_EVENT, event(number), account=event(number).account)


async def waiting(database: Database) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM outbox"))


async def publish_all(relay: Relay) -> None:
    while await relay.publish_next():
        pass


async def keep_publishing(relay: Relay) -> None:
    """Publishes like the background job, without delays."""
    while True:
        with suppress(Unavailable):
            await relay.publish_next()
        await asyncio.sleep(0.01)


async def test_a_rolled_back_change_has_no_event(shop: Database) -> None:
    outbox, broker = Outbox(), Broker()
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with shop.transaction() as connection:
            await outbox.put(connection, AUTH_EVENT, event(1), account=event(1).account)
            raise ZeroDivisionError
    await publish_all(Relay(shop, broker))
    assert broker.got == []
    assert not outbox.written.is_set()


async def test_an_invalid_topic_level_fails_the_change(shop: Database) -> None:
    with pytest.raises(ValueError, match="not one topic level"):
        async with shop.transaction() as connection:
            await Outbox().put(connection, AUTH_EVENT, event(1), account="a/b")
    assert await waiting(shop) == 0


async def test_events_are_published_in_order_and_deleted(shop: Database) -> None:
    outbox, broker = Outbox(), Broker()
    await put(outbox, shop, *range(150))
    assert outbox.written.is_set()
    relay = Relay(shop, broker)
    assert await relay.publish_next()
    assert broker.got == list(range(100))
    assert not await relay.publish_next()
    assert broker.got == list(range(150))
    assert broker.levels[7] == {"account": event(7).account}
    assert await waiting(shop) == 0


async def test_an_outage_of_the_broker_loses_no_event_and_keeps_the_order(shop: Database) -> None:
    outbox, broker = Outbox(), Broker()
    broker.is_down = True
    async with asyncio.TaskGroup() as group:
        task = group.create_task(keep_publishing(Relay(shop, broker)))
        await put(outbox, shop, 1, 2)
        await put(outbox, shop, 3)
        assert await waiting(shop) == 3
        broker.is_down = False
        await eventually(lambda: broker.got == [1, 2, 3])
        await put(outbox, shop, 4)

        async def is_empty() -> bool:
            return await waiting(shop) == 0

        await eventually(is_empty)
        assert broker.got == [1, 2, 3, 4]
        task.cancel()


async def test_an_outage_in_the_middle_of_a_batch_repeats_no_published_event(shop: Database) -> None:
    outbox, broker = Outbox(), Broker()
    await put(outbox, shop, 1, 2, 3)

    def fail(at: int) -> None:
        if at == 2:
            raise Unavailable("no PUBACK")

    broker.after = fail
    relay = Relay(shop, broker)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await relay.publish_next()
    broker.after = None
    await publish_all(relay)
    assert broker.got == [1, 2, 2, 2, 2, 3]


async def test_a_database_that_dies_before_the_delete_publishes_again(shop: Database, admin_url: str) -> None:
    outbox = Outbox()
    await put(outbox, shop, 1)
    admin = await asyncpg.connect(admin_url)

    class Fatal(Broker):
        async def publish(self, topic: Topic[Message], message: Message, **levels: str) -> None:
            await super().publish(topic, message, **levels)
            if len(self.got) == 1:
                await admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'pulse_shop' "
                    "AND datname = current_database()"
                )

    broker = Fatal()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(keep_publishing(Relay(shop, broker)))

        async def is_empty() -> bool:
            return bool(broker.got) and await waiting(shop) == 0

        await eventually(is_empty)
        task.cancel()
    await admin.close()
    assert broker.got == [1, 1]


async def test_two_relays_publish_each_event_once_and_in_order(shop: Database) -> None:
    class Slow(Broker):
        async def publish(self, topic: Topic[Message], message: Message, **levels: str) -> None:
            await super().publish(topic, message, **levels)
            if len(self.got) % 20 == 1:
                await waiting(shop)  # gives the other relay time to query

    outbox, broker = Outbox(), Slow()
    await put(outbox, shop, *range(120))
    one, two = Relay(shop, broker), Relay(shop, broker)
    async with shop.connection(), shop.connection(), shop.connection():
        pass  # opens both connections, so that both relays start at the same time
    for _ in range(3):
        await asyncio.gather(one.publish_next(), two.publish_next())
    assert broker.got == list(range(120))


@pytest.mark.announces_log("outbox_event_set_aside")
async def test_an_unreadable_event_is_set_aside_and_does_not_block_others(shop: Database) -> None:
    outbox, broker, counted = Outbox(), Broker(), list[str]()
    await put(outbox, shop, 1)
    async with shop.transaction() as connection:
        await connection.execute("INSERT INTO outbox (template, levels, message) VALUES ('no/such/topic', '{}', '{}')")
    await put(outbox, shop, 2)
    await publish_all(Relay(shop, broker, lambda: counted.append("set aside")))
    assert broker.got == [1, 2]
    assert counted == ["set aside"]
    assert await set_aside(shop) == [("no/such/topic", "KeyError: 'no/such/topic'")]


@pytest.mark.announces_log("outbox_event_set_aside")
async def test_an_event_that_the_broker_rejects_gets_five_attempts(shop: Database) -> None:
    outbox, broker = Outbox(), Broker()
    refused = list[int]()

    def refuse(at: int) -> None:
        if at == 2:
            refused.append(at)
            raise ValueError("the broker refused it")

    broker.after = refuse
    await put(outbox, shop, 1, 2, 3)
    relay = Relay(shop, broker)
    for _ in range(4):
        with pytest.raises(ValueError, match="refused it"):
            await relay.publish_next()
        assert await waiting(shop) == 2, "the event before it is gone, the event behind it waits"
    await publish_all(relay)
    assert len(refused) == 5
    assert broker.got == [1, 2, 2, 2, 2, 2, 3]
    assert await set_aside(shop) == [(AUTH_EVENT.template, "ValueError: the broker refused it")]


async def test_an_outage_of_the_broker_never_sets_an_event_aside(shop: Database) -> None:
    outbox, broker = Outbox(), Broker()
    broker.is_down = True
    await put(outbox, shop, 1)
    relay = Relay(shop, broker)
    for _ in range(20):
        with pytest.raises(Unavailable):
            await relay.publish_next()
    assert await set_aside(shop) == []
    assert await waiting(shop) == 1


async def test_a_refusal_that_the_broker_may_withdraw_never_sets_an_event_aside(shop: Database) -> None:
    """A broker that was reset rejects everything until it has its accounts again."""
    outbox, broker = Outbox(), Broker()

    def refuse(_: int) -> None:
        raise PublishRefused("users/digest", 0x87, "not authorized")

    broker.after = refuse
    await put(outbox, shop, 1)
    relay = Relay(shop, broker)
    for _ in range(20):
        with pytest.raises(Unavailable, match="0x87") as failure:
            await relay.publish_next()
        assert isinstance(failure.value.__cause__, PublishRefused)
    assert await set_aside(shop) == []
    broker.after = None
    await publish_all(relay)
    assert await waiting(shop) == 0


@pytest.mark.announces_log("outbox_notice_dropped")
async def test_a_notice_that_the_broker_refuses_does_not_block_the_events_behind_it(
    shop: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """An older auth service has not given the right to publish notices yet."""

    class Older(Broker):
        async def publish(self, topic: Topic[Message], message: Message, **levels: str) -> None:
            if topic.template.startswith("changes/"):
                raise PublishRefused("changes/people/one", 0x87, "not authorized")
            await super().publish(topic, message, **levels)

    outbox, broker, counted = Outbox(), Older(), list[str]()
    for number in (1, 2):
        async with shop.transaction() as connection:
            await outbox.put(connection, CHANGES_PEOPLE, Changed(at=number), account=event(number).account)
        await put(outbox, shop, number)
    await publish_all(Relay(shop, broker, on_dropped=lambda: counted.append("dropped")))
    assert broker.got == [1, 2]
    assert counted == ["dropped", "dropped"]
    assert caplog.text.count("outbox_notice_dropped") == 1
    assert await waiting(shop) == 0
    assert await set_aside(shop) == []


async def test_a_notice_waits_for_the_end_of_an_outage(shop: Database) -> None:
    class Recording(Broker):
        async def publish(self, topic: Topic[Message], message: Message, **levels: str) -> None:
            if self.is_down:
                raise Unavailable("the broker is away")
            assert topic is CHANGES_PEOPLE
            self.levels.append(levels)

    broker = Recording()
    broker.is_down = True
    async with shop.transaction() as connection:
        await Outbox().put(connection, CHANGES_PEOPLE, Changed(at=1), account="one")
    relay = Relay(shop, broker)
    with pytest.raises(Unavailable):
        await relay.publish_next()
    broker.is_down = False
    await publish_all(relay)
    assert broker.levels == [{"account": "one"}]


async def test_depth_and_age_are_measured(shop: Database) -> None:
    relay = Relay(shop, Broker())
    await relay.measure()
    assert (relay.depth, relay.oldest_age) == (0, 0.0)
    await put(Outbox(), shop, 1, 2)
    async with shop.connection() as connection:
        await connection.execute("UPDATE outbox SET created_at = now() - interval '90 seconds' WHERE id = 1")
    await relay.measure()
    assert relay.depth == 2
    assert 90 <= relay.oldest_age < 100


async def set_aside(database: Database) -> list[tuple[str, str]]:
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT template, reason FROM outbox_set_aside ORDER BY id")
    return [(row["template"], row["reason"]) for row in rows]

"""The outbox: an event exists exactly if its change does, and is published until the broker has confirmed it."""

import asyncio
import random
from collections.abc import Callable

import asyncpg
import pytest

from pulse_contracts.auth import SessionRevoked
from pulse_contracts.errors import Unavailable
from pulse_contracts.message import Message
from pulse_contracts.topics import AUTH_EVENT, Topic
from pulse_postgres import Database, DatabaseUnavailable, Outbox, Relay
from pulse_testkit.waiting import eventually

pytestmark = pytest.mark.servers


def event(number: int) -> SessionRevoked:
    return SessionRevoked(account=f"00000000-0000-0000-0000-{number:012}", sid=None, at=number)


class Broker:
    """A publisher that remembers; `fails` and `after` stand for the network."""

    def __init__(self) -> None:
        self.got: list[int] = []
        self.levels: list[dict[str, str]] = []
        self.is_down = False
        self.after: Callable[[int], object] | None = None

    async def publish(self, topic: Topic[Message], message: Message, **levels: str) -> None:
        """As `Bus.publish`."""
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
        await connection.execute(
            "CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, template text NOT NULL, "
            "levels text NOT NULL, message text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())"
        )
    return database


async def put(outbox: Outbox, database: Database, *numbers: int) -> None:
    async with database.transaction() as connection:
        for number in numbers:
            await outbox.put(connection, AUTH_EVENT, event(number), account=event(number).account)


async def waiting(database: Database) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM outbox"))


def relay(database: Database, outbox: Outbox, broker: Broker) -> Relay:
    return Relay(database, outbox, broker, random.Random(1))


async def test_a_rolled_back_change_has_no_event(shop: Database) -> None:
    outbox, broker = Outbox(), Broker()
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with shop.transaction() as connection:
            await outbox.put(connection, AUTH_EVENT, event(1), account=event(1).account)
            raise ZeroDivisionError
    assert await relay(shop, outbox, broker).publish_waiting() == 0
    assert broker.got == []


async def test_a_bad_address_fails_the_change_and_not_the_relay(shop: Database) -> None:
    with pytest.raises(ValueError, match="not one topic level"):
        async with shop.transaction() as connection:
            await Outbox().put(connection, AUTH_EVENT, event(1), account="a/b")
    assert await waiting(shop) == 0


async def test_events_leave_in_order_with_their_levels_and_are_gone_then(shop: Database) -> None:
    outbox, broker = Outbox(), Broker()
    await put(outbox, shop, *range(150))
    mine = relay(shop, outbox, broker)
    assert (await mine.publish_waiting(), await mine.publish_waiting()) == (100, 50)
    assert broker.got == list(range(150))
    assert broker.levels[7] == {"account": event(7).account}
    assert await waiting(shop) == 0


async def test_while_the_broker_is_away_nothing_is_lost_and_the_order_stays(shop: Database) -> None:
    outbox, broker = Outbox(), Broker()
    broker.is_down = True
    async with asyncio.TaskGroup() as group:
        task = group.create_task(relay(shop, outbox, broker).run())
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


async def test_a_crash_between_publishing_and_deleting_publishes_again(shop: Database, admin_url: str) -> None:
    outbox, broker = Outbox(), Broker()
    await put(outbox, shop, 1, 2, 3)

    def give_up(at: int) -> None:
        if at == 2:
            raise DatabaseUnavailable("crashed")

    broker.after = give_up
    mine = relay(shop, outbox, broker)
    with pytest.raises(DatabaseUnavailable):
        await mine.publish_waiting()
    broker.after = None
    assert await mine.publish_waiting() == 3
    assert broker.got == [1, 2, 1, 2, 3]


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
        task = group.create_task(relay(shop, outbox, broker).run())

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
                await waiting(shop)  # long enough for the other one to look

    outbox, broker = Outbox(), Slow()
    await put(outbox, shop, *range(120))
    one, two = relay(shop, outbox, broker), relay(shop, outbox, broker)
    async with shop.connection(), shop.connection(), shop.connection():
        pass  # the pool is warm: both begin at once
    for _ in range(3):
        await asyncio.gather(one.publish_waiting(), two.publish_waiting())
    assert broker.got == list(range(120))


@pytest.mark.announces_log("an event cannot be published")
async def test_an_event_that_cannot_be_published_is_said_and_ends_nothing(
    shop: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulse_postgres.outbox._STUCK_SECONDS", 0.01)
    outbox, broker = Outbox(), Broker()
    refusals = iter([True, True])

    def refuse(_: int) -> None:
        if next(refusals, False):
            raise ValueError("the broker refused it")

    broker.after = refuse
    await put(outbox, shop, 1, 2)
    async with asyncio.TaskGroup() as group:
        relay = group.create_task(Relay(shop, outbox, broker, random.Random(1)).run())
        await eventually(lambda: broker.got[-2:] == [1, 2])
        relay.cancel()

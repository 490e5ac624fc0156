"""The outbox: an event is a row in the transaction of its change, and a relay publishes it afterwards.

The relay publishes in order and deletes an event once the broker has confirmed it. After a crash it may publish an
event twice: consumers compare versions.
"""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

import structlog

from pulse_contracts.errors import Unavailable
from pulse_contracts.message import Message
from pulse_contracts.topics import CATALOGUE, Topic
from pulse_postgres.database import Connection, Database, Row, after_commit

log = structlog.get_logger("pulse.outbox")
M_contra = TypeVar("M_contra", bound=Message, contravariant=True)
M = TypeVar("M", bound=Message)
_BATCH = 100
_ATTEMPTS = 5


class Publisher(Protocol):
    """The part of a bus that the relay needs."""

    async def publish(self, topic: Topic[M], message: M, **levels: str) -> None:
        """Returns when the broker has confirmed the message. Raises Unavailable during an outage. Another error counts
        as an outage too if it has an attribute `is_temporary` that is true."""


class Outbox:
    """Writes events. `written` is set whenever a transaction with an event has committed."""

    def __init__(self) -> None:
        self.written = asyncio.Event()

    async def put(self, connection: Connection, topic: Topic[M], message: M, **levels: str) -> None:
        """Appends an event to the transaction of `connection`. Raises ValueError for a bad topic level."""
        topic.address(**levels)
        await connection.execute(
            "INSERT INTO outbox (template, levels, message) VALUES ($1, $2, $3)",
            topic.template,
            json.dumps(levels),
            message.model_dump_json(),
        )
        after_commit(self.written.set)


class Relay:
    """Publishes events from the outbox, oldest first.

    Only one relay per schema works at a time: it locks the rows that it publishes. An event that cannot be published is
    set aside, so that it does not block the others: immediately if it cannot be read, and after five attempts if
    publishing it fails for its own fault. An outage, and a refusal that the broker may withdraw, is retried for ever,
    except for a notice (`Topic.is_notice`): the relay drops a notice that the broker refuses, because the events behind
    it must not wait for the right to publish notices. `on_set_aside` is called for each event that is set aside,
    `on_dropped` for each notice that is dropped."""

    def __init__(
        self,
        database: Database,
        bus: Publisher,
        on_set_aside: Callable[[], object] = lambda: None,
        on_dropped: Callable[[], object] = lambda: None,
    ) -> None:
        self._database, self._bus, self._on_set_aside, self._on_dropped = database, bus, on_set_aside, on_dropped
        self._topics = {topic.template: topic for topic in CATALOGUE}
        self._attempts: dict[int, int] = {}
        self._refused = set[str]()
        """Templates of the notices that the broker refused last, so that each is logged once."""
        self.depth = 0
        """Number of unpublished events at the last `measure`."""
        self.oldest_age = 0.0
        """Age of the oldest unpublished event in seconds at the last `measure`."""

    async def publish_next(self) -> bool:
        """Publishes up to 100 events. Returns whether there may be more. Raises Unavailable, and the error of an event
        that gets another attempt."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                "SELECT id, template, levels, message FROM outbox ORDER BY id LIMIT $1 FOR UPDATE", _BATCH
            )
            done, failure = list[int](), None
            for row in rows:
                failure = await self._publish(connection, row)
                if failure is not None:
                    break
                done.append(row["id"])
            await connection.execute("DELETE FROM outbox WHERE id = ANY($1)", done)
        for id_ in done:
            self._attempts.pop(id_, None)
        if failure is not None:
            raise failure
        return len(rows) == _BATCH

    async def measure(self) -> None:
        """Updates `depth` and `oldest_age`. Raises Unavailable."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                "SELECT count(*) AS depth, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS age "
                "FROM outbox"
            )
        if row is not None:
            self.depth, self.oldest_age = row["depth"], row["age"]

    async def _publish(self, connection: Connection, row: Row) -> Exception | None:
        """Publishes one event, sets it aside or drops it. Returns the failure of an event that gets another attempt."""
        try:
            topic = self._topics[row["template"]]
            message = topic.message.model_validate_json(row["message"])
            levels = json.loads(row["levels"])
        except (KeyError, ValueError) as error:
            await self._set_aside(connection, row, error)
            return None
        try:
            await self._bus.publish(topic, message, **levels)
            self._refused.discard(topic.template)
        except Exception as error:  # noqa: BLE001  # returned: what is done before it must be committed first
            if isinstance(error, Unavailable):
                return error
            if getattr(error, "is_temporary", False):  # such as a broker that does not have its accounts yet
                if not topic.is_notice:
                    failure = Unavailable(str(error))
                    failure.__cause__ = error  # tells a refusal from an outage
                    return failure
                self._drop(topic, error)
                return None
            attempts = self._attempts[row["id"]] = self._attempts.get(row["id"], 0) + 1
            if attempts < _ATTEMPTS:
                return error
            await self._set_aside(connection, row, error)
        return None

    def _drop(self, topic: Topic[Message], error: Exception) -> None:
        self._on_dropped()
        if topic.template not in self._refused:
            self._refused.add(topic.template)
            log.warning("outbox_notice_dropped", topic=topic.template, reason=str(error))

    async def _set_aside(self, connection: Connection, row: Row, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"[:1_000]
        await connection.execute(
            "INSERT INTO outbox_set_aside (id, template, levels, message, created_at, reason) "
            "SELECT id, template, levels, message, created_at, $2 FROM outbox WHERE id = $1",
            row["id"],
            reason,
        )
        after_commit(self._on_set_aside)
        fields = {"id": row["id"], "topic": row["template"], "reason": type(error).__name__}
        after_commit(partial(log.error, "outbox_event_set_aside", **fields))

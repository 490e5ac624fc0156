"""The outbox: an event is a row of the same transaction as the change that it tells of, and the relay publishes it
afterwards, in order, until the broker has confirmed it. Published twice after a crash: consumers go by version."""

import asyncio
import json
import logging
import random
from typing import Protocol, TypeVar

from pulse_contracts.errors import Unavailable
from pulse_contracts.message import Message
from pulse_contracts.topics import CATALOGUE, Topic
from pulse_postgres.database import Connection, Database

log = logging.getLogger("pulse.outbox")
M_contra = TypeVar("M_contra", bound=Message, contravariant=True)
M = TypeVar("M", bound=Message)
_BATCH = 100
_STUCK_SECONDS = 5.0
_COMMIT_SECONDS, _LOOKS = 0.02, 10
"""What was written is seen once its transaction has committed: so often and so soon it is looked for."""


class Publisher(Protocol):
    """The part of a bus that the relay needs."""

    async def publish(self, topic: Topic[M], message: M, **levels: str) -> None:
        """Returns when the broker has taken it."""


class Outbox:
    """Writes events; wakes the relay of the same process."""

    def __init__(self) -> None:
        self._written = asyncio.Event()

    async def put(self, connection: Connection, topic: Topic[M], message: M, **levels: str) -> None:
        """Appends an event to the transaction of `connection`."""
        topic.address(**levels)
        await connection.execute(
            "INSERT INTO outbox (template, levels, message) VALUES ($1, $2, $3)",
            topic.template,
            json.dumps(levels),
            message.model_dump_json(),
        )
        self._written.set()

    async def wait_written(self, seconds: float) -> bool:
        """Returns when something was written here, or after so many seconds (another process may have written); whether
        something was. It may not be committed yet."""
        try:
            async with asyncio.timeout(seconds):
                await self._written.wait()
        except TimeoutError:
            return False
        else:
            return True
        finally:
            self._written.clear()


class Relay:
    """Publishes what lies in the outbox, oldest first, and deletes what the broker confirmed. One at a time per
    schema: the rows are locked while they are on their way."""

    def __init__(self, database: Database, outbox: Outbox, bus: Publisher, rng: random.Random) -> None:
        self._database, self._outbox, self._bus, self._rng = database, outbox, bus, rng
        self._topics = {topic.template: topic for topic in CATALOGUE}

    async def run(self) -> None:
        """Works until cancelled; an outage of database or broker is waited out."""
        failures, looks = 0, 0
        while True:
            try:
                moved = await self.publish_waiting()
            except Unavailable as error:
                failures += 1
                log.log(logging.INFO if failures == 1 else logging.DEBUG, "outbox waits: %s", error)
                await asyncio.sleep(min(5.0, 0.1 * 2 ** min(failures, 6)) * self._rng.uniform(0.5, 1.0))
                continue
            except Exception as error:  # noqa: BLE001  # the process must live; the event stays, and those behind it, loudly
                failures += 1
                log.log(logging.ERROR if failures == 1 else logging.DEBUG, "an event cannot be published: %s", error)
                await asyncio.sleep(_STUCK_SECONDS)
                continue
            failures = 0
            looks = 0 if moved else max(0, looks - 1)
            if moved < _BATCH and await self._outbox.wait_written(_COMMIT_SECONDS if looks else 1.0):
                looks = _LOOKS

    async def publish_waiting(self) -> int:
        """Publishes up to a hundred events; returns how many. Raises Unavailable."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                "SELECT id, template, levels, message FROM outbox ORDER BY id LIMIT $1 FOR UPDATE", _BATCH
            )
            for row in rows:
                topic = self._topics[row["template"]]
                message = topic.message.model_validate_json(row["message"])
                await self._bus.publish(topic, message, **json.loads(row["levels"]))
            await connection.execute("DELETE FROM outbox WHERE id = ANY($1)", [row["id"] for row in rows])
        return len(rows)

"""Mail: queued in the transaction that it tells of, sealed, and sent until the mail server has taken it. A process that
dies between the two may send a mail twice; none is lost."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import TypeAdapter

from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.errors import Unavailable
from pulse_contracts.times import from_micros
from pulse_jose import KeySet, SealingKey, TokenError, seal, unseal
from pulse_postgres import Connection, Database
from pulse_users.model.links import Mail, retry_mail_after
from pulse_users.store.links import MailStore, WaitingMail

log = logging.getLogger("pulse.users")
_LEASE = timedelta(minutes=3)
_MAILS = TypeAdapter(Mail)


class MailRefused(Exception):
    """The mail server will never take this mail."""


Send = Callable[[Mail], Awaitable[None]]
"""Returns when a mail server has taken it. Raises MailRefused, Unavailable."""


class MailQueue:
    """Puts mails into the caller's transaction."""

    def __init__(self, key: SealingKey, new_id: Callable[[], UUID], clock: Callable[[], int], *, is_configured: bool):
        self.is_configured = is_configured
        self._key, self._new_id, self._clock = key, new_id, clock
        self._store, self.written = MailStore(), asyncio.Event()

    async def put(self, connection: Connection, mail: Mail, now: datetime, expires: datetime) -> None:
        """It is not sent any more after `expires`."""
        id_ = self._new_id()
        sealed = seal(_MAILS.dump_json(mail), self._key, self._seconds, {"mail": str(id_)})
        await self._store.add(connection, id_, sealed, now, expires)
        self.written.set()

    def opened(self, waiting: WaitingMail) -> Mail:
        """Raises TokenError when it was sealed with another key."""
        raw = unseal(waiting.sealed, KeySet([self._key]), self._seconds, {"mail": str(waiting.id)})
        return _MAILS.validate_json(raw)

    def _seconds(self) -> float:
        return self._clock() / 1e6


class Mailer:
    """Sends what waits, oldest first, one at a time."""

    def __init__(
        self, database: Database, queue: MailQueue, send: Send, metrics: Metrics, clock: Callable[[], int]
    ) -> None:
        self._database, self._queue, self._send, self._clock = database, queue, send, clock
        self._store = MailStore()
        self._sent = metrics.counter("users_mails", "Mails by what became of an attempt to send one", ["outcome"])

    async def send_one(self) -> bool:
        """Whether one was due. Raises Unavailable for the database alone."""
        now = from_micros(self._clock())
        async with self._database.connection() as connection:
            waiting = await self._store.take(connection, now, _LEASE)
        if waiting is None:
            return False
        outcome = "expired" if waiting.expires <= now else await self._try(waiting)
        self._sent.labels(outcome).inc()
        async with self._database.connection() as connection:
            if outcome == "postponed":
                await self._store.postpone(connection, waiting.id, now + retry_mail_after(waiting.attempts))
            else:
                await self._store.remove(connection, waiting.id)
        return True

    async def _try(self, waiting: WaitingMail) -> str:
        try:
            await self._send(self._queue.opened(waiting))
        except Unavailable as error:
            log.log(logging.INFO if waiting.attempts == 1 else logging.DEBUG, "mail %s waits: %s", waiting.id, error)
            return "postponed"
        except (MailRefused, TokenError) as error:
            log.warning("mail %s is given up: %s", waiting.id, error)
            return "refused"
        return "sent"

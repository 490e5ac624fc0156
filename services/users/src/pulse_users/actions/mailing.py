"""Mail: queued in the transaction of its cause, sealed, and sent until the mail server has accepted it. A process that
dies after sending may send a mail twice; no mail is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from pydantic import TypeAdapter

from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.errors import Unavailable
from pulse_contracts.times import from_micros
from pulse_jose import KeySet, SealingKey, TokenError, seal, unseal
from pulse_postgres import Connection, Database
from pulse_postgres.database import after_commit
from pulse_users.model.links import Mail, mail_retry_delay
from pulse_users.store.links import MailStore, WaitingMail

log = structlog.get_logger("pulse.users")
_LEASE = timedelta(minutes=3)
_MAILS = TypeAdapter(Mail)


class MailRefused(Exception):
    """The mail server rejects this mail permanently. `answer`: its code and text. No log has it, because it may contain
    an address."""

    def __init__(self, reason: str, answer: str = "") -> None:
        super().__init__(reason)
        self.answer = answer


class MailFailed(Unavailable):
    """The mail was not sent. `answer`: what the mail server answered, if it did (see `MailRefused`)."""

    def __init__(self, reason: str, answer: str = "") -> None:
        super().__init__(reason)
        self.answer = answer


Send = Callable[[Mail], Awaitable[None]]
"""Returns when the mail server has accepted the mail. Raises MailRefused, MailFailed."""


class MailQueue:
    """Queues mails in the caller's transaction."""

    def __init__(self, key: SealingKey, new_id: Callable[[], UUID], clock: Callable[[], int], *, is_configured: bool):
        self.is_configured = is_configured
        self._key, self._new_id, self._clock = key, new_id, clock
        self._store, self.written = MailStore(), asyncio.Event()

    async def put(self, connection: Connection, mail: Mail, now: datetime, expires: datetime) -> None:
        """Queues a mail. It is not sent after `expires`."""
        id_ = self._new_id()
        sealed = seal(_MAILS.dump_json(mail), self._key, self._seconds, {"mail": str(id_)})
        await self._store.add(connection, id_, sealed, now, expires)
        after_commit(self.written.set)

    def opened(self, waiting: WaitingMail) -> Mail:
        """Opens the seal. Raises TokenError if it was sealed with another key."""
        raw = unseal(waiting.sealed, KeySet([self._key]), self._seconds, {"mail": str(waiting.id)})
        return _MAILS.validate_json(raw)

    def _seconds(self) -> float:
        return self._clock() / 1e6


class Mailer:
    """Sends queued mails, oldest first, one at a time."""

    def __init__(
        self, database: Database, queue: MailQueue, send: Send, metrics: Metrics, clock: Callable[[], int]
    ) -> None:
        self._database, self._queue, self._send, self._clock = database, queue, send, clock
        self._store, self._is_failing = MailStore(), False
        self._outcomes = metrics.counter("users_mails", "Attempts to send a mail, by outcome.", ["outcome"])

    async def send_one(self) -> bool:
        """Sends one mail. Returns whether one was due. Raises Unavailable if the database is unavailable."""
        now = from_micros(self._clock())
        async with self._database.connection() as connection:
            waiting = await self._store.take(connection, now, _LEASE)
        if waiting is None:
            return False
        outcome = "expired" if waiting.expires <= now else await self._try(waiting)
        self._outcomes.labels(outcome).inc()
        async with self._database.connection() as connection:
            if outcome == "postponed":
                await self._store.postpone(connection, waiting.id, now + mail_retry_delay(waiting.attempts))
            else:
                await self._store.remove(connection, waiting.id)
        return True

    async def _try(self, waiting: WaitingMail) -> str:
        try:
            await self._send(self._queue.opened(waiting))
        except Unavailable as error:
            report = log.debug if self._is_failing else log.warning
            self._is_failing = True
            report("mail_postponed", mail=str(waiting.id), attempts=waiting.attempts, reason=str(error))
            return "postponed"
        except (MailRefused, TokenError) as error:
            log.warning("mail_rejected", mail=str(waiting.id), reason=str(error))
            return "refused"
        if self._is_failing:
            self._is_failing = False
            log.info("mail_sending_recovered")
        return "sent"

"""The tables of one-time links, queued mails and queued requests for a password reset."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pulse_postgres import Connection
from pulse_users.model.links import Link


@dataclass(frozen=True)
class WaitingMail:
    """A queued mail that is due. `attempts` includes the current one."""

    id: UUID
    sealed: str
    attempts: int
    expires: datetime


@dataclass(frozen=True)
class ResetRequest:
    """A request for a reset of the account with this e-mail, if there is one."""

    email: str
    address: str | None
    request_id: str | None


class LinkStore:
    """Links by hash."""

    async def add(self, connection: Connection, link: Link, now: datetime) -> None:
        """Stores a link, which replaces earlier ones of the account."""
        await self.revoke(connection, link.account)
        await connection.execute(
            "INSERT INTO password_link (hash, account_id, kind, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
            link.hash,
            link.account,
            link.kind,
            now,
            link.expires,
        )

    async def find(self, connection: Connection, hash_: bytes, now: datetime) -> UUID | None:
        """The account of a valid link, or None."""
        query = "SELECT account_id FROM password_link WHERE hash = $1 AND expires_at > $2"
        found = await connection.fetchval(query, hash_, now)
        return UUID(str(found)) if found else None

    async def use(self, connection: Connection, hash_: bytes, now: datetime) -> UUID | None:
        """Like `find`, but also marks the link as used. Of concurrent callers only one gets the account."""
        query = "DELETE FROM password_link WHERE hash = $1 AND expires_at > $2 RETURNING account_id"
        found = await connection.fetchval(query, hash_, now)
        return UUID(str(found)) if found else None

    async def revoke(self, connection: Connection, account: UUID) -> None:
        """Deletes all links of an account."""
        await connection.execute("DELETE FROM password_link WHERE account_id = $1", account)

    async def sweep(self, connection: Connection, now: datetime) -> None:
        """Deletes expired links."""
        await connection.execute("DELETE FROM password_link WHERE expires_at <= $1", now)


class MailStore:
    """The queue of mails."""

    async def add(self, connection: Connection, id_: UUID, sealed: str, now: datetime, expires: datetime) -> None:
        """Queues a mail, which is due now. It is not sent after `expires`."""
        await connection.execute(
            "INSERT INTO mail (id, sealed, created_at, expires_at, due_at) VALUES ($1, $2, $3, $4, $3)",
            id_,
            sealed,
            now,
            expires,
        )

    async def take(self, connection: Connection, now: datetime, lease: timedelta) -> WaitingMail | None:
        """A mail that is due, or None. It is due again after `lease`, in case the process dies."""
        row = await connection.fetchrow(
            "UPDATE mail SET due_at = $1::timestamptz + $2::interval, attempts = attempts + 1 WHERE id = "
            "(SELECT id FROM mail WHERE due_at <= $1 ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED) "
            "RETURNING id, sealed, attempts, expires_at",
            now,
            lease,
        )
        if row is None:
            return None
        return WaitingMail(UUID(str(row["id"])), row["sealed"], row["attempts"], row["expires_at"])

    async def postpone(self, connection: Connection, id_: UUID, until: datetime) -> None:
        """Makes the mail due at `until`."""
        await connection.execute("UPDATE mail SET due_at = $2 WHERE id = $1", id_, until)

    async def remove(self, connection: Connection, id_: UUID) -> None:
        """Deletes a mail that was sent or will not be sent."""
        await connection.execute("DELETE FROM mail WHERE id = $1", id_)


class ResetRequestStore:
    """The queue of requests for a password reset."""

    async def add(self, connection: Connection, request: ResetRequest, now: datetime) -> None:
        """Appends a request."""
        await connection.execute(
            "INSERT INTO reset_request (email, address, request_id, at) VALUES ($1, $2, $3, $4)",
            request.email,
            request.address,
            request.request_id,
            now,
        )

    async def is_any(self, connection: Connection) -> bool:
        """Whether the queue has a request."""
        return bool(await connection.fetchval("SELECT EXISTS (SELECT 1 FROM reset_request)"))

    async def take(self, connection: Connection) -> ResetRequest | None:
        """Removes and returns the first request; None if the queue is empty."""
        row = await connection.fetchrow(
            "DELETE FROM reset_request WHERE id = "
            "(SELECT id FROM reset_request ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) "
            "RETURNING email, address, request_id"
        )
        return ResetRequest(row["email"], row["address"], row["request_id"]) if row else None

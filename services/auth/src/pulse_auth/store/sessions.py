"""The tables of auth. Every method works on the caller's connection: the transaction is the action's."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pulse_auth.model.sessions import Account, Session, TokenState, email_key, wait_after
from pulse_contracts.accounts import set_digest
from pulse_postgres import Connection, Row


@dataclass(frozen=True)
class FoundToken:
    """A refresh token with everything that decides about it, its session and account locked."""

    state: TokenState
    session: Session
    account: Account


@dataclass(frozen=True)
class NewToken:
    """A refresh token to be stored: hashes alone."""

    hash: bytes
    session: UUID
    idle_ends: datetime
    parent: bytes | None = None


class AccountCopy:
    """auth's copy of the accounts."""

    async def lock(self, connection: Connection, id_: UUID) -> Account | None:
        """The account, for a change of it or of its sessions."""
        return _account(await connection.fetchrow("SELECT * FROM account WHERE id = $1 FOR UPDATE", id_))

    async def hold(self, connection: Connection, id_: UUID) -> Account | None:
        """The account, which stays as it is until the transaction ends."""
        return _account(await connection.fetchrow("SELECT * FROM account WHERE id = $1 FOR SHARE", id_))

    async def by_email(self, connection: Connection, email: str) -> Account | None:
        """The account with this e-mail in whatever case; the newest if two seem to have it for a moment."""
        query = "SELECT * FROM account WHERE email_key = $1 ORDER BY version DESC LIMIT 1"
        return _account(await connection.fetchrow(query, email_key(email)))

    async def put(self, connection: Connection, account: Account) -> bool:
        """Inserts or replaces if newer; whether it was."""
        row = await connection.fetchrow(
            "INSERT INTO account (id, version, email, email_key, name, role, active, digest) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET version = excluded.version, "
            "email = excluded.email, email_key = excluded.email_key, name = excluded.name, role = excluded.role, "
            "active = excluded.active, digest = excluded.digest WHERE account.version < excluded.version RETURNING id",
            account.id,
            account.version,
            account.email,
            email_key(account.email),
            account.name,
            account.role,
            account.active,
            account.digest,
        )
        return row is not None

    async def digest(self, connection: Connection) -> str:
        """The hash of the set, as users computes it."""
        rows = await connection.fetch("SELECT id::text AS id, version FROM account")
        return set_digest((str(row["id"]), int(row["version"])) for row in rows)


class SessionStore:
    """Sessions and their refresh tokens. Locks are taken account first, then session."""

    async def add(self, connection: Connection, session: Session, now: datetime) -> None:
        """A new session."""
        await connection.execute(
            "INSERT INTO session (id, account_id, remember, created, ends) VALUES ($1, $2, $3, $4, $5)",
            session.id,
            session.account,
            session.remember,
            now,
            session.ends,
        )

    async def add_token(self, connection: Connection, token: NewToken) -> None:
        """A new refresh token."""
        await connection.execute(
            "INSERT INTO refresh_token (hash, session_id, parent, idle_ends) VALUES ($1, $2, $3, $4)",
            token.hash,
            token.session,
            token.parent,
            token.idle_ends,
        )

    async def find(self, connection: Connection, hash_: bytes) -> FoundToken | None:
        """The token, with its account held and its session locked; None when we never gave it."""
        row = await connection.fetchrow(
            "SELECT s.id, s.account_id FROM refresh_token t JOIN session s ON s.id = t.session_id WHERE t.hash = $1",
            hash_,
        )
        if row is None:
            return None
        account = await AccountCopy().hold(connection, UUID(str(row["account_id"])))
        session = await self.lock(connection, UUID(str(row["id"])))
        token = await connection.fetchrow(
            "SELECT t.idle_ends, t.used, coalesce(n.used IS NOT NULL, false) AS is_successor_used "
            "FROM refresh_token t LEFT JOIN refresh_token n ON n.parent = t.hash WHERE t.hash = $1",
            hash_,
        )
        if account is None or session is None or token is None:
            return None
        state = TokenState(
            session.ends,
            token["idle_ends"],
            session.is_revoked,
            account.active,
            token["used"],
            token["is_successor_used"],
        )
        return FoundToken(state, session, account)

    async def lock(self, connection: Connection, id_: UUID) -> Session | None:
        """The session, for a change."""
        return _session(await connection.fetchrow("SELECT * FROM session WHERE id = $1 FOR UPDATE", id_))

    async def by_id(self, connection: Connection, id_: UUID) -> Session | None:
        """The session, or None."""
        return _session(await connection.fetchrow("SELECT * FROM session WHERE id = $1", id_))

    async def use(self, connection: Connection, hash_: bytes, now: datetime) -> None:
        """The token is used up."""
        await connection.execute("UPDATE refresh_token SET used = $2 WHERE hash = $1", hash_, now)

    async def revoke(self, connection: Connection, id_: UUID, now: datetime) -> bool:
        """Ends one session; whether it was running."""
        query = "UPDATE session SET revoked = $2 WHERE id = $1 AND revoked IS NULL RETURNING id"
        return await connection.fetchval(query, id_, now) is not None

    async def revoke_all(self, connection: Connection, account: UUID, now: datetime) -> None:
        """Ends every session of an account."""
        query = "UPDATE session SET revoked = $2 WHERE account_id = $1 AND revoked IS NULL"
        await connection.execute(query, account, now)

    async def ended_since(
        self, connection: Connection, since: datetime, limit: int
    ) -> list[tuple[UUID, UUID, datetime]]:
        """Account, session and end of the sessions that were ended since then, the newest `limit`, oldest first."""
        rows = await connection.fetch(
            "SELECT account_id, id, revoked FROM session WHERE revoked >= $1 ORDER BY revoked DESC LIMIT $2",
            since,
            limit,
        )
        return [(UUID(str(row["account_id"])), UUID(str(row["id"])), row["revoked"]) for row in reversed(rows)]

    async def sweep(self, connection: Connection, ended_before: datetime) -> int:
        """Removes sessions that ended before, with their tokens; returns how many."""
        query = "WITH gone AS (DELETE FROM session WHERE ends < $1 RETURNING 1) SELECT count(*) FROM gone"
        return int(await connection.fetchval(query, ended_before))


class BackoffStore:
    """Failures in a row, by hash of the e-mail."""

    async def reserve(self, connection: Connection, key: bytes, now: datetime) -> timedelta:
        """Counts an attempt as failed before it is made, so that a hundred at once are not one; zero, or how long to
        wait instead."""
        row = await connection.fetchrow(  # the update changes nothing: it locks, even while a success deletes the row
            "INSERT INTO backoff (key, failures, until, touched) VALUES ($1, 0, $2, $2) "
            "ON CONFLICT (key) DO UPDATE SET touched = excluded.touched RETURNING failures, until",
            key,
            now,
        )
        if row is None:
            raise LookupError("an upsert gave no row")
        if row["until"] > now:
            return timedelta(seconds=(row["until"] - now).total_seconds())
        failures = int(row["failures"]) + 1
        await connection.execute(
            "UPDATE backoff SET failures = $2, until = $3, touched = $4 WHERE key = $1",
            key,
            failures,
            now + wait_after(failures),
            now,
        )
        return timedelta(0)

    async def give_back(self, connection: Connection, key: bytes, now: datetime) -> None:
        """The attempt was not made after all."""
        query = "UPDATE backoff SET failures = greatest(failures - 1, 0), until = least(until, $2) WHERE key = $1"
        await connection.execute(query, key, now)

    async def clear(self, connection: Connection, key: bytes) -> None:
        """The right password came."""
        await connection.execute("DELETE FROM backoff WHERE key = $1", key)

    async def sweep(self, connection: Connection, before: datetime) -> None:
        """Forgets failures that are older."""
        await connection.execute("DELETE FROM backoff WHERE touched < $1 AND until < $1", before)


def _account(row: Row | None) -> Account | None:
    if row is None:
        return None
    return Account(
        UUID(str(row["id"])), row["version"], row["email"], row["name"], row["role"], row["active"], row["digest"]
    )


def _session(row: Row | None) -> Session | None:
    if row is None:
        return None
    account = UUID(str(row["account_id"]))
    return Session(UUID(str(row["id"])), account, row["remember"], row["ends"], row["revoked"] is not None)

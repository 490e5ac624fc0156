"""The tables of auth. Every method works on the caller's connection: the transaction is the action's."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pulse_auth.model.sessions import Account, Place, Session, TokenState, email_key
from pulse_contracts.times import to_micros
from pulse_postgres import Connection, Row


@dataclass(frozen=True)
class FoundToken:
    """A refresh token with everything that decides about it, its session and account locked."""

    state: TokenState
    session: Session
    account: Account


@dataclass(frozen=True)
class UsedSession:
    """A session as its owner sees it. `until`: when it ends if it is not used again."""

    session: Session
    created: datetime
    last_used: datetime
    until: datetime


@dataclass(frozen=True)
class NewToken:
    """A refresh token to be stored: hashes alone."""

    hash: bytes
    session: UUID
    idle_ends: datetime
    parent: bytes | None = None


@dataclass(frozen=True)
class Revoked:
    """A session that ended, or all of an account's tokens of an earlier `generation` where `sid` is None."""

    account: UUID
    sid: str | None
    at: datetime
    generation: int | None


class AccountCopy:
    """auth's copy of the accounts."""

    async def lock(self, connection: Connection, id_: UUID) -> Account | None:
        """The account, for a change of it or of its sessions."""
        return read_account(await connection.fetchrow("SELECT * FROM account WHERE id = $1 FOR UPDATE", id_))

    async def hold(self, connection: Connection, id_: UUID) -> Account | None:
        """The account, which stays as it is until the transaction ends."""
        return read_account(await connection.fetchrow("SELECT * FROM account WHERE id = $1 FOR SHARE", id_))

    async def by_id(self, connection: Connection, id_: UUID) -> Account | None:
        """The account, or None."""
        return read_account(await connection.fetchrow("SELECT * FROM account WHERE id = $1", id_))

    async def by_email(self, connection: Connection, email: str) -> Account | None:
        """The account with this e-mail in whatever case; the newest if two seem to have it for a moment."""
        query = "SELECT * FROM account WHERE email_key = $1 ORDER BY version DESC LIMIT 1"
        return read_account(await connection.fetchrow(query, email_key(email)))

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

    async def versions(self, connection: Connection) -> list[tuple[str, int]]:
        """Each account's id and version."""
        rows = await connection.fetch("SELECT id::text AS id, version FROM account")
        return [(str(row["id"]), int(row["version"])) for row in rows]


class SessionStore:
    """Sessions and their refresh tokens. Locks are taken account first, then session."""

    async def add(self, connection: Connection, session: Session, now: datetime) -> None:
        """Stores a new session."""
        await connection.execute(
            "INSERT INTO session (id, account_id, remember, created, ends, last_used, device, address) "
            "VALUES ($1, $2, $3, $4, $5, $4, $6, $7)",
            session.id,
            session.account,
            session.remember,
            now,
            session.ends,
            session.place.device,
            session.place.address,
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
            "SELECT t.idle_ends, t.used, n.used IS NOT NULL AS is_successor_used, "
            "p.repeated_late IS NOT NULL AS is_parent_late FROM refresh_token t LEFT JOIN refresh_token n "
            "ON n.parent = t.hash LEFT JOIN refresh_token p ON p.hash = t.parent WHERE t.hash = $1",
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
            token["is_parent_late"],
        )
        return FoundToken(state, session, account)

    async def lock(self, connection: Connection, id_: UUID) -> Session | None:
        """The session, for a change."""
        return _session(await connection.fetchrow("SELECT * FROM session WHERE id = $1 FOR UPDATE", id_))

    async def by_id(self, connection: Connection, id_: UUID) -> Session | None:
        """The session, or None."""
        return _session(await connection.fetchrow("SELECT * FROM session WHERE id = $1", id_))

    async def use(self, connection: Connection, hash_: bytes, now: datetime) -> bool:
        """The token is used up; whether it was not before. Of many at once one hears yes."""
        query = "UPDATE refresh_token SET used = $2 WHERE hash = $1 AND used IS NULL RETURNING 1"
        return await connection.fetchval(query, hash_, now) is not None

    async def note_late(self, connection: Connection, hash_: bytes, now: datetime) -> None:
        """The token came again, late."""
        query = "UPDATE refresh_token SET repeated_late = coalesce(repeated_late, $2) WHERE hash = $1"
        await connection.execute(query, hash_, now)

    async def touch(self, connection: Connection, id_: UUID, place: Place, now: datetime) -> None:
        """It was used from there."""
        await connection.execute(
            "UPDATE session SET last_used = $2, device = coalesce(nullif($3, ''), device), address = $4 WHERE id = $1",
            id_,
            now,
            place.device,
            place.address,
        )

    async def running(self, connection: Connection, account: UUID, now: datetime) -> list[UsedSession]:
        """An account's sessions that may still be refreshed, the last used first."""
        rows = await connection.fetch(
            "SELECT s.*, t.idle_ends FROM session s CROSS JOIN LATERAL (SELECT max(idle_ends) AS idle_ends "
            "FROM refresh_token WHERE session_id = s.id) t WHERE s.account_id = $1 AND s.revoked IS NULL "
            "AND s.ends > $2 AND t.idle_ends > $2 ORDER BY s.last_used DESC, s.id LIMIT 500",
            account,
            now,
        )
        return [
            UsedSession(session, row["created"], row["last_used"], min(row["ends"], row["idle_ends"]))
            for row in rows
            if (session := _session(row))
        ]

    async def revoke(self, connection: Connection, id_: UUID, now: datetime) -> bool:
        """Ends one session; whether it was running."""
        query = "UPDATE session SET revoked = $2 WHERE id = $1 AND revoked IS NULL RETURNING id"
        return await connection.fetchval(query, id_, now) is not None

    async def revoke_all(self, connection: Connection, account: UUID, now: datetime) -> int:
        """Ends every session of an account; how many were running."""
        query = "UPDATE session SET revoked = $2 WHERE account_id = $1 AND revoked IS NULL AND ends > $2 RETURNING 1"
        return len(await connection.fetch(query, account, now))

    async def revoke_everybodys(self, connection: Connection, now: datetime) -> list[UUID]:
        """Ends every session there is; whose they were."""
        query = "UPDATE session SET revoked = $1 WHERE revoked IS NULL AND ends > $1 RETURNING account_id"
        return sorted({UUID(str(row["account_id"])) for row in await connection.fetch(query, now)})

    async def next_generation(self, connection: Connection, account: UUID, now: datetime) -> int:
        """Notes that all tokens of an account are revoked: those that are issued from now on carry this number. It is
        the time in milliseconds, or one more than before: a restored database goes on above all that it ever gave."""
        query = (
            "INSERT INTO token_generation AS t (account_id, generation) VALUES ($1, $2) ON CONFLICT (account_id) "
            "DO UPDATE SET generation = greatest(t.generation + 1, excluded.generation) RETURNING generation"
        )
        return int(await connection.fetchval(query, account, to_micros(now) // 1_000))

    async def note_revoked(self, connection: Connection, revoked: Revoked) -> None:
        """For the heartbeats of the next minutes."""
        query = "INSERT INTO revocation (account_id, sid, at, generation) VALUES ($1, $2, $3, $4)"
        await connection.execute(query, revoked.account, revoked.sid, revoked.at, revoked.generation)

    async def revoked_since(self, connection: Connection, since: datetime, limit: int) -> list[Revoked]:
        """What was revoked since then, the newest `limit`, oldest first."""
        rows = await connection.fetch(
            "SELECT account_id, sid, at, generation FROM revocation WHERE at >= $1 ORDER BY id DESC LIMIT $2",
            since,
            limit,
        )
        return [
            Revoked(UUID(str(row["account_id"])), row["sid"], row["at"], row["generation"]) for row in reversed(rows)
        ]

    async def forget_revoked(self, connection: Connection, before: datetime) -> None:
        """What every token has outlived."""
        await connection.execute("DELETE FROM revocation WHERE at < $1", before)

    async def sweep(self, connection: Connection, ended_before: datetime) -> int:
        """Removes sessions that ended before, with their tokens; returns how many."""
        query = "WITH gone AS (DELETE FROM session WHERE ends < $1 RETURNING 1) SELECT count(*) FROM gone"
        return int(await connection.fetchval(query, ended_before))


def read_account(row: Row | None) -> Account | None:
    """A row of `account`."""
    if row is None:
        return None
    return Account(row["id"], row["version"], row["email"], row["name"], row["role"], row["active"], row["digest"])


def _session(row: Row | None) -> Session | None:
    if row is None:
        return None
    account = UUID(str(row["account_id"]))
    place = Place(row["device"], row["address"])
    return Session(UUID(str(row["id"])), account, row["remember"], row["ends"], row["revoked"] is not None, place)

"""The tables of accounts, sessions, refresh tokens and revocations. Locks: account first, then session."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pulse_auth.model.sessions import Account, ClientInfo, Session, TokenState, email_key
from pulse_contracts.times import to_micros
from pulse_postgres import Connection, Row


@dataclass(frozen=True)
class FoundToken:
    """A refresh token with its session and account, both locked."""

    state: TokenState
    session: Session
    account: Account


@dataclass(frozen=True)
class UsedSession:
    """A session as its owner sees it. `until`: when it ends unless it is used again."""

    session: Session
    created: datetime
    last_used: datetime
    until: datetime


@dataclass(frozen=True)
class SignIns:
    """How an account signs in. `last_used`: when one of its running sessions was last used; None without one."""

    account: UUID
    has_second_factor: bool
    sessions: int
    last_used: datetime | None


@dataclass(frozen=True)
class NewToken:
    """A refresh token to store, as hashes."""

    hash: bytes
    session: UUID
    idle_ends: datetime
    parent: bytes | None = None


@dataclass(frozen=True)
class Revoked:
    """A session that ended. `sid` None: all tokens of the account with a lower `generation`."""

    account: UUID
    sid: str | None
    at: datetime
    generation: int | None


class AccountCopy:
    """auth's copy of the accounts."""

    async def lock(self, connection: Connection, id_: UUID) -> Account | None:
        """The account, locked for a change of it or of its sessions."""
        return read_account(await connection.fetchrow("SELECT * FROM account WHERE id = $1 FOR UPDATE", id_))

    async def hold(self, connection: Connection, id_: UUID) -> Account | None:
        """The account, protected against changes until the transaction ends."""
        return read_account(await connection.fetchrow("SELECT * FROM account WHERE id = $1 FOR SHARE", id_))

    async def by_id(self, connection: Connection, id_: UUID) -> Account | None:
        """The account, or None."""
        return read_account(await connection.fetchrow("SELECT * FROM account WHERE id = $1", id_))

    async def by_email(self, connection: Connection, email: str) -> Account | None:
        """The account with this e-mail in any case. If two have it for a moment, the newer one."""
        query = "SELECT * FROM account WHERE email_key = $1 ORDER BY version DESC LIMIT 1"
        return read_account(await connection.fetchrow(query, email_key(email)))

    async def put(self, connection: Connection, account: Account) -> bool:
        """Inserts the account, or replaces an older version. Returns whether it was newer."""
        row = await connection.fetchrow(
            "INSERT INTO account (id, version, email, email_key, name, role, active, digest, has_verifier) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO UPDATE SET version = excluded.version, "
            "email = excluded.email, email_key = excluded.email_key, name = excluded.name, role = excluded.role, "
            "active = excluded.active, digest = excluded.digest, has_verifier = excluded.has_verifier "
            "WHERE account.version < excluded.version RETURNING id",
            account.id,
            account.version,
            account.email,
            email_key(account.email),
            account.name,
            account.role,
            account.active,
            account.digest,
            account.has_verifier,
        )
        return row is not None

    async def versions(self, connection: Connection) -> list[tuple[str, int]]:
        """The id and version of every account."""
        rows = await connection.fetch("SELECT id::text AS id, version FROM account")
        return [(str(row["id"]), int(row["version"])) for row in rows]


class SessionStore:
    """Sessions and their refresh tokens."""

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
            session.client_info.device,
            session.client_info.address,
        )

    async def add_token(self, connection: Connection, token: NewToken) -> None:
        """Stores a new refresh token."""
        await connection.execute(
            "INSERT INTO refresh_token (hash, session_id, parent, idle_ends) VALUES ($1, $2, $3, $4)",
            token.hash,
            token.session,
            token.parent,
            token.idle_ends,
        )

    async def find(self, connection: Connection, hash_: bytes) -> FoundToken | None:
        """The token with its session and account locked; None if it is unknown."""
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
        """The session, locked for a change."""
        return _session(await connection.fetchrow("SELECT * FROM session WHERE id = $1 FOR UPDATE", id_))

    async def by_id(self, connection: Connection, id_: UUID) -> Session | None:
        """The session, or None."""
        return _session(await connection.fetchrow("SELECT * FROM session WHERE id = $1", id_))

    async def use(self, connection: Connection, hash_: bytes, now: datetime) -> bool:
        """Uses the token up. False if it was already used: of concurrent callers one gets True."""
        query = "UPDATE refresh_token SET used = $2 WHERE hash = $1 AND used IS NULL RETURNING 1"
        return await connection.fetchval(query, hash_, now) is not None

    async def record_late_repeat(self, connection: Connection, hash_: bytes, now: datetime) -> None:
        """Marks the token as repeated late."""
        query = "UPDATE refresh_token SET repeated_late = coalesce(repeated_late, $2) WHERE hash = $1"
        await connection.execute(query, hash_, now)

    async def touch(self, connection: Connection, id_: UUID, client_info: ClientInfo, now: datetime) -> None:
        """Records when and where the session was used."""
        await connection.execute(
            "UPDATE session SET last_used = $2, device = coalesce(nullif($3, ''), device), address = $4 WHERE id = $1",
            id_,
            now,
            client_info.device,
            client_info.address,
        )

    async def running(self, connection: Connection, account: UUID, now: datetime) -> list[UsedSession]:
        """The sessions of an account that can be refreshed, last used first."""
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

    async def sign_ins(self, connection: Connection, accounts: list[UUID], now: datetime) -> list[SignIns]:
        """How these accounts sign in, by id. Unknown accounts are left out."""
        rows = await connection.fetch(
            "SELECT a.id, s.n, s.last_used, EXISTS (SELECT FROM second_factor f WHERE f.account_id = a.id "
            "AND f.confirmed IS NOT NULL) AS has_factor FROM account a CROSS JOIN LATERAL (SELECT count(*) AS n, "
            "max(last_used) AS last_used FROM session s WHERE s.account_id = a.id AND s.revoked IS NULL "
            "AND s.ends > $2 AND EXISTS (SELECT FROM refresh_token t WHERE t.session_id = s.id AND t.idle_ends > $2)"
            ") s WHERE a.id = ANY ($1::uuid[]) ORDER BY a.id",
            accounts,
            now,
        )
        return [SignIns(UUID(str(r["id"])), bool(r["has_factor"]), int(r["n"]), r["last_used"]) for r in rows]

    async def revoke(self, connection: Connection, id_: UUID, now: datetime) -> bool:
        """Ends a session. False if it had already ended."""
        query = "UPDATE session SET revoked = $2 WHERE id = $1 AND revoked IS NULL RETURNING id"
        return await connection.fetchval(query, id_, now) is not None

    async def revoke_all(self, connection: Connection, account: UUID, now: datetime) -> int:
        """Ends all sessions of an account; returns how many were running."""
        query = "UPDATE session SET revoked = $2 WHERE account_id = $1 AND revoked IS NULL AND ends > $2 RETURNING 1"
        return len(await connection.fetch(query, account, now))

    async def revoke_everyone(self, connection: Connection, now: datetime) -> list[UUID]:
        """Ends all sessions of all accounts; returns the accounts."""
        query = "UPDATE session SET revoked = $1 WHERE revoked IS NULL AND ends > $1 RETURNING account_id"
        return sorted({UUID(str(row["account_id"])) for row in await connection.fetch(query, now)})

    async def next_generation(self, connection: Connection, account: UUID, now: datetime) -> int:
        """The number for tokens that are issued after all earlier ones were revoked. It is the time in milliseconds, or
        one more than the previous number if that is higher: a restored database never issues an old number again."""
        query = (
            "INSERT INTO token_generation AS t (account_id, generation) VALUES ($1, $2) ON CONFLICT (account_id) "
            "DO UPDATE SET generation = greatest(t.generation + 1, excluded.generation) RETURNING generation"
        )
        return int(await connection.fetchval(query, account, to_micros(now) // 1_000))

    async def add_revocation(self, connection: Connection, revoked: Revoked) -> None:
        """Stores a revocation for the next heartbeats."""
        query = "INSERT INTO revocation (account_id, sid, at, generation) VALUES ($1, $2, $3, $4)"
        await connection.execute(query, revoked.account, revoked.sid, revoked.at, revoked.generation)

    async def revoked_since(self, connection: Connection, since: datetime, limit: int) -> list[Revoked]:
        """The newest `limit` revocations since then, oldest first."""
        rows = await connection.fetch(
            "SELECT account_id, sid, at, generation FROM revocation WHERE at >= $1 ORDER BY id DESC LIMIT $2",
            since,
            limit,
        )
        return [
            Revoked(UUID(str(row["account_id"])), row["sid"], row["at"], row["generation"]) for row in reversed(rows)
        ]

    async def sweep_revocations(self, connection: Connection, before: datetime) -> None:
        """Deletes revocations that are older than any valid token."""
        await connection.execute("DELETE FROM revocation WHERE at < $1", before)

    async def sweep(self, connection: Connection, ended_before: datetime) -> int:
        """Deletes sessions that ended before the given time, with their tokens."""
        query = "WITH gone AS (DELETE FROM session WHERE ends < $1 RETURNING 1) SELECT count(*) FROM gone"
        return int(await connection.fetchval(query, ended_before))


def read_account(row: Row | None) -> Account | None:
    """A row of the table `account`."""
    if row is None:
        return None
    names = ("id", "version", "email", "name", "role", "active", "digest", "has_verifier")
    return Account(*(row[name] for name in names))


def _session(row: Row | None) -> Session | None:
    if row is None:
        return None
    account = UUID(str(row["account_id"]))
    client_info = ClientInfo(row["device"], row["address"])
    return Session(UUID(str(row["id"])), account, row["remember"], row["ends"], row["revoked"] is not None, client_info)

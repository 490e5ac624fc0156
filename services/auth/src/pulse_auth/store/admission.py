"""What opening a session reads and writes, in as few statements as its locks allow: each is a trip to PostgreSQL and
back, which at a sign-in costs more than what it asks for (`make bench NAME=auth`)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pulse_auth.model.sessions import FREE_FAILURES, WAITS, Account, Session, email_key
from pulse_auth.model.signing_keys import StoredKey
from pulse_auth.store.backoff import RESERVE, BackoffStore
from pulse_auth.store.second_factors import required_roles
from pulse_auth.store.sessions import NewToken, read_account
from pulse_auth.store.signing_keys import LOCK, read_key
from pulse_contracts.permissions import Role
from pulse_postgres import Connection, Row


@dataclass(frozen=True)
class Standing:
    """What decides about an account's tokens: whether its second factor is confirmed, which roles must have one, and
    the key that signs, if there is one yet."""

    is_confirmed: bool
    required: frozenset[Role]
    key: StoredKey | None

    def must_enrol(self, role: Role) -> bool:
        """Whether an account of this role must have a second factor and this one has none."""
        return role in self.required and not self.is_confirmed


class AdmissionStore:
    """From an account to a session."""

    async def reserve(
        self, connection: Connection, key: bytes, email: str, now: datetime
    ) -> tuple[timedelta, Account | None]:
        """As `BackoffStore.reserve`, and the account with this e-mail (`AccountCopy.by_email`) if there is nothing to
        wait for. The same statement for known and unknown."""
        row = await connection.fetchrow(
            f"WITH taken AS ({RESERVE}) SELECT a.*, EXISTS (SELECT 1 FROM taken) AS is_taken "  # noqa: S608  # our own text
            "FROM (SELECT 1) AS one "
            "LEFT JOIN LATERAL (SELECT * FROM account WHERE email_key = $5 ORDER BY version DESC LIMIT 1) AS a ON true",
            key,
            now,
            FREE_FAILURES,
            WAITS,
            email_key(email),
        )
        if row is None:
            raise LookupError("a question without a condition gave no row")
        if not row["is_taken"]:
            return await BackoffStore().wait(connection, key, now), None
        return timedelta(0), read_account(row) if row["id"] else None

    async def hold(self, connection: Connection, account: UUID) -> Account | None:
        """The account, and the keys: both stay as they are until the transaction ends. Read nothing else before: what
        waited here would be read from before the wait."""
        row = await connection.fetchrow(
            "SELECT *, pg_advisory_xact_lock_shared($2) FROM account WHERE id = $1 FOR SHARE", account, LOCK
        )
        return read_account(row)

    async def standing(self, connection: Connection, account: UUID, now: datetime) -> Standing:
        """As of this statement: hold what must not change before."""
        row = await connection.fetchrow(
            "SELECT k.*, (SELECT second_factor_roles FROM policy) AS required, EXISTS (SELECT 1 FROM second_factor "
            "WHERE account_id = $1 AND confirmed IS NOT NULL) AS is_confirmed FROM (SELECT 1) AS one "
            "LEFT JOIN LATERAL (SELECT * FROM signing_key WHERE not_before <= $2 AND not_after IS NULL "
            "AND private IS NOT NULL ORDER BY not_before DESC, kid DESC LIMIT 1) AS k ON true",
            account,
            now,
        )
        if row is None:
            raise LookupError("a question without a condition gave no row")
        return Standing(row["is_confirmed"], required_roles(row["required"]), read_key(row) if row["kid"] else None)

    async def open(
        self, connection: Connection, session: Session, token: NewToken, failures: bytes, now: datetime
    ) -> Row | None:
        """A new session and its first refresh token; failures that were counted under this key are forgotten. Gives the
        head of the audit trail, locked, for the entry that follows."""
        return await connection.fetchrow(
            "WITH forgiven AS (DELETE FROM backoff WHERE key = $11 RETURNING 1), opened AS ("
            "INSERT INTO session (id, account_id, remember, created, ends, last_used, device, address) "
            "VALUES ($1, $2, $3, $4, $5, $4, $6, $7)), first AS ("
            "INSERT INTO refresh_token (hash, session_id, parent, idle_ends) VALUES ($8, $1, $9, $10)) "
            # LOCK_HEAD; the count makes the failures go first: who notes a wait has them, and then wants the head
            "SELECT n, hash FROM audit_head WHERE (SELECT count(*) FROM forgiven) >= 0 FOR UPDATE",
            session.id,
            session.account,
            session.remember,
            now,
            session.ends,
            session.place.device,
            session.place.address,
            token.hash,
            token.parent,
            token.idle_ends,
            failures,
        )

"""What opening a session reads and writes, in as few statements as its locks allow: each is a trip to PostgreSQL and
back, which at a sign-in costs more than what it asks for (`make bench NAME=auth`)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from pulse_auth.model.sessions import Account, Session, email_key
from pulse_auth.model.signing_keys import StoredKey
from pulse_auth.store.backoff import RESERVE, BackoffStore
from pulse_auth.store.second_factors import required_roles
from pulse_auth.store.sessions import NewToken, read_account
from pulse_auth.store.signing_keys import LOCK, read_key
from pulse_contracts.permissions import Role
from pulse_postgres import Connection, Row, SealedEntry

_NOBODY = UUID(int=0)


@dataclass(frozen=True)
class Standing:
    """What decides about an account's tokens: whether its second factor is confirmed, which roles must have one, the
    key that signs, if there is one yet, and how often all of the account's tokens have been revoked."""

    is_confirmed: bool
    required: frozenset[Role]
    key: StoredKey | None
    generation: int = 0

    def must_enrol(self, role: Role) -> bool:
        """Whether an account of this role must have a second factor and this one has none."""
        return role in self.required and not self.is_confirmed


@dataclass(frozen=True)
class Reserved:
    """An attempt that was counted, unless there is something to wait for. `account`: whose it is; where it is nobody's,
    one that looks like any other and is switched off."""

    wait: timedelta
    account: Account
    is_known: bool


@dataclass(frozen=True)
class Opening:
    """A session as it would be opened, with its first refresh token. `failures`: the key under which failures were
    counted that are then forgotten; `is_factor_met`: whether a second factor is not asked for, if there is one."""

    session: Session
    token: NewToken
    failures: bytes
    is_factor_met: bool = False


class Outcome(Enum):
    """What came of an opening, as the function `admit` says it."""

    OPENED = "opened"
    SECOND_FACTOR_MISSING = "second_factor_missing"
    NO_KEY = "no_key"
    MOVED = "moved"


@dataclass(frozen=True)
class Admission:
    """The account, held with the keys until the transaction ends. Only `OPENED` has a session. `end`: where the audit
    trail has `MOVED` to (`Audit.move_to`)."""

    outcome: Outcome
    account: Account
    standing: Standing
    end: Row | None = None


class AdmissionStore:
    """From an account to a session."""

    async def reserve(self, connection: Connection, key: bytes, email: str, now: datetime) -> Reserved:
        """As `BackoffStore.reserve`, and the account with this e-mail (`AccountCopy.by_email`). The same statement for
        known and unknown, and as much to read. Give a connection without a transaction: its commit does not wait for
        the disk, because what answers the attempt is committed after it, and this with that. Forgotten, when PostgreSQL
        dies, is only an attempt that was told nothing."""
        row = await connection.fetchrow(
            f"WITH taken AS ({RESERVE}) SELECT coalesce(a.id, $4) AS id, coalesce(a.version, 0) AS version, "  # noqa: S608  # our own text
            "coalesce(a.email, $5) AS email, coalesce(a.name, $5) AS name, coalesce(a.role, 'user') AS role, "
            "coalesce(a.active, false) AS active, a.digest, a.id IS NOT NULL AS is_known, "
            "EXISTS (SELECT 1 FROM taken) AS is_taken, set_config('synchronous_commit', 'off', true) "
            "FROM (SELECT 1) AS one "
            "LEFT JOIN LATERAL (SELECT * FROM account WHERE email_key = $3 ORDER BY version DESC LIMIT 1) AS a ON true",
            key,
            now,
            email_key(email),
            _NOBODY,
            email,
        )
        account = read_account(row)
        if row is None or account is None:
            raise LookupError("a question without a condition gave no row")
        wait = timedelta(0) if row["is_taken"] else await BackoffStore().wait(connection, key, now)
        return Reserved(wait, account, row["is_known"])

    async def standing(self, connection: Connection, account: UUID, now: datetime) -> Standing:
        """As of this statement: hold what must not change before."""
        row = await connection.fetchrow("SELECT * FROM standing($1, $2)", account, now)
        if row is None:
            raise LookupError("a question without a condition gave no row")
        return _standing(row)

    async def admit(
        self, connection: Connection, known: Account, opening: Opening, entry: SealedEntry, now: datetime
    ) -> Admission | None:
        """Opens the session and appends its entry to the audit trail, both or neither, in one statement. None: the
        account is gone, switched off, or has another password than the known one."""
        session, token = opening.session, opening.token
        row = await connection.fetchrow(
            "SELECT * FROM admit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            known.id,
            known.digest,
            opening.is_factor_met,
            now,
            LOCK,
            opening.failures,
            session.id,
            session.remember,
            session.ends,
            session.place.device,
            session.place.address,
            token.hash,
            token.idle_ends,
            entry.follows,
            entry.row,
        )
        account = read_account(row)
        if row is None or account is None:
            return None
        outcome = Outcome(row["outcome"])
        return Admission(outcome, account, _standing(row), row if outcome is Outcome.MOVED else None)


def _standing(row: Row) -> Standing:
    key = read_key(row) if row["kid"] else None
    return Standing(row["is_confirmed"], required_roles(row["required"]), key, row["generation"])

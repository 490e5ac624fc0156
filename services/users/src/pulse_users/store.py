"""The tables of accounts. Every method works on the caller's connection: the transaction is the action's."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pulse_contracts.accounts import AccountsDigest, set_digest
from pulse_postgres import Connection, Row
from pulse_users.model import Account, NewAccount, Position, email_key

_COLUMNS = "id, email, name, role, active, digest, created_at, updated_at, version"


@dataclass(frozen=True)
class Stamp:
    """What a change is marked with: its number, and when it happened."""

    version: int
    at: datetime


class AccountStore:
    """Questions about accounts and changes to them."""

    async def next_version(self, connection: Connection) -> int:
        """Takes the number of one change, and the lock that puts changes in one order until the transaction ends."""
        return int(await connection.fetchval("UPDATE account_counter SET version = version + 1 RETURNING version"))

    async def hold(self, connection: Connection) -> None:
        """Keeps changes out until the transaction ends."""
        await connection.execute("SELECT 1 FROM account_counter FOR UPDATE")

    async def add(self, connection: Connection, id_: UUID, new: NewAccount, stamp: Stamp) -> Account | None:
        """The new account, or None when the e-mail is taken."""
        row = await connection.fetchrow(
            "INSERT INTO account (id, email, email_key, name, name_key, role, digest, created_at, updated_at, version) "  # noqa: S608  # constant columns
            f"VALUES ($1, $2, $3, $4, lower($4), $5, $6, $7, $7, $8) ON CONFLICT (email_key) DO NOTHING RETURNING {_COLUMNS}",
            id_,
            new.email,
            email_key(new.email),
            new.name,
            new.role,
            new.digest,
            stamp.at,
            stamp.version,
        )
        return _account(row) if row else None

    async def set_active(self, connection: Connection, id_: UUID, stamp: Stamp, *, active: bool) -> Account:
        """The account as it is now."""
        row = await connection.fetchrow(
            "UPDATE account SET active = $2, updated_at = $3, version = $4 "  # noqa: S608  # constant columns
            f"WHERE id = $1 RETURNING {_COLUMNS}",
            id_,
            active,
            stamp.at,
            stamp.version,
        )
        if row is None:
            raise LookupError(f"account {id_} vanished within a transaction")
        return _account(row)

    async def by_id(self, connection: Connection, id_: UUID) -> Account | None:
        """The account, or None."""
        row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM account WHERE id = $1", id_)  # noqa: S608
        return _account(row) if row else None

    async def by_email(self, connection: Connection, email: str) -> Account | None:
        """The account with this e-mail in whatever case, or None."""
        query = f"SELECT {_COLUMNS} FROM account WHERE email_key = $1"  # noqa: S608  # constant columns
        row = await connection.fetchrow(query, email_key(email))
        return _account(row) if row else None

    async def active_admins(self, connection: Connection) -> int:
        """How many accounts may administer."""
        return int(await connection.fetchval("SELECT count(*) FROM account WHERE role = 'admin' AND active"))

    async def page(self, connection: Connection, after: Position | None, limit: int) -> list[Account]:
        """Up to `limit` accounts after a position, oldest first."""
        rows = await connection.fetch(
            f"SELECT {_COLUMNS} FROM account WHERE $1::timestamptz IS NULL OR (created_at, id) > ($1, $2::uuid) "  # noqa: S608
            "ORDER BY created_at, id LIMIT $3",
            after.created if after else None,
            after.id if after else None,
            limit,
        )
        return [_account(row) for row in rows]

    async def digest(self, connection: Connection) -> AccountsDigest:
        """What tells a consumer whether it holds the same set."""
        rows = await connection.fetch("SELECT id::text AS id, version FROM account")
        pairs = [(str(row["id"]), int(row["version"])) for row in rows]
        return AccountsDigest(count=len(pairs), version=max((v for _, v in pairs), default=0), set=set_digest(pairs))

    async def is_waiting(self, connection: Connection, template: str) -> bool:
        """Whether an event of this kind waits to be published."""
        query = "SELECT EXISTS (SELECT 1 FROM outbox WHERE template = $1)"
        return bool(await connection.fetchval(query, template))


def _account(row: Row) -> Account:
    return Account(
        UUID(str(row["id"])),
        row["email"],
        row["name"],
        row["role"],
        row["active"],
        row["digest"],
        row["created_at"],
        row["updated_at"],
        row["version"],
    )

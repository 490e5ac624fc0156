"""The table of accounts, including tombstones, and the counter that orders all changes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pulse_contracts.accounts import AccountsDigest, set_digest, set_sum
from pulse_contracts.times import from_micros
from pulse_postgres import Connection, Row
from pulse_users.model.accounts import Account, NewAccount, email_key, name_key
from pulse_users.model.listing import Column, Listing, Position

_COLUMNS = "id, email, name, role, active, digest, created_at, updated_at, version, deleted_at, verifier, state_version"
_ORDER: dict[Column, tuple[str, str]] = {
    "name": ('name_key COLLATE "C"', "text"),
    "email": ('email_key COLLATE "C"', "text"),
    "created": ("created_at", "timestamptz"),
    "updated": ("updated_at", "timestamptz"),
}
_MATCHING = (
    "deleted_at IS NULL AND ($1::text IS NULL OR strpos(name_key, $1) > 0 OR strpos(email_key, $1) > 0) "
    "AND ($2::text IS NULL OR role = $2) AND ($3::text IS NULL OR $3 = "
    "CASE WHEN NOT active THEN 'inactive' WHEN digest IS NULL THEN 'invited' ELSE 'active' END)"
)


@dataclass(frozen=True)
class Stamp:
    """The version and the time of a change."""

    version: int
    at: datetime


class AccountStore:
    """Accounts by id and e-mail."""

    async def next_version(self, connection: Connection, floor: int) -> int:
        """The version of one change: higher than the last one, and at least `floor`. Also takes the lock that orders
        changes until the transaction ends."""
        query = "UPDATE account_counter SET version = greatest(version + 1, $1) RETURNING version"
        return int(await connection.fetchval(query, floor))

    async def hold(self, connection: Connection) -> None:
        """Blocks changes until the transaction ends."""
        await connection.execute("SELECT 1 FROM account_counter FOR UPDATE")

    async def add(self, connection: Connection, id_: UUID, new: NewAccount, stamp: Stamp) -> Account | None:
        """Inserts an account; None if its e-mail is taken."""
        row = await connection.fetchrow(
            "INSERT INTO account (id, email, email_key, name, name_key, role, digest, created_at, updated_at, version, "  # noqa: S608
            "verifier, state_version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $9) "
            f"ON CONFLICT (email_key) DO NOTHING RETURNING {_COLUMNS}",
            id_,
            new.email,
            email_key(new.email),
            new.name,
            name_key(new.name),
            new.role,
            new.hashes.digest if new.hashes else None,
            stamp.at,
            stamp.version,
            new.hashes.verifier if new.hashes else None,
        )
        return _account(row) if row else None

    async def put(self, connection: Connection, account: Account, stamp: Stamp) -> Account:
        """Replaces an account with this stamp. A change of `active` is a new `state_version`. The caller holds the
        counter and has checked that the e-mail is free."""
        row = await connection.fetchrow(
            "UPDATE account SET email = $2, email_key = $3, name = $4, name_key = $5, role = $6, active = $7, "  # noqa: S608
            "digest = $8, updated_at = $9, version = $10, verifier = $11, "
            "state_version = CASE WHEN active = $7 THEN state_version ELSE $10 END "
            f"WHERE id = $1 RETURNING {_COLUMNS}",
            account.id,
            account.email,
            email_key(account.email),
            account.name,
            name_key(account.name),
            account.role,
            account.active,
            account.digest,
            stamp.at,
            stamp.version,
            account.verifier,
        )
        return _required(row, account.id)

    async def replace_by_tombstone(self, connection: Connection, id_: UUID, stamp: Stamp) -> Account:
        """Replaces an account by its tombstone."""
        row = await connection.fetchrow(
            "UPDATE account SET email = NULL, email_key = NULL, name = '', name_key = '', digest = NULL, "  # noqa: S608
            "verifier = NULL, active = false, deleted_at = $2, updated_at = $2, version = $3, "
            f"state_version = $3 WHERE id = $1 RETURNING {_COLUMNS}",
            id_,
            stamp.at,
            stamp.version,
        )
        return _required(row, id_)

    async def by_id(self, connection: Connection, id_: UUID) -> Account | None:
        """The account; None if it does not exist or is deleted."""
        query = f"SELECT {_COLUMNS} FROM account WHERE id = $1 AND deleted_at IS NULL"  # noqa: S608  # constant columns
        row = await connection.fetchrow(query, id_)
        return _account(row) if row else None

    async def by_ids(self, connection: Connection, ids: list[UUID]) -> dict[UUID, Account]:
        """The existing accounts among these ids."""
        query = f"SELECT {_COLUMNS} FROM account WHERE id = ANY($1) AND deleted_at IS NULL"  # noqa: S608
        return {account.id: account for account in map(_account, await connection.fetch(query, ids))}

    async def by_email(self, connection: Connection, email: str) -> Account | None:
        """The account with this e-mail in any case, or None."""
        query = f"SELECT {_COLUMNS} FROM account WHERE email_key = $1"  # noqa: S608  # constant columns
        row = await connection.fetchrow(query, email_key(email))
        return _account(row) if row else None

    async def administrators(self, connection: Connection) -> set[UUID]:
        """The active administrators that have a password."""
        query = "SELECT id FROM account WHERE role = 'admin' AND active AND digest IS NOT NULL"
        return {UUID(str(row["id"])) for row in await connection.fetch(query)}

    async def page(self, connection: Connection, listing: Listing, after: Position | None, limit: int) -> list[Account]:
        """Up to `limit` accounts of a list, after a position."""
        expression, kind = _ORDER[listing.column]
        relation, direction = ("<", "DESC") if listing.is_descending else (">", "ASC")
        beyond = f"AND ({expression}, id) {relation} ($5::{kind}, $6::uuid)" if after else ""
        parameters: list[object] = [listing.folded_search, listing.role, listing.state, limit]
        if after:
            parameters += [from_micros(after.key) if isinstance(after.key, int) else after.key, after.id]
        rows = await connection.fetch(
            f"SELECT {_COLUMNS} FROM account WHERE {_MATCHING} {beyond} "  # noqa: S608  # constant words
            f"ORDER BY {expression} {direction}, id {direction} LIMIT $4",
            *parameters,
        )
        return [_account(row) for row in rows]

    async def count(self, connection: Connection, listing: Listing) -> int:
        """The number of accounts on all pages of a list."""
        query = f"SELECT count(*) FROM account WHERE {_MATCHING}"  # noqa: S608  # constant words
        return int(await connection.fetchval(query, listing.folded_search, listing.role, listing.state))

    async def everything(self, connection: Connection, after: Account | None, limit: int) -> list[Account]:
        """Up to `limit` accounts and tombstones after `after`, oldest first."""
        rows = await connection.fetch(
            f"SELECT {_COLUMNS} FROM account WHERE $1::timestamptz IS NULL OR (created_at, id) > ($1, $2::uuid) "  # noqa: S608
            "ORDER BY created_at, id LIMIT $3",
            after.created if after else None,
            after.id if after else None,
            limit,
        )
        return [_account(row) for row in rows]

    async def digest(self, connection: Connection) -> AccountsDigest:
        """The digest of all accounts and tombstones, by which consumers detect missing events."""
        rows = await connection.fetch("SELECT id::text AS id, version FROM account")
        pairs = [(str(row["id"]), int(row["version"])) for row in rows]
        newest = max((version for _, version in pairs), default=0)
        return AccountsDigest(count=len(pairs), version=newest, set=set_digest(pairs), sum=set_sum(pairs))

    async def is_waiting(self, connection: Connection, template: str) -> bool:
        """Whether an event of this topic is in the outbox."""
        query = "SELECT EXISTS (SELECT 1 FROM outbox WHERE template = $1)"
        return bool(await connection.fetchval(query, template))


def _required(row: Row | None, id_: UUID) -> Account:
    if row is None:
        raise LookupError(f"account {id_} vanished within a transaction")
    return _account(row)


def _account(row: Row) -> Account:
    return Account(
        UUID(str(row["id"])),
        row["email"] or "",
        row["name"],
        row["role"],
        row["active"],
        row["digest"],
        row["created_at"],
        row["updated_at"],
        row["version"],
        row["deleted_at"],
        row["verifier"],
        row["state_version"],
    )

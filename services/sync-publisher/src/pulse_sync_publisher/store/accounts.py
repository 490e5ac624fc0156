"""The copy of the accounts."""

from collections.abc import Collection
from uuid import UUID

from pulse_contracts.times import from_micros, to_micros
from pulse_postgres import Connection, Row
from pulse_sync_publisher.model.entitlement import Person
from pulse_sync_publisher.model.records import Account

COLUMNS = "id, src, email, name, role, active, deleted, verifier, changed, at_users, is_kept"


class AccountStore:
    """Accounts by id."""

    async def by_ids(self, connection: Connection, ids: Collection[str]) -> dict[str, Account]:
        """The known accounts among these ids."""
        query = f"SELECT {COLUMNS} FROM account WHERE id = ANY($1::uuid[])"  # noqa: S608  # constant columns
        return {account.id: account for account in map(account_of, await connection.fetch(query, list(ids)))}

    async def by_id(self, connection: Connection, id_: str) -> Account | None:
        """One account, or None."""
        return (await self.by_ids(connection, [id_])).get(id_)

    async def by_email(self, connection: Connection, email: str) -> Account | None:
        """The account with this e-mail, in any case; None if there is none."""
        query = f"SELECT {COLUMNS} FROM account WHERE lower(email) = lower($1) AND NOT deleted"  # noqa: S608
        row = await connection.fetchrow(query, email)
        return account_of(row) if row else None

    async def all(self, connection: Connection) -> dict[str, Account]:
        """Every account, deleted ones included."""
        rows = await connection.fetch(f"SELECT {COLUMNS} FROM account")  # noqa: S608  # constant columns
        return {account.id: account for account in map(account_of, rows)}

    async def people(self, connection: Connection) -> dict[str, Person]:
        """What rules see of every account that is not deleted."""
        rows = await connection.fetch(
            "SELECT id::text AS id, role, active AND at_users IS NULL AS may FROM account WHERE NOT deleted"
        )
        return {row["id"]: Person(row["id"], row["role"], row["may"]) for row in rows}

    async def versions(self, connection: Connection) -> list[tuple[str, int]]:
        """Ids of all accounts with their versions at users."""
        query = "SELECT id::text AS id, coalesce(at_users, src) AS n FROM account WHERE at_users IS DISTINCT FROM 0"
        return [(row["id"], row["n"]) for row in await connection.fetch(query)]

    async def count_revoked(self, connection: Connection) -> int:
        """The number of accounts that stay revoked since users was restored."""
        return int(await connection.fetchval("SELECT count(*) FROM account WHERE at_users IS NOT NULL"))

    async def count_kept(self, connection: Connection) -> int:
        """The number of accounts that stay revoked although users has them as active."""
        return int(await connection.fetchval("SELECT count(*) FROM account WHERE is_kept"))

    async def put_at_users(self, connection: Connection, accounts: Collection[Account]) -> None:
        """Stores `at_users` of these accounts."""
        await connection.execute(
            "UPDATE account a SET at_users = n.at_users FROM unnest($1::uuid[], $2::bigint[]) AS n (id, at_users) "
            "WHERE a.id = n.id",
            [one.id for one in accounts],
            [one.at_users for one in accounts],
        )

    async def put(self, connection: Connection, accounts: Collection[Account]) -> None:
        """Inserts or replaces accounts. The caller has checked that they are newer."""
        await connection.executemany(
            f"INSERT INTO account ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, $10) "  # noqa: S608
            "ON CONFLICT (id) DO UPDATE SET src = $2, email = $3, name = $4, role = $5, active = $6, deleted = $7, "
            "verifier = $8, changed = $9, at_users = NULL, is_kept = $10",
            [
                (
                    UUID(one.id),
                    one.src,
                    one.email,
                    one.name,
                    one.role,
                    one.active,
                    one.deleted,
                    one.verifier,
                    from_micros(one.changed),
                    one.is_kept,
                )
                for one in accounts
            ],
        )


def account_of(row: Row) -> Account:
    """An account from its row."""
    return Account(
        str(row["id"]),
        row["src"],
        row["email"],
        row["name"],
        row["role"],
        row["active"],
        row["verifier"],
        to_micros(row["changed"]),
        row["deleted"],
        row["at_users"],
        is_kept=row["is_kept"],
    )

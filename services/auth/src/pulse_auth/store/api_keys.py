"""The table of API keys."""

from datetime import datetime
from uuid import UUID

from pulse_auth.model.api_keys import ApiKey
from pulse_contracts.permissions import read_scope
from pulse_postgres import Connection, Row


class ApiKeyStore:
    """API keys by id and by account."""

    async def add(self, connection: Connection, key: ApiKey) -> None:
        """Stores a new key."""
        await connection.execute(
            "INSERT INTO api_key (id, account_id, name, scope, hash, created, expires) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7)",
            key.id,
            key.account,
            key.name,
            sorted(key.scope),
            key.hash,
            key.created,
            key.expires,
        )

    async def count(self, connection: Connection, account: UUID, now: datetime) -> int:
        """The number of valid keys of an account."""
        query = "SELECT count(*) FROM api_key WHERE account_id = $1 AND revoked IS NULL AND expires > $2"
        return int(await connection.fetchval(query, account, now))

    async def of_account(self, connection: Connection, account: UUID) -> list[ApiKey]:
        """The keys that are not revoked, newest first."""
        query = "SELECT * FROM api_key WHERE account_id = $1 AND revoked IS NULL ORDER BY created DESC, id"
        return [_key(row) for row in await connection.fetch(query, account)]

    async def by_id(self, connection: Connection, id_: UUID) -> ApiKey | None:
        """The key, revoked or not."""
        row = await connection.fetchrow("SELECT * FROM api_key WHERE id = $1", id_)
        return _key(row) if row else None

    async def touch(self, connection: Connection, id_: UUID, now: datetime) -> bool:
        """Records the time of use. False if the key is revoked."""
        query = "UPDATE api_key SET last_used = $2 WHERE id = $1 AND revoked IS NULL RETURNING 1"
        return await connection.fetchval(query, id_, now) is not None

    async def revoke(self, connection: Connection, account: UUID, id_: UUID, now: datetime) -> ApiKey | None:
        """Revokes a key of the account. None if there is no such key that is not revoked."""
        row = await connection.fetchrow(
            "UPDATE api_key SET revoked = $3 WHERE id = $2 AND account_id = $1 AND revoked IS NULL RETURNING *",
            account,
            id_,
            now,
        )
        return _key(row) if row else None

    async def revoke_all(self, connection: Connection, account: UUID, now: datetime) -> int:
        """Revokes all keys of an account; returns their number."""
        query = "UPDATE api_key SET revoked = $2 WHERE account_id = $1 AND revoked IS NULL RETURNING 1"
        return len(await connection.fetch(query, account, now))

    async def remove_all(self, connection: Connection, account: UUID) -> None:
        """Deletes all keys of an account."""
        await connection.execute("DELETE FROM api_key WHERE account_id = $1", account)

    async def sweep(self, connection: Connection, before: datetime) -> None:
        """Deletes keys that were revoked or expired before the given time."""
        await connection.execute("DELETE FROM api_key WHERE least(revoked, expires) < $1", before)


def _key(row: Row) -> ApiKey:
    return ApiKey(
        UUID(str(row["id"])),
        UUID(str(row["account_id"])),
        row["name"],
        read_scope(" ".join(row["scope"])),
        row["hash"],
        row["created"],
        row["expires"],
        row["last_used"],
        row["revoked"],
    )

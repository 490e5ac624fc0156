"""The table of API keys."""

from datetime import datetime
from uuid import UUID

from pulse_auth.model.api_keys import ApiKey
from pulse_contracts.permissions import read_scope
from pulse_postgres import Connection, Row


class ApiKeyStore:
    """API keys by id and by account."""

    async def add(self, connection: Connection, key: ApiKey) -> None:
        """A new one."""
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
        """How many an account has that still open something."""
        query = "SELECT count(*) FROM api_key WHERE account_id = $1 AND revoked IS NULL AND expires > $2"
        return int(await connection.fetchval(query, account, now))

    async def of_account(self, connection: Connection, account: UUID) -> list[ApiKey]:
        """All that are not revoked, the newest first."""
        query = "SELECT * FROM api_key WHERE account_id = $1 AND revoked IS NULL ORDER BY created DESC, id"
        return [_key(row) for row in await connection.fetch(query, account)]

    async def by_id(self, connection: Connection, id_: UUID) -> ApiKey | None:
        """One, revoked or not."""
        row = await connection.fetchrow("SELECT * FROM api_key WHERE id = $1", id_)
        return _key(row) if row else None

    async def touch(self, connection: Connection, id_: UUID, now: datetime) -> bool:
        """It was used; False when it was revoked meanwhile."""
        query = "UPDATE api_key SET last_used = $2 WHERE id = $1 AND revoked IS NULL RETURNING 1"
        return await connection.fetchval(query, id_, now) is not None

    async def revoke(self, connection: Connection, account: UUID, id_: UUID, now: datetime) -> ApiKey | None:
        """Revokes an account's key; None when it has none of this id that is not revoked."""
        row = await connection.fetchrow(
            "UPDATE api_key SET revoked = $3 WHERE id = $2 AND account_id = $1 AND revoked IS NULL RETURNING *",
            account,
            id_,
            now,
        )
        return _key(row) if row else None

    async def revoke_all(self, connection: Connection, account: UUID, now: datetime) -> int:
        """Revokes all of an account's keys; how many."""
        query = "UPDATE api_key SET revoked = $2 WHERE account_id = $1 AND revoked IS NULL RETURNING 1"
        return len(await connection.fetch(query, account, now))

    async def remove_all(self, connection: Connection, account: UUID) -> None:
        """An account's keys are gone without a trace."""
        await connection.execute("DELETE FROM api_key WHERE account_id = $1", account)

    async def sweep(self, connection: Connection, before: datetime) -> None:
        """Removes what was revoked or expired before."""
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

"""The desired accounts of the broker, with sealed secrets, and which of them the broker has."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pulse_contracts.topics import Party
from pulse_postgres import Connection, Row


@dataclass(frozen=True)
class StoredCredential:
    """An account of the broker. `secret` is sealed; None if the broker should not have the account."""

    name: str
    party: Party
    secret: str | None = field(repr=False)
    is_enabled: bool
    version: int
    is_adopted: bool = False
    has_free_client_id: bool = False


class BrokerStore:
    """The desired state, and how much of it was applied."""

    async def put(
        self,
        connection: Connection,
        name: str,
        party: Party,
        secret: str,
        *,
        is_adopted: bool = False,
        has_free_client_id: bool = False,
    ) -> None:
        """Adds an account or replaces its secret. Does not change whether it is enabled."""
        await connection.execute(
            "INSERT INTO broker_credential AS b (name, party, secret, is_adopted, has_free_client_id) "
            "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO UPDATE SET secret = $3, party = $2, is_adopted = $4, "
            "has_free_client_id = $5, version = b.version + 1",
            name,
            party,
            secret,
            is_adopted,
            has_free_client_id,
        )

    async def enable(self, connection: Connection, name: str, *, is_enabled: bool) -> None:
        """Enables or disables an account."""
        await connection.execute(
            "UPDATE broker_credential SET is_enabled = $2, version = version + 1 WHERE name = $1", name, is_enabled
        )

    async def remove(self, connection: Connection, name: str) -> None:
        """Marks an account for removal and destroys its secret."""
        await connection.execute(
            "UPDATE broker_credential SET secret = NULL, is_enabled = true, version = version + 1 WHERE name = $1",
            name,
        )

    async def by_name(self, connection: Connection, name: str) -> StoredCredential | None:
        """The account, or None."""
        row = await connection.fetchrow("SELECT * FROM broker_credential WHERE name = $1", name)
        return _credential(row) if row else None

    async def all(self, connection: Connection) -> list[StoredCredential]:
        """All accounts, by name."""
        return [_credential(row) for row in await connection.fetch("SELECT * FROM broker_credential ORDER BY name")]

    async def waiting(self, connection: Connection, limit: int) -> list[StoredCredential]:
        """Accounts with changes that the broker may not have."""
        query = "SELECT * FROM broker_credential WHERE applied < version ORDER BY name LIMIT $1"
        return [_credential(row) for row in await connection.fetch(query, limit)]

    async def applied(self, connection: Connection, found: Sequence[StoredCredential]) -> None:
        """Records that the broker has these versions."""
        await connection.execute(
            "UPDATE broker_credential b SET applied = greatest(b.applied, v.version) FROM "
            "unnest($1::text[], $2::bigint[]) AS v(name, version) WHERE b.name = v.name",
            [one.name for one in found],
            [one.version for one in found],
        )

    async def is_mine(self, connection: Connection, key: int) -> bool:
        """Whether this transaction got the lock: one replica at a time talks to the broker."""
        return bool(await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", key))


def _credential(row: Row) -> StoredCredential:
    names = ("name", "party", "secret", "is_enabled", "version", "is_adopted", "has_free_client_id")
    return StoredCredential(*(row[name] for name in names))

"""The table of signing keys, and the lock that orders replicas."""

from datetime import datetime

from pulse_auth.model.signing_keys import StoredKey
from pulse_postgres import Connection, Row

_LOCK = 0x70756C7365_01
"""Advisory lock of `signing_key`: exclusive while keys rotate, shared while a session is opened."""


class SigningKeyStore:
    """Signing keys."""

    async def lock(self, connection: Connection) -> None:
        """Keeps other transactions from rotating keys and opening sessions until this one ends."""
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)

    async def hold(self, connection: Connection) -> None:
        """Keeps other transactions from rotating keys until this one ends."""
        await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", _LOCK)

    async def all(self, connection: Connection) -> list[StoredKey]:
        """All keys."""
        return [read_key(row) for row in await connection.fetch("SELECT * FROM signing_key ORDER BY not_before, kid")]

    async def add(self, connection: Connection, key: StoredKey) -> None:
        """Stores a new key."""
        await connection.execute(
            "INSERT INTO signing_key (kid, public, private, created, not_before) VALUES ($1, $2, $3, $4, $5)",
            key.kid,
            key.public,
            key.private,
            key.created,
            key.not_before,
        )

    async def begin(self, connection: Connection, kid: str, at: datetime) -> None:
        """Sets when the key starts to sign."""
        await connection.execute("UPDATE signing_key SET not_before = $2 WHERE kid = $1", kid, at)

    async def end(self, connection: Connection, kid: str, until: datetime) -> None:
        """Destroys the private key. The public key verifies until `until`."""
        query = "UPDATE signing_key SET private = NULL, not_after = $2 WHERE kid = $1 AND not_after IS NULL"
        await connection.execute(query, kid, until)

    async def end_all(self, connection: Connection, at: datetime) -> None:
        """Destroys all private keys. No key verifies after `at`."""
        await connection.execute(
            "UPDATE signing_key SET private = NULL, not_after = $1 WHERE not_after IS NULL OR not_after > $1", at
        )


def read_key(row: Row) -> StoredKey:
    """A row of the table `signing_key`."""
    return StoredKey(row["kid"], row["public"], row["private"], row["created"], row["not_before"], row["not_after"])

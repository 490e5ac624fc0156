"""The table of signing keys, and the lock by which replicas take turns with it."""

from datetime import datetime

from pulse_auth.model.signing_keys import StoredKey
from pulse_postgres import Connection, Row

_LOCK = 0x70756C7365_01
"""The advisory lock of `signing_key`: exclusive while keys rotate, shared while a session is opened."""


class SigningKeyStore:
    """Signing keys."""

    async def lock(self, connection: Connection) -> None:
        """Keeps other transactions from rotating keys and from opening sessions until this one ends."""
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)

    async def hold(self, connection: Connection) -> None:
        """Keeps other transactions from rotating keys until this one ends."""
        await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", _LOCK)

    async def all(self, connection: Connection) -> list[StoredKey]:
        """Every key."""
        return [read_key(row) for row in await connection.fetch("SELECT * FROM signing_key ORDER BY not_before, kid")]

    async def current(self, connection: Connection, now: datetime) -> StoredKey | None:
        """The key that signs (`model.signing_keys.current_key`)."""
        row = await connection.fetchrow(
            "SELECT * FROM signing_key WHERE not_before <= $1 AND not_after IS NULL AND private IS NOT NULL "
            "ORDER BY not_before DESC, kid DESC LIMIT 1",
            now,
        )
        return read_key(row) if row else None

    async def add(self, connection: Connection, key: StoredKey) -> None:
        """A new one."""
        await connection.execute(
            "INSERT INTO signing_key (kid, public, private, created, not_before) VALUES ($1, $2, $3, $4, $5)",
            key.kid,
            key.public,
            key.private,
            key.created,
            key.not_before,
        )

    async def begin(self, connection: Connection, kid: str, at: datetime) -> None:
        """It signs from now on."""
        await connection.execute("UPDATE signing_key SET not_before = $2 WHERE kid = $1", kid, at)

    async def end(self, connection: Connection, kid: str, until: datetime) -> None:
        """It signs no more: its private key is destroyed. It verifies until then."""
        query = "UPDATE signing_key SET private = NULL, not_after = $2 WHERE kid = $1 AND not_after IS NULL"
        await connection.execute(query, kid, until)

    async def end_all(self, connection: Connection, at: datetime) -> None:
        """None signs or verifies from now on."""
        await connection.execute(
            "UPDATE signing_key SET private = NULL, not_after = $1 WHERE not_after IS NULL OR not_after > $1", at
        )


def read_key(row: Row) -> StoredKey:
    """A row of `signing_key`."""
    return StoredKey(row["kid"], row["public"], row["private"], row["created"], row["not_before"], row["not_after"])

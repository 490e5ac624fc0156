"""The tables of the keys that services announced."""

from datetime import datetime

from pulse_auth.model.trusted_keys import AnnouncedRecord
from pulse_contracts.auth import VerificationKeyRecord
from pulse_contracts.times import to_micros
from pulse_contracts.trust import Purpose
from pulse_postgres import Connection


class TrustedKeyStore:
    """Announced keys, and the number of the set."""

    async def lock(self, connection: Connection) -> int:
        """Keeps other transactions from changing the set until this one ends. Returns its number, 0 if it is empty."""
        return int(await connection.fetchval("SELECT n FROM trusted_key_counter FOR UPDATE"))

    async def number(self, connection: Connection) -> int:
        """The number of the set. Read it in the same snapshot as the keys."""
        return int(await connection.fetchval("SELECT n FROM trusted_key_counter"))

    async def next_number(self, connection: Connection, now: datetime) -> int:
        """The number of the changed set: the time in seconds, or one more than the previous number if that is higher. A
        restored database never issues an old number again, which collectors would refuse."""
        query = "UPDATE trusted_key_counter SET n = greatest(n + 1, $1) RETURNING n"
        return int(await connection.fetchval(query, to_micros(now) // 1_000_000))

    async def all(self, connection: Connection) -> list[AnnouncedRecord]:
        """All keys, also those that are not trusted any more."""
        rows = await connection.fetch("SELECT purpose, public, announced, n FROM trusted_key ORDER BY purpose, n DESC")
        return [
            AnnouncedRecord(
                row["purpose"], VerificationKeyRecord.model_validate_json(row["public"]), row["announced"], row["n"]
            )
            for row in rows
        ]

    async def find(self, connection: Connection, purpose: Purpose, kid: str) -> VerificationKeyRecord | None:
        """The key, or None."""
        query = "SELECT public FROM trusted_key WHERE purpose = $1 AND kid = $2"
        found = await connection.fetchval(query, purpose, kid)
        return VerificationKeyRecord.model_validate_json(found) if found is not None else None

    async def add(self, connection: Connection, record: AnnouncedRecord) -> None:
        """Stores a new key."""
        await connection.execute(
            "INSERT INTO trusted_key (purpose, kid, public, announced, n) VALUES ($1, $2, $3, $4, $5)",
            record.purpose,
            record.key.kid,
            record.key.model_dump_json(),
            record.announced,
            record.n,
        )

"""Incidents, receipts, losses, entries of local audit trails, and the signing key."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pulse_contracts.mirror import LocalAuditEntry
from pulse_postgres import Connection


@dataclass(frozen=True)
class Incident:
    """Something that should not happen, and was repaired or needs attention."""

    id: int
    at: datetime
    device: str
    kind: str
    detail: str


class IncidentStore:
    """Incidents, newest first."""

    async def add(self, connection: Connection, device: str, kind: str, detail: str, now: datetime) -> None:
        """Adds one."""
        await connection.execute(
            "INSERT INTO incident (at, device, kind, detail) VALUES ($1, $2, $3, $4)", now, device, kind, detail[:500]
        )

    async def page(self, connection: Connection, device: str | None, before: int | None, limit: int) -> list[Incident]:
        """Up to `limit` incidents, of one collector or of all."""
        rows = await connection.fetch(
            "SELECT id, at, device, kind, detail FROM incident WHERE ($1::text IS NULL OR device = $1) AND "
            "($2::bigint IS NULL OR id < $2) ORDER BY id DESC LIMIT $3",
            device,
            before,
            limit,
        )
        return [Incident(row["id"], row["at"], row["device"], row["kind"], row["detail"]) for row in rows]

    async def newest(self, connection: Connection, device: str, kind: str) -> datetime | None:
        """When this kind happened last at this collector."""
        query = "SELECT max(at) FROM incident WHERE device = $1 AND kind = $2"
        found: datetime | None = await connection.fetchval(query, device, kind)
        return found

    async def sweep(self, connection: Connection, before: datetime) -> None:
        """Deletes old incidents. The audit trail keeps them."""
        await connection.execute("DELETE FROM incident WHERE at < $1", before)


class ReceiptStore:
    """When a collector acknowledged which position."""

    async def add(self, connection: Connection, device: str, seq: int, now: datetime) -> None:
        """Adds one."""
        query = "INSERT INTO receipt (device, seq, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
        await connection.execute(query, device, seq, now)

    async def forget(self, connection: Connection, device: str, after: int) -> None:
        """Deletes those behind a position: the collector has less than it had."""
        await connection.execute("DELETE FROM receipt WHERE device = $1 AND seq > $2", device, after)

    async def sweep(self, connection: Connection) -> None:
        """Deletes receipts that no entry needs any more: those of entries that were replaced."""
        await connection.execute(
            "WITH spans AS (SELECT device, seq, lag(seq, 1, 0::bigint) OVER (PARTITION BY device ORDER BY seq) AS low "
            "FROM receipt) DELETE FROM receipt r USING spans s WHERE r.device = s.device AND r.seq = s.seq AND "
            "NOT EXISTS (SELECT 1 FROM entry e WHERE e.device = s.device AND e.seq > s.low AND e.seq <= s.seq)"
        )


class LossStore:
    """The accounts whose verifiers a collector held when it was lost or deleted."""

    async def record(
        self, connection: Connection, device: str, gen: int, accounts: Collection[str], now: datetime
    ) -> None:
        """Stores the list."""
        await connection.execute(
            "INSERT INTO loss (device, gen, account, at) SELECT $1, $2, a, $4 FROM unnest($3::uuid[]) AS a "
            "ON CONFLICT DO NOTHING",
            device,
            gen,
            [UUID(account) for account in accounts],
            now,
        )

    async def of(self, connection: Connection, device: str, gen: int) -> list[str]:
        """The list of one enrolment."""
        rows = await connection.fetch(
            "SELECT account::text AS account FROM loss WHERE device = $1 AND gen = $2", device, gen
        )
        return [row["account"] for row in rows]


class LocalAuditStore:
    """Which entries of local audit trails are stored."""

    async def stored(self, connection: Connection, device: str, hashes: Collection[str]) -> dict[str, int]:
        """Those of these hashes that are stored, with their numbers."""
        query = "SELECT hash, n FROM local_audit WHERE device = $1 AND hash = ANY($2::text[])"
        return {row["hash"]: row["n"] for row in await connection.fetch(query, device, list(hashes))}

    async def add(self, connection: Connection, device: str, entries: Sequence[LocalAuditEntry], now: datetime) -> None:
        """Adds entries."""
        await connection.execute(
            "INSERT INTO local_audit (device, hash, n, at) SELECT $1, h, n, $4 FROM "
            "unnest($2::text[], $3::bigint[]) AS e (h, n) ON CONFLICT DO NOTHING",
            device,
            [entry.hash for entry in entries],
            [entry.n for entry in entries],
            now,
        )


@dataclass(frozen=True)
class StoredSigningKey:
    """The key that signs messages, sealed. `trusted`: since when auth's list has it."""

    kid: str
    private: str = field(repr=False)
    made: datetime
    trusted: datetime | None


class SigningKeyStore:
    """The signing key: one row."""

    async def read(self, connection: Connection) -> StoredSigningKey | None:
        """The key; None before the first start."""
        row = await connection.fetchrow("SELECT kid, private, made, trusted FROM signing_key")
        return StoredSigningKey(row["kid"], row["private"], row["made"], row["trusted"]) if row else None

    async def add(self, connection: Connection, key: StoredSigningKey) -> None:
        """Stores a key unless another process has stored one."""
        query = "INSERT INTO signing_key (kid, private, made) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
        await connection.execute(query, key.kid, key.private, key.made)

    async def replace(self, connection: Connection, kid: str, key: StoredSigningKey) -> None:
        """Replaces the key `kid`, unless another process has replaced it."""
        query = "UPDATE signing_key SET kid = $2, private = $3, made = $4, trusted = NULL WHERE kid = $1"
        await connection.execute(query, kid, key.kid, key.private, key.made)

    async def note_trusted(self, connection: Connection, kid: str, at: datetime | None) -> None:
        """auth's list has the key since `at`, or does not have it."""
        query = "UPDATE signing_key SET trusted = $2 WHERE kid = $1 AND (trusted IS NULL) <> ($2::timestamptz IS NULL)"
        await connection.execute(query, kid, at)

"""The owners of shards, and the leases of gateways: `shard`, `gateway_lease`."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from pulse_postgres import Database
from pulse_telemetry_gateway.model.shards import Ownership


@dataclass(frozen=True)
class ShardState:
    """gateways: those whose lease is valid. owners: every shard."""

    gateways: frozenset[str]
    owners: dict[int, Ownership]


class ShardStore:
    """PostgreSQL's clock decides when a lease has passed. Each method is one statement, so that a gateway that stops in
    the middle keeps no lock. Every method raises DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def renew(self, name: str, duration: timedelta) -> bool:
        """Extends the lease of a gateway. Returns whether it was valid until now."""
        async with self._database.connection() as connection:
            found = await connection.fetchval(
                "WITH before AS (SELECT until FROM gateway_lease WHERE name = $1) "
                "INSERT INTO gateway_lease AS l (name, until) VALUES ($1, now() + $2) "
                "ON CONFLICT (name) DO UPDATE SET until = excluded.until "
                "RETURNING COALESCE((SELECT until > now() FROM before), false)",
                name,
                duration,
            )
        return bool(found)

    async def state(self) -> ShardState:
        """The gateways with a valid lease, and the owners."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT name, NULL::smallint AS id, false AS is_ready FROM gateway_lease WHERE until > now() "
                "UNION ALL SELECT owner, id, is_ready FROM shard"
            )
        gateways = frozenset(row["name"] for row in rows if row["id"] is None)
        owners = {row["id"]: Ownership(row["name"], row["is_ready"]) for row in rows if row["id"] is not None}
        return ShardState(gateways, owners)

    async def claim(self, name: str, shards: Collection[int]) -> frozenset[int]:
        """Takes those of the shards that are free now. Returns them."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "WITH free AS (SELECT id FROM shard s WHERE id = ANY($2::smallint[]) AND (owner IS NULL OR NOT EXISTS "
                "(SELECT FROM gateway_lease l WHERE l.name = s.owner AND l.until > now())) "
                "ORDER BY id FOR UPDATE SKIP LOCKED) "
                "UPDATE shard s SET owner = $1, is_ready = false FROM free WHERE s.id = free.id RETURNING s.id",
                name,
                list(shards),
            )
        return frozenset(row["id"] for row in rows)

    async def release(self, name: str, shards: Collection[int]) -> None:
        """Gives shards up, so that other gateways can claim them."""
        async with self._database.connection() as connection:
            await connection.execute(
                "UPDATE shard SET owner = NULL, is_ready = false WHERE id = ANY($2::smallint[]) AND owner = $1",
                name,
                list(shards),
            )

    async def mark_ready(self, name: str, shards: Collection[int]) -> None:
        """Records that the owner receives the readings of these shards."""
        async with self._database.connection() as connection:
            await connection.execute(
                "UPDATE shard SET is_ready = true WHERE id = ANY($2::smallint[]) AND owner = $1 AND NOT is_ready",
                name,
                list(shards),
            )

    async def leave(self, name: str) -> None:
        """Ends the lease of a gateway, and gives all its shards up. Removes leases that passed a day ago."""
        async with self._database.connection() as connection:
            await connection.execute(
                "WITH ended AS (DELETE FROM gateway_lease WHERE name = $1 OR until < now() - interval '1 day') "
                "UPDATE shard SET owner = NULL, is_ready = false WHERE owner = $1",
                name,
            )

"""Lists old partitions with their content, and drops them with a record in the ledger."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pulse_contracts.times import to_micros
from pulse_postgres import Connection, Database
from pulse_telemetry_gateway.model.retention import ChosenDays, Kept
from pulse_telemetry_gateway.store.partitions import REMOVAL_LOCK, bounds, table_exists
from pulse_telemetry_gateway.store.retention_settings import RetentionSettingStore

_TABLES: Final[dict[str, Kept]] = {"batch": "log", "chunk": "raw", "rollup_minute": "1m", "rollup_hour": "1h"}


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition. until: it holds nothing from this time on. written: when something was last added, to the hour (0:
    unknown, and always for the log). Both in microseconds; `size` in bytes."""

    name: str
    level: Kept
    until: int
    size: int
    written: int = 0


class WrittenMeanwhile(Exception):  # a state of the world, not an error of ours
    """Something was added to the partition after it was listed."""


class RetentionStore:
    """Drops whole partitions. A lock excludes partitions that compaction is writing to."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def now(self) -> int:
        """PostgreSQL's clock in microseconds, the same for all gateways."""
        async with self._database.connection() as connection:
            return int(await connection.fetchval("SELECT (extract(epoch FROM now()) * 1000000)::bigint"))

    async def chosen(self) -> ChosenDays:
        """The days that administrators chose."""
        async with self._database.connection() as connection:
            return (await RetentionSettingStore().read(connection)).days

    async def readings(self, partition: Partition) -> dict[int, int]:
        """The readings of each device (by its number) in a partition of chunks. Empty when it was dropped."""
        async with self._database.connection() as connection:
            if not await table_exists(connection, partition.name):
                return {}
            rows = await connection.fetch(
                f"SELECT device_id, sum(n)::bigint AS n FROM {partition.name} GROUP BY device_id"  # noqa: S608  # our own name
            )
        return {row["device_id"]: row["n"] for row in rows}

    async def partitions(self) -> list[Partition]:
        """Every partition except the log's default partition, by name."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT p.relname AS parent, c.relname AS name, coalesce(pg_total_relation_size(c.oid), 0) AS size, "
                "coalesce((extract(epoch FROM w.at) * 1000000)::bigint, 0) AS written "
                "FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent "
                "LEFT JOIN partition_written w ON w.name = c.relname "
                "WHERE p.relnamespace = current_schema()::regnamespace AND p.relname = ANY($1::text[]) "
                "AND c.relname <> 'batch_default' AND c.relkind = 'r' ORDER BY c.relname",
                list(_TABLES),
            )
        return [
            Partition(row["name"], _TABLES[row["parent"]], _until(row["name"]), row["size"], row["written"])
            for row in rows
        ]

    async def needed_rows(self, name: str) -> int:
        """Rows of a log partition that are not in chunks or not in `latest` yet."""
        async with self._database.connection() as connection:
            found = await connection.fetchval(_NEEDED.format(name=name))
        return int(found)

    async def drop_log(self, partition: Partition) -> bool:
        """Drops a partition of the log. Returns False, and keeps it, when it is still needed. Locks the partition
        before it checks, so that every committed row is seen. Raises DatabaseUnavailable when another transaction uses
        it."""
        async with self._database.transaction() as connection:
            await self._lock(connection)
            # the table first, in the order of writers; from here on nobody adds to the partition or waits for it
            await connection.execute("LOCK TABLE ONLY batch IN ACCESS EXCLUSIVE MODE")
            if not await table_exists(connection, partition.name):
                return True  # another replica was faster
            await connection.execute(f"LOCK TABLE {partition.name} IN ACCESS EXCLUSIVE MODE")
            if await connection.fetchval(_IS_NEEDED.format(name=partition.name)):
                return False
            await connection.execute(f"DROP TABLE {partition.name}")
        return True

    async def drop_derived(self, partition: Partition) -> int:
        """Drops a partition of chunks or roll-ups and records, in the same transaction, how many readings of each epoch
        were removed. Returns the number of readings. Raises WrittenMeanwhile, and changes nothing, when something was
        added since the partition was listed."""
        n = 0
        async with self._database.transaction() as connection:
            await self._lock(connection)
            if not await table_exists(connection, partition.name):
                return 0  # another replica was faster
            written = await connection.fetchval(
                "DELETE FROM partition_written WHERE name = $1 RETURNING (extract(epoch FROM at) * 1000000)::bigint",
                partition.name,
            )
            if (written or 0) > partition.written:
                raise WrittenMeanwhile(partition.name)
            if partition.level == "raw":
                n = await connection.fetchval(
                    "WITH gone AS (INSERT INTO removal (device_id, epoch, n, source) "  # noqa: S608
                    f"SELECT device_id, epoch, sum(n), '{partition.name}' FROM {partition.name} "
                    "GROUP BY device_id, epoch RETURNING n) SELECT coalesce(sum(n), 0)::bigint FROM gone"
                )
            await connection.execute(f"DROP TABLE {partition.name}")
            await connection.execute(
                "INSERT INTO retained (level, since) VALUES ($1, $2) "
                "ON CONFLICT (level) DO UPDATE SET since = greatest(retained.since, excluded.since)",
                partition.level,
                partition.until,
            )
        return int(n)

    async def trim_default(self, before: datetime, most: int) -> int:
        """Deletes old rows of the log's default partition that are not needed. Returns how many."""
        async with self._database.connection() as connection:
            done = await connection.execute(
                "DELETE FROM batch_default WHERE (device_id, pos) IN (SELECT b.device_id, b.pos FROM batch_default b "
                "JOIN device d ON d.id = b.device_id JOIN compaction c ON c.device_id = b.device_id "
                "WHERE b.received < $1 AND b.pos <= least(c.pos, d.latest_pos) LIMIT $2)",
                before,
                most,
            )
        return int(done.split()[-1])

    async def _lock(self, connection: Connection) -> None:
        await connection.execute("SET LOCAL lock_timeout = '3s'")
        await connection.execute("SELECT pg_advisory_xact_lock($1)", REMOVAL_LOCK)
        await connection.execute(
            "SET LOCAL lock_timeout = '100ms'"
        )  # a waiting lock on a table blocks everyone after it


_NEEDED: Final = (
    "SELECT count(*) FROM {name} b JOIN device d ON d.id = b.device_id LEFT JOIN compaction c ON c.device_id = d.id "
    "WHERE b.pos > least(coalesce(c.pos, 0), d.latest_pos)"
)
_IS_NEEDED: Final = (  # by the key, device by device, because ingest waits meanwhile
    "SELECT EXISTS (SELECT FROM device d LEFT JOIN compaction c ON c.device_id = d.id WHERE EXISTS "
    "(SELECT FROM {name} b WHERE b.device_id = d.id AND b.pos > least(coalesce(c.pos, 0), d.latest_pos)))"
)


def _until(name: str) -> int:
    digits = name.rpartition("_")[2]
    if len(digits) == len("yyyymm"):
        return bounds((int(digits[:4]), int(digits[4:])))[1]
    day = datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC) + timedelta(days=1)
    return to_micros(day)

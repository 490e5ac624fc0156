"""Reads the batch log: exact resume, and the newest value of each series."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pulse_postgres import Database, DatabaseUnavailable
from pulse_telemetry_gateway.store.partitions import table_exists


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """One row of the log. `payload` is encoded by `model.storage.columns`; `lo` is its first sequence number."""

    pos: int
    epoch: int
    ord: int
    lo: int
    hi: int
    n: int
    payload: bytes
    received: datetime


@dataclass(frozen=True, slots=True)
class LatestReading:
    """The newest reading of a series by (ord, rank, seq). `rank` is the sequence number. For a plain device it is the
    time, capped at the time of arrival."""

    series_id: int
    ord: int
    rank: int
    epoch: int
    seq: int
    t: int
    word: int


_LOCK_NOT_AVAILABLE = "55P03"
_PARTITION_LOCK = 0x70756C736505
_COLUMNS = "pos, epoch, ord, lo, hi, n, payload, received"


class LogInUse(DatabaseUnavailable):
    """Another transaction holds a lock on the log."""


class LogStore:
    """The log is append-only: rows never change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def size_since(self, device_id: int, pos: int, most: int) -> tuple[int, int, bool]:
        """The device's feed position, the number of readings after `pos`, and whether the log still has all of them.
        The readings are not counted when there must be more than `most`, because each row holds at least one."""
        async with self._database.snapshot() as connection:
            now = await connection.fetchval("SELECT pos FROM device WHERE id = $1", device_id)
            if int(now or 0) - pos > most:
                return int(now), int(now) - pos, True
            row = await connection.fetchrow(
                "SELECT count(*) AS rows, coalesce(sum(n), 0) AS n FROM batch WHERE device_id = $1 AND pos > $2",
                device_id,
                pos,
            )
        position = int(now or 0)
        rows, readings = (int(row["rows"]), int(row["n"])) if row else (0, 0)
        return position, readings, rows == max(0, position - pos)

    async def positions(self, devices: Sequence[int]) -> dict[int, int]:
        """The committed feed positions of these devices."""
        if not devices:
            return {}
        async with self._database.connection() as connection:
            rows = await connection.fetch("SELECT id, pos FROM device WHERE id = ANY($1::int[])", list(devices))
        return {row["id"]: row["pos"] for row in rows}

    async def since(self, device_id: int, after: int, until: int) -> list[StoredBatch]:
        """The rows with a position in (after, until], in order."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f"SELECT {_COLUMNS} FROM batch WHERE device_id = $1 AND pos > $2 AND pos <= $3 ORDER BY pos",  # noqa: S608
                device_id,
                after,
                until,
            )
        return [StoredBatch(*row) for row in rows]

    async def behind_latest(self) -> list[int]:
        """Devices with log rows that are not in `latest`."""
        async with self._database.connection() as connection:
            rows = await connection.fetch("SELECT id FROM device WHERE latest_pos < pos ORDER BY id")
        return [row["id"] for row in rows]

    async def unapplied(self, device_id: int, most: int) -> list[StoredBatch]:
        """Rows that are not in `latest` yet, oldest first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f"SELECT {_COLUMNS} FROM batch WHERE device_id = $1 "  # noqa: S608
                "AND pos > (SELECT latest_pos FROM device WHERE id = $1) ORDER BY pos LIMIT $2",
                device_id,
                most,
            )
        return [StoredBatch(*row) for row in rows]

    async def apply_latest(self, device_id: int, found: Sequence[LatestReading], pos: int) -> None:
        """Moves the newest values forward, never back, and the mark to `pos`. Does nothing when the mark is already
        there, so that deleted values do not return."""
        async with self._database.transaction() as connection:
            moved = await connection.execute(
                "UPDATE device SET latest_pos = $2 WHERE id = $1 AND latest_pos < $2", device_id, pos
            )
            if moved == "UPDATE 0":
                return
            await connection.execute(
                "INSERT INTO latest AS l (series_id, ord, epoch, seq, t, word, rank) SELECT * FROM "
                "unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[]) "
                "ON CONFLICT (series_id) DO UPDATE SET ord = excluded.ord, epoch = excluded.epoch, seq = excluded.seq, "
                "t = excluded.t, word = excluded.word, rank = excluded.rank "
                "WHERE (excluded.ord, excluded.rank, excluded.seq) > (l.ord, l.rank, l.seq)",
                [f.series_id for f in found],
                [f.ord for f in found],
                [f.epoch for f in found],
                [f.seq for f in found],
                [f.t for f in found],
                [f.word for f in found],
                [f.rank for f in found],
            )

    async def make_partitions(self, today: datetime, days: int) -> None:
        """Makes one partition a day, from today on, before that day's first batch arrives. Raises LogInUse when another
        transaction holds the log for more than 100 ms, because waiting longer would block ingest."""
        for offset in range(days):
            day = (today + timedelta(days=offset)).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
            try:
                await self._make_partition(day)
            except DatabaseUnavailable as error:
                if getattr(error.__cause__, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
                    raise LogInUse("another transaction holds the log") from error
                raise

    async def _make_partition(self, day: datetime) -> None:
        name, end = f"batch_{day:%Y%m%d}", day + timedelta(days=1)
        async with self._database.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _PARTITION_LOCK)
            if await table_exists(connection, name):
                return
            await connection.execute("SET LOCAL lock_timeout = '100ms'")
            # the table first: a writer that had already chosen the default partition would fail otherwise
            await connection.execute("LOCK TABLE ONLY batch IN ACCESS EXCLUSIVE MODE")
            await connection.execute("LOCK TABLE batch_default IN ACCESS EXCLUSIVE MODE")
            await connection.execute(f"CREATE TABLE {name} (LIKE batch INCLUDING ALL)")
            # rows of that day in the default partition would prevent the attachment
            await connection.execute(
                "WITH early AS (DELETE FROM batch_default WHERE received >= $1 AND received < $2 RETURNING *) "  # noqa: S608
                f"INSERT INTO {name} SELECT * FROM early",
                day,
                end,
            )
            await connection.execute(
                f"ALTER TABLE batch ATTACH PARTITION {name} "
                f"FOR VALUES FROM ('{day.isoformat()}') TO ('{end.isoformat()}')"
            )

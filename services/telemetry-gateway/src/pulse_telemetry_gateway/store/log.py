"""Reading the batch log: exact resume, and the newest value of each series that is derived from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pulse_bus import Quarantined
from pulse_postgres import Database


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """One row of the log. `payload` is as `model.columns` writes it; `lo` its first sequence number."""

    pos: int
    epoch: int
    ord: int
    lo: int
    hi: int
    n: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class LatestReading:
    """The newest reading of a series by (ord, seq)."""

    series_id: int
    ord: int
    epoch: int
    seq: int
    t: int
    word: int


_TRIM_EVERY = 64
_ADDRESS = 512
"""Characters that are kept of a topic: MQTT allows 65,535 bytes, and the bounds count payloads."""
_PARTITION_LOCK = 0x70756C736505
_COLUMNS = "pos, epoch, ord, lo, hi, n, payload"


class LogStore:
    """The log is append-only: what is read here never changes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def size_since(self, device_id: int, pos: int, most: int) -> tuple[int, int, bool]:
        """The device's feed position, how many readings lie after `pos`, and whether the log still has all of them.
        They are not counted when there must be more than `most`: a row holds one at least."""
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
        """The feed positions of these devices as they are committed."""
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
        """Devices whose newest values are not derived up to their feed position."""
        async with self._database.connection() as connection:
            rows = await connection.fetch("SELECT id FROM device WHERE latest_pos < pos ORDER BY id")
        return [row["id"] for row in rows]

    async def unapplied(self, device_id: int, most: int) -> list[StoredBatch]:
        """Rows that `latest` does not know yet, oldest first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f"SELECT {_COLUMNS} FROM batch WHERE device_id = $1 "  # noqa: S608
                "AND pos > (SELECT latest_pos FROM device WHERE id = $1) ORDER BY pos LIMIT $2",
                device_id,
                most,
            )
        return [StoredBatch(*row) for row in rows]

    async def apply_latest(self, device_id: int, found: Sequence[LatestReading], pos: int) -> None:
        """Moves the newest values forward, never back, and the mark up to `pos`. Repeating it changes nothing."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "INSERT INTO latest AS l (series_id, ord, epoch, seq, t, word) SELECT * FROM "
                "unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) "
                "ON CONFLICT (series_id) DO UPDATE SET ord = excluded.ord, epoch = excluded.epoch, seq = excluded.seq, "
                "t = excluded.t, word = excluded.word WHERE (excluded.ord, excluded.seq) > (l.ord, l.seq)",
                [f.series_id for f in found],
                [f.ord for f in found],
                [f.epoch for f in found],
                [f.seq for f in found],
                [f.t for f in found],
                [f.word for f in found],
            )
            await connection.execute(
                "UPDATE device SET latest_pos = $2 WHERE id = $1 AND latest_pos < $2", device_id, pos
            )

    async def make_partitions(self, today: datetime, days: int) -> None:
        """One partition a day, from today on, before the first batch of that day arrives. Raises DatabaseUnavailable
        when somebody is at work in the log: whoever waits for it here holds up ingest, and there is no hurry."""
        for offset in range(days):
            day = (today + timedelta(days=offset)).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
            name, end = f"batch_{day:%Y%m%d}", day + timedelta(days=1)
            async with self._database.transaction() as connection:
                await connection.execute("SELECT pg_advisory_xact_lock($1)", _PARTITION_LOCK)
                if await connection.fetchval("SELECT to_regclass($1)", name):
                    continue
                await connection.execute("SET LOCAL lock_timeout = '100ms'")
                # the table first: a writer that had chosen the default partition already would be refused afterwards
                await connection.execute("LOCK TABLE ONLY batch IN ACCESS EXCLUSIVE MODE")
                await connection.execute("LOCK TABLE batch_default IN ACCESS EXCLUSIVE MODE")
                await connection.execute(f"CREATE TABLE {name} (LIKE batch INCLUDING ALL)")
                # rows that came before their day was there: with them in the default one, it could not be attached
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


@dataclass(frozen=True, slots=True)
class QuarantineBounds:
    """The most that is kept."""

    rows: int = 10_000
    bytes: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class QuarantinedMessage:
    """One message that nobody could use; `size` of what is kept of it, in bytes."""

    id: int
    address: str
    code: str
    detail: str
    size: int
    received: datetime


class QuarantineStore:
    """What nobody could read, kept for people to look at: the newest, within bounds."""

    def __init__(self, database: Database, bounds: QuarantineBounds | None = None) -> None:
        self._database, self._bounds = database, bounds or QuarantineBounds()

    async def put(self, item: Quarantined) -> None:
        """Keeps one message with its reason. Raises DatabaseUnavailable."""
        async with self._database.connection() as connection:
            number = await connection.fetchval(
                "INSERT INTO quarantine (address, code, detail, payload) VALUES ($1, $2, $3, $4) RETURNING id",
                item.address[:_ADDRESS],
                item.code,
                item.detail.replace("\x00", ""),
                item.payload,
            )
        if number % _TRIM_EVERY == 0:
            await self.trim()

    async def trim(self) -> None:
        """Forgets the oldest beyond the bounds."""
        async with self._database.connection() as connection:
            await connection.execute(
                "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM (SELECT id, "
                "row_number() OVER newest AS rows, sum(octet_length(payload)) OVER newest AS bytes "
                "FROM quarantine WINDOW newest AS (ORDER BY id DESC)) q WHERE rows > $1 OR bytes > $2)",
                self._bounds.rows,
                self._bounds.bytes,
            )

    async def newest(self, before: int, most: int) -> list[QuarantinedMessage]:
        """What was put away with a lower number than `before`, newest first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT id, address, code, detail, octet_length(payload) AS size, received FROM quarantine "
                "WHERE id < $1 ORDER BY id DESC LIMIT $2",
                before,
                most,
            )
        return [QuarantinedMessage(**dict(row)) for row in rows]

    async def payload(self, number: int) -> bytes | None:
        """The bytes of one, if it is still there."""
        async with self._database.connection() as connection:
            found: bytes | None = await connection.fetchval("SELECT payload FROM quarantine WHERE id = $1", number)
        return found

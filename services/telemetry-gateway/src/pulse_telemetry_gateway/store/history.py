"""Reads stored readings as of one moment: chunks, roll-ups, and log rows that are not in chunks yet."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pulse_postgres import Connection, Database
from pulse_telemetry_gateway.model.history.export_formats import SeriesName
from pulse_telemetry_gateway.model.history.levels import Retained
from pulse_telemetry_gateway.model.storage.chunks import DAY, Chunk
from pulse_telemetry_gateway.model.storage.columns import TYPES
from pulse_telemetry_gateway.model.storage.rollups import SLOTS, WIDTH, Level, Rollups
from pulse_telemetry_gateway.store.chunk_rows import CHUNK_READ, ROLLUP_READ, ROLLUP_TABLES, chunk_of, rollups_of
from pulse_telemetry_gateway.store.compaction import LogRow

_FETCH = 50
_NEVER = -(2**63)
_LOG_FETCH = 200


@dataclass(frozen=True, slots=True)
class Extent:
    """The chunks that touch a range: number of readings, how many of those were late, and their epochs."""

    n: int
    late: int
    epochs: frozenset[int]


class Snapshot:
    """One moment of the database. The answers of a snapshot hold each reading exactly once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def retained(self) -> Retained:
        """What retention has left."""
        rows = await self._connection.fetch("SELECT level, since FROM retained")
        since = {row["level"]: int(row["since"]) for row in rows}
        return Retained(since.get("raw", _NEVER), since.get("1m", _NEVER), since.get("1h", _NEVER))

    async def extent(self, series: Sequence[int], start: int, end: int) -> Extent:
        """Of the chunks that touch [start, end)."""
        row = await self._connection.fetchrow(
            "SELECT coalesce(sum(n), 0)::bigint AS n, coalesce(sum(late), 0)::bigint AS late, "
            "array_agg(DISTINCT epoch) AS epochs FROM chunk "
            "WHERE series_id = ANY($1::int[]) AND t0 >= $2 AND t0 < $4 AND t1 >= $3",
            list(series),
            start - DAY,
            start,
            end,
        )
        return Extent(row["n"], row["late"], frozenset(row["epochs"] or ())) if row else Extent(0, 0, frozenset())

    async def chunks(
        self, series: Sequence[int], start: int, end: int, at_once: int = _FETCH
    ) -> AsyncGenerator[list[Chunk], None]:
        """The chunks that touch [start, end), ordered by their first reading, `at_once` at a time."""
        cursor = await self._connection.cursor(
            f"SELECT {CHUNK_READ} FROM chunk WHERE series_id = ANY($1::int[]) "  # noqa: S608
            "AND t0 >= $2 AND t0 < $4 AND t1 >= $3 ORDER BY t0",
            list(series),
            start - DAY,
            start,
            end,
        )
        while rows := await cursor.fetch(at_once):
            yield [chunk_of(row) for row in rows]

    async def rollups(self, level: Level, kinds: Mapping[int, int], start: int, end: int) -> Rollups:
        """The roll-ups of series (given with their types) in [start, end), not merged. The range starts and ends at a
        bucket."""
        window = WIDTH[level] * SLOTS[level]
        rows = await self._connection.fetch(
            f"SELECT {ROLLUP_READ} FROM {ROLLUP_TABLES[level]} "  # noqa: S608
            "WHERE series_id = ANY($1::int[]) AND t0 >= $2 AND t0 < $3",
            list(kinds),
            start // window * window,
            end,
        )
        found = rollups_of(rows, level, kinds)
        return found.take((found.bucket >= start) & (found.bucket < end))

    async def unchunked(self, devices: Sequence[int], start: int, end: int) -> AsyncGenerator[list[LogRow], None]:
        """Log rows with readings in [start, end) that are not in chunks yet, in pages."""
        cursor = await self._connection.cursor(
            "SELECT b.pos, b.epoch, b.lo, (extract(epoch FROM b.received) * 1000000)::bigint, b.payload FROM batch b "
            "WHERE b.device_id = ANY($1::int[]) AND b.t_max >= $2 AND b.t_min < $3 AND b.pos > "
            "coalesce((SELECT c.pos FROM compaction c WHERE c.device_id = b.device_id), 0)",
            list(devices),
            start,
            end,
        )
        while rows := await cursor.fetch(_LOG_FETCH):
            yield [LogRow(*row) for row in rows]

    async def put_aside(self, devices: Sequence[int], start: int, end: int) -> int:
        """How many batches of these devices with readings in [start, end) compaction could not decode."""
        found = await self._connection.fetchval(
            "SELECT count(*) FROM unreadable WHERE device_id = ANY($1::int[]) "
            "AND coalesce(t_max >= $2 AND t_min < $3, true)",
            list(devices),
            start,
            end,
        )
        return int(found)

    async def is_clock_suspect(
        self, devices: Sequence[int], epochs: Sequence[int], limit: int, span: tuple[int, int]
    ) -> bool:
        """Whether the clock of one of these epochs was off within the span. Records in `clock_stretch` decide; an epoch
        without records was off as a whole if its least offset exceeds `limit` microseconds."""
        found = await self._connection.fetchval(
            "SELECT EXISTS (SELECT FROM clock_stretch WHERE device_id = ANY($1::int[]) AND epoch = ANY($2::bigint[]) "
            "AND day BETWEEN $4::bigint / 86400000000 - 1 AND $5::bigint / 86400000000 AND t_max >= $4 AND t_min < $5) "
            "OR EXISTS (SELECT FROM stream s WHERE device_id = ANY($1::int[]) AND epoch = ANY($2::bigint[]) "
            "AND abs(clock_offset) > $3 AND NOT EXISTS (SELECT FROM clock_stretch c "
            "WHERE c.device_id = s.device_id AND c.epoch = s.epoch))",
            list(devices),
            list(epochs),
            limit,
            *span,
        )
        return bool(found)


class HistoryStore:
    """Opens snapshots and knows the names of series."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """Raises DatabaseUnavailable."""
        async with self._database.snapshot() as connection:
            yield Snapshot(connection)

    async def names(self, series: Sequence[int]) -> dict[int, SeriesName]:
        """The names of the series that exist."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT s.id, d.name AS device, s.name, s.type, coalesce(s.given_unit, s.unit) AS unit FROM series s "
                "JOIN device d ON d.id = s.device_id WHERE s.id = ANY($1::int[])",
                list(series),
            )
        return {
            row["id"]: SeriesName(row["id"], row["device"], row["name"], TYPES.index(row["type"]), row["unit"])
            for row in rows
        }

    async def series_of(self, device: str) -> list[int]:
        """The ids of a device's series, ordered by name."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT s.id FROM series s JOIN device d ON d.id = s.device_id WHERE d.name = $1 ORDER BY s.name, s.id",
                device,
            )
        return [row["id"] for row in rows]

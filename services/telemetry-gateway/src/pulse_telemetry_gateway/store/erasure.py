"""Deletes readings from chunks, roll-ups, newest values and the log, in one transaction with the ledger's record."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from pulse_postgres import Connection, Database
from pulse_telemetry_gateway.model.plain.normalizer import TIME_KEYS
from pulse_telemetry_gateway.model.storage.chunks import DAY, Chunk, Readings, chunks_of, join, unpack
from pulse_telemetry_gateway.model.storage.rollups import SLOTS, WIDTH, Level, Rollups, merge, of_readings
from pulse_telemetry_gateway.model.storage.rollups import join as join_rollups
from pulse_telemetry_gateway.store.chunk_rows import CHUNK_READ, ROLLUP_READ, ROLLUP_TABLES, chunk_of, rollups_of
from pulse_telemetry_gateway.store.compaction import Derived, streams_of, write_streams
from pulse_telemetry_gateway.store.partitions import Partitions, month_of

_SOURCE = "deleted"


@dataclass(frozen=True, slots=True)
class DeletionTarget:
    """A series whose readings are deleted, and the number of its type."""

    series_id: int
    device_id: int
    kind: int


class ErasureStore:
    """Every method raises DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def progress(self, device_id: int) -> tuple[int, int]:
        """The device's feed position, and the position up to which its log is in chunks and in the newest values."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                "SELECT d.pos, least(d.latest_pos, coalesce(c.pos, 0)) AS done FROM device d "
                "LEFT JOIN compaction c ON c.device_id = d.id WHERE d.id = $1",
                device_id,
            )
        return (row["pos"], row["done"]) if row else (0, 0)

    @asynccontextmanager
    async def erasing(self, device_id: int, *, is_dry_run: bool) -> AsyncIterator["Deletion"]:
        """One transaction; a dry run is rolled back. Compaction of the device waits until it ends."""
        with suppress(_DryRun):
            async with self._database.transaction() as connection:
                await connection.execute("SET LOCAL lock_timeout = '10s'")
                await Partitions.hold(connection, ())
                await connection.execute("SELECT 1 FROM compaction WHERE device_id = $1 FOR UPDATE", device_id)
                yield Deletion(connection)
                if is_dry_run:
                    raise _DryRun


class _DryRun(Exception):
    """Rolls the transaction back."""


class Deletion:
    """The steps within the transaction."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def series(self, targets: Sequence[DeletionTarget]) -> int:
        """Deletes every reading of these series. Returns how many."""
        ids = [one.series_id for one in targets]
        await self._wait_for_merges(ids)
        counted = await self.connection.fetch(
            "WITH gone AS (DELETE FROM chunk WHERE series_id = ANY($1::int[]) RETURNING device_id, epoch, n), "
            "noted AS (INSERT INTO removal (device_id, epoch, n, source) SELECT device_id, epoch, sum(n), $2 FROM gone "
            "GROUP BY device_id, epoch RETURNING n) SELECT coalesce(sum(n), 0)::bigint AS n FROM noted",
            ids,
            _SOURCE,
        )
        for table in (*ROLLUP_TABLES.values(), "latest", "unfolded"):
            await self.connection.execute(f"DELETE FROM {table} WHERE series_id = ANY($1::int[])", ids)  # noqa: S608
        await self.connection.execute(
            "UPDATE series SET removed_at = now(), given_name = NULL, given_unit = NULL WHERE id = ANY($1::int[])", ids
        )
        await self.connection.execute("DELETE FROM annotation WHERE series_id = ANY($1::int[])", ids)
        await self.connection.execute(
            "UPDATE series_display SET version = version + 1, decimals = NULL, limits = '[]', expected_min = NULL, "
            "expected_max = NULL, updated_at = now(), updated_by = NULL, updated_by_name = '' "
            "WHERE series_id = ANY($1::int[])",
            ids,
        )
        return int(counted[0]["n"])

    async def range(self, one: DeletionTarget, start: int, end: int) -> int:
        """Deletes the readings of a series in [start, end). Returns how many. Where single readings were removed by
        retention, whole roll-ups at the edges are deleted."""
        await self._wait_for_merges([one.series_id])
        gone: Counter[int] = Counter()
        rows = await self.connection.fetch(
            "DELETE FROM chunk WHERE series_id = $1 AND t0 >= $2 AND t1 < $3 RETURNING epoch, n",
            one.series_id,
            start,
            end,
        )
        for row in rows:
            gone[row["epoch"]] += row["n"]
        edges = await self.connection.fetch(
            f"DELETE FROM chunk WHERE series_id = $1 AND t0 >= $2 AND t0 < $4 AND t1 >= $3 RETURNING {CHUNK_READ}",  # noqa: S608
            one.series_id,
            start - DAY,
            start,
            end,
        )
        left: list[Readings] = []
        for chunk in map(chunk_of, edges):
            readings = await asyncio.to_thread(unpack, chunk, one.kind)
            stays = (readings.t < start) | (readings.t >= end)
            gone[chunk.epoch] += int((~stays).sum())
            left.append(readings.take(stays))
        chunks = await asyncio.to_thread(chunks_of, join(left).in_order()) if left else []
        await self._write(one, chunks, {})
        for level in ROLLUP_TABLES:
            await self._rollups(one, level, start, end)
        await self._note(one.device_id, gone)
        await self._newest(one, start, end)
        return gone.total()

    async def log(self, device_id: int) -> None:
        """Deletes the log rows that are in chunks already, because they hold the deleted readings too. A viewer that
        resumes from them is told to load history."""
        await self.connection.execute(
            "DELETE FROM batch WHERE device_id = $1 AND pos <= "
            "(SELECT least(d.latest_pos, c.pos) FROM device d JOIN compaction c ON c.device_id = d.id WHERE d.id = $1)",
            device_id,
        )

    async def device(self, device_id: int) -> None:
        """Hides the device until it sends again, and deletes its names, settings, annotations, history of connections
        and quarantined messages."""
        await self.connection.execute(
            "UPDATE device SET removed_at = now(), display_name = '', given_name = NULL, online = NULL, "
            "waiting = NULL, oldest_waiting = NULL, buffer_fill = NULL, full_at = NULL, version = '', "
            "noted_online = NULL WHERE id = $1",
            device_id,
        )
        # The version goes on, so that a page from before the deletion cannot overwrite what is saved after it.
        await self.connection.execute(
            "UPDATE plain_setting SET version = version + 1, takes_text = true, time_keys = $2, time_zone = 'UTC', "
            "left_out = '{}', updated_at = now(), updated_by = NULL, updated_by_name = '' WHERE device_id = $1",
            device_id,
            list(TIME_KEYS),
        )
        for table in ("plain_skipped", "clock_stretch", "annotation", "connection_event"):
            await self.connection.execute(f"DELETE FROM {table} WHERE device_id = $1", device_id)  # noqa: S608
        await self.connection.execute(
            "WITH gone AS (DELETE FROM unreadable WHERE device_id = $1 RETURNING epoch, n) "
            "INSERT INTO removal (device_id, epoch, n, source) SELECT $1, epoch, sum(n), $2 FROM gone GROUP BY epoch",
            device_id,
            _SOURCE,
        )
        await self.connection.execute(
            "WITH gone AS (DELETE FROM quarantine_reason r USING device d WHERE d.id = $1 AND "
            "r.device = d.name RETURNING r.id) DELETE FROM quarantine q USING gone WHERE q.reason_id = gone.id",
            device_id,
        )

    async def _wait_for_merges(self, series: Sequence[int]) -> None:
        """Waits for running merges, which would restore the deleted readings. A merge locks these rows until its
        commit."""
        await self.connection.execute(
            "SELECT 1 FROM unfolded WHERE series_id = ANY($1::int[]) FOR UPDATE", list(series)
        )

    async def _rollups(self, one: DeletionTarget, level: Level, start: int, end: int) -> None:
        width, window = WIDTH[level], WIDTH[level] * SLOTS[level]
        rows = await self.connection.fetch(
            f"DELETE FROM {ROLLUP_TABLES[level]} WHERE series_id = $1 AND t0 > $2 AND t0 < $3 RETURNING {ROLLUP_READ}",  # noqa: S608
            one.series_id,
            start - window,
            end,
        )
        if not rows:
            return
        found = rollups_of(rows, level, {one.series_id: one.kind})
        kept = found.take((found.bucket + width <= start) | (found.bucket >= end))
        edges = {start // width * width, (end - 1) // width * width}
        recomputed = [await self._bucket(one, edge, width) for edge in edges if edge < start or edge + width > end]
        await self._write(one, [], {level: merge(join_rollups([kept, *recomputed]))})

    async def _bucket(self, one: DeletionTarget, start: int, width: int) -> Rollups:
        """A bucket computed from the remaining readings."""
        rows = await self.connection.fetch(
            f"SELECT {CHUNK_READ} FROM chunk WHERE series_id = $1 AND t0 >= $2 AND t0 < $4 AND t1 >= $3",  # noqa: S608
            one.series_id,
            start - DAY,
            start,
            start + width,
        )
        found = join([unpack(chunk_of(row), one.kind) for row in rows])
        return of_readings(found.take((found.t >= start) & (found.t < start + width)), width)

    async def _write(self, one: DeletionTarget, chunks: Sequence[Chunk], rollups: dict[Level, Rollups]) -> None:
        some = {level: found for level, found in rollups.items() if len(found)}
        if not chunks and not some:
            return
        starts = [chunk.t.start for chunk in chunks] + [
            int(b) for found in some.values() for b in found.bucket[[0, -1]]
        ]
        months = {month_of(t) for t in starts}
        tables = [*(["chunk"] if chunks else []), *(ROLLUP_TABLES[level] for level in some)]
        if not await Partitions.hold(self.connection, months, tables):
            raise RuntimeError("a partition disappeared while it was locked")
        await write_streams(self.connection, await asyncio.to_thread(streams_of, one.device_id, Derived(chunks, some)))
        await Partitions.note_written(self.connection, months, tables)

    async def _note(self, device_id: int, gone: Counter[int]) -> None:
        await self.connection.executemany(
            "INSERT INTO removal (device_id, epoch, n, source) VALUES ($1, $2, $3, $4)",
            [(device_id, epoch, n, _SOURCE) for epoch, n in gone.items() if n],
        )

    async def _newest(self, one: DeletionTarget, start: int, end: int) -> None:
        """When the newest value was deleted, the reading with the latest time becomes the newest."""
        deleted = await self.connection.execute(
            "DELETE FROM latest WHERE series_id = $1 AND t >= $2 AND t < $3", one.series_id, start, end
        )
        if deleted == "DELETE 0":
            return
        row = await self.connection.fetchrow(
            f"SELECT {CHUNK_READ} FROM chunk WHERE series_id = $1 ORDER BY t1 DESC LIMIT 1",  # noqa: S608
            one.series_id,
        )
        if row is None:
            return
        found = unpack(chunk_of(row), one.kind)
        epoch, seq, t, word = (int(column[-1]) for column in (found.epoch, found.seq, found.t, found.word))
        await self.connection.execute(
            "INSERT INTO latest (series_id, ord, epoch, seq, t, word, rank) SELECT $1, s.ord, $3, $4, $5, $6, "
            "CASE WHEN $3::bigint = 0 THEN least($5::bigint, (extract(epoch FROM now()) * 1000000)::bigint) "
            "ELSE $4::bigint END FROM stream s "
            "WHERE s.device_id = $2 AND s.epoch = $3",
            one.series_id,
            one.device_id,
            epoch,
            seq,
            t,
            word,
        )

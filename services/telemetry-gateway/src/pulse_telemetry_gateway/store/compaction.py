"""Tables that compaction reads and writes: the oldest batches that are not in chunks yet, and the chunks of a day that
can be merged.

The table `unfolded` lists the days of series whose chunks can be merged; its name is from the first schema ("fold"
means merge).
"""

import asyncio
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeAlias

from pulse_postgres import Connection, Database
from pulse_telemetry_gateway.model.storage.chunks import DAY, Chunk
from pulse_telemetry_gateway.model.storage.columns import TYPES
from pulse_telemetry_gateway.model.storage.rollups import Level, Rollups
from pulse_telemetry_gateway.store.binary_copy import encode
from pulse_telemetry_gateway.store.chunk_rows import (
    CHUNK_COLUMNS,
    CHUNK_READ,
    CHUNK_TYPES,
    ROLLUP_COLUMNS,
    ROLLUP_READ,
    ROLLUP_TABLES,
    ROLLUP_TYPES,
    chunk_blocks,
    chunk_of,
    rollup_blocks,
    rollups_of,
)
from pulse_telemetry_gateway.store.partitions import Partitions, month_of

Stream: TypeAlias = tuple[str, list[str], bytes]
"""A table, its columns, and its rows for binary COPY."""
_CLAIM: Final = timedelta(seconds=60)
_CHUNKS_MAX: Final = 200
"""Chunks in one merge: a million readings in memory."""


@dataclass(frozen=True, slots=True)
class LogRow:
    """One row of the log, to be compacted. `received` in microseconds."""

    pos: int
    epoch: int
    lo: int
    received: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Derived:
    """The rows that a step or a merge writes."""

    chunks: Sequence[Chunk]
    rollups: dict[Level, Rollups]


@dataclass(frozen=True, slots=True)
class MergeInput:
    """Chunks (by id) and roll-ups of one day of a series that can be merged, with the ids of the roll-ups' rows.
    is_whole: there is nothing else to merge on that day. pieces: steps of compaction that wrote to the day."""

    series_id: int
    device_id: int
    kind: int
    day: int
    pieces: int
    is_whole: bool
    chunks: dict[int, Chunk]
    rollups: dict[Level, Rollups]
    rollup_ids: dict[Level, list[int]]


class CompactionStore:
    """Several replicas may work at the same time. A claim keeps them apart; the mark ensures that no batch is compacted
    twice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def behind(self, lag: timedelta, rows: int) -> list[int]:
        """Devices with log rows that are not in chunks, for longer than `lag` or at least `rows` of them."""
        async with self._database.connection() as connection:
            found = await connection.fetch(
                "SELECT d.id FROM device d LEFT JOIN compaction c ON c.device_id = d.id "
                "WHERE d.pos > coalesce(c.pos, 0) AND coalesce(c.claimed_until, '-infinity') < now() "
                "AND (coalesce(c.at, '-infinity') <= now() - $1::interval OR d.pos - coalesce(c.pos, 0) >= $2) "
                "ORDER BY c.at NULLS FIRST",
                lag,
                rows,
            )
        return [row["id"] for row in found]

    async def waiting(self) -> int:
        """Log rows that are not in chunks yet."""
        async with self._database.connection() as connection:
            found = await connection.fetchval(
                "SELECT coalesce(sum(d.pos - coalesce(c.pos, 0)), 0)::bigint FROM device d "
                "LEFT JOIN compaction c ON c.device_id = d.id"
            )
        return int(found)

    async def claim(self, device_id: int) -> int | None:
        """Claims a device for a minute and returns its mark. Returns None if another replica has the claim."""
        async with self._database.connection() as connection:
            found: int | None = await connection.fetchval(
                "INSERT INTO compaction AS c (device_id, at, claimed_until) "
                "VALUES ($1, '-infinity', now() + $2::interval) "
                "ON CONFLICT (device_id) DO UPDATE SET claimed_until = excluded.claimed_until "
                "WHERE c.claimed_until < now() RETURNING pos",
                device_id,
                _CLAIM,
            )
        return found

    async def release(self, device_id: int) -> None:
        """Gives up a claim without moving the mark."""
        async with self._database.connection() as connection:
            await connection.execute(
                "UPDATE compaction SET claimed_until = '-infinity' WHERE device_id = $1", device_id
            )

    async def batches(self, device_id: int, after: int, rows: int, readings: int) -> list[LogRow]:
        """The oldest rows after the mark: at most `rows`, about `readings` readings, and at least one row."""
        async with self._database.connection() as connection:
            found = await connection.fetch(
                "SELECT pos, epoch, lo, (extract(epoch FROM received) * 1000000)::bigint AS received, payload FROM "
                "(SELECT *, sum(n) OVER (ORDER BY pos) - n AS before FROM "
                "(SELECT * FROM batch WHERE device_id = $1 AND pos > $2 ORDER BY pos LIMIT $3) b) b "
                "WHERE before < $4 ORDER BY pos",
                device_id,
                after,
                rows,
                readings,
            )
        return [LogRow(*row) for row in found]

    async def advance(
        self, device_id: int, marks: tuple[int, int], derived: Derived, unreadable: Sequence[int] = ()
    ) -> bool:
        """Writes a step and moves the mark from `marks[0]` to `marks[1]`, in one transaction. Copies the rows at the
        positions `unreadable` to their table. Returns False, and writes nothing, when the mark was moved by another
        replica."""
        streams = await asyncio.to_thread(streams_of, device_id, derived)
        months = {month_of(chunk.t.start) for chunk in derived.chunks}
        async with self._database.transaction() as connection:
            if not await Partitions.hold(connection, months):
                return False
            moved = await connection.execute(
                "UPDATE compaction SET pos = $3, at = now(), claimed_until = '-infinity' "
                "WHERE device_id = $1 AND pos = $2",
                device_id,
                *marks,
            )
            if moved != "UPDATE 1":
                return False
            await write_streams(connection, streams)
            await self._mark(connection, derived.chunks)
            if unreadable:
                await connection.execute(
                    "INSERT INTO unreadable (device_id, pos, epoch, ord, lo, hi, n, received, payload, t_min, t_max) "
                    "SELECT device_id, pos, epoch, ord, lo, hi, n, received, payload, t_min, t_max FROM batch "
                    "WHERE device_id = $1 AND pos = ANY($2::bigint[]) ON CONFLICT DO NOTHING",
                    device_id,
                    list(unreadable),
                )
            await Partitions.note_written(connection, months)
        return True

    async def _mark(self, connection: Connection, chunks: Sequence[Chunk]) -> None:
        touched = sorted({(chunk.series, chunk.t.start // DAY) for chunk in chunks})
        await connection.execute(
            "INSERT INTO unfolded AS u (series_id, day, pieces) "
            "SELECT *, 1 FROM unnest($1::int[], $2::int[]) ON CONFLICT (series_id, day) DO UPDATE "
            "SET pieces = u.pieces + 1, touched = now()",
            [series for series, _ in touched],
            [day for _, day in touched],
        )

    async def mergeable(self, pieces: int, quiet: timedelta, most: int) -> list[tuple[int, int]]:
        """(series, day) that are worth merging: many pieces, or several pieces and nothing added for `quiet`."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT series_id, day FROM unfolded WHERE pieces >= $1 "
                "OR (pieces > 1 AND touched < now() - $2::interval) ORDER BY touched LIMIT $3",
                pieces,
                quiet,
                most,
            )
        return [(row["series_id"], row["day"]) for row in rows]

    async def merge_input(self, series_id: int, day: int, small: int) -> MergeInput | None:
        """What can be merged on a day: chunks that have fewer than `small` readings or overlap another one, if an epoch
        has at least two, and roll-ups that are split over several rows. None when the day is not marked."""
        start, end = day * DAY, (day + 1) * DAY
        async with self._database.snapshot() as connection:
            head = await connection.fetchrow(
                "SELECT u.pieces, s.device_id, s.type FROM unfolded u JOIN series s ON s.id = u.series_id "
                "WHERE u.series_id = $1 AND u.day = $2",
                series_id,
                day,
            )
            if head is None:
                return None
            kind = TYPES.index(head["type"])
            chunks = await connection.fetch(
                f"SELECT id, {CHUNK_READ} FROM (SELECT *, count(*) OVER (PARTITION BY epoch) AS together "  # noqa: S608
                "FROM chunk c WHERE series_id = $1 AND t0 >= $2 AND t0 < $3 "
                "AND (n < $4 OR EXISTS (SELECT 1 FROM chunk o WHERE o.series_id = $1 AND o.t0 >= $2 AND o.t0 < $3 "
                "AND o.epoch = c.epoch AND o.id <> c.id AND o.t0 < c.t1 AND o.t1 > c.t0))) c "
                "WHERE together > 1 ORDER BY epoch, t0, id LIMIT $5",
                series_id,
                start,
                end,
                small,
                _CHUNKS_MAX,
            )
            rollups: dict[Level, Rollups] = {}
            ids: dict[Level, list[int]] = {}
            for level, table in ROLLUP_TABLES.items():
                rows = await connection.fetch(
                    f"SELECT id, {ROLLUP_READ} FROM {table} r WHERE series_id = $1 AND t0 >= $2 AND t0 < $3 "  # noqa: S608
                    "AND EXISTS (SELECT 1 FROM "
                    + table
                    + " o WHERE o.series_id = $1 AND o.t0 = r.t0 AND o.id <> r.id)",
                    series_id,
                    start,
                    end,
                )
                if rows:
                    rollups[level] = rollups_of(rows, level, {series_id: kind})
                    ids[level] = [row["id"] for row in rows]
        per_epoch = Counter(row["epoch"] for row in chunks)
        found = {row["id"]: chunk_of(row) for row in chunks if per_epoch[row["epoch"]] > 1}
        is_whole = len(chunks) < _CHUNKS_MAX
        return MergeInput(series_id, head["device_id"], kind, day, head["pieces"], is_whole, found, rollups, ids)

    async def write_merge(self, source: MergeInput, derived: Derived, *, has_small: bool) -> None:
        """Replaces the input of a merge by its result, in one transaction. has_small: the result has a chunk that later
        readings may be merged into. Raises MergedMeanwhile, and changes nothing, when another replica was faster."""
        start, end = source.day * DAY, (source.day + 1) * DAY
        streams = await asyncio.to_thread(streams_of, source.device_id, derived)
        async with self._database.transaction() as connection:
            if not await Partitions.hold(connection, {month_of(start)}):
                raise MergedMeanwhile
            mine = await connection.fetchval(
                "SELECT pieces FROM unfolded WHERE series_id = $1 AND day = $2 FOR UPDATE", source.series_id, source.day
            )
            if mine is None:
                raise MergedMeanwhile
            gone = await connection.execute(
                "DELETE FROM chunk WHERE series_id = $1 AND t0 >= $2 AND t0 < $3 AND id = ANY($4::bigint[])",
                source.series_id,
                start,
                end,
                list(source.chunks),
            )
            if gone != f"DELETE {len(source.chunks)}":
                raise MergedMeanwhile
            for level, ids in source.rollup_ids.items():
                gone = await connection.execute(
                    f"DELETE FROM {ROLLUP_TABLES[level]} WHERE series_id = $1 AND t0 >= $2 AND t0 < $3 "  # noqa: S608
                    "AND id = ANY($4::bigint[])",
                    source.series_id,
                    start,
                    end,
                    ids,
                )
                if gone != f"DELETE {len(ids)}":
                    raise MergedMeanwhile
            await write_streams(connection, streams)
            # a merge that did not reduce the number of chunks would be repeated forever: it counts as whole
            is_done = source.is_whole or len(derived.chunks) >= len(source.chunks)
            left = int(mine) - source.pieces + has_small if is_done else int(mine)
            await connection.execute(
                "UPDATE unfolded SET pieces = $3 WHERE series_id = $1 AND day = $2", source.series_id, source.day, left
            )
            await connection.execute(
                "DELETE FROM unfolded WHERE series_id = $1 AND day = $2 AND pieces = 0", source.series_id, source.day
            )


async def write_streams(connection: Connection, streams: Sequence[Stream]) -> None:
    """Adds the rows. The caller holds the partitions."""
    for table, columns, stream in streams:
        await connection.copy_to_table(table, source=io.BytesIO(stream), columns=columns, format="binary")


def streams_of(device_id: int, derived: Derived) -> list[Stream]:
    """Chunks and roll-ups as rows."""
    return [
        ("chunk", CHUNK_COLUMNS, encode(chunk_blocks(derived.chunks, device_id), CHUNK_TYPES)),
        *(
            (ROLLUP_TABLES[level], ROLLUP_COLUMNS, encode(rollup_blocks(found, level), ROLLUP_TYPES[level]))
            for level, found in derived.rollups.items()
        ),
    ]


class MergedMeanwhile(Exception):
    """Another replica merged the same day. The transaction is rolled back."""

"""Counts what the log, the chunks and the tables of refusals, drops and removals really hold."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from pulse_contracts.ranges import Range
from pulse_postgres import Connection, Database, Row
from pulse_postgres.database import ranges
from pulse_telemetry_gateway.model.storage.columns import Ints, decode
from pulse_telemetry_gateway.model.storage.lines import Line
from pulse_telemetry_gateway.store.chunk_rows import elements

_FETCH: Final = 200


@dataclass(frozen=True, slots=True)
class EpochCounts:
    """One epoch: what the ledger says, and what was counted. removed: stored readings that retention or a user deleted.
    in_log: readings that are not in chunks yet."""

    epoch: int
    ord: int
    next: int
    settled: list[Range]
    stored: int
    refused: int
    dropped: int
    in_log: int
    in_chunks: int
    removed: int
    refused_rows: int
    dropped_rows: int

    @property
    def is_counted(self) -> bool:
        """Whether the counts agree with the ledger."""
        return (
            self.in_log + self.in_chunks + self.removed == self.stored
            and self.refused_rows == self.refused
            and self.dropped_rows == self.dropped
        )

    @property
    def missing(self) -> list[Range]:
        """Numbers below `next` that are not settled."""
        edges = [(0, 0), *self.settled, (self.next, self.next)]
        return [(a[1], b[0]) for a, b in pairwise(edges) if a[1] < b[0]]

    @property
    def is_complete(self) -> bool:
        """Whether every number below `next` is stored, refused or dropped, by the ledger and by the count."""
        total = self.stored + self.refused + self.dropped
        return not self.missing and total == self.next and self.is_counted


_ACCOUNTS: Final = """
SELECT s.epoch, s.ord, s.next, s.settled, s.stored_n, s.refused_n, s.dropped_n,
    coalesce(l.n, 0)::bigint AS in_log, coalesce(c.n, 0)::bigint AS in_chunks, coalesce(r.n, 0)::bigint AS removed,
    coalesce(f.n, 0)::bigint AS refused_rows, coalesce(d.n, 0)::bigint AS dropped_rows
FROM (SELECT * FROM stream WHERE device_id = $1
      AND ($3::bigint IS NULL OR ord < $3 OR (ord = $3 AND epoch > $4::bigint)) ORDER BY ord DESC, epoch LIMIT $2) s
LEFT JOIN (SELECT epoch, sum(n) AS n FROM batch WHERE device_id = $1
           AND pos > coalesce((SELECT pos FROM compaction WHERE device_id = $1), 0) GROUP BY epoch) l USING (epoch)
LEFT JOIN (SELECT epoch, sum(n) AS n FROM chunk WHERE device_id = $1 GROUP BY epoch) c USING (epoch)
LEFT JOIN (SELECT epoch, sum(n) AS n FROM removal WHERE device_id = $1 GROUP BY epoch) r USING (epoch)
LEFT JOIN (SELECT epoch, sum(cardinality(seqs)) AS n FROM refusal WHERE device_id = $1 GROUP BY epoch) f USING (epoch)
LEFT JOIN (SELECT epoch, sum(n) AS n FROM declared_drop WHERE device_id = $1 GROUP BY epoch) d USING (epoch)
ORDER BY s.ord DESC, s.epoch
"""
_LOG: Final = (
    "SELECT pos, lo, n, payload FROM batch WHERE device_id = $1 AND epoch = $2 "
    "AND pos {compare} coalesce((SELECT pos FROM compaction WHERE device_id = $1), 0)"
)
_CHUNKS: Final = (
    "SELECT n, q0, q_step, array_send(q2) AS q2, array_send(q4) AS q4, array_send(q8) AS q8 "
    "FROM chunk WHERE device_id = $1 AND epoch = $2"
)


class Evidence:
    """One snapshot of the database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.unreadable: dict[int, tuple[int, int]] = {}
        """Rows that `log` could not decode: by position, the number of readings and the first sequence number."""

    async def counts(self, device_id: int, most: int, after: tuple[int, int] | None = None) -> list[EpochCounts]:
        """At most `most` epochs of the device after an (ord, epoch), newest first."""
        rows = await self._connection.fetch(_ACCOUNTS, device_id, most, *(after or (None, None)))
        return [EpochCounts(row[0], row[1], row[2], ranges(row[3]), *row[4:12]) for row in rows]

    async def chunks(self, device_id: int, epoch: int) -> AsyncGenerator[Ints, None]:
        """The sequence numbers of each chunk of an epoch."""
        async for row in self._rows(_CHUNKS, device_id, epoch):
            yield _sequence(row)

    async def log(self, device_id: int, epoch: int, *, is_chunked: bool) -> AsyncGenerator[Ints, None]:
        """The sequence numbers of each log row that is (or is not) marked as compacted."""
        async for row in self._rows(_LOG.format(compare="<=" if is_chunked else ">"), device_id, epoch):
            try:
                numbers = decode(row["payload"], row["lo"]).seq
            except ValueError:
                self.unreadable[row["pos"]] = (row["n"], row["lo"])
                continue
            yield numbers

    async def put_aside(self, device_id: int, epoch: int) -> dict[int, tuple[int, int]]:
        """Like `unreadable`, for rows that compaction could not decode."""
        return {
            row["pos"]: (row["n"], row["lo"])
            async for row in self._rows(
                "SELECT pos, n, lo FROM unreadable WHERE device_id = $1 AND epoch = $2", device_id, epoch
            )
        }

    async def refused(self, device_id: int, epoch: int) -> AsyncGenerator[Ints, None]:
        """The sequence numbers of each row of refusals."""
        async for row in self._rows("SELECT seqs FROM refusal WHERE device_id = $1 AND epoch = $2", device_id, epoch):
            yield np.asarray(row["seqs"], np.int64)

    async def dropped(self, device_id: int, epoch: int) -> list[Range]:
        """Every declared loss, as it was declared."""
        found: list[Range] = []
        async for row in self._rows(
            "SELECT ranges FROM declared_drop WHERE device_id = $1 AND epoch = $2", device_id, epoch
        ):
            found += ranges(row["ranges"])
        return found

    async def _rows(self, statement: str, device_id: int, epoch: int) -> AsyncGenerator[Row, None]:
        cursor = await self._connection.cursor(statement, device_id, epoch)
        while rows := await cursor.fetch(_FETCH):
            for row in rows:
                yield row


def _sequence(row: Row) -> Ints:
    for name in ("q2", "q4", "q8"):
        if row[name] is not None:
            return Line(row["q0"], row["q_step"], elements(row[name], f"i{name[1]}")).values(row["n"])
    return Line(row["q0"], row["q_step"], None).values(row["n"])


class VerificationStore:
    """Opens snapshots."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def evidence(self) -> AsyncIterator[Evidence]:
        """Raises DatabaseUnavailable."""
        async with self._database.snapshot() as connection:
            yield Evidence(connection)

"""The ledger and the batch log: `stream`, `refusal`, `declared_drop`, `batch`, and the feed position of `device`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from pulse_contracts.message import Lane
from pulse_contracts.telemetry import Dropped
from pulse_postgres import Connection, Database
from pulse_postgres.database import ranges
from pulse_telemetry_gateway.model.arrivals import (
    Arrival,
    GroupResult,
    Logged,
    StreamChange,
    StreamKey,
    StreamState,
)
from pulse_telemetry_gateway.model.columns import Columns, concatenate, encode
from pulse_telemetry_gateway.model.ranges import Range, add, as_text, count, subtract, union

_LANES = {"live": 0, "backlog": 1}
_ROW_READINGS = 4_000
"""Readings in one row of the log at most."""
_ROW_GAP = 10_000
"""Sequence numbers between neighbours in one row at most: a row's range stays close to what it holds."""


@dataclass(frozen=True)
class EpochLedger:
    """One line of a device's ledger."""

    epoch: int
    ord: int
    next: int
    settled: list[Range]
    stored: int
    refused: int
    dropped: int


class LedgerStore:
    """Every method that writes locks the device rows first, in order of their ids: two replicas cannot deadlock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def commit(self, group: Sequence[Arrival]) -> GroupResult:
        """Appends what is new of these batches, widens the ledger, and returns after the commit.
        Raises DatabaseUnavailable; then nothing of the group happened."""
        async with self._database.transaction() as connection:
            positions = await self._lock(connection, {a.device_id for a in group})
            changes = await self._streams(connection, [((a.device_id, a.epoch), a.ord) for a in group])
            refusals: list[tuple[int, int, list[int], list[str]]] = []
            pieces: _Pieces = {}
            duplicates = 0
            for given in group:
                change = changes[given.device_id, given.epoch]
                arrival = given if given.is_numbered else given.numbered_from(change.next)
                fresh = subtract(arrival.wanted, change.settled)
                self._note(change, arrival)
                if not fresh:
                    duplicates += 1
                    continue
                for part in fresh:
                    add(change.settled, part)
                    add(change.added, part)
                refused = [(seq, code) for seq, code in arrival.refused if _is_in(seq, fresh)]
                if refused:
                    change.refused += len(refused)
                    seqs, codes = zip(*refused, strict=True)
                    refusals.append((arrival.device_id, arrival.epoch, list(seqs), list(codes)))
                columns = arrival.columns
                if columns is not None and fresh != [arrival.wanted]:
                    keep = np.zeros(len(columns), np.bool_)
                    for lo, hi in fresh:
                        keep |= (columns.seq >= lo) & (columns.seq < hi)
                    columns = columns.take(keep)
                if columns is None or len(columns) == 0:
                    continue
                change.stored += len(columns)
                key = (arrival.device_id, arrival.epoch, arrival.ord, arrival.lane)
                pieces.setdefault(key, []).append((arrival, columns))
            rows, logged = _rows(pieces, positions)
            await self._append(connection, rows, refusals)
            await self._update_streams(connection, changes)
            await self._update_positions(connection, {e.device_id: e.pos for e in logged})
            newest = await self._newest(connection, sorted(positions))
        return GroupResult({key: change.settled for key, change in changes.items()}, newest, logged, duplicates)

    async def declare_dropped(self, device_id: int, message: Dropped) -> tuple[list[Range], list[tuple[int, int]]]:
        """Settles what the collector declares lost and is not settled yet (what came first stays). Returns the
        stream's settled ranges and the two newest lives, after the commit."""
        async with self._database.transaction() as connection:
            await self._lock(connection, {device_id})
            key = (device_id, message.epoch)
            changes = await self._streams(connection, [(key, message.ord)])
            change = changes[key]
            declared = union(message.ranges)
            fresh = [part for wanted in declared for part in subtract(wanted, change.settled)]
            for part in fresh:
                add(change.settled, part)
                add(change.added, part)
            if fresh:
                await connection.execute(
                    "INSERT INTO declared_drop (device_id, epoch, ranges, n, reason, t_first, t_last) "
                    "VALUES ($1, $2, $3::text::int8multirange, $4, $5, $6, $7)",
                    device_id,
                    message.epoch,
                    as_text(fresh),
                    count(fresh),
                    message.reason,
                    message.first,
                    message.last,
                )
            change.next = max(change.next, declared[-1][1])
            await self._update_streams(connection, changes, dropped={key: count(fresh)})
            newest = await self._newest(connection, [device_id])
        return change.settled, newest.get(device_id, [])

    async def settled_of(
        self, device_id: int, epochs: Iterable[int]
    ) -> tuple[dict[int, list[Range]], list[tuple[int, int]]]:
        """Settled ranges of the epochs that exist, and the device's two newest lives as (ord, epoch)."""
        async with self._database.snapshot() as connection:
            rows = await connection.fetch(
                "SELECT epoch, settled FROM stream WHERE device_id = $1 AND epoch = ANY($2::bigint[])",
                device_id,
                list(epochs),
            )
            newest = await self._newest(connection, [device_id])
        return {row["epoch"]: ranges(row["settled"]) for row in rows}, newest.get(device_id, [])

    async def heard_of(self, device_id: int, epoch: int, next_seq: int) -> None:
        """The collector says how far an epoch goes: what is not settled below is still to come."""
        async with self._database.connection() as connection:
            await connection.execute(
                "UPDATE stream SET next = greatest(next, $3) WHERE device_id = $1 AND epoch = $2 AND next < $3",
                device_id,
                epoch,
                next_seq,
            )

    async def of_device(self, device_id: int) -> list[EpochLedger]:
        """The device's ledger, newest life first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT epoch, ord, next, settled, stored_n, refused_n, dropped_n FROM stream "
                "WHERE device_id = $1 ORDER BY ord DESC, epoch LIMIT 1000",
                device_id,
            )
        return [
            EpochLedger(
                row["epoch"],
                row["ord"],
                row["next"],
                ranges(row["settled"]),
                row["stored_n"],
                row["refused_n"],
                row["dropped_n"],
            )
            for row in rows
        ]

    async def _lock(self, connection: Connection, devices: set[int]) -> dict[int, int]:
        rows = await connection.fetch(
            "SELECT id, pos FROM device WHERE id = ANY($1::int[]) ORDER BY id FOR UPDATE", sorted(devices)
        )
        return {row["id"]: row["pos"] for row in rows}

    async def _streams(
        self, connection: Connection, wanted: Sequence[tuple[StreamKey, int]]
    ) -> dict[StreamKey, StreamChange]:
        ords: dict[StreamKey, int] = {}
        for key, number in wanted:
            ords[key] = max(number, ords.get(key, 0))
        devices, epochs = [k[0] for k in ords], [k[1] for k in ords]
        rows = await connection.fetch(
            "SELECT s.device_id, s.epoch, s.ord, s.settled, s.next FROM stream s "
            "JOIN unnest($1::int[], $2::bigint[]) AS w (device_id, epoch) USING (device_id, epoch)",
            devices,
            epochs,
        )
        known = {(r["device_id"], r["epoch"]): StreamState(r["ord"], ranges(r["settled"]), r["next"]) for r in rows}
        missing = [key for key in ords if key not in known]
        if missing:
            await connection.execute(
                "INSERT INTO stream (device_id, epoch, ord) "
                "SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[])",
                [k[0] for k in missing],
                [k[1] for k in missing],
                [ords[k] for k in missing],
            )
        return {
            key: StreamChange(max(number, known[key].ord), known[key].settled, next=known[key].next)
            if key in known
            else StreamChange(number, [])
            for key, number in ords.items()
        }

    def _note(self, change: StreamChange, arrival: Arrival) -> None:
        change.next = max(change.next, arrival.wanted[1])
        if arrival.lane == "live":
            offset = arrival.received - arrival.sent
            change.clock_offset = offset if change.clock_offset is None else min(change.clock_offset, offset)

    async def _append(
        self,
        connection: Connection,
        rows: list[tuple[object, ...]],
        refusals: list[tuple[int, int, list[int], list[str]]],
    ) -> None:
        if rows:
            await connection.execute(
                "INSERT INTO batch (device_id, pos, epoch, ord, lo, hi, n, lane, t_min, t_max, sent, received, "
                "payload) SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], "
                "$6::bigint[], $7::int[], $8::smallint[], $9::bigint[], $10::bigint[], $11::bigint[], "
                "$12::timestamptz[], $13::bytea[])",
                *(list(column) for column in zip(*rows, strict=True)),
            )
        for device_id, epoch, seqs, codes in refusals:
            await connection.execute(
                "INSERT INTO refusal (device_id, epoch, seqs, codes) VALUES ($1, $2, $3, $4)",
                device_id,
                epoch,
                seqs,
                codes,
            )

    async def _update_streams(
        self,
        connection: Connection,
        changes: dict[StreamKey, StreamChange],
        dropped: dict[StreamKey, int] | None = None,
    ) -> None:
        columns = zip(
            *(
                (
                    key[0],
                    key[1],
                    change.ord,
                    as_text(change.added),
                    change.stored,
                    change.refused,
                    (dropped or {}).get(key, 0),
                    change.next,
                    change.clock_offset,
                )
                for key, change in sorted(changes.items())
            ),
            strict=True,
        )
        await connection.execute(
            "UPDATE stream s SET ord = greatest(s.ord, w.ord), settled = s.settled + w.added::int8multirange, "
            "stored_n = s.stored_n + w.stored, refused_n = s.refused_n + w.refused, "
            "dropped_n = s.dropped_n + w.dropped, next = greatest(s.next, w.next), "
            "clock_offset = least(s.clock_offset, w.clock_offset) "
            "FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], "
            "$8::bigint[], $9::bigint[]) "
            "AS w (device_id, epoch, ord, added, stored, refused, dropped, next, clock_offset) "
            "WHERE s.device_id = w.device_id AND s.epoch = w.epoch",
            *(list(column) for column in columns),
        )

    async def _update_positions(self, connection: Connection, positions: dict[int, int]) -> None:
        if positions:
            await connection.execute(
                "UPDATE device d SET pos = w.pos, last_seen = now() "
                "FROM unnest($1::int[], $2::bigint[]) AS w (id, pos) WHERE d.id = w.id",
                list(positions),
                list(positions.values()),
            )

    async def _newest(self, connection: Connection, devices: Sequence[int]) -> dict[int, list[tuple[int, int]]]:
        rows = await connection.fetch(
            "SELECT d.id, s.ord, s.epoch FROM unnest($1::int[]) AS d (id), "
            "LATERAL (SELECT ord, epoch FROM stream WHERE device_id = d.id ORDER BY ord DESC, epoch LIMIT 2) s",
            list(devices),
        )
        found: dict[int, list[tuple[int, int]]] = {device: [] for device in devices}
        for row in rows:
            found[row["id"]].append((row["ord"], row["epoch"]))
        return found


def _is_in(seq: int, parts: list[Range]) -> bool:
    return any(lo <= seq < hi for lo, hi in parts)


_Pieces = dict[tuple[int, int, int, Lane], list[tuple[Arrival, Columns]]]
"""What is new, by (device id, epoch, ord, lane)."""


def _rows(pieces: _Pieces, positions: dict[int, int]) -> tuple[list[tuple[object, ...]], list[Logged]]:
    """The log's rows, and moves the feed positions: neighbours that arrived together become one row, for it is rows
    that cost."""
    rows: list[tuple[object, ...]] = []
    logged: list[Logged] = []
    for key in sorted(pieces, key=lambda key: _LANES[key[3]]):  # the live lane first: it is told first
        (device_id, epoch, number, lane), members = key, pieces[key]
        for run in _runs(members):
            columns = concatenate([piece for _, piece in run])
            positions[device_id] += 1
            logged.append(Logged(device_id, positions[device_id], lane, columns))
            rows.append(
                (
                    device_id,
                    positions[device_id],
                    epoch,
                    number,
                    int(columns.seq[0]),
                    int(columns.seq[-1]) + 1,
                    len(columns),
                    _LANES[lane],
                    int(columns.t.min()),
                    int(columns.t.max()),
                    max(arrival.sent for arrival, _ in run),
                    datetime.fromtimestamp(max(arrival.received for arrival, _ in run) / 1e6, UTC),
                    encode(columns),
                )
            )
    return rows, logged


def _runs(members: list[tuple[Arrival, Columns]]) -> list[list[tuple[Arrival, Columns]]]:
    members.sort(key=lambda member: int(member[1].seq[0]))
    runs: list[list[tuple[Arrival, Columns]]] = []
    size, end = 0, 0
    for member in members:
        start, n = int(member[1].seq[0]), len(member[1])
        if not runs or size + n > _ROW_READINGS or start - end > _ROW_GAP:
            runs.append([])
            size = 0
        runs[-1].append(member)
        size, end = size + n, int(member[1].seq[-1])
    return runs

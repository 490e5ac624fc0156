"""The ledger and the batch log: tables `stream`, `refusal`, `declared_drop`, `batch`, and the feed position of
`device`."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pulse_bus import Reject
from pulse_contracts.ranges import Range, count, normalized, subtract
from pulse_contracts.telemetry import PLAIN_EPOCH, Dropped
from pulse_postgres import Connection, Database
from pulse_postgres.database import ranges
from pulse_telemetry_gateway.model.ledger.arrivals import (
    AckPart,
    Arrival,
    GroupResult,
    Logged,
    StreamChange,
    StreamKey,
    StreamState,
)
from pulse_telemetry_gateway.model.ledger.clock_stretches import ClockLimits, ClockStretch, clock_stretches
from pulse_telemetry_gateway.model.ledger.plausible_ord import implausible_ord_detail, is_plausible_ord
from pulse_telemetry_gateway.model.ledger.ranges import add, as_text, covering
from pulse_telemetry_gateway.model.ledger.settling import GroupChanges, adds_beyond, rows, settle
from pulse_telemetry_gateway.model.storage.columns import concatenate, encode
from pulse_telemetry_gateway.store import refusals

_LANES = {"live": 0, "backlog": 1}
_LOG_COLUMNS, _STREAM_COLUMNS = 13, 9
_REPEATED = 1_000
"""Refused readings of one stream that are repeated with every range that touches them. With more, only those of the
received batch are repeated."""
Newest = list[tuple[int, int]]
"""The two newest epochs of a device as (ord, epoch), newest first."""


@dataclass(frozen=True)
class _Device:
    """pos: feed position. epochs: number of its epochs."""

    pos: int
    epochs: int


@dataclass(frozen=True)
class LedgerLimits:
    """fragments: number of ranges of a stream beyond which it only takes what adds no range. epochs: epochs of one
    device. clocks: offsets beyond which a clock is off."""

    fragments: int = 1_024
    epochs: int = 100_000
    clocks: ClockLimits = field(default_factory=ClockLimits)


class LedgerStore:
    """Every method that writes locks the device rows first, ordered by id, so that two replicas cannot deadlock."""

    def __init__(self, database: Database, limits: LedgerLimits = LedgerLimits()) -> None:  # frozen
        self._database, self._limits = database, limits

    async def commit(self, group: Sequence[Arrival]) -> GroupResult:
        """Appends the new readings of these batches to the log and widens the ledger. Returns after the commit. Raises
        DatabaseUnavailable; nothing of the group is stored then."""
        streams = {(arrival.device_id, arrival.epoch) for arrival in group}
        async with self._database.transaction() as connection:
            devices = await self._lock(connection, {device_id for device_id, _ in streams})
            known, newest = await self._read(connection, streams)
            rejected = self._rejected([(a.device_id, a.epoch, a.ord) for a in group], devices, known, newest)
            accepted = [arrival for place, arrival in enumerate(group) if place not in rejected]
            changes = _changes(accepted, known)
            added = settle(accepted, changes, self._limits.fragments)
            log, logged = _rows(added, {device_id: device.pos for device_id, device in devices.items()})
            await refusals.record(connection, added.refusals)
            pieces = (piece for parts in added.pieces.values() for piece in parts)
            await _note_clocks(connection, clock_stretches(pieces, self._limits.clocks))
            await self._write(connection, changes, log, {entry.device_id: entry.pos for entry in logged})
            wanted: dict[StreamKey, list[Range]] = {key: [] for key in changes}
            for arrival in accepted:
                wanted[arrival.device_id, arrival.epoch].append(arrival.wanted)
            unconfirmed = await self._unconfirmed(connection, wanted, changes)
        settled = {key: change.settled for key, change in changes.items()}
        return GroupResult(settled, _with(newest, changes), logged, added.duplicates, rejected, unconfirmed, added.held)

    async def declare_dropped(self, device_id: int, message: Dropped) -> GroupResult:
        """Settles the numbers that the collector declares lost and that are not settled yet. Returns after the commit.
        Raises Reject, DatabaseUnavailable."""
        async with self._database.transaction() as connection:
            devices = await self._lock(connection, {device_id})
            key = (device_id, message.epoch)
            known, newest = await self._read(connection, {key})
            if rejected := self._rejected([(*key, message.ord)], devices, known, newest):
                raise rejected[0]
            change = StreamChange.of(message.ord, known.get(key))
            declared = normalized(message.ranges)
            fresh = list(subtract(declared, change.settled))
            fresh = [part for part in fresh if self._takes(change, part)]
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
            change.dropped = count(fresh)
            await self._write(connection, {key: change})
            again = await self._unconfirmed(connection, {key: declared}, {key: change})
        return GroupResult({key: change.settled}, _with(newest, {key: change}), [], unconfirmed=again)

    def _takes(self, change: StreamChange, part: Range) -> bool:
        """Settles a part of a declared loss, unless it would add a range beyond the limit. The collector declares that
        part again."""
        if adds_beyond(change.settled, part, self._limits.fragments):
            return False
        add(change.settled, part)
        add(change.added, part)
        return True

    async def _lock(self, connection: Connection, devices: set[int]) -> dict[int, _Device]:
        rows = await connection.fetch(
            "SELECT id, pos, epochs FROM device WHERE id = ANY($1::int[]) ORDER BY id FOR UPDATE", sorted(devices)
        )
        return {row["id"]: _Device(row["pos"], row["epochs"]) for row in rows}

    def _rejected(
        self,
        claims: Sequence[tuple[int, int, int]],
        devices: Mapping[int, _Device],
        known: Mapping[StreamKey, StreamState],
        newest: Mapping[int, Newest],
    ) -> dict[int, Reject]:
        """The claims (device, epoch, ord) that are rejected, by place."""
        found: dict[int, Reject] = {}
        added: dict[int, set[int]] = {}
        for place, (device_id, epoch, number) in enumerate(claims):
            highest = max((number for number, _ in newest[device_id]), default=0)
            if not is_plausible_ord(number, highest):
                found[place] = Reject("implausible_ord", implausible_ord_detail(number, highest))
            elif (device_id, epoch) not in known and epoch != PLAIN_EPOCH:
                mine = added.setdefault(device_id, set())
                had = devices[device_id].epochs if device_id in devices else 0  # a deleted device fails later
                if epoch not in mine and had + len(mine) >= self._limits.epochs:
                    detail = (
                        f"the device has reached its limit of {self._limits.epochs} epochs (PULSE_DEVICE_EPOCHS_MAX)"
                    )
                    found[place] = Reject("too_many_epochs", detail)
                else:
                    mine.add(epoch)
        return found

    async def _read(
        self, connection: Connection, wanted: Collection[StreamKey]
    ) -> tuple[dict[StreamKey, StreamState], dict[int, Newest]]:
        """The wanted streams that exist, and the two newest epochs of their devices. One query, because round trips
        limit the commits a second."""
        devices, epochs = [device_id for device_id, _ in wanted], [epoch for _, epoch in wanted]
        found = await connection.fetch(
            "SELECT s.device_id, s.epoch, s.ord, s.settled, s.next, s.unconfirmed_n, s.stored_n + s.refused_n > 0 "
            "FROM stream s "
            "JOIN unnest($1::int[], $2::bigint[]) AS w (device_id, epoch) USING (device_id, epoch) "
            "UNION ALL SELECT d.id, s.epoch, s.ord, NULL, 0, 0, true FROM unnest($3::int[]) AS d (id), "
            "LATERAL (SELECT ord, epoch FROM stream WHERE device_id = d.id AND stored_n + refused_n > 0 "
            "ORDER BY ord DESC, epoch LIMIT 2) s",
            devices,
            epochs,
            list(set(devices)),
        )
        known: dict[StreamKey, StreamState] = {}
        newest: dict[int, Newest] = {device_id: [] for device_id in devices}
        for device_id, epoch, number, settled, next_seq, unconfirmed, has_readings in found:
            if settled is None:
                newest[device_id].append((number, epoch))
            else:
                known[device_id, epoch] = StreamState(number, ranges(settled), next_seq, unconfirmed, has_readings)
        return known, newest

    async def _unconfirmed(
        self,
        connection: Connection,
        wanted: Mapping[StreamKey, Sequence[Range]],
        changes: Mapping[StreamKey, StreamChange],
    ) -> dict[StreamKey, AckPart]:
        """What acknowledgements of the wanted ranges have to repeat. No query when every refusal is confirmed."""
        repeated: dict[StreamKey, Sequence[Range]] = {}
        for key, parts in wanted.items():
            change = changes[key]
            if n := change.unconfirmed:
                repeated[key] = covering(parts, change.settled) if n <= _REPEATED else parts
        found = await refusals.unconfirmed(connection, repeated)
        return {key: AckPart(tuple(repeated[key]), [one.refused for one in found.get(key, ())]) for key in repeated}

    async def _write(
        self,
        connection: Connection,
        changes: Mapping[StreamKey, StreamChange],
        log: Sequence[tuple[object, ...]] = (),
        positions: Mapping[int, int] | None = None,
    ) -> None:
        """Appends the rows, moves the feed positions and widens the streams, in one statement."""
        moved = positions or {}
        streams = [
            (
                *key,
                change.ord,
                as_text(change.added),
                change.stored,
                change.refused,
                change.dropped,
                change.next,
                change.clock_offset,
            )
            for key, change in sorted(changes.items())
            if change.is_change
        ]
        new = Counter(device_id for (device_id, _), change in changes.items() if change.was is None)
        if new:
            await connection.execute(
                "UPDATE device d SET epochs = d.epochs + w.n FROM unnest($1::int[], $2::int[]) AS w (id, n) "
                "WHERE d.id = w.id",
                list(new),
                list(new.values()),
            )
        if not streams and not log:
            return
        await connection.execute(
            "WITH logged AS (INSERT INTO batch (device_id, pos, epoch, ord, lo, hi, n, lane, t_min, t_max, sent, "
            "received, payload) SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], "
            "$5::bigint[], $6::bigint[], $7::int[], $8::smallint[], $9::bigint[], $10::bigint[], $11::bigint[], "
            "$12::timestamptz[], $13::bytea[])), "
            "moved AS (UPDATE device d SET pos = w.pos, last_seen = now() "
            "FROM unnest($14::int[], $15::bigint[]) AS w (id, pos) WHERE d.id = w.id) "
            "INSERT INTO stream AS s (device_id, epoch, ord, settled, stored_n, refused_n, unconfirmed_n, dropped_n, "
            "next, clock_offset) SELECT device_id, epoch, ord, added::int8multirange, stored, refused, refused, "
            "dropped, next, clock_offset FROM unnest($16::int[], $17::bigint[], $18::bigint[], $19::text[], "
            "$20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[]) "
            "AS w (device_id, epoch, ord, added, stored, refused, dropped, next, clock_offset) "
            "ON CONFLICT (device_id, epoch) DO UPDATE SET ord = greatest(s.ord, excluded.ord), "
            "settled = s.settled + excluded.settled, stored_n = s.stored_n + excluded.stored_n, "
            "refused_n = s.refused_n + excluded.refused_n, "
            "unconfirmed_n = s.unconfirmed_n + excluded.unconfirmed_n, dropped_n = s.dropped_n + excluded.dropped_n, "
            "next = greatest(s.next, excluded.next), clock_offset = least(s.clock_offset, excluded.clock_offset)",
            *_columns(log, _LOG_COLUMNS),
            list(moved),
            list(moved.values()),
            *_columns(streams, _STREAM_COLUMNS),
        )


async def _note_clocks(connection: Connection, off: Sequence[ClockStretch]) -> None:
    if off:
        await connection.execute(
            "INSERT INTO clock_stretch AS c SELECT * FROM unnest($1::int[], $2::int[], $3::bigint[], $4::smallint[], "
            "$5::bigint[], $6::bigint[], $7::bigint[]) ON CONFLICT (device_id, day, epoch, step) DO UPDATE SET "
            "t_min = least(c.t_min, excluded.t_min), "
            "t_max = greatest(c.t_max, excluded.t_max), clock_offset = excluded.clock_offset",
            *map(list, zip(*off, strict=True)),
        )


def _changes(group: Sequence[Arrival], known: Mapping[StreamKey, StreamState]) -> dict[StreamKey, StreamChange]:
    """An empty change for each stream of the group, with the highest `ord` that was claimed."""
    changes: dict[StreamKey, StreamChange] = {}
    for arrival in group:
        key = arrival.device_id, arrival.epoch
        change = changes.get(key)
        if change is None:
            changes[key] = StreamChange.of(arrival.ord, known.get(key))
        else:
            change.ord = max(arrival.ord, change.ord)
    return changes


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    """Rows as columns; empty columns when there are no rows."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]


def _with(newest: Mapping[int, Newest], changes: Mapping[StreamKey, StreamChange]) -> dict[int, Newest]:
    """The two newest epochs of each device after the changes."""
    found = {device_id: {epoch: number for number, epoch in epochs} for device_id, epochs in newest.items()}
    for (device_id, epoch), change in changes.items():
        if change.has_readings:
            found[device_id][epoch] = change.ord
    newest_first: dict[int, Newest] = {}
    for device_id, epochs in found.items():
        ordered = sorted(((number, epoch) for epoch, number in epochs.items()), key=lambda one: (-one[0], one[1]))
        newest_first[device_id] = ordered[:2]
    return newest_first


def _rows(added: GroupChanges, positions: dict[int, int]) -> tuple[list[tuple[object, ...]], list[Logged]]:
    """The log's rows for `_write`. Moves the feed positions. The live lane comes first, so that it is published
    first."""
    written: list[tuple[object, ...]] = []
    logged: list[Logged] = []
    for key in sorted(added.pieces, key=lambda key: _LANES[key[3]]):
        device_id, epoch, number, lane = key
        for pieces in rows(added.pieces[key]):
            columns = concatenate([piece for _, piece in pieces])
            positions[device_id] = positions.get(device_id, 0) + 1
            logged.append(Logged(device_id, positions[device_id], lane, columns))
            written.append(
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
                    max(arrival.sent for arrival, _ in pieces),
                    datetime.fromtimestamp(max(arrival.received for arrival, _ in pieces) / 1e6, UTC),
                    encode(columns),
                )
            )
    return written, logged

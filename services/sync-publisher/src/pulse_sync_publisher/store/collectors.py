"""The collectors: copies of auth's records, and the progress of their mirrors."""

from collections.abc import Collection
from datetime import datetime

from pulse_contracts.times import from_micros, to_micros
from pulse_postgres import Connection, Row
from pulse_sync_publisher.model.audit_chain import Head
from pulse_sync_publisher.model.collectors import Collector, Keys, ShownStatus
from pulse_sync_publisher.model.progress import Flight, Progress

_NEWS = "is_shown = false"


class CollectorStore:
    """Collectors by id."""

    async def by_id(self, connection: Connection, device: str) -> Collector | None:
        """The collector, also a deleted one; None if it is unknown."""
        row = await connection.fetchrow("SELECT * FROM collector WHERE device = $1", device)
        return _collector(row) if row else None

    async def all(self, connection: Connection) -> list[Collector]:
        """Every collector that is not deleted, by id."""
        rows = await connection.fetch("SELECT * FROM collector WHERE state <> 'deleted' ORDER BY device")
        return [_collector(row) for row in rows]

    async def lock(self, connection: Connection, device: str) -> Collector | None:
        """Like `by_id`, but locks the row until the transaction ends."""
        row = await connection.fetchrow("SELECT * FROM collector WHERE device = $1 FOR UPDATE", device)
        return _collector(row) if row else None

    async def lock_all(self, connection: Connection, devices: Collection[str]) -> list[Collector]:
        """Locks these collectors, in one order."""
        query = "SELECT * FROM collector WHERE device = ANY($1::text[]) ORDER BY device FOR UPDATE"
        return [_collector(row) for row in await connection.fetch(query, list(devices))]

    async def claim(self, connection: Connection, now: datetime, limit: int, *, is_current: bool) -> list[Collector]:
        """Locks collectors whose next message is due, except those that another process has locked. `is_current`: the
        copy of the accounts is; otherwise only collectors with a pending rekey or revocation."""
        query = (
            f"SELECT * FROM collector c WHERE next_send <= $1 AND {_sendable(is_current)} ORDER BY next_send LIMIT $2 "  # noqa: S608
            "FOR NO KEY UPDATE SKIP LOCKED"
        )
        return [_collector(row) for row in await connection.fetch(query, now, limit)]

    async def count_due(self, connection: Connection, now: datetime, *, is_current: bool) -> int:
        """The number of collectors that `claim` would return without a limit, locked ones included."""
        query = f"SELECT count(*) FROM collector c WHERE next_send <= $1 AND {_sendable(is_current)}"  # noqa: S608
        return int(await connection.fetchval(query, now))

    async def next_due(self, connection: Connection) -> datetime | None:
        """When the next message is due."""
        found: datetime | None = await connection.fetchval("SELECT min(next_send) FROM collector")
        return found

    async def versions(self, connection: Connection) -> list[tuple[str, int]]:
        """Ids and versions of all collectors, deleted ones included."""
        return [
            (row["device"], row["version"]) for row in await connection.fetch("SELECT device, version FROM collector")
        ]

    async def add(self, connection: Connection, collector: Collector, now: datetime) -> None:
        """Inserts a collector that was unknown."""
        await connection.execute(
            "INSERT INTO collector (device, version, name, site, tags, state, gen, keyed_at, shown_since) "
            "VALUES ($1, 0, '', '', '{}', 'disabled', 0, $2, $2) ON CONFLICT DO NOTHING",
            collector.device,
            now,
        )

    async def describe(self, connection: Connection, collector: Collector) -> None:
        """Stores auth's record and the keys."""
        keys = collector.keys
        await connection.execute(
            "UPDATE collector SET version = $2, name = $3, site = $4, tags = $5, public_key = $6, "  # noqa: S608
            "seal_key = $7, next_seal_key = $8, next_public = $9, wipe_due = $10, set_seq = NULL, "
            f"{_NEWS} WHERE device = $1",
            collector.device,
            collector.version,
            collector.name,
            collector.site,
            list(collector.tags),
            keys.public,
            keys.current,
            keys.following,
            keys.following_public,
            collector.wipe_due,
        )

    async def rekey(self, connection: Connection, device: str, keys: Keys) -> None:
        """Stores the sealing keys."""
        await connection.execute(
            "UPDATE collector SET seal_key = $2, next_seal_key = $3, next_public = $4 WHERE device = $1",
            device,
            keys.current,
            keys.following,
            keys.following_public,
        )

    async def put(self, connection: Connection, progress: Progress, next_send: int | None) -> None:
        """Stores the progress. `next_send` in microseconds."""
        flight = progress.flight
        await connection.execute(
            "UPDATE collector SET state = $2, gen = $3, key = $4, next_key = $5, keyed_at = $6, seq = $7, acked = $8, "  # noqa: S608
            "sent = $9, needs_snapshot = $10, reported = $11, seen = $12, beat = $13, reported_n = $14, nonces = $15, "
            "flight = $16, flight_seq = $17, flight_asof = $18, flight_tries = $19, flight_at = $20, wiped_gen = $21, "
            f"next_send = $22, {_NEWS} WHERE device = $1",
            progress.device,
            progress.state,
            progress.gen,
            progress.key,
            progress.next_key,
            from_micros(progress.keyed_at),
            progress.seq,
            progress.acked,
            progress.sent,
            progress.needs_snapshot,
            progress.reported,
            _time(progress.seen),
            progress.beat,
            progress.reported_n,
            list(progress.nonces),
            flight.kind if flight else None,
            flight.seq if flight else 0,
            flight.asof if flight else 0,
            flight.attempts if flight else 0,
            from_micros(flight.at) if flight else None,
            progress.wiped_gen,
            _time(next_send),
        )

    async def grow(self, connection: Connection, seqs: dict[str, int], now: datetime) -> None:
        """Moves the ends of logs. Collectors that wait for nothing are due at once."""
        await connection.execute(
            "UPDATE collector c SET seq = g.seq, next_send = CASE WHEN c.flight IS NULL AND c.state = 'enabled' AND "  # noqa: S608
            f"c.reported IS NOT NULL THEN least(c.next_send, $3) ELSE c.next_send END, {_NEWS} "
            "FROM unnest($1::text[], $2::bigint[]) AS g (device, seq) WHERE c.device = g.device",
            list(seqs),
            list(seqs.values()),
            now,
        )

    async def keep_set(self, connection: Connection, device: str, at: tuple[int, str]) -> None:
        """Caches the digest at a position."""
        await connection.execute("UPDATE collector SET set_seq = $2, set = $3 WHERE device = $1", device, *at)

    async def note_check(self, connection: Connection, device: str, now: datetime) -> None:
        """The digests were compared at an equal position."""
        await connection.execute(
            "UPDATE collector SET check_due = false, checked_at = $2 WHERE device = $1", device, now
        )

    async def note_beat(self, connection: Connection, device: str, beat: int, now: datetime) -> None:
        """A heartbeat is being sent."""
        await connection.execute(
            "UPDATE collector SET beat = greatest(beat, $2), beat_at = $3 WHERE device = $1", device, beat, now
        )

    async def note_audit(self, connection: Connection, device: str, head: Head) -> None:
        """Entries of its audit trail were stored."""
        await connection.execute(
            "UPDATE collector SET audit_n = $2, audit_hash = $3 WHERE device = $1", device, head.n, head.hash
        )

    async def mark_checks(self, connection: Connection) -> int:
        """Requests a comparison of digests with every collector, with digests that are computed again."""
        condition = "state = 'enabled' AND gen > 0"
        return await self._mark(connection, "check_due = true, set_seq = NULL", condition)

    async def mark_wipes(self, connection: Connection) -> None:
        """Publishes every retained wipe again."""
        await self._mark(connection, "wipe_due = true", "wiped_gen > 0 AND wiped_gen >= gen")

    async def mark_unshown(self, connection: Connection) -> None:
        """Publishes every status again."""
        await self._mark(connection, "is_shown = false", "true")

    async def mark_flights(self, connection: Connection, now: datetime) -> None:
        """Sends every unacknowledged message again, at once."""
        await self._mark(connection, "next_send = $1", "flight IS NOT NULL AND next_send IS NOT NULL", now)

    async def due_wipes(self, connection: Connection) -> list[Collector]:
        """Collectors whose wipe must be published."""
        return [_collector(row) for row in await connection.fetch("SELECT * FROM collector WHERE wipe_due")]

    async def note_wipe(self, connection: Connection, device: str, gen: int) -> None:
        """The wipe of this enrolment was published."""
        await connection.execute(
            "UPDATE collector SET wipe_due = false WHERE device = $1 AND wiped_gen = $2", device, gen
        )

    async def claim_unshown(self, connection: Connection) -> list[tuple[Collector, int]]:
        """Collectors whose status may have changed, with the number of entries that they have not acknowledged."""
        rows = await connection.fetch(
            "UPDATE collector c SET is_shown = true WHERE device IN (SELECT device FROM collector WHERE NOT is_shown "
            "FOR UPDATE SKIP LOCKED) RETURNING *, (SELECT count(*) FROM entry e WHERE e.device = c.device AND "
            "e.seq > c.acked) AS pending"
        )
        return [(_collector(row), row["pending"]) for row in rows]

    async def backlog(self, connection: Connection) -> tuple[int, float]:
        """Number of entries that reachable collectors have not acknowledged, and the age of the oldest in seconds."""
        row = await connection.fetchrow(
            "SELECT count(*) AS n, coalesce(extract(epoch FROM now() - min(e.at)), 0)::float8 AS age FROM collector c "
            "JOIN entry e ON e.device = c.device AND e.seq > c.acked "
            "WHERE c.state = 'enabled' AND c.gen > 0 AND c.wiped_gen < c.gen"
        )
        return (row["n"], max(0.0, row["age"])) if row else (0, 0.0)

    async def note_shown(self, connection: Connection, device: str, shown: ShownStatus) -> None:
        """Stores the state that pages get."""
        await connection.execute(
            "UPDATE collector SET shown = $2, shown_behind = $3, shown_since = $4 WHERE device = $1",
            device,
            shown.state,
            shown.behind,
            from_micros(shown.since),
        )

    async def _mark(self, connection: Connection, change: str, condition: str, *values: object) -> int:
        """Changes many rows, which it locks in one order. Returns their number."""
        rows = await connection.fetch(
            f"UPDATE collector SET {change} WHERE device IN "  # noqa: S608  # constant texts
            f"(SELECT device FROM collector WHERE {condition} ORDER BY device FOR UPDATE) RETURNING 1",
            *values,
        )
        return len(rows)


def _sendable(is_current: bool) -> str:  # noqa: FBT001  # one fact
    if is_current:
        return "true"
    return (
        "(next_key IS NOT NULL OR EXISTS (SELECT FROM entry e WHERE e.device = c.device AND e.seq > c.acked AND "
        "e.state = 'revoked'))"
    )


def _time(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def _micros(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)


def _collector(row: Row) -> Collector:
    flight = None
    if row["flight"] is not None:
        flight = Flight(
            row["flight"], row["flight_seq"], row["flight_asof"], row["flight_tries"], to_micros(row["flight_at"])
        )
    progress = Progress(
        row["device"],
        row["state"],
        row["gen"],
        row["key"],
        row["next_key"],
        row["seq"],
        row["acked"],
        row["sent"],
        row["needs_snapshot"],
        row["reported"],
        _micros(row["seen"]),
        row["beat"],
        row["reported_n"],
        tuple(row["nonces"]),
        flight,
        row["wiped_gen"],
        to_micros(row["keyed_at"]),
    )
    return Collector(
        row["version"],
        row["name"],
        row["site"],
        tuple(row["tags"]),
        progress,
        Keys(
            bytes(row["public_key"]) if row["public_key"] is not None else None,
            row["seal_key"],
            row["next_seal_key"],
            bytes(row["next_public"]) if row["next_public"] is not None else None,
        ),
        (row["set_seq"], row["set"]) if row["set_seq"] is not None else None,
        row["wipe_due"],
        row["check_due"],
        _micros(row["checked_at"]),
        _micros(row["beat_at"]),
        Head(row["audit_n"], row["audit_hash"]),
        ShownStatus(row["shown"], row["shown_behind"], to_micros(row["shown_since"])),
    )

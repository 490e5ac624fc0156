"""The logs of the collectors."""

from collections.abc import Collection, Sequence

from pulse_contracts.mirror import mirror_digest
from pulse_contracts.times import from_micros, to_micros
from pulse_postgres import Connection, Row
from pulse_sync_publisher.model.records import Account, Entry
from pulse_sync_publisher.store.accounts import account_of

_COLUMNS = "account, device, seq, ver, src, state, hash, at, has_verifier, revoked_ver, revoked_src, had_src, held_from"
_ARRAYS = (
    "$1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bytea[], $8::timestamptz[], "
    "$9::boolean[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[]"
)
_REPLACED = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", ") if name not in {"account", "device"})


class EntryStore:
    """Entries. The caller holds the collector's lock."""

    async def of_accounts(
        self, connection: Connection, accounts: Collection[str], devices: Collection[str]
    ) -> dict[tuple[str, str], Entry]:
        """Entries of these accounts in the logs of these collectors, by collector and account."""
        query = f"SELECT {_COLUMNS} FROM entry WHERE account = ANY($1::uuid[]) AND device = ANY($2::text[])"  # noqa: S608
        rows = await connection.fetch(query, list(accounts), list(devices))
        return {(row["device"], str(row["account"])): _entry(row) for row in rows}

    async def of_device(self, connection: Connection, device: str) -> dict[str, Entry]:
        """The whole log of a collector, by account."""
        rows = await connection.fetch(f"SELECT {_COLUMNS} FROM entry WHERE device = $1", device)  # noqa: S608
        return {str(row["account"]): _entry(row) for row in rows}

    async def put(self, connection: Connection, entries: Sequence[tuple[str, Entry]]) -> None:
        """Writes entries (collector, entry)."""
        await connection.execute(
            f"INSERT INTO entry ({_COLUMNS}) SELECT * FROM unnest({_ARRAYS}) "  # noqa: S608  # constant columns
            f"ON CONFLICT (account, device) DO UPDATE SET {_REPLACED}",
            [entry.account for _, entry in entries],
            [device for device, _ in entries],
            [entry.seq for _, entry in entries],
            [entry.ver for _, entry in entries],
            [entry.src for _, entry in entries],
            [entry.state for _, entry in entries],
            [bytes.fromhex(entry.hash) for _, entry in entries],
            [from_micros(entry.at) for _, entry in entries],
            [entry.has_verifier for _, entry in entries],
            [entry.revoked_ver for _, entry in entries],
            [entry.revoked_src for _, entry in entries],
            [entry.had_src for _, entry in entries],
            [entry.held_from for _, entry in entries],
        )

    async def newer(self, connection: Connection, device: str, base: int, limit: int) -> list[Entry]:
        """The entries behind a position, oldest first."""
        query = f"SELECT {_COLUMNS} FROM entry WHERE device = $1 AND seq > $2 ORDER BY seq LIMIT $3"  # noqa: S608
        return [_entry(row) for row in await connection.fetch(query, device, base, limit)]

    async def after(
        self, connection: Connection, device: str, base: int, limit: int | None
    ) -> list[tuple[Entry, Account | None]]:
        """The entries behind a position, oldest first, with the accounts of the live ones."""
        rows = await connection.fetch(
            "SELECT e.account, e.seq, e.ver, e.src, e.state, e.hash, e.at, e.has_verifier, e.revoked_ver, "
            "e.revoked_src, e.had_src, e.held_from, a.id, a.email, a.name, a.role, a.active, a.deleted, a.verifier, "
            "a.changed, a.at_users, a.is_kept FROM entry e LEFT JOIN account a ON a.id = e.account "
            "WHERE e.device = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3",
            device,
            base,
            limit,
        )
        return [(_entry(row), account_of(row) if row["state"] == "live" else None) for row in rows]

    async def postpone_live(self, connection: Connection, device: str, acked: int, seq: int) -> int:
        """Moves the live entries that wait before a revocation to the end of the log, behind `seq`. Returns their
        number."""
        rows = await connection.fetch(
            "WITH moved AS (SELECT account, row_number() OVER (ORDER BY seq) AS k FROM entry WHERE device = $1 AND "
            "seq > $2 AND state = 'live' AND seq < (SELECT max(seq) FROM entry WHERE device = $1 AND state = 'revoked')"
            ") UPDATE entry e SET seq = $3 + m.k FROM moved m WHERE e.device = $1 AND e.account = m.account "
            "RETURNING 1",
            device,
            acked,
            seq,
        )
        return len(rows)

    async def digest(self, connection: Connection, device: str) -> str:
        """`mirror_digest` of a log."""
        rows = await connection.fetch(
            "SELECT account::text AS account, ver, state, encode(hash, 'hex') AS hash FROM entry WHERE device = $1",
            device,
        )
        return mirror_digest((row["account"], row["ver"], row["state"], row["hash"]) for row in rows)

    async def pending(self, connection: Connection, device: str, acked: int) -> int:
        """The number of entries behind a position."""
        query = "SELECT count(*) FROM entry WHERE device = $1 AND seq > $2"
        return int(await connection.fetchval(query, device, acked))


def _entry(row: Row) -> Entry:
    return Entry(
        str(row["account"]),
        row["seq"],
        row["ver"],
        row["src"],
        row["state"],
        row["hash"].hex(),
        to_micros(row["at"]),
        row["has_verifier"],
        row["revoked_ver"],
        row["revoked_src"],
        row["had_src"],
        row["held_from"],
    )

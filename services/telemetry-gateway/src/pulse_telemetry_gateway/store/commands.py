"""Commands to collectors and their outcomes, and the key that signs them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from pulse_contracts.commands import Action, CommandReply
from pulse_postgres import Connection, Database, Row
from pulse_telemetry_gateway.model.commands import CommandRequest, SentCommand, follows, next_number

_COLUMNS = (
    "id, device, n, action, seconds, lines, actor, requested_at, expires_at, outcome, reason, output, answered_at"
)
_KEPT = 1_000
"""Commands of one collector that are kept. The oldest are deleted."""


class CommandStore:
    """The tables `command`, `command_number` and `command_key`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def is_plain(self, device: str) -> bool | None:
        """Whether the device is a plain device. None: the gateway does not know it."""
        query = (
            "SELECT EXISTS (SELECT FROM stream WHERE device_id = d.id AND epoch = 0) AS is_plain "
            "FROM device d WHERE name = $1 AND removed_at IS NULL"
        )
        async with self._database.connection() as connection:
            found = await connection.fetchrow(query, device)
        return None if found is None else bool(found["is_plain"])

    async def next_number(self, connection: Connection, device: str, now: datetime) -> int:
        """Gives the next number of a collector, under the lock of its row."""
        await connection.execute("INSERT INTO command_number (device, n) VALUES ($1, 0) ON CONFLICT DO NOTHING", device)
        last = await connection.fetchval("SELECT n FROM command_number WHERE device = $1 FOR UPDATE", device)
        number = next_number(int(last), int(now.timestamp()))
        await connection.execute("UPDATE command_number SET n = $2 WHERE device = $1", device, number)
        return number

    async def add(self, connection: Connection, command: SentCommand) -> None:
        """Adds a command, and deletes the oldest ones of the collector."""
        request = command.request
        await connection.execute(
            "INSERT INTO command (id, device, n, action, seconds, lines, actor, requested_at, expires_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            command.id,
            command.device,
            command.n,
            request.action,
            request.seconds,
            request.lines,
            command.actor,
            command.requested,
            command.expires,
        )
        await connection.execute(
            "DELETE FROM command WHERE device = $1 AND n <= "
            "(SELECT n FROM command WHERE device = $1 ORDER BY n DESC OFFSET $2 LIMIT 1)",
            command.device,
            _KEPT,
        )

    async def answer(self, device: str, reply: CommandReply, now: datetime) -> bool:
        """Stores a collector's reply. Returns False when the collector has no such command, or when the command has
        its final outcome already. Raises Unavailable."""
        async with self._database.transaction() as connection:
            row = await connection.fetchrow(
                "SELECT outcome FROM command WHERE id = $1 AND device = $2 FOR UPDATE", UUID(reply.id), device
            )
            if row is None or not follows(row["outcome"], reply.outcome):
                return False
            await connection.execute(
                "UPDATE command SET outcome = $2, reason = $3, output = $4, answered_at = $5 WHERE id = $1",
                UUID(reply.id),
                reply.outcome,
                reply.reason,
                reply.output.replace("\x00", "�"),
                now,
            )
        return True

    async def mark_unknown(
        self, connection: Connection, before: datetime, limit: int
    ) -> list[tuple[UUID, str, Action]]:
        """Gives up to `limit` commands the outcome `unknown` whose collectors accepted them at or before a time and did
        not report an outcome. Returns id, device and action of each."""
        rows = await connection.fetch(
            "UPDATE command SET outcome = 'unknown', reason = 'no_outcome_reported' WHERE id IN "
            "(SELECT id FROM command WHERE outcome = 'accepted' AND answered_at <= $1 ORDER BY answered_at LIMIT $2 "
            "FOR UPDATE SKIP LOCKED) "
            "RETURNING id, device, action",
            before,
            limit,
        )
        return [(row["id"], row["device"], row["action"]) for row in rows]

    async def not_sent(self, id_: UUID, reason: str, now: datetime) -> None:
        """Records that a command did not reach the broker. Raises Unavailable."""
        async with self._database.connection() as connection:
            await connection.execute(
                "UPDATE command SET outcome = 'failed', reason = $2, answered_at = $3 "
                "WHERE id = $1 AND outcome IS NULL",
                id_,
                reason,
                now,
            )

    async def find(self, device: str, id_: UUID) -> SentCommand | None:
        """One command of a collector. Raises Unavailable."""
        query = f"SELECT {_COLUMNS} FROM command WHERE id = $1 AND device = $2"  # noqa: S608  # a constant
        async with self._database.connection() as connection:
            row = await connection.fetchrow(query, id_, device)
        return None if row is None else _command(row)

    async def history(self, device: str, before: int | None, limit: int) -> Sequence[SentCommand]:
        """The commands of a collector, newest first. `before`: only those with a lower number. Raises Unavailable."""
        query = (
            f"SELECT {_COLUMNS} FROM command WHERE device = $1 AND ($2::bigint IS NULL OR n < $2) "  # noqa: S608
            "ORDER BY n DESC LIMIT $3"
        )
        async with self._database.connection() as connection:
            return [_command(row) for row in await connection.fetch(query, device, before, limit)]

    async def signing_key(self) -> tuple[str, str] | None:
        """(kid, sealed private key). Raises Unavailable."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow("SELECT kid, sealed FROM command_key")
        return None if row is None else (str(row["kid"]), str(row["sealed"]))

    async def put_signing_key(self, kid: str, sealed: str, now: datetime) -> None:
        """Stores the key unless another replica was faster. Raises Unavailable."""
        async with self._database.connection() as connection:
            await connection.execute(
                "INSERT INTO command_key (kid, sealed, created) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                kid,
                sealed,
                now,
            )

    async def replace_signing_key(self, old: str, kid: str, sealed: str, now: datetime) -> None:
        """Replaces the key with the kid `old`, unless another replica was faster. Raises Unavailable."""
        async with self._database.connection() as connection:
            await connection.execute(
                "UPDATE command_key SET kid = $2, sealed = $3, created = $4 WHERE kid = $1", old, kid, sealed, now
            )


def _command(row: Row) -> SentCommand:
    return SentCommand(
        row["id"],
        row["device"],
        row["n"],
        CommandRequest(row["action"], row["seconds"], row["lines"]),
        row["actor"],
        row["requested_at"],
        row["expires_at"],
        row["outcome"],
        row["reason"],
        row["output"],
        row["answered_at"],
    )

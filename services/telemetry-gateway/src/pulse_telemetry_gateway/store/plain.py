"""Settings of plain devices, and the values that were skipped: `plain_setting`, `plain_skipped`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pulse_postgres import Connection, Database
from pulse_telemetry_gateway.model.plain.normalizer import TIME_KEYS, PlainRules

UNSET_VERSION = 1
_NAMES_MAX = 200
"""Skipped names kept for one device."""
_COLUMNS = "takes_text, time_keys, time_zone, left_out, version, updated_at, updated_by, updated_by_name"
_LOCK = 0x706C6169
"""PostgreSQL advisory lock: its holder changes the settings of a device. "plai" in ASCII."""


@dataclass(frozen=True)
class PlainSettings:
    """`PlainRules` as the API shows them."""

    takes_text: bool = True
    time_keys: tuple[str, ...] = TIME_KEYS
    time_zone: str = "UTC"
    left_out: tuple[str, ...] = ()

    def rules(self) -> PlainRules:
        """Raises ZoneInfoNotFoundError when the time zone is unknown."""
        zone = ZoneInfo(self.time_zone)
        return PlainRules(self.takes_text, frozenset(self.time_keys), zone, frozenset(self.left_out))


@dataclass(frozen=True)
class SavedPlainSettings:
    """Settings, who saved them, and when. Version 1: nobody has saved any."""

    settings: PlainSettings = PlainSettings()
    version: int = UNSET_VERSION
    updated_at: datetime | None = None
    updated_by: str | None = None
    updated_by_name: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """n: skipped values of one name. example: the newest of them."""

    n: int
    example: str
    last: datetime | None = None


class PlainStore:
    """Every method raises DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rules(self, device_id: int) -> PlainRules:
        """The rules of a device, or the defaults."""
        return (await self.settings(device_id)).rules()

    async def settings(self, device_id: int) -> PlainSettings:
        """The settings of a device, or the defaults."""
        return (await self.saved(device_id)).settings

    async def saved(self, device_id: int) -> SavedPlainSettings:
        """The settings of a device with their version."""
        async with self._database.connection() as connection:
            return await _saved(connection, device_id)

    async def lock(self, connection: Connection, device_id: int) -> SavedPlainSettings:
        """Like `saved`. Nobody changes them until the transaction ends."""
        await connection.execute("SELECT pg_advisory_xact_lock($1, $2)", _LOCK, device_id)
        # The previous release does not take that lock: the row's own one makes it wait.
        await connection.execute("SELECT 1 FROM plain_setting WHERE device_id = $1 FOR UPDATE", device_id)
        return await _saved(connection, device_id)

    async def put(self, connection: Connection, device_id: int, new: SavedPlainSettings) -> None:
        """Replaces the settings of a device. The caller holds the lock."""
        await connection.execute(
            f"INSERT INTO plain_setting (device_id, {_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "  # noqa: S608  # constant columns
            "ON CONFLICT (device_id) DO UPDATE SET takes_text = $2, time_keys = $3, time_zone = $4, left_out = $5, "
            "version = $6, updated_at = $7, updated_by = $8, updated_by_name = $9",
            device_id,
            new.settings.takes_text,
            list(new.settings.time_keys),
            new.settings.time_zone,
            list(new.settings.left_out),
            new.version,
            new.updated_at,
            new.updated_by,
            new.updated_by_name,
        )

    async def add_skipped(self, found: Sequence[tuple[int, str, Skipped]]) -> None:
        """Adds to the counts. Keeps the newest 200 names of a device."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "INSERT INTO plain_skipped AS p (device_id, name, n, example) "
                "SELECT * FROM unnest($1::int[], $2::text[], $3::bigint[], $4::text[]) ON CONFLICT (device_id, name) "
                "DO UPDATE SET n = p.n + excluded.n, example = excluded.example, last = now()",
                [device_id for device_id, _, _ in found],
                [name for _, name, _ in found],
                [what.n for _, _, what in found],
                [what.example for _, _, what in found],
            )
            await connection.execute(
                "DELETE FROM plain_skipped p USING (SELECT device_id, name, row_number() OVER (PARTITION BY device_id "
                "ORDER BY last DESC, name) AS place FROM plain_skipped WHERE device_id = ANY($1::int[])) q "
                "WHERE p.device_id = q.device_id AND p.name = q.name AND q.place > $2",
                sorted({device_id for device_id, _, _ in found}),
                _NAMES_MAX,
            )

    async def skipped(self, device_id: int) -> dict[str, Skipped]:
        """The skipped values of a device by name, newest first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT name, n, example, last FROM plain_skipped WHERE device_id = $1 ORDER BY last DESC, name",
                device_id,
            )
        return {row["name"]: Skipped(row["n"], row["example"], row["last"]) for row in rows}


async def _saved(connection: Connection, device_id: int) -> SavedPlainSettings:
    query = f"SELECT {_COLUMNS} FROM plain_setting WHERE device_id = $1"  # noqa: S608  # constant columns
    row = await connection.fetchrow(query, device_id)
    if row is None:
        return SavedPlainSettings()
    settings = PlainSettings(row["takes_text"], tuple(row["time_keys"]), row["time_zone"], tuple(row["left_out"]))
    return SavedPlainSettings(settings, row["version"], row["updated_at"], row["updated_by"], row["updated_by_name"])

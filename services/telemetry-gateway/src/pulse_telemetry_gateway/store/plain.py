"""Settings of plain devices, and the values that were skipped: `plain_setting`, `plain_skipped`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pulse_postgres import Connection, Database
from pulse_telemetry_gateway.model.plain.normalizer import TIME_KEYS, PlainRules

_NAMES_MAX = 200
"""Skipped names kept for one device."""


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
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                "SELECT takes_text, time_keys, time_zone, left_out FROM plain_setting WHERE device_id = $1", device_id
            )
        if row is None:
            return PlainSettings()
        return PlainSettings(row["takes_text"], tuple(row["time_keys"]), row["time_zone"], tuple(row["left_out"]))

    async def change(self, connection: Connection, device_id: int, settings: PlainSettings) -> None:
        """Changes the settings of a device."""
        await connection.execute(
            "INSERT INTO plain_setting (device_id, takes_text, time_keys, time_zone, left_out) "
            "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (device_id) DO UPDATE SET takes_text = excluded.takes_text, "
            "time_keys = excluded.time_keys, time_zone = excluded.time_zone, left_out = excluded.left_out",
            device_id,
            settings.takes_text,
            list(settings.time_keys),
            settings.time_zone,
            list(settings.left_out),
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

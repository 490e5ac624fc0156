"""The table `series_display`, and the names and units in `series`."""

import json
from collections.abc import Iterable
from typing import Final

from pulse_postgres import Connection, Row
from pulse_telemetry_gateway.model.displays import UNSET_VERSION, Display, Limit, SeriesDisplay
from pulse_telemetry_gateway.store.visibility import SERIES_EXISTS

_QUERY: Final = (
    "SELECT s.id, d.name AS device, s.display_name, s.unit, s.given_name, s.given_unit, p.version, p.decimals, "  # noqa: S608  # constants
    "p.limits, p.expected_min, p.expected_max, p.updated_at, p.updated_by, p.updated_by_name "
    "FROM series s JOIN device d ON d.id = s.device_id LEFT JOIN series_display p ON p.series_id = s.id "
    f"LEFT JOIN latest l ON l.series_id = s.id WHERE s.id = $1 AND {SERIES_EXISTS}"
)


class DisplayStore:
    """Each function works within the caller's transaction."""

    async def find(self, connection: Connection, series: int) -> SeriesDisplay | None:
        """The settings of a series. None: it does not exist, or it was deleted."""
        row = await connection.fetchrow(_QUERY, series)
        return _display(row) if row else None

    async def lock(self, connection: Connection, series: int) -> SeriesDisplay | None:
        """Like `find`. Nobody changes or deletes the settings until the transaction ends."""
        await connection.execute("SELECT 1 FROM series WHERE id = $1 FOR NO KEY UPDATE", series)
        return await self.find(connection, series)

    async def put(self, connection: Connection, changed: SeriesDisplay) -> None:
        """Replaces the settings. The caller holds the row."""
        display = changed.display
        await connection.execute(
            "UPDATE series SET given_name = $2, given_unit = $3 WHERE id = $1",
            changed.series,
            display.name,
            display.unit,
        )
        await connection.execute(
            "INSERT INTO series_display (series_id, version, decimals, limits, expected_min, expected_max, updated_at, "
            "updated_by, updated_by_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (series_id) "
            "DO UPDATE SET version = $2, decimals = $3, limits = $4, expected_min = $5, expected_max = $6, "
            "updated_at = $7, updated_by = $8, updated_by_name = $9",
            changed.series,
            changed.version,
            display.decimals,
            write_limits(display.limits),
            display.expected_min,
            display.expected_max,
            changed.updated_at,
            changed.updated_by,
            changed.updated_by_name,
        )


def read_limits(text: str | None) -> tuple[Limit, ...]:
    """The stored limits; none for None."""
    return tuple(Limit(**one) for one in json.loads(text or "[]"))


def write_limits(limits: Iterable[Limit]) -> str:
    """What `read_limits` reads."""
    return json.dumps([vars(one) for one in limits])


def _display(row: Row) -> SeriesDisplay:
    display = Display(
        row["given_name"],
        row["given_unit"],
        row["decimals"],
        read_limits(row["limits"]),
        row["expected_min"],
        row["expected_max"],
    )
    return SeriesDisplay(
        row["id"],
        row["device"],
        row["display_name"],
        row["unit"],
        display,
        row["version"] or UNSET_VERSION,
        row["updated_at"],
        row["updated_by"],
        row["updated_by_name"] or "",
    )

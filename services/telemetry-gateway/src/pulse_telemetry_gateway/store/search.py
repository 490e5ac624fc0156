"""Searches for series by words of their names, ignoring case and accents, and by unit."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pulse_contracts.message import ValueType
from pulse_postgres import Database
from pulse_telemetry_gateway.store.registry import SeriesKey

_MARKS = re.compile("[\u0300-\u036f]")
_MOST_UNITS = 200
_EXISTS: Final = "(s.removed_at IS NULL OR EXISTS (SELECT FROM latest WHERE series_id = s.id))"
_FIND: Final = f"""
WITH hit AS MATERIALIZED (
    SELECT s.id, d.name AS device, s.name, s.type FROM series s JOIN device d ON d.id = s.device_id
    WHERE ($1::text IS NULL OR d.name = $1) AND (d.search_text || ' ' || s.search_text) LIKE ALL ($2::text[])
    AND ($3::text IS NULL OR s.type = $3)
    AND ($4::text IS NULL OR (s.type <> 'bool' AND coalesce(s.given_unit, s.unit) = $4)) AND {_EXISTS}
)
SELECT (SELECT count(*) FROM hit) AS total, ARRAY(
    SELECT id FROM hit WHERE (device, name, type) > ($5, $6, $7) ORDER BY device, name, type LIMIT $8
) AS ids
"""  # noqa: S608  # constants
"""One scan of all names finds the page and the number of hits. It takes as long for many hits as for none."""


@dataclass(frozen=True)
class Search:
    """What is searched for. words: by `words_of`; each must occur in a name of the series or of its device, or in the
    unit. unit: only numbers that are shown with this unit; "" for those without a unit."""

    device: str | None = None
    words: Sequence[str] = ()
    type: ValueType | None = None
    unit: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the device is asked for."""
        return not self.words and self.type is None and self.unit is None


@dataclass(frozen=True)
class UnitCount:
    """How many numbers are shown with a unit, or, for None, how many series are switches."""

    unit: str | None
    series: int


class SeriesSearch:
    """Finds and counts series that are not deleted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, search: Search, after: SeriesKey, most: int) -> tuple[list[int], int]:
        """The ids of at most `most` hits after a (device, name, type), in that order; and the number of all hits."""
        async with self._database.connection() as connection:
            found = await connection.fetchrow(
                _FIND, search.device, patterns(search.words), search.type, search.unit, *after, most
            )
        return (found["ids"], found["total"]) if found else ([], 0)

    async def count(self, device: str | None) -> int:
        """How many series one or all devices have."""
        query = (
            "SELECT count(*) FROM series s WHERE ($1::text IS NULL OR s.device_id = (SELECT id FROM device "  # noqa: S608
            f"WHERE name = $1)) AND {_EXISTS}"
        )
        async with self._database.connection() as connection:
            return int(await connection.fetchval(query, device))

    async def units(self) -> list[UnitCount]:
        """The most frequent units of all series, at most 200."""
        query = (
            "SELECT CASE WHEN s.type <> 'bool' THEN coalesce(s.given_unit, s.unit) END AS unit, count(*) AS series "  # noqa: S608
            f"FROM series s WHERE {_EXISTS} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT $1"
        )
        async with self._database.connection() as connection:
            rows = await connection.fetch(query, _MOST_UNITS)
        return [UnitCount(row["unit"], row["series"]) for row in rows]


def words_of(text: str) -> list[str]:
    """The words of a search: in lower case, without accents."""
    return _MARKS.sub("", unicodedata.normalize("NFD", text.lower())).replace("\x00", " ").split()


def patterns(words: Sequence[str]) -> list[str]:
    """Patterns for `LIKE ALL` that match a text with every word."""
    return ["%" + re.sub(r"([\\%_])", r"\\\1", word) + "%" for word in words]

"""Searches for words in names, ignoring case and accents."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

_MARKS = re.compile("[\u0300-\u036f]")


def words_of(text: str) -> list[str]:
    """The words of a search: in lower case, without accents."""
    return _MARKS.sub("", unicodedata.normalize("NFD", text.lower())).replace("\x00", " ").split()


def patterns(words: Sequence[str]) -> list[str]:
    """Patterns for `LIKE ALL` that match a text with every word."""
    return ["%" + re.sub(r"([\\%_])", r"\\\1", word) + "%" for word in words]


FIND_SERIES: Final = """
WITH hit AS MATERIALIZED (
    SELECT s.id, d.name AS device, s.name, s.type FROM series s JOIN device d ON d.id = s.device_id
    WHERE ($1::text IS NULL OR d.name = $1) AND (d.search_text || ' ' || s.search_text) LIKE ALL ($2::text[])
    AND (s.removed_at IS NULL OR EXISTS (SELECT FROM latest WHERE series_id = s.id))
)
SELECT (SELECT count(*) FROM hit) AS total, ARRAY(
    SELECT id FROM hit WHERE (device, name, type) > ($3, $4, $5) ORDER BY device, name, type LIMIT $6
) AS ids
"""
"""The ids of a page of the series whose names match all patterns, and the number of all of them. The names of every
series are read once, so it takes as long for many hits as for none."""

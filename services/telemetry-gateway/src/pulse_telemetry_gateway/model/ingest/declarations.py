"""Checks the digest of a series declaration when all its parts have arrived."""

from collections.abc import Sequence
from typing import Final

from pulse_contracts.series_digest import series_digest
from pulse_contracts.telemetry import SeriesDeclaration, SeriesDeclared

_AT_ONCE: Final = 100
"""Most incomplete declarations that are remembered."""


class Declarations:
    """Collects parts. Parts that another gateway received are missing here; such a declaration is not checked."""

    def __init__(self) -> None:
        self._parts: dict[tuple[str, int, str], dict[int, Sequence[SeriesDeclaration]]] = {}

    def is_false(self, device: str, message: SeriesDeclared) -> bool:
        """Whether this part completes a declaration whose digest is wrong."""
        key = device, message.catalog, message.digest
        parts = self._parts.pop(key, {}) | {message.part: message.series}
        if set(parts) >= set(range(message.parts)):
            return series_digest(one for part in range(message.parts) for one in parts[part]) != message.digest
        self._parts[key] = parts
        if len(self._parts) > _AT_ONCE:
            del self._parts[next(iter(self._parts))]
        return False

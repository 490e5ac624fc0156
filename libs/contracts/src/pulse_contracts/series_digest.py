"""The digest that shows whether a collector and the gateway have the same series declarations."""

import hashlib
import json
from collections.abc import Iterable

from pulse_contracts.telemetry import SeriesDeclaration


def series_digest(series: Iterable[SeriesDeclaration]) -> str:
    """Returns the SHA-256 (hex) over the declarations, sorted by id, as compact JSON with sorted keys."""
    rows = [s.model_dump(mode="json") for s in sorted(series, key=lambda s: s.id)]
    return hashlib.sha256(json.dumps(rows, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

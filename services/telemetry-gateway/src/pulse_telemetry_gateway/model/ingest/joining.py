"""Finds batches that arrived together and follow each other without a gap. They are screened, settled, stored and
acknowledged as one, because small batches cost mainly per step."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pulse_telemetry_gateway.model.ingest.batches import Batch
from pulse_telemetry_gateway.model.ledger.settling import ROW_READINGS


@dataclass(slots=True)
class _Run:
    places: list[int] = field(default_factory=list)
    end: int = -1
    n: int = 0


def consecutive_runs(group: Sequence[tuple[str, Batch]]) -> list[list[int]]:
    """Places in `group`, one list per run. The batches of a run have the same device, epoch, lane, catalog and series,
    and continue each other. A run holds at most the readings of one log row, unless a single batch has more."""
    found: list[list[int]] = []
    latest: dict[tuple[object, ...], _Run] = {}
    for place, (device, batch) in enumerate(group):
        key = (device, batch.epoch, batch.ord, batch.catalog, batch.lane, batch.series)
        run, n = latest.get(key), batch.n
        if run is None or run.end != batch.lo or run.n + n > ROW_READINGS:
            run = latest[key] = _Run()
            found.append(run.places)
        run.places.append(place)
        run.end, run.n = batch.lo + n, run.n + n
    return found

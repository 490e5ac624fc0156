"""Which batches that arrived together follow each other without a gap: they are screened, settled, stored and
acknowledged as one, for with small batches it is the steps of each that cost."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pulse_telemetry_gateway.model.batches import Batch
from pulse_telemetry_gateway.model.settling import ROW_READINGS


@dataclass(slots=True)
class _Run:
    places: list[int] = field(default_factory=list)
    end: int = -1
    n: int = 0


def joined(group: Sequence[tuple[str, Batch]]) -> list[list[int]]:
    """The places in `group`, each in one list, of batches of one device, life, lane and catalog that continue each
    other; never more readings in a list than fit a row of the log, unless one batch alone has more."""
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

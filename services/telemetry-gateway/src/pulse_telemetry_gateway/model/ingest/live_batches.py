"""Live messages for the readings that were just committed."""

from pulse_contracts.message import Lane
from pulse_contracts.telemetry import LiveBatch
from pulse_telemetry_gateway.model.ledger.arrivals import Logged
from pulse_telemetry_gateway.model.storage.columns import concatenate


def live_batches(entries: list[Logged], most: int) -> list[LiveBatch]:
    """Rows of one device that are neighbours in the feed, as one message for each run of a lane. A run with more than
    `most` readings becomes a message without readings that only moves the feed position; viewers then read the log."""
    runs = _runs(entries)
    return [_mark(run) if sum(len(entry.columns) for entry in run) > most else live_batch(run) for run in runs]


def live_batch(entries: list[Logged]) -> LiveBatch:
    """Neighbouring rows of one device and lane, as one message."""
    columns = concatenate([entry.columns for entry in entries])
    t0 = int(columns.t[0])
    return LiveBatch.model_construct(
        v=1,
        after=entries[0].pos - 1,
        pos=entries[-1].pos,
        lane=entries[0].lane,
        series=columns.series.tolist(),
        t0=t0,
        dt=(columns.t - t0).tolist(),
        x=columns.x.tolist(),
        value=columns.values(),
    )


def _runs(entries: list[Logged]) -> list[list[Logged]]:
    """Neighbours of the same lane, because a live batch has one lane."""
    runs: list[list[Logged]] = []
    lane: Lane | None = None
    for entry in entries:
        if entry.lane != lane:
            runs.append([])
            lane = entry.lane
        runs[-1].append(entry)
    return runs


def _mark(entries: list[Logged]) -> LiveBatch:
    """Moves the feed position, without readings."""
    after, pos = entries[0].pos - 1, entries[-1].pos
    return LiveBatch(after=after, pos=pos, lane=entries[0].lane, series=[], t0=0, dt=[], x=[], value=[])

"""The table of recent batches."""

from collections.abc import Iterable
from dataclasses import dataclass

from pulse_desktop.client.port import Batch
from pulse_desktop.ui.viewmodels import numbers
from pulse_desktop.ui.viewmodels.condition import Tone
from pulse_desktop.ui.viewmodels.words import Translate


@dataclass(frozen=True)
class BatchRow:
    """One row of the table."""

    number: str
    readings: str
    lane: str
    sent: str
    state: str
    tone: Tone


def rows_of(batches: Iterable[Batch], tr: Translate) -> list[BatchRow]:
    """The newest batch first."""
    return [_row(batch, tr) for batch in sorted(batches, key=lambda one: (one.t, one.number), reverse=True)]


def _row(batch: Batch, tr: Translate) -> BatchRow:
    is_settled = batch.state == "acknowledged"
    return BatchRow(
        f"#{batch.number}",
        numbers.count(batch.readings),
        {"live": tr("Live"), "backlog": tr("Backlog")}.get(batch.lane, batch.lane),
        numbers.clock_time(batch.t),
        tr("Acknowledged") if is_settled else tr("In flight"),
        "ok" if is_settled else "accent",
    )

"""Stores the JSON values of plain devices. A series is created when its name first appears. The gateway assigns the
sequence numbers."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import structlog

from pulse_bus import Reject
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.errors import Unavailable
from pulse_contracts.telemetry import PLAIN_EPOCH
from pulse_telemetry_gateway.actions.catalogs import Catalogs
from pulse_telemetry_gateway.actions.ingest import Ingest
from pulse_telemetry_gateway.model.ingest.screening import SeriesRef
from pulse_telemetry_gateway.model.ledger.arrivals import Arrival, DeviceMessage
from pulse_telemetry_gateway.model.plain.documents import Document
from pulse_telemetry_gateway.model.plain.normalizer import PlainRules, PlainValue, normalize, refusals
from pulse_telemetry_gateway.model.storage.columns import Columns
from pulse_telemetry_gateway.store.plain import PlainStore, Skipped

log = structlog.get_logger("pulse.plain")
PlainKey = tuple[str, str]
"""A series of a plain device: its name and its type."""
_RULES_KEPT = 2.0
"""Seconds for which a device's settings are cached."""
_SKIPPED_KEPT = 10_000


@dataclass(frozen=True)
class PlainLimits:
    """series_max: series of one device. span: microseconds that a time may differ from now."""

    series_max: int
    span: int


class Plain:
    """Stores valid values and counts skipped ones. A message with refused values is quarantined with their names."""

    def __init__(
        self, ingest: Ingest, catalogs: Catalogs, store: PlainStore, limits: PlainLimits, metrics: Metrics
    ) -> None:
        self._ingest, self._catalogs, self._store, self._limits = ingest, catalogs, store, limits
        self._order = asyncio.Lock()
        self._rules: dict[int, tuple[PlainRules, float]] = {}
        self._skipped: dict[tuple[int, str], Skipped] = {}
        self._skips = metrics.counter("plain_values_skipped", "Values that were skipped, because they are null or text")

    async def take(self, messages: Sequence[DeviceMessage[Document]]) -> list[Exception | None]:
        """One outcome for each message: None when all of it is committed. Raises Unavailable."""
        outcomes: list[Exception | None] = []
        arrivals: list[Arrival] = []
        places: list[int] = []
        async with self._order:  # keeps the order of arrival while series are created
            for place, message in enumerate(messages):
                device_id = await self._catalogs.device_id(message.device)
                found = normalize(message.message, message.received, self._limits.span, await self._rules_of(device_id))
                wanted = {(value.name, value.type): value.display_name for value in found.values}
                refs = await self._catalogs.plain(device_id, wanted, self._limits.series_max) if wanted else {}
                kept = [value for value in found.values if (value.name, value.type) in refs]
                bad = found.refused | {name: "too_many_series" for name, kind in wanted if (name, kind) not in refs}
                self._skip(device_id, found.skipped)
                outcomes.append(Reject("refused_values", ", ".join(refusals(bad))) if bad else None)
                if kept:
                    arrivals.append(_arrival(device_id, message, kept, refs))
                    places.append(place)
        if arrivals:
            size = sum(message.size for message in messages)
            for place, outcome in zip(places, await self._ingest.join(arrivals, size), strict=True):
                outcomes[place] = outcome or outcomes[place]
        return outcomes

    async def write_skipped(self) -> None:
        """Writes down what was skipped since the last call. Raises Unavailable, and the counts then stay for the next
        call. They are a statistic: a crash loses up to two seconds of them."""
        skipped, self._skipped = self._skipped, {}
        if not skipped:
            return
        try:
            await self._store.add_skipped([(device_id, name, what) for (device_id, name), what in skipped.items()])
        except Unavailable:
            for (device_id, name), what in skipped.items():
                self._note(device_id, name, what)
            raise

    async def stop(self) -> None:
        """Writes the last counts."""
        try:
            await self.write_skipped()
        except Exception as error:  # noqa: BLE001  # a statistic must not disturb the shutdown
            log.warning("skipped_values_not_counted", reason=str(error))

    async def _rules_of(self, device_id: int) -> PlainRules:
        now = asyncio.get_running_loop().time()
        known = self._rules.get(device_id)
        if known is None or known[1] < now:
            known = self._rules[device_id] = (await self._store.rules(device_id), now + _RULES_KEPT)
        return known[0]

    def _skip(self, device_id: int, skipped: dict[str, str]) -> None:
        self._skips.inc(len(skipped))
        for name, example in skipped.items():
            self._note(device_id, name, Skipped(1, example))

    def _note(self, device_id: int, name: str, what: Skipped) -> None:
        key = device_id, name[:128]
        before = self._skipped.get(key)
        if before is not None:
            self._skipped[key] = Skipped(before.n + what.n, what.example)
        elif len(self._skipped) < _SKIPPED_KEPT:
            self._skipped[key] = what


def _arrival(
    device_id: int, message: DeviceMessage[Document], values: Sequence[PlainValue], refs: dict[PlainKey, SeriesRef]
) -> Arrival:
    n = len(values)
    places = {key: place for place, key in enumerate(dict.fromkeys((value.name, value.type) for value in values))}
    used = [refs[key] for key in places]
    columns = Columns(
        np.asarray([ref.id for ref in used], np.int64),
        np.asarray([ref.type for ref in used], np.uint8),
        np.arange(n, dtype=np.int64),
        np.asarray([value.t for value in values], np.int64),
        np.asarray([places[value.name, value.type] for value in values], np.int64),
        np.asarray([value.word for value in values], np.int64),
    )
    return Arrival(
        device=message.device,
        device_id=device_id,
        epoch=PLAIN_EPOCH,
        ord=0,
        wanted=(0, n),
        lane="live",
        sent=message.received,
        received=message.received,
        columns=columns,
        is_numbered=False,
    )

"""Plain JSON from any MQTT device: series made at the first sight of a name, readings numbered here, no ledger."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pulse_bus import Reject
from pulse_contracts.telemetry import PLAIN_EPOCH, PlainReadings
from pulse_telemetry_gateway.actions.catalogs import Catalogs
from pulse_telemetry_gateway.actions.ingest import Entry, Ingest
from pulse_telemetry_gateway.model.arrivals import Arrival
from pulse_telemetry_gateway.model.columns import Columns
from pulse_telemetry_gateway.model.plain import Told, told
from pulse_telemetry_gateway.model.screening import SeriesRef


@dataclass(frozen=True)
class PlainLimits:
    """`series_max`: of one device. `span`: microseconds that a time may lie from now."""

    series_max: int
    span: int


@dataclass(frozen=True, slots=True)
class PlainParcel:
    """A message as it came: `received` in microseconds, `size` in bytes."""

    device: str
    message: PlainReadings
    received: int
    size: int


class Plain:
    """Stores what can be stored; the message whose other values could not be is quarantined with the reasons."""

    def __init__(self, ingest: Ingest, catalogs: Catalogs, limits: PlainLimits) -> None:
        self._ingest, self._catalogs, self._limits = ingest, catalogs, limits
        self._order = asyncio.Lock()

    async def take(self, parcels: Sequence[PlainParcel]) -> list[Exception | None]:
        """For each message None when all of it is committed, or why not. Raises Unavailable."""
        outcomes: list[Exception | None] = []
        entries: list[Entry] = []
        places: list[int] = []
        async with self._order:  # what came first is numbered first, also when its series have to be made
            for place, parcel in enumerate(parcels):
                heard = told(parcel.message, parcel.received, self._limits.span)
                device_id = await self._catalogs.device_id(parcel.device)
                wanted = {name: kind for name, (kind, _) in heard.values.items()}
                refs = await self._catalogs.plain(device_id, wanted, self._limits.series_max)
                bad = heard.refused | {name: "too_many_series" for name in wanted if name not in refs}
                outcomes.append(Reject("refused_values", _listed(bad)) if bad else None)
                if refs:
                    entries.append(Entry(parcel.device, _arrival(device_id, parcel, heard, refs), []))
                    places.append(place)
        if entries:
            for place, outcome in zip(
                places, await self._ingest.join(entries, sum(p.size for p in parcels)), strict=True
            ):
                outcomes[place] = outcome or outcomes[place]
        return outcomes


def _arrival(device_id: int, parcel: PlainParcel, heard: Told, refs: dict[str, SeriesRef]) -> Arrival:
    names = list(refs)
    n = len(names)
    columns = Columns(
        np.asarray([refs[name].id for name in names], np.int64),
        np.asarray([refs[name].type for name in names], np.uint8),
        np.arange(n, dtype=np.int64),
        np.full(n, heard.t, np.int64),
        np.arange(n, dtype=np.int64),
        np.asarray([heard.values[name][1] for name in names], np.int64),
    )
    return Arrival(
        device_id=device_id,
        epoch=PLAIN_EPOCH,
        ord=0,
        wanted=(0, n),
        lane="live",
        sent=parcel.received,
        received=parcel.received,
        columns=columns,
        refused=(),
        is_numbered=False,
    )


def _listed(bad: dict[str, str]) -> str:
    return ", ".join(f"{name[:40]!r}: {code}" for name, code in list(bad.items())[:8]) + (", …" if len(bad) > 8 else "")

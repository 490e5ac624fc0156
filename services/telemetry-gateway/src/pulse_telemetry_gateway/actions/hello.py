"""A collector says hello: what is settled of what it holds, and whether its series are known here."""

from pulse_bus import Reject
from pulse_contracts.telemetry import EpochSettled, Have, Hello, SeriesDeclared
from pulse_telemetry_gateway.actions.catalogs import Catalogs
from pulse_telemetry_gateway.actions.ingest import Ingest
from pulse_telemetry_gateway.model.ranges import Range, clip
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.registry import RegistryStore, SeriesRedeclared

_RANGES = 1_024
"""In the whole answer: what is left out is acknowledged when it is sent again."""


class Greeting:
    """Answers from the ledger."""

    def __init__(self, ledger: LedgerStore, registry: RegistryStore, catalogs: Catalogs, ingest: Ingest) -> None:
        self._ledger, self._registry, self._catalogs, self._ingest = ledger, registry, catalogs, ingest

    async def answer(self, device: str, hello: Hello) -> Have:
        """What the collector may forget, and whether it may send. Raises Unavailable."""
        device_id = await self._catalogs.device_id(device)
        await self._registry.note_hello(device, hello.epoch)
        windows: dict[int, Range] = {}
        for entry in hello.pending:
            if entry.lo < entry.hi:
                lo, hi = windows.get(entry.epoch, (entry.lo, entry.hi))
                windows[entry.epoch] = min(lo, entry.lo), max(hi, entry.hi)
        settled, newest = await self._ledger.settled_of(device_id, {*windows, hello.epoch})
        for epoch, (_, hi) in windows.items():
            await self._ledger.heard_of(device_id, epoch, hi)
        catalog = await self._registry.catalog(device_id, hello.epoch)
        digest = catalog.digest if catalog is not None and catalog.is_complete else None
        epochs: list[EpochSettled] = []
        left = _RANGES
        for epoch, window in windows.items():
            parts = clip(settled.get(epoch, []), window)[:left]
            left -= len(parts)
            epochs.append(EpochSettled(epoch=epoch, settled=parts))
        return Have(session=hello.session, newest=newest, epochs=epochs, credit=self._ingest.credit, series=digest)

    async def declare(self, device: str, message: SeriesDeclared) -> None:
        """Learns what the ids of a life mean. Raises Unavailable, Reject."""
        device_id = await self._catalogs.device_id(device)
        part = (message.part, message.parts)
        try:
            catalog = await self._registry.declare(device_id, message.catalog, message.digest, part, message.series)
        except SeriesRedeclared as error:
            raise Reject("series_redeclared", str(error)) from error
        self._catalogs.remember(device_id, message.catalog, catalog.refs)

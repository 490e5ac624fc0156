"""The handshake with a collector: tells it what is settled, and takes its series declarations."""

from collections.abc import Callable

from pulse_bus import Reject
from pulse_contracts.ranges import Range
from pulse_contracts.shards import shard_of
from pulse_contracts.telemetry import HAVE_RANGES, HAVE_REFUSALS, MAX_EPOCHS, EpochSettled, Have, Hello, SeriesDeclared
from pulse_telemetry_gateway.actions.catalogs import Catalogs
from pulse_telemetry_gateway.actions.ingest import Ingest
from pulse_telemetry_gateway.model.ingest.declarations import Declarations
from pulse_telemetry_gateway.store.handshake import HandshakeStore
from pulse_telemetry_gateway.store.registry import RegistryStore, SeriesRedeclared


class Handshake:
    """Answers from the ledger."""

    def __init__(
        self,
        store: HandshakeStore,
        registry: RegistryStore,
        catalogs: Catalogs,
        ingest: Ingest,
        uses_shards: Callable[[], bool],
    ) -> None:
        self._store, self._registry, self._catalogs, self._ingest = store, registry, catalogs, ingest
        self._uses_shards = uses_shards
        self._declarations = Declarations()

    async def answer(self, device: str, hello: Hello) -> Have:
        """The settled ranges, refused readings and credit for a collector. Raises Unavailable."""
        device_id = await self._catalogs.device_id(device)
        windows: dict[int, Range] = {}
        for entry in hello.pending:
            if entry.lo < entry.hi:
                lo, hi = windows.get(entry.epoch, (entry.lo, entry.hi))
                windows[entry.epoch] = min(lo, entry.lo), max(hi, entry.hi)
        held = windows if len(hello.pending) < MAX_EPOCHS else None
        await self._registry.note_hello(device, hello.epoch, hello.next, held)
        if hello.kept:
            await self._store.confirm(device_id, {part.epoch: part.ranges for part in hello.kept})
        state = await self._store.state(device_id, windows, HAVE_RANGES, HAVE_REFUSALS)
        catalog = await self._registry.catalog(device_id, hello.epoch)
        digest = catalog.digest if catalog is not None and catalog.is_complete else None
        epochs = [
            EpochSettled(
                epoch=epoch,
                settled=state.settled.get(epoch, []),
                refused=[one.refused for one in state.refused.get(epoch, ())],
            )
            for epoch in windows
        ]
        return Have(
            session=hello.session,
            newest=state.newest,
            epochs=epochs,
            credit=self._ingest.credit,
            series=digest,
            shard=shard_of(device) if self._uses_shards() else None,
        )

    async def declare(self, device: str, message: SeriesDeclared) -> None:
        """Takes one part of a series declaration. Raises Unavailable, Reject."""
        if self._declarations.is_false(device, message):
            raise Reject("wrong_digest", "the declared series do not match the digest")
        device_id = await self._catalogs.device_id(device)
        part = (message.part, message.parts)
        try:
            catalog = await self._registry.declare(device_id, message.catalog, message.digest, part, message.series)
        except SeriesRedeclared as error:
            raise Reject("series_redeclared", str(error)) from error
        self._catalogs.remember(device_id, message.catalog, catalog.refs)
        if catalog.left_out:
            raise Reject(
                "too_many_series",
                f"{catalog.left_out} series exceed PULSE_DEVICE_SERIES_MAX; the others were accepted",
            )

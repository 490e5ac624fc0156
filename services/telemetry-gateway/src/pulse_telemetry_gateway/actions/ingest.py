"""Batches in: screened, gathered into one transaction, acknowledged after its commit, then told to who watches."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from pulse_bus import Bus, Disconnected, MessageTooLarge
from pulse_chassis.metrics import Metrics
from pulse_contracts.errors import Unavailable
from pulse_contracts.message import Lane
from pulse_contracts.telemetry import BatchAck, Dropped, LiveBatch, ReadingBatch, Refused
from pulse_contracts.topics import TELEMETRY_ACK, TELEMETRY_LIVE
from pulse_telemetry_gateway.model.arrivals import Arrival, GroupResult, Logged
from pulse_telemetry_gateway.model.ranges import Range, covering
from pulse_telemetry_gateway.model.screening import SeriesRef, screen
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.registry import RegistryStore

_ACK_RANGES = 256
_ACK_REFUSED = 1_000
_LIVE_READINGS = 2_000
"""More readings than this of one device in one group are not sent live: who watches reads them from the log."""


@dataclass(frozen=True)
class IngestLimits:
    """See `GatewaySettings`."""

    credit: int
    group_max: int
    fragments_max: int
    span: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A batch on its way into a group commit; `done` is when it is durable, or why it is not."""

    device: str
    arrival: Arrival
    refused: list[Refused]
    done: asyncio.Future[None]


class Catalogs:
    """What the ids of running lives mean, remembered; asked again when an id is unknown."""

    def __init__(self, registry: RegistryStore) -> None:
        self._registry = registry
        self._known: dict[tuple[int, int], dict[int, SeriesRef]] = {}
        self._devices: dict[str, int] = {}

    async def device_id(self, name: str) -> int:
        """The device's number."""
        found = self._devices.get(name)
        if found is None:
            found = self._devices[name] = await self._registry.device_id(name)
        return found

    async def find(self, device_id: int, epoch: int, local_ids: list[int]) -> dict[int, SeriesRef] | None:
        """The catalog, or None when that life declared nothing."""
        refs = self._known.get((device_id, epoch))
        if refs is None or any(local not in refs for local in local_ids):
            catalog = await self._registry.catalog(device_id, epoch)
            if catalog is None:
                return None
            if len(self._known) > 10_000:
                self._known.clear()
            refs = self._known[device_id, epoch] = catalog.refs
        return refs

    def remember(self, device_id: int, epoch: int, refs: dict[int, SeriesRef]) -> None:
        """After a declaration."""
        self._known[device_id, epoch] = refs


class Ingest:
    """The hot path. `run` owns the commits; `take` returns when its batch is durable."""

    def __init__(
        self, ledger: LedgerStore, catalogs: Catalogs, bus: Bus, limits: IngestLimits, metrics: Metrics
    ) -> None:
        self._ledger, self._catalogs, self._bus, self._limits = ledger, catalogs, bus, limits
        self._waiting: list[Waiting] = []
        self._arrived = asyncio.Event()
        self._batches = metrics.counter("ingest_batches", "Batches taken", ["outcome"])
        self._readings = metrics.counter("ingest_readings", "Readings settled", ["outcome"])
        self._group = metrics.histogram("ingest_commit_seconds", "Duration of one group commit")

    async def take(self, device: str, batch: ReadingBatch, received: int) -> None:
        """Returns when everything new in the batch is committed. Raises Unavailable while the database is away."""
        device_id = await self._catalogs.device_id(device)
        catalog = await self._catalogs.find(device_id, batch.catalog, batch.series)
        if catalog is None:
            await self._ask_to_declare(device, batch.epoch)
            return
        screened = screen(batch, catalog, now=received, span=self._limits.span)
        arrival = Arrival(
            device_id=device_id,
            epoch=batch.epoch,
            ord=batch.ord,
            wanted=(batch.lo, batch.lo + len(batch.value)),
            lane=batch.lane,
            sent=batch.sent,
            received=received,
            columns=screened.columns,
            refused=tuple((r.seq, r.code) for r in screened.refused),
        )
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(Waiting(device, arrival, screened.refused, done))
        self._arrived.set()
        await done

    async def _ask_to_declare(self, device: str, epoch: int) -> None:
        ack = BatchAck(epoch=epoch, settled=[], refused=[], newest=[], credit=self._limits.credit, declare=True)
        self._batches.labels("undeclared").inc()
        await self._say(device, ack)

    async def drop(self, device: str, message: Dropped) -> None:
        """Settles declared losses and acknowledges them."""
        device_id = await self._catalogs.device_id(device)
        settled, newest = await self._ledger.declare_dropped(device_id, message)
        await self._say(device, self._ack(message.epoch, settled, message.ranges, [], newest))

    async def run(self) -> None:
        """Commits whatever has arrived while the last commit ran: the slower PostgreSQL is, the larger the groups."""
        while True:
            await self._arrived.wait()
            group, self._waiting = self._waiting[: self._limits.group_max], self._waiting[self._limits.group_max :]
            if not self._waiting:
                self._arrived.clear()
            group = [entry for entry in group if not entry.done.cancelled()]
            if not group:
                continue
            await self.settle(group)

    async def settle(self, group: list[Waiting]) -> None:
        """One group commit, its acknowledgements and its live messages; `done` of each says how it went."""
        try:
            with self._group.time():
                result = await self._ledger.commit([entry.arrival for entry in group])
        except Unavailable as error:
            for entry in group:
                if not entry.done.done():
                    entry.done.set_exception(Unavailable(str(error)))
            return
        except Exception as error:  # noqa: BLE001  # handed on: the bus logs and counts it
            if len(group) > 1:
                for entry in group:  # one bad batch must not cost its neighbours their place
                    await self.settle([entry])
            elif not group[0].done.done():
                group[0].done.set_exception(error)  # the bus logs it, tries again and quarantines it
            return
        for entry in group:
            if not entry.done.done():
                entry.done.set_result(None)
        self._count(group, result)
        await self._acknowledge(group, result)
        await self._tell(group, result)

    async def _acknowledge(self, group: list[Waiting], result: GroupResult) -> None:
        acks: dict[tuple[str, int, int], list[Waiting]] = defaultdict(list)
        for entry in group:
            acks[entry.device, entry.arrival.device_id, entry.arrival.epoch].append(entry)
        for (device, device_id, epoch), entries in acks.items():
            settled = result.settled[device_id, epoch]
            refused = [r for entry in entries for r in entry.refused]
            wanted = [entry.arrival.wanted for entry in entries]
            for start in range(0, max(1, len(refused)), _ACK_REFUSED):
                part = refused[start : start + _ACK_REFUSED]
                await self._say(device, self._ack(epoch, settled, wanted, part, result.newest[device_id]))

    def _ack(
        self,
        epoch: int,
        settled: list[Range],
        wanted: list[Range],
        refused: list[Refused],
        newest: list[tuple[int, int]],
    ) -> BatchAck:
        parts = covering(wanted, settled)
        return BatchAck(
            epoch=epoch,
            settled=parts[:_ACK_RANGES],
            refused=refused,
            newest=newest,
            credit=self._limits.credit,
            live_paused=len(settled) > self._limits.fragments_max,
        )

    async def _say(self, device: str, ack: BatchAck) -> None:
        try:
            await self._bus.publish(TELEMETRY_ACK, ack, device=device)
        except (Disconnected, MessageTooLarge):
            return  # an ack repeats a fact: the collector sends again and is acknowledged again

    async def _tell(self, group: list[Waiting], result: GroupResult) -> None:
        names = {entry.arrival.device_id: entry.device for entry in group}
        feeds: dict[int, list[Logged]] = defaultdict(list)
        for entry in result.logged:
            feeds[entry.device_id].append(entry)
        for device_id, entries in feeds.items():
            is_flood = sum(len(e.columns) for e in entries) > _LIVE_READINGS
            for batch in [_mark(entries)] if is_flood else map(live_batch, _runs(entries)):
                try:
                    await self._bus.publish(TELEMETRY_LIVE, batch, device=names[device_id])
                except (Disconnected, MessageTooLarge):
                    break  # who watches finds the hole by its position and reads the log

    def _count(self, group: list[Waiting], result: GroupResult) -> None:
        self._batches.labels("duplicate").inc(result.duplicates)
        self._batches.labels("stored").inc(len(group) - result.duplicates)
        self._readings.labels("stored").inc(sum(len(entry.columns) for entry in result.logged))
        self._readings.labels("refused").inc(sum(len(entry.refused) for entry in group))


def _runs(entries: list[Logged]) -> list[list[Logged]]:
    """Neighbours of the same lane, so that a live batch has one lane."""
    runs: list[list[Logged]] = []
    lane: Lane | None = None
    for entry in entries:
        if entry.lane != lane:
            runs.append([])
            lane = entry.lane
        runs[-1].append(entry)
    return runs


def _mark(entries: list[Logged]) -> LiveBatch:
    """Says where the feed is now, without the readings."""
    after, pos = entries[0].pos - 1, entries[-1].pos
    return LiveBatch(after=after, pos=pos, lane="backlog", series=[], t0=0, dt=[], x=[], value=[])


def live_batch(entries: list[Logged]) -> LiveBatch:
    """Rows of one device and lane, neighbours in the feed, as one message."""
    index: dict[int, int] = {}
    x: list[int] = []
    t: list[int] = []
    value: list[bool | int | float] = []
    for entry in entries:
        columns = entry.columns
        where = np.asarray([index.setdefault(s, len(index)) for s in columns.series.tolist()], np.int64)
        x.extend(where[columns.x].tolist())
        t.extend(columns.t.tolist())
        value.extend(columns.values())
    t0 = t[0]
    return LiveBatch.model_construct(
        v=1,
        after=entries[0].pos - 1,
        pos=entries[-1].pos,
        lane=entries[0].lane,
        series=list(index),
        t0=t0,
        dt=[moment - t0 for moment in t],
        x=x,
        value=value,
    )

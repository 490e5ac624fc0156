"""Batches in: screened, gathered into one transaction, acknowledged after its commit, then told to who watches."""

import asyncio
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, cast

import structlog

from pulse_bus import Bus, Disconnected, MessageTooLarge, Reject
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.errors import Unavailable
from pulse_contracts.telemetry import BatchAck, Dropped, RefusalCode, Refused
from pulse_contracts.topics import TELEMETRY_ACK, TELEMETRY_LIVE
from pulse_telemetry_gateway.actions.catalogs import Catalogs
from pulse_telemetry_gateway.model.arrivals import Arrival, GroupResult, Logged, StreamKey
from pulse_telemetry_gateway.model.batches import Batch
from pulse_telemetry_gateway.model.credit import Credit, CreditLimits
from pulse_telemetry_gateway.model.grouping import Gathering, GroupLimits, shared_out
from pulse_telemetry_gateway.model.joining import joined
from pulse_telemetry_gateway.model.live_batches import live_batches
from pulse_telemetry_gateway.model.pace import Pace
from pulse_telemetry_gateway.model.ranges import Range, covering
from pulse_telemetry_gateway.model.screening import Meaning, Screened, screen
from pulse_telemetry_gateway.model.telling import Part, split, within
from pulse_telemetry_gateway.store.ledger import LedgerStore, Rejected

log = structlog.get_logger("pulse.ingest")
_ACK_RANGES = 256
_ACK_REFUSED = 1_000
LOOKUPS = 50.0
_LIVE_READINGS = 2_000
"""More readings than this of one device and lane in one group are not sent live."""


@dataclass(frozen=True)
class IngestLimits:
    """See `GatewaySettings`. `waiting_max`: messages of one device that wait for a commit; `lookups`: how often
    a second the database is asked what one device's ids mean."""

    credit: CreditLimits
    group: GroupLimits
    fragments_max: int
    span: int
    waiting_max: int = 250
    lookups: float = LOOKUPS


class Parcel(NamedTuple):
    """A batch as it came: `device` is who sent it, `received` in microseconds, `size` in bytes."""

    device: str
    batch: Batch
    received: int
    size: int


class Entry(NamedTuple):
    """Screened batches that follow each other, on their way into a group commit."""

    device: str
    arrival: Arrival
    refused: list[Refused]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Batches that arrived together, `since` when (seconds of the loop's clock), `size` bytes; `done` says for each
    why it is not durable (None: it is)."""

    entries: list[Entry]
    size: int
    since: float
    done: "asyncio.Future[list[Exception | None]]"

    @property
    def streams(self) -> list[tuple[str, int]]:
        """Of which device and epoch."""
        return [(entry.device, entry.arrival.epoch) for entry in self.entries]

    @property
    def batches(self) -> int:
        """How many messages."""
        return sum(entry.arrival.batches for entry in self.entries)


class Ingest:
    """The hot path. `run` owns the commits; `take` returns when its batches are durable."""

    def __init__(
        self, ledger: LedgerStore, catalogs: Catalogs, bus: Bus, limits: IngestLimits, metrics: Metrics
    ) -> None:
        self._ledger, self._catalogs, self._bus, self._limits = ledger, catalogs, bus, limits
        self._gathering = Gathering[Waiting](limits.group, lambda waiting: waiting.streams)
        self._in_work: Counter[str] = Counter()
        self._lookups = Pace(limits.lookups, int(limits.lookups * 2))
        self._arrived, self._enough = asyncio.Event(), asyncio.Event()
        self._batches = metrics.counter("ingest_batches", "Batches taken", ["outcome"])
        self._readings = metrics.counter("ingest_readings", "Readings settled", ["outcome"])
        self._refusals = metrics.counter("ingest_refusals", "Readings refused, each time they came", ["code"])
        self._group = metrics.histogram("ingest_commit_seconds", "Duration of one group commit")
        self._credit = Credit(limits.credit)
        self._wait = metrics.histogram("ingest_wait_seconds", "From arrival to commit, of the oldest batch of a group")
        self._budget = metrics.gauge("ingest_credit_batches", "Batches that all devices together may have on their way")
        self._budget.set(self._credit.budget)
        self._senders = metrics.gauge("ingest_devices_sending", "Devices among which the credit is divided")
        self._held = metrics.gauge("ingest_waiting_batches", "Batches that wait for a commit")
        self._held_bytes = metrics.gauge("ingest_waiting_bytes", "Their payloads' bytes")

    async def take(self, parcels: Sequence[Parcel]) -> list[Exception | None]:
        """Returns when everything new in the batches is committed: for each None, or why it is not. Raises Unavailable
        while the database is away. What is beyond its device's budget is not answered: its collector sends it again."""
        admitted: list[int] = []
        for place, parcel in enumerate(parcels):
            if self._in_work[parcel.device] < self._limits.waiting_max:
                self._in_work[parcel.device] += 1
                admitted.append(place)
        self._batches.labels("over_budget").inc(len(parcels) - len(admitted))
        outcomes: list[Exception | None] = [None] * len(parcels)
        try:
            found = await self._take([parcels[place] for place in admitted]) if admitted else []
        finally:
            for place in admitted:
                self._leave(parcels[place].device)
        for place, outcome in zip(admitted, found, strict=True):
            outcomes[place] = outcome
        return outcomes

    def _leave(self, device: str) -> None:
        self._in_work[device] -= 1
        if not self._in_work[device]:
            del self._in_work[device]

    async def _take(self, parcels: Sequence[Parcel]) -> list[Exception | None]:
        known: list[tuple[Batch, Meaning]] = []
        runs: list[tuple[list[int], int]] = []
        strangers: dict[tuple[str, int], None] = {}
        for places in joined([(parcel.device, parcel.batch) for parcel in parcels]):
            device, batch = parcels[places[0]].device, parcels[places[0]].batch
            device_id = await self._catalogs.device_id(device)
            is_remembered = self._catalogs.remembers(device_id, batch.catalog, batch.series)
            if not is_remembered and not self._lookups.allows(device, asyncio.get_running_loop().time()):
                self._batches.labels("over_budget").inc(len(places))
                continue
            meaning = await self._catalogs.meaning(device_id, batch.catalog, batch.series)
            if meaning is None:
                strangers[device, batch.epoch] = None
                continue
            known += [(parcels[place].batch, meaning) for place in places]
            runs.append((places, device_id))
        for device, epoch in strangers:
            await self._ask_to_declare(device, epoch)
        outcomes: list[Exception | None] = [None] * len(parcels)
        if not known:
            return outcomes
        counts = [len(places) for places, _ in runs]
        screened = screen(known, counts, now=parcels[0].received, span=self._limits.span)
        entries = [
            _entry([parcels[place] for place in places], device_id, found)
            for (places, device_id), found in zip(runs, screened, strict=True)
        ]
        size = sum(parcels[place].size for places, _ in runs for place in places)
        for (places, _), outcome in zip(runs, await self.join(entries, size), strict=True):
            for place in places:
                outcomes[place] = outcome
                if outcome is None or isinstance(outcome, Reject):
                    continue
                if len(places) > 1:  # one of them is at fault, and it must not cost the others
                    outcomes[place] = (await self._take([parcels[place]]))[0]
        return outcomes

    async def join(self, entries: list[Entry], size: int) -> list[Exception | None]:
        """Joins the next group commits; as `take`. `size`: bytes of the payloads."""
        loop = asyncio.get_running_loop()
        shares = [
            (places, Waiting([entries[i] for i in places], size // len(entries), loop.time(), loop.create_future()))
            for places in shared_out([(entry.device, entry.arrival.epoch) for entry in entries])
        ]
        for _, waiting in shares:
            self._gathering.add(waiting)
        batches = sum(waiting.batches for _, waiting in shares)
        self._held.inc(batches)
        self._held_bytes.inc(size)
        self._arrived.set()
        if self._gathering.is_enough:
            self._enough.set()
        outcomes: list[Exception | None] = [None] * len(entries)
        try:
            for (places, _), found in zip(shares, await asyncio.gather(*(one.done for _, one in shares)), strict=True):
                for place, outcome in zip(places, found, strict=True):
                    outcomes[place] = outcome
        finally:
            self._held.dec(batches)
            self._held_bytes.dec(size)
        return outcomes

    @property
    def credit(self) -> int:
        """How many batches a collector may have on their way now."""
        return self._credit.each

    async def _ask_to_declare(self, device: str, epoch: int) -> None:
        ack = BatchAck(epoch=epoch, settled=[], refused=[], newest=[], credit=self.credit, declare=True)
        self._batches.labels("undeclared").inc()
        await self._say(device, ack)

    async def drop(self, device: str, message: Dropped) -> None:
        """Settles declared losses and acknowledges them. Raises Unavailable, Reject."""
        device_id = await self._catalogs.device_id(device)
        try:
            result = await self._ledger.declare_dropped(device_id, message)
        except Rejected as error:
            raise Reject(error.why.code, error.why.detail) from error
        await self._say_settled(device, (device_id, message.epoch), message.ranges, result)

    async def run(self) -> None:
        """Commits what has gathered: while the last commit ran, and a little longer where commits would follow each
        other closely, for most of what a small one costs is the commit. After a pause nobody waits."""
        loop = asyncio.get_running_loop()
        began = -math.inf
        while True:
            await self._arrived.wait()
            if (left := self._gathering.due(began) - loop.time()) > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await self._enough.wait()
            group = [waiting for waiting in self._gathering.take() if not waiting.done.cancelled()]
            if not self._gathering:
                self._arrived.clear()
            if not self._gathering.is_enough:
                self._enough.clear()
            if group:
                began = loop.time()
                await self.settle(group)

    async def settle(self, group: list[Waiting]) -> None:
        """One group commit, its acknowledgements and its live messages; `done` of each says how it went."""
        try:
            entries = [entry for waiting in group for entry in waiting.entries]
            outcomes = await self._commit(entries, min(waiting.since for waiting in group))
        except Unavailable as error:
            for waiting in group:
                if not waiting.done.done():
                    waiting.done.set_exception(Unavailable(str(error)))
            return
        except Exception as error:  # noqa: BLE001  # looked for one by one: a bad batch must not cost its neighbours
            log.debug("group_commit_failed", reason=str(error))
            for waiting in group:
                alone = [await self._alone(entry, waiting.since) for entry in waiting.entries]
                if not waiting.done.done():
                    waiting.done.set_result(alone)
            return
        start = 0
        for waiting in group:
            end = start + len(waiting.entries)
            if not waiting.done.done():
                waiting.done.set_result(outcomes[start:end])
            start = end

    async def _alone(self, entry: Entry, since: float) -> Exception | None:
        try:
            return (await self._commit([entry], since))[0]
        except Exception as error:  # noqa: BLE001  # handed on: the bus retries, counts, logs and quarantines it
            return error

    async def _commit(self, group: list[Entry], since: float) -> list[Exception | None]:
        """What became of each."""
        with self._group.time():
            result = await self._ledger.commit([entry.arrival for entry in group])
        now = asyncio.get_running_loop().time()
        self._credit.note({entry.device for entry in group}, now - since, now)
        self._wait.observe(now - since)
        self._budget.set(self._credit.budget)
        self._senders.set(self._credit.active)
        accepted = [entry for place, entry in enumerate(group) if place not in result.rejected]
        self._count(accepted, result)
        await self._acknowledge(accepted, result)
        await self._tell(accepted, result)
        found = [result.rejected.get(place) for place in range(len(group))]
        return [None if one is None else Reject(one.code, one.detail) for one in found]

    async def _acknowledge(self, group: list[Entry], result: GroupResult) -> None:
        acks: dict[tuple[str, int, int], list[Entry]] = defaultdict(list)
        for entry in group:
            if not entry.arrival.is_numbered:
                continue  # a plain device holds nothing that an ack could settle
            acks[entry.device, entry.arrival.device_id, entry.arrival.epoch].append(entry)
        for (device, device_id, epoch), entries in acks.items():
            wanted = [entry.arrival.wanted for entry in entries]
            known = {r.seq: r for entry in entries for r in entry.refused}
            await self._say_settled(device, (device_id, epoch), wanted, result, known)

    async def _say_settled(
        self,
        device: str,
        key: StreamKey,
        wanted: Sequence[Range],
        result: GroupResult,
        known: Mapping[int, Refused] = MappingProxyType({}),
    ) -> None:
        settled, again = result.settled[key], result.unconfirmed.get(key)
        part: Part = covering(wanted, settled), []
        if again is not None:
            repeated = [known.get(seq) or refused(seq, code) for seq, code in again.refused]
            part = within(again.ranges, settled), repeated
        for ranges, named in split(part, _ACK_RANGES, _ACK_REFUSED):
            ack = BatchAck(
                epoch=key[1],
                settled=ranges,
                refused=named,
                newest=result.newest[key[0]],
                credit=self.credit,
                live_paused=len(settled) > self._limits.fragments_max,
            )
            await self._say(device, ack)

    async def _say(self, device: str, ack: BatchAck) -> None:
        with _committed(device):
            await self._bus.publish(TELEMETRY_ACK, ack, device=device)

    async def _tell(self, group: list[Entry], result: GroupResult) -> None:
        names = {entry.arrival.device_id: entry.device for entry in group}
        feeds: dict[int, list[Logged]] = defaultdict(list)
        for entry in result.logged:
            feeds[entry.device_id].append(entry)
        for device_id, entries in feeds.items():
            with _committed(names[device_id]):
                for message in live_batches(entries, _LIVE_READINGS):
                    await self._bus.publish(TELEMETRY_LIVE, message, device=names[device_id])

    def _count(self, group: list[Entry], result: GroupResult) -> None:
        total = sum(entry.arrival.batches for entry in group)
        self._batches.labels("duplicate").inc(result.duplicates)
        self._batches.labels("held").inc(result.held)
        self._batches.labels("stored").inc(total - result.duplicates - result.held)
        self._readings.labels("stored").inc(sum(len(entry.columns) for entry in result.logged))
        self._readings.labels("refused").inc(sum(len(entry.refused) for entry in group))
        for code, n in Counter(refused.code for entry in group for refused in entry.refused).items():
            self._refusals.labels(code).inc(n)


def refused(seq: int, code: str) -> Refused:
    """One that is told again."""
    return Refused(seq=seq, code=cast("RefusalCode", code))


@contextmanager
def _committed(device: str) -> Iterator[None]:
    """What is committed and cannot be told is neither stored again nor quarantined, and costs no other device its word:
    the collector sends again and is acknowledged again, who watches finds the hole by its position."""
    try:
        yield
    except (Disconnected, MessageTooLarge):
        return
    except Exception:
        log.exception("ack_not_sent", device=device)


def _entry(parcels: Sequence[Parcel], device_id: int, screened: Screened) -> Entry:
    first, last = parcels[0].batch, parcels[-1].batch
    arrival = Arrival(
        device_id=device_id,
        epoch=first.epoch,
        ord=first.ord,
        wanted=(first.lo, last.lo + last.n),
        lane=first.lane,
        sent=max(parcel.batch.sent for parcel in parcels),
        received=parcels[-1].received,
        columns=screened.columns,
        refused=tuple((r.seq, r.code) for r in screened.refused) if screened.refused else (),
        batches=len(parcels),
    )
    return Entry(parcels[0].device, arrival, screened.refused)

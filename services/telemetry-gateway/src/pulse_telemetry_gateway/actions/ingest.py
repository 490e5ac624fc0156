"""The ingest path: screens batches, collects them into one transaction, acknowledges them after the commit, and
publishes them live."""

import asyncio
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import TypeAlias

import structlog

from pulse_bus import Bus, Disconnected, MessageTooLarge
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.errors import Unavailable
from pulse_contracts.ranges import Range
from pulse_contracts.telemetry import BatchAck, Dropped, Refused
from pulse_contracts.topics import TELEMETRY_ACK, TELEMETRY_LIVE
from pulse_telemetry_gateway.actions.catalogs import Catalogs
from pulse_telemetry_gateway.model.ingest.batches import Batch
from pulse_telemetry_gateway.model.ingest.credit import Credit, CreditLimits
from pulse_telemetry_gateway.model.ingest.grouping import GroupLimits, GroupQueue, split_by_device
from pulse_telemetry_gateway.model.ingest.joining import consecutive_runs
from pulse_telemetry_gateway.model.ingest.live_batches import live_batches
from pulse_telemetry_gateway.model.ingest.screening import ResolvedSeries, Screened, screen
from pulse_telemetry_gateway.model.ingest.token_buckets import TokenBuckets
from pulse_telemetry_gateway.model.ledger.acks import settled_within, split_ack
from pulse_telemetry_gateway.model.ledger.arrivals import (
    AckPart,
    Arrival,
    DeviceMessage,
    GroupResult,
    Logged,
    StreamKey,
)
from pulse_telemetry_gateway.model.ledger.ranges import covering
from pulse_telemetry_gateway.store.ledger import LedgerStore

log = structlog.get_logger("pulse.ingest")
_ACK_RANGES = 256
_ACK_REFUSED = 1_000
LOOKUPS = 50.0
_LIVE_READINGS = 2_000
"""A group with more readings of one device and lane does not send them live."""


@dataclass(frozen=True)
class IngestLimits:
    """See `GatewaySettings`. span: microseconds that a reading's time may differ from now. waiting_max: messages of one
    device that wait for a commit. lookups: database look-ups a second for the series of one device."""

    credit: CreditLimits
    group: GroupLimits
    fragments_max: int
    span: int
    waiting_max: int = 250
    lookups: float = LOOKUPS


BatchMessage: TypeAlias = DeviceMessage[Batch]
Outcome: TypeAlias = Exception | None
"""Why a batch is not durable. None: it is."""


@dataclass(frozen=True, slots=True)
class Submission:
    """Arrivals that wait for one commit. `size` of their payloads in bytes, `since` in seconds of the loop's clock;
    `done` gets one outcome for each batch."""

    arrivals: list[Arrival]
    size: int
    since: float
    done: "asyncio.Future[list[Outcome]]"

    @property
    def streams(self) -> list[tuple[str, int]]:
        """(device, epoch) of each arrival."""
        return [(arrival.device, arrival.epoch) for arrival in self.arrivals]

    @property
    def batches(self) -> int:
        """How many messages."""
        return sum(arrival.batches for arrival in self.arrivals)


class Ingest:
    """`run` owns the commits; `take` returns when its batches are durable."""

    def __init__(
        self, ledger: LedgerStore, catalogs: Catalogs, bus: Bus, limits: IngestLimits, metrics: Metrics
    ) -> None:
        self.on_stored: Callable[[int, float], None] = lambda _readings, _wait: None
        """Called after a commit with its readings, and the seconds since its oldest batch arrived."""
        self._ledger, self._catalogs, self._bus, self._limits = ledger, catalogs, bus, limits
        self._queue = GroupQueue[Submission](limits.group)
        self._in_work: Counter[str] = Counter()
        self._lookups = TokenBuckets(limits.lookups, int(limits.lookups * 2))
        self._arrived, self._enough = asyncio.Event(), asyncio.Event()
        self._batches = metrics.counter("ingest_batches", "Batches received", ["outcome"])
        self._readings = metrics.counter("ingest_readings", "Readings settled", ["outcome"])
        self._refusals = metrics.counter("ingest_refusals", "Refused readings, counted each time they arrive", ["code"])
        self._group = metrics.histogram("ingest_commit_seconds", "Duration of one group commit")
        self._credit = Credit(limits.credit)
        self._wait = metrics.histogram(
            "ingest_wait_seconds", "Time from arrival to commit of the oldest batch of a group"
        )
        self._budget = metrics.gauge("ingest_credit_batches", "Batches that all devices together may have in flight")
        self._budget.set(self._credit.budget)
        self._senders = metrics.gauge("ingest_devices_sending", "Devices that share the credit")
        self._held = metrics.gauge("ingest_waiting_batches", "Batches waiting for a commit")
        self._held_bytes = metrics.gauge("ingest_waiting_bytes", "Payload bytes of the batches waiting for a commit")

    async def take(self, messages: Sequence[BatchMessage]) -> list[Outcome]:
        """Returns when everything new in the batches is committed or failed: one outcome for each. A batch beyond its
        device's budget gets no acknowledgement, so its collector sends it again. Raises Unavailable."""
        admitted: list[int] = []
        for place, message in enumerate(messages):
            if self._in_work[message.device] < self._limits.waiting_max:
                self._in_work[message.device] += 1
                admitted.append(place)
        self._batches.labels("over_budget").inc(len(messages) - len(admitted))
        outcomes: list[Outcome] = [None] * len(messages)
        try:
            found = await self._take([messages[place] for place in admitted]) if admitted else []
        finally:
            for place in admitted:
                self._leave(messages[place].device)
        for place, outcome in zip(admitted, found, strict=True):
            outcomes[place] = outcome
        return outcomes

    def _leave(self, device: str) -> None:
        self._in_work[device] -= 1
        if not self._in_work[device]:
            del self._in_work[device]

    async def _take(self, messages: Sequence[BatchMessage]) -> list[Outcome]:
        known: list[tuple[Batch, ResolvedSeries]] = []
        runs: list[tuple[list[int], int]] = []
        undeclared: dict[tuple[str, int], None] = {}
        for places in consecutive_runs([(one.device, one.message) for one in messages]):
            device, batch = messages[places[0]].device, messages[places[0]].message
            device_id = await self._catalogs.device_id(device)
            is_cached = self._catalogs.has_cached(device_id, batch.catalog, batch.series)
            if not is_cached and not self._lookups.allows(device, asyncio.get_running_loop().time()):
                self._batches.labels("over_budget").inc(len(places))
                continue
            resolved = await self._catalogs.resolve(device_id, batch.catalog, batch.series)
            if resolved is None:
                undeclared[device, batch.epoch] = None
                continue
            known += [(messages[place].message, resolved) for place in places]
            runs.append((places, device_id))
        for device, epoch in undeclared:
            await self._ask_to_declare(device, epoch)
        outcomes: list[Outcome] = [None] * len(messages)
        if not known:
            return outcomes
        counts = [len(places) for places, _ in runs]
        screened = screen(known, counts, now=messages[0].received, span=self._limits.span)
        arrivals = [
            _arrival([messages[place] for place in places], device_id, found)
            for (places, device_id), found in zip(runs, screened, strict=True)
        ]
        taken = [place for places, _ in runs for place in places]
        size = sum(messages[place].size for place in taken)
        for place, outcome in zip(taken, await self.join(arrivals, size), strict=True):
            outcomes[place] = outcome
        return outcomes

    async def join(self, arrivals: Sequence[Arrival], size: int) -> list[Outcome]:
        """Adds arrivals to the next group commits and returns when they are committed or failed: one outcome for each
        batch, in order. `size`: bytes of the payloads."""
        loop = asyncio.get_running_loop()
        shares = [
            (
                places,
                Submission([arrivals[i] for i in places], size // len(arrivals), loop.time(), loop.create_future()),
            )
            for places in split_by_device([(arrival.device, arrival.epoch) for arrival in arrivals])
        ]
        for _, submission in shares:
            self._queue.add(submission)
        batches = sum(submission.batches for _, submission in shares)
        self._held.inc(batches)
        self._held_bytes.inc(size)
        self._arrived.set()
        if self._queue.is_enough:
            self._enough.set()
        found: list[list[Outcome]] = [[] for _ in arrivals]
        try:
            results = await asyncio.gather(*(submission.done for _, submission in shares))
        finally:
            self._held.dec(batches)
            self._held_bytes.dec(size)
        for (places, _), result in zip(shares, results, strict=True):
            left = iter(result)
            for place in places:
                found[place] = list(islice(left, arrivals[place].batches))
        return [outcome for outcomes in found for outcome in outcomes]

    @property
    def credit(self) -> int:
        """Unacknowledged batches that a collector may have in flight."""
        return self._credit.each

    async def _ask_to_declare(self, device: str, epoch: int) -> None:
        ack = BatchAck(epoch=epoch, settled=[], refused=[], newest=[], credit=self.credit, declare=True)
        self._batches.labels("undeclared").inc()
        await self._say(device, ack)

    async def drop(self, device: str, message: Dropped) -> None:
        """Settles declared losses and acknowledges them. Raises Unavailable, Reject."""
        device_id = await self._catalogs.device_id(device)
        result = await self._ledger.declare_dropped(device_id, message)
        await self._say_settled(device, (device_id, message.epoch), message.ranges, result)

    async def run(self) -> None:
        """Commits groups until cancelled. A group collects while the last commit runs, and a little longer when commits
        would follow each other closely, because a small commit costs mainly its fixed part. After a pause a commit
        starts immediately."""
        loop = asyncio.get_running_loop()
        began = -math.inf
        while True:
            await self._arrived.wait()
            if (left := self._queue.due(began) - loop.time()) > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await self._enough.wait()
            group = [submission for submission in self._queue.take() if not submission.done.cancelled()]
            if not self._queue:
                self._arrived.clear()
            if not self._queue.is_enough:
                self._enough.clear()
            if group:
                began = loop.time()
                await self.settle(group)

    async def settle(self, group: Sequence[Submission]) -> None:
        """One group commit with its acknowledgements and live messages. Sets the outcomes of each submission."""
        arrivals = [arrival for submission in group for arrival in submission.arrivals]
        outcomes = iter(await self._outcomes(arrivals, min(submission.since for submission in group)))
        for submission in group:
            found = list(islice(outcomes, submission.batches))
            if not submission.done.done():
                submission.done.set_result(found)

    async def _outcomes(self, arrivals: Sequence[Arrival], since: float) -> list[Outcome]:
        """One outcome for each batch. When a commit fails by a bug, its arrivals are committed one by one, and then the
        batches of an arrival, so that a bad batch does not affect the others."""
        try:
            return await self._commit(arrivals, since)
        except Unavailable as error:
            return [error] * sum(arrival.batches for arrival in arrivals)
        except Exception as error:  # noqa: BLE001  # returned: the bus retries, counts, logs and quarantines it
            parts = arrivals if len(arrivals) > 1 else arrivals[0].split()
            if len(parts) == 1:
                return [error]
            log.debug("group_commit_failed", arrivals=len(arrivals), reason=str(error))
            outcomes: list[Outcome] = []
            for place, part in enumerate(parts):
                found = await self._outcomes([part], since)
                outcomes += found
                if found and isinstance(found[0], Unavailable):  # the parts behind it would wait for it too
                    return outcomes + [found[0]] * sum(one.batches for one in parts[place + 1 :])
            return outcomes

    async def _commit(self, group: Sequence[Arrival], since: float) -> list[Outcome]:
        """One outcome for each batch: None, or the Reject of its arrival."""
        with self._group.time():
            result = await self._ledger.commit(group)
        now = asyncio.get_running_loop().time()
        self._credit.note({arrival.device for arrival in group}, now - since, now)
        self._wait.observe(now - since)
        self._budget.set(self._credit.budget)
        self._senders.set(self._credit.active)
        accepted = [arrival for place, arrival in enumerate(group) if place not in result.rejected]
        self._count(accepted, result)
        self.on_stored(sum(len(entry.columns) for entry in result.logged), now - since)
        await self._acknowledge(accepted, result)
        await self._tell(accepted, result)
        return [result.rejected.get(place) for place, arrival in enumerate(group) for _ in range(arrival.batches)]

    async def _acknowledge(self, group: Sequence[Arrival], result: GroupResult) -> None:
        acks: dict[tuple[str, int, int], list[Arrival]] = defaultdict(list)
        for arrival in group:
            if not arrival.is_numbered:
                continue  # a plain device stores no readings, so it needs no ack
            acks[arrival.device, arrival.device_id, arrival.epoch].append(arrival)
        for (device, device_id, epoch), arrivals in acks.items():
            wanted = [arrival.wanted for arrival in arrivals]
            known = {one.seq: one for arrival in arrivals for one in arrival.refused}
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
        part = AckPart(covering(wanted, settled), [])
        if again is not None:
            part = AckPart(settled_within(again.ranges, settled), [known.get(one.seq, one) for one in again.refused])
        for ranges, named in split_ack(part, _ACK_RANGES, _ACK_REFUSED):
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

    async def _tell(self, group: Sequence[Arrival], result: GroupResult) -> None:
        names = {arrival.device_id: arrival.device for arrival in group}
        feeds: dict[int, list[Logged]] = defaultdict(list)
        for entry in result.logged:
            feeds[entry.device_id].append(entry)
        for device_id, entries in feeds.items():
            with _committed(names[device_id]):
                for message in live_batches(entries, _LIVE_READINGS):
                    await self._bus.publish(TELEMETRY_LIVE, message, device=names[device_id])

    def _count(self, group: Sequence[Arrival], result: GroupResult) -> None:
        total = sum(arrival.batches for arrival in group)
        self._batches.labels("duplicate").inc(result.duplicates)
        self._batches.labels("held").inc(result.held)
        self._batches.labels("stored").inc(total - result.duplicates - result.held)
        self._readings.labels("stored").inc(sum(len(entry.columns) for entry in result.logged))
        self._readings.labels("refused").inc(sum(len(arrival.refused) for arrival in group))
        for code, n in Counter(one.code for arrival in group for one in arrival.refused).items():
            self._refusals.labels(code).inc(n)


@contextmanager
def _committed(device: str) -> Iterator[None]:
    """Suppresses errors of a publish after the commit: they must neither quarantine the batch nor affect other devices.
    The collector sends again and is acknowledged again; viewers detect the gap by its position."""
    try:
        yield
    except (Disconnected, MessageTooLarge):
        return
    except Exception:
        log.exception("ack_not_sent", device=device)


def _arrival(messages: Sequence[BatchMessage], device_id: int, screened: Screened) -> Arrival:
    first, last = messages[0].message, messages[-1].message
    return Arrival(
        device=messages[0].device,
        device_id=device_id,
        epoch=first.epoch,
        ord=first.ord,
        wanted=(first.lo, last.lo + last.n),
        lane=first.lane,
        sent=max(one.message.sent for one in messages),
        received=messages[-1].received,
        columns=screened.columns,
        refused=screened.refused,
        joints=tuple(one.message.lo for one in messages[1:]),
    )

"""The feeds of the devices that are viewed on this gateway. A feed is a sequence of positions. A gap in it (a lost QoS
0 message, or too many readings at once) is filled from the log."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import structlog

from pulse_bus import Bus, Delivery, Subscription
from pulse_contracts.errors import Unavailable
from pulse_contracts.telemetry import LiveBatch
from pulse_contracts.topics import TELEMETRY_LIVE
from pulse_telemetry_gateway.live.group import Group
from pulse_telemetry_gateway.live.pending import Points
from pulse_telemetry_gateway.model.storage.columns import decode
from pulse_telemetry_gateway.store.log import LogStore, StoredBatch

log = structlog.get_logger("pulse.live")
_FILL_ROWS: Final = 16
"""A larger gap is reported and not filled: it holds more than a viewer may be sent."""
_UNKNOWN: Final = -1
_BEYOND: Final = 2**62


@dataclass
class Feed:
    """A device that is viewed. `pos`: position up to which its readings were given to `groups`."""

    device_id: int
    pos: int = _UNKNOWN
    committed: int = 0
    """Its position in the database at the last sweep."""
    subscription: Subscription | None = None
    groups: dict[Group, None] = field(default_factory=dict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    """Subscriptions in progress that need the feed before a group does."""


class Feeds:
    """Follows feeds on the bus and gives their readings to groups."""

    def __init__(self, bus: Bus, log_store: LogStore) -> None:
        self._bus, self._log = bus, log_store
        self._feeds: dict[str, Feed] = {}

    async def hold(self, device: str, device_id: int) -> Feed:
        """The device's feed, followed from a known position, and kept until `release`. Raises Unavailable."""
        feed = self._feeds.get(device)
        if feed is None:
            feed = self._feeds[device] = Feed(device_id)
        feed.users += 1
        try:
            async with feed.turn:  # deliveries wait: they follow the position that is read here, or are included in it
                if feed.subscription is None:
                    feed.subscription = await self._bus.subscribe(TELEMETRY_LIVE, self._deliver, device=device)
                if feed.pos == _UNKNOWN:
                    feed.pos, _, _ = await self._log.size_since(device_id, _BEYOND, 0)
        except BaseException:
            self.release(feed)
            raise
        return feed

    def release(self, feed: Feed) -> None:
        """The opposite of `hold`. The next sweep ends an unused subscription, so a browser that reloads finds it
        again."""
        feed.users -= 1

    async def advance(self, device: str, until: int) -> None:
        """Gives what was committed up to `until` to the groups, as far as the log has it."""
        feed = self._feeds[device]
        async with feed.turn:
            if feed.pos < until:
                await self._fill(feed, device, until)

    async def sweep(self) -> None:
        """Ends the subscriptions of unused feeds. Reads from the log what was committed before the last sweep and not
        received live: the gateway that published it died, or a QoS 0 message was lost. Raises Unavailable."""
        for device, feed in list(self._feeds.items()):
            if not feed.users and not feed.groups:
                del self._feeds[device]
                if feed.subscription is not None:
                    await feed.subscription.cancel()
        await self.catch_up()

    async def catch_up(self) -> None:
        """The second half of a sweep. Raises Unavailable."""
        feeds = dict(self._feeds)
        committed = await self._log.positions([feed.device_id for feed in feeds.values()])
        for device, feed in feeds.items():
            before, feed.committed = feed.committed, committed.get(feed.device_id, 0)
            if feed.pos != _UNKNOWN and feed.pos < before and device in self._feeds:
                await self.advance(device, before)

    async def _deliver(self, delivery: Delivery[LiveBatch]) -> None:
        device, batch = delivery.levels["device"], delivery.message
        feed = self._feeds.get(device)
        if feed is None:
            return
        async with feed.turn:
            if feed.pos == _UNKNOWN or batch.pos <= feed.pos:
                return  # already given to the groups
            known = batch.after if batch.value else batch.pos  # a message without readings only moves the feed position
            if known > feed.pos:
                await self._fill(feed, device, known)
            feed.pos = batch.pos
            readings = _points(batch, _wanted(feed))
            for group in feed.groups:
                group.add(device, batch.pos, batch.lane, readings)

    async def _fill(self, feed: Feed, device: str, until: int) -> None:
        """Fills a gap from the log. A gap that is too large, or that the log does not have, is reported as
        conflated."""
        rows: list[StoredBatch] = []
        if until - feed.pos <= _FILL_ROWS:
            try:
                rows = await self._log.since(feed.device_id, feed.pos, until)
            except Unavailable as error:
                log.debug("feed_gap_not_filled", device=device, reason=str(error))
        is_whole = len(rows) == until - feed.pos
        for row in rows:
            readings, is_readable = await asyncio.to_thread(read_points, [row], _wanted(feed))
            is_whole = is_whole and is_readable
            for group in feed.groups:
                group.add(device, row.pos, "backlog", readings)
        feed.pos = until
        for group in feed.groups:
            group.add(device, until, "backlog", {})
            if not is_whole:
                group.lose("backlog")


def _wanted(feed: Feed) -> frozenset[int]:
    groups = list(feed.groups)
    return groups[0].key.series.union(*(group.key.series for group in groups[1:])) if groups else frozenset()


def _points(batch: LiveBatch, wanted: frozenset[int]) -> Points:
    readings: Points = defaultdict(list)
    series, t0 = batch.series, batch.t0
    lists = [readings[one] if one in wanted else None for one in series]
    for x, dt, value in zip(batch.x, batch.dt, batch.value, strict=True):
        found = lists[x]
        if found is not None:
            found.append((t0 + dt, value))
    return readings


def read_points(rows: Sequence[StoredBatch], wanted: frozenset[int]) -> tuple[Points, bool]:
    """The wanted readings of log rows by series, in order, and whether all rows could be decoded."""
    whole: Points = {}
    is_readable = True
    for row in rows:
        try:
            found = _stored_points(row, wanted)
        except ValueError as error:
            log.error("stored_batch_unreadable", position=row.pos, reason=str(error))  # noqa: TRY400  # the traceback adds nothing
            is_readable = False
            continue
        for series, points in found.items():
            whole.setdefault(series, []).extend(points)
    return whole, is_readable


def _stored_points(row: StoredBatch, wanted: frozenset[int]) -> Points:
    columns = decode(row.payload, row.lo)
    ids = columns.series.tolist()
    mine = [index for index, series in enumerate(ids) if series in wanted]
    if len(mine) < len(ids):
        columns = columns.take(np.isin(columns.x, mine))
    readings: Points = defaultdict(list)
    for x, t, value in zip(columns.x.tolist(), columns.t.tolist(), columns.values(), strict=True):
        readings[ids[x]].append((t, value))
    return readings

"""The feeds of the devices that somebody here watches. A feed is a chain of positions; a hole in it (a QoS 0 message
was lost, or too much came at once) is read from the log."""

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
"""A larger hole is said, not read: it holds more than a viewer may be sent."""
_UNKNOWN: Final = -1
_BEYOND: Final = 2**62


@dataclass
class Feed:
    """One device that somebody watches: `pos` is how far its readings have been given to `groups`."""

    device_id: int
    pos: int = _UNKNOWN
    committed: int = 0
    """Its position in the database at the last sweep."""
    subscription: Subscription | None = None
    groups: dict[Group, None] = field(default_factory=dict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    """Subscriptions under way that need it before a group does."""


class Feeds:
    """Follows feeds on the bus and hands their readings to groups."""

    def __init__(self, bus: Bus, log_store: LogStore) -> None:
        self._bus, self._log = bus, log_store
        self._feeds: dict[str, Feed] = {}

    async def hold(self, device: str, device_id: int) -> Feed:
        """The device's feed, followed from a known position on, and kept until `release`. Raises Unavailable."""
        feed = self._feeds.get(device)
        if feed is None:
            feed = self._feeds[device] = Feed(device_id)
        feed.users += 1
        try:
            async with feed.turn:  # deliveries wait: they come after the position that is read here, or are part of it
                if feed.subscription is None:
                    feed.subscription = await self._bus.subscribe(TELEMETRY_LIVE, self._deliver, device=device)
                if feed.pos == _UNKNOWN:
                    feed.pos, _, _ = await self._log.size_since(device_id, _BEYOND, 0)
        except BaseException:
            self.release(feed)
            raise
        return feed

    def release(self, feed: Feed) -> None:
        """The opposite of `hold`. The subscription ends a little later: a browser that reloads finds it again."""
        feed.users -= 1

    async def advance(self, device: str, until: int) -> None:
        """What was committed up to `until` has been given to the groups, as far as the log has it."""
        feed = self._feeds[device]
        async with feed.turn:
            if feed.pos < until:
                await self._fill(feed, device, until)

    async def sweep(self) -> None:
        """Ends the subscriptions of feeds that nobody needs; and reads from the log what was committed before the last
        sweep and nobody told: the last live message of a gateway that died, or one of QoS 0 that was lost."""
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
                return  # told before
            known = batch.after if batch.value else batch.pos  # without readings it only says where the feed is
            if known > feed.pos:
                await self._fill(feed, device, known)
            feed.pos = batch.pos
            readings = _points(batch, _wanted(feed))
            for group in feed.groups:
                group.add(device, batch.pos, batch.lane, readings)

    async def _fill(self, feed: Feed, device: str, until: int) -> None:
        """Reads a hole from the log. One too large, or that the log does not have, is said to be conflated."""
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
    """The readings of rows of the log that are wanted, by series, in order; and whether all rows could be read."""
    whole: Points = {}
    is_readable = True
    for row in rows:
        try:
            found = _stored_points(row, wanted)
        except ValueError as error:
            log.error("stored_batch_unreadable", position=row.pos, reason=str(error))  # noqa: TRY400  # the trace says no more
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

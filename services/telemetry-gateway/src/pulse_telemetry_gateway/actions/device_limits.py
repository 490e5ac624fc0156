"""Budgets of each device before anything that all share: whoever ignores its limits slows down itself.

What is left undone here was acknowledged by the broker and not by us. A collector repeats that until it has our answer,
so nothing is lost.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

from pulse_bus import Quarantine, Quarantined
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.topics import TELEMETRY_PLAIN
from pulse_telemetry_gateway.model.ingest.token_buckets import TokenBuckets

T = TypeVar("T")
log = structlog.get_logger("pulse.fairness")


class NewestPerDevice(Generic[T]):
    """Of each device's messages only the newest is worked on, one at a time and no faster than `pace`; `at_once` of all
    devices together."""

    def __init__(self, work: Callable[[str, T], Awaitable[None]], buckets: TokenBuckets, at_once: int) -> None:
        self._work, self._buckets, self._slots = work, buckets, asyncio.Semaphore(at_once)
        self._newest: dict[str, T] = {}
        self._busy: set[str] = set()

    async def take(self, device: str, message: T) -> None:
        """Returns when the message is worked on or left to a newer one. Raises what the work raises."""
        self._newest[device] = message
        if device in self._busy:
            return
        self._busy.add(device)
        try:
            while device in self._newest:
                await asyncio.sleep(self._buckets.delay(device, asyncio.get_running_loop().time()))
                async with self._slots:
                    await self._work(device, self._newest.pop(device))
        finally:
            self._busy.discard(device)


class DeviceQueue:
    """Each device's messages one after the other, no faster than `pace`; `at_once` of all devices together. At most
    `waiting_max` of one device wait: more are left undone."""

    def __init__(self, buckets: TokenBuckets, at_once: int, waiting_max: int) -> None:
        self._buckets, self._slots, self._waiting_max = buckets, asyncio.Semaphore(at_once), waiting_max
        self._waiting: Counter[str] = Counter()
        self._locks: dict[str, asyncio.Lock] = {}

    async def take(self, device: str, work: Callable[[], Awaitable[None]]) -> bool:
        """Whether it was done. Raises what the work raises."""
        if self._waiting[device] >= self._waiting_max:
            return False
        self._waiting[device] += 1
        try:
            async with self._locks.setdefault(device, asyncio.Lock()):
                await asyncio.sleep(self._buckets.delay(device, asyncio.get_running_loop().time()))
                async with self._slots:
                    await work()
        finally:
            self._waiting[device] -= 1
            if not self._waiting[device]:
                del self._waiting[device], self._locks[device]
        return True


class RateLimitedQuarantine:
    """A quarantine in which each collector has its share: beyond `pace`, its messages are counted and not kept."""

    def __init__(self, put_away: Quarantine, buckets: TokenBuckets, metrics: Metrics) -> None:
        self._put_away, self._buckets, self._slots = put_away, buckets, asyncio.Semaphore(2)
        self._skipped = metrics.counter(
            "quarantine_skipped", "Unusable messages that were not kept: their device sends too many", ["code"]
        )

    async def put(self, item: Quarantined) -> None:
        """As `Quarantine`."""
        address = item.address
        is_plain = TELEMETRY_PLAIN.match(address) is not None  # such a device does not send again
        if not is_plain and not self._buckets.allows(address, asyncio.get_running_loop().time()):
            self._skipped.labels(item.code).inc()
            log.debug("quarantine_skipped", address=address, code=item.code)
            return
        async with self._slots:
            await self._put_away(item)

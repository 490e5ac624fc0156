"""Limits what one device may use of the resources that all devices share. A device that exceeds its limits slows down
only itself.

Messages beyond a limit are acknowledged to the broker but not answered. A collector repeats a message until it has an
answer, so nothing is lost.
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
    """Handles only the newest message of each device: one at a time per device, no faster than the token bucket allows,
    and at most `at_once` for all devices together."""

    def __init__(self, work: Callable[[str, T], Awaitable[None]], buckets: TokenBuckets, at_once: int) -> None:
        self._work, self._buckets, self._slots = work, buckets, asyncio.Semaphore(at_once)
        self._newest: dict[str, T] = {}
        self._busy: set[str] = set()

    async def take(self, device: str, message: T) -> None:
        """Returns when the message was handled or replaced by a newer one. Raises what the handler raises."""
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
    """Handles each device's messages one after the other, no faster than the token bucket allows, and at most `at_once`
    for all devices together. At most `waiting_max` messages of one device wait; more are not handled."""

    def __init__(self, buckets: TokenBuckets, at_once: int, waiting_max: int) -> None:
        self._buckets, self._slots, self._waiting_max = buckets, asyncio.Semaphore(at_once), waiting_max
        self._waiting: Counter[str] = Counter()
        self._locks: dict[str, asyncio.Lock] = {}

    async def take(self, device: str, work: Callable[[], Awaitable[None]]) -> bool:
        """Returns whether the message was handled. Raises what the handler raises."""
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
    """A quarantine that keeps a limited rate of messages of each collector and counts the others."""

    def __init__(self, put_away: Quarantine, buckets: TokenBuckets, metrics: Metrics) -> None:
        self._put_away, self._buckets, self._slots = put_away, buckets, asyncio.Semaphore(2)
        self._skipped = metrics.counter(
            "quarantine_skipped",
            "Messages that were not kept in quarantine, because their device exceeded its rate",
            ["code"],
        )

    async def put(self, item: Quarantined) -> None:
        """See `Quarantine`."""
        address = item.address
        is_plain = TELEMETRY_PLAIN.match(address) is not None  # a plain device does not send again
        if not is_plain and not self._buckets.allows(address, asyncio.get_running_loop().time()):
            self._skipped.labels(item.code).inc()
            log.debug("quarantine_skipped", address=address, code=item.code)
            return
        async with self._slots:
            await self._put_away(item)

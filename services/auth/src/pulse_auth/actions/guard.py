"""Refuses devices before the broker would acknowledge what it cannot keep.

A broker acknowledges a message and then discards it when a queue is full. What plain devices send waits in the broker
while the gateway or its database is away, so their accounts are disabled long before that limit: they are disconnected
and refused, and keep their readings or lose them knowingly. Collectors follow at twice the limit; they buffer on disk.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from pulse_bus.credentials import BrokerCredentials, ObservedAccount, Stored
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.access import DEVICES, Grant
from pulse_contracts.topics import TELEMETRY_DATA, TELEMETRY_PLAIN, Party

log = logging.getLogger("pulse.auth.guard")
_PLAIN: Final = 1
_ALL: Final = 2
_SILENT_LOOKS: Final = 5
"""A broker that has not said by then how much it holds is taken for one that never does."""


Connect = Callable[[], AbstractAsyncContextManager[BrokerCredentials]]


@dataclass(frozen=True)
class GuardLimits:
    """What the broker may hold before plain devices are refused; they are admitted again at half of it. `every`:
    seconds between two looks."""

    messages: int
    bytes: int
    every: float = 1.0


class IntakeGuard:
    """Watches how much the broker holds. `on_admitted()` is called when devices may come back: whoever makes accounts
    asks `refuses` then. Needs no database, for an outage of it is when queues grow."""

    def __init__(self, limits: GuardLimits, prefix: str, metrics: Metrics) -> None:
        self._limits, self._prefix = limits, prefix
        self.on_admitted: Callable[[], None] = lambda: None
        self._level = 0
        self._silent, self._has_looked = 0, False
        self._messages = metrics.gauge("broker_stored_messages", "Messages that the broker holds, for all queues")
        self._bytes = metrics.gauge("broker_stored_bytes", "Their payloads")
        metrics.gauge("broker_stored_messages_limit", "At which plain devices are refused").set(limits.messages)
        metrics.gauge("broker_stored_bytes_limit", "At which plain devices are refused").set(limits.bytes)
        self._refusing = metrics.gauge("broker_devices_refused", "0: none, 1: plain devices, 2: every device")

    def may_connect(self, party: Party, *, is_enabled: bool | None) -> bool:
        """Whether an account of this party may be enabled now. `is_enabled`: as it is at the broker, None for a new
        one. Before the broker has said how much it holds, everything stays as it is."""
        if party not in DEVICES:
            return True
        if self._silent < _SILENT_LOOKS and not self._has_looked:
            return is_enabled is not False
        return not self.refuses(party)

    def refuses(self, party: Party) -> bool:
        """Whether accounts of this party have to stay disabled for now."""
        return party in DEVICES and self._level >= (_PLAIN if party == "plain-device" else _ALL)

    async def watch(self, connect: Connect, on_look: Callable[[], None] = lambda: None) -> None:
        """Looks again and again while the connection lasts; calls `on_look` after each look. Raises Unavailable."""
        async with connect() as broker:
            while not broker.ended.is_set():
                await self.look(broker)
                on_look()
                await asyncio.sleep(self._limits.every)

    async def look(self, broker: BrokerCredentials) -> None:
        """One look, and what follows from it. Raises Unavailable."""
        stored = broker.stored
        if stored.messages is None and stored.bytes is None:
            self._silent += 1  # it has not said yet, or never does: other brokers have no such topics
            if self._silent == _SILENT_LOOKS and not self._has_looked:
                self.on_admitted()
            return
        is_first, self._has_looked = not self._has_looked, True
        self._messages.set(stored.messages or 0)
        self._bytes.set(stored.bytes or 0)
        before, self._level = self._level, self._judge(stored)
        self._refusing.set(self._level)
        if self._level > before:
            log.warning("devices_refused level=%d messages=%s bytes=%s", self._level, stored.messages, stored.bytes)
        if self._level:
            # at each look: an account may have been made, or put back, meanwhile
            seen = await broker.observe()
            await broker.disable([one.name for one in seen.values() if one.is_enabled and self._is_refused(one)])
        elif before or is_first:
            log.info("devices_admitted messages=%s bytes=%s", stored.messages, stored.bytes)
            self.on_admitted()

    def _judge(self, stored: Stored) -> int:
        fill = max((stored.messages or 0) / self._limits.messages, (stored.bytes or 0) / self._limits.bytes)
        if fill >= 2:
            return _ALL
        if fill >= 1:
            return max(_PLAIN, self._level)
        return self._level if fill >= 0.5 else 0

    def _is_refused(self, account: ObservedAccount) -> bool:
        plain = Grant("publish", f"{self._prefix}/{TELEMETRY_PLAIN.filter(device=account.name)}")
        data = Grant("publish", f"{self._prefix}/{TELEMETRY_DATA.filter(device=account.name)}")
        is_collector = data in account.grants
        return (plain in account.grants or is_collector) and (self._level >= _ALL or not is_collector)

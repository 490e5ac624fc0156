"""Disables devices before the broker acknowledges messages that it cannot store.

A broker acknowledges a message and then discards it when a queue is full. While the gateway or its database is down,
the broker queues what plain devices send. So their accounts are disabled long before that limit: they are disconnected
and rejected, and know that their readings are not delivered. Collectors follow at twice the limit, because they buffer
on disk.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

import structlog

from pulse_bus.credentials import BrokerCredentials, ObservedAccount, Stored
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.access import DEVICES, Grant
from pulse_contracts.topics import TELEMETRY_DATA, TELEMETRY_PLAIN, Party

log = structlog.get_logger("pulse.auth.guard")
_PLAIN: Final = 1
_ALL: Final = 2
_SILENT_LOOKS: Final = 5
"""A broker that has not reported how much it stores by then is assumed never to report it."""


Connect = Callable[[], AbstractAsyncContextManager[BrokerCredentials]]


@dataclass(frozen=True)
class GuardLimits:
    """How much the broker may store before plain devices are disabled. They are enabled again at half of it. `every`:
    seconds between two looks."""

    messages: int
    bytes: int
    every: float = 1.0


class IntakeGuard:
    """Watches how much the broker stores. `on_admitted()` is called when devices may connect again; the reconciler then
    asks `refuses`. Needs no database, because queues grow during a database outage."""

    def __init__(self, limits: GuardLimits, prefix: str, metrics: Metrics) -> None:
        self._limits, self._prefix = limits, prefix
        self.on_admitted: Callable[[], None] = lambda: None
        self._level = 0
        self._silent, self._has_looked = 0, False
        self._messages = metrics.gauge("broker_stored_messages", "Messages that the broker stores for all queues.")
        self._bytes = metrics.gauge("broker_stored_bytes", "Payload bytes that the broker stores for all queues.")
        metrics.gauge("broker_stored_messages_limit", "Stored messages at which plain devices are disabled.").set(
            limits.messages
        )
        metrics.gauge("broker_stored_limit_bytes", "Stored payload bytes at which plain devices are disabled.").set(
            limits.bytes
        )
        self._refusing = metrics.gauge(
            "broker_devices_refused", "Which devices are disabled. 0: none, 1: plain devices, 2: all devices."
        )

    def may_connect(self, party: Party, *, is_enabled: bool | None) -> bool:
        """Whether accounts of this party may be enabled. `is_enabled`: the state at the broker, None for a new account.
        It is kept until the broker has reported how much it stores."""
        if party not in DEVICES:
            return True
        if self._silent < _SILENT_LOOKS and not self._has_looked:
            return is_enabled is not False
        return not self.refuses(party)

    def refuses(self, party: Party) -> bool:
        """Whether accounts of this party must stay disabled."""
        return party in DEVICES and self._level >= (_PLAIN if party == "plain-device" else _ALL)

    async def watch(self, connect: Connect, on_look: Callable[[], None] = lambda: None) -> None:
        """Looks repeatedly until the connection ends. Calls `on_look` after each look. Raises Unavailable."""
        async with connect() as broker:
            while not broker.ended.is_set():
                await self.look(broker)
                on_look()
                await asyncio.sleep(self._limits.every)

    async def look(self, broker: BrokerCredentials) -> None:
        """Looks once, then disables or admits devices. Raises Unavailable."""
        stored = broker.stored
        if stored.messages is None and stored.bytes is None:
            self._silent += 1  # no report yet, or never: other brokers have no such topics
            if self._silent == _SILENT_LOOKS and not self._has_looked:
                self.on_admitted()
            return
        is_first, self._has_looked = not self._has_looked, True
        self._messages.set(stored.messages or 0)
        self._bytes.set(stored.bytes or 0)
        before, self._level = self._level, self._judge(stored)
        self._refusing.set(self._level)
        if self._level > before:
            log.warning("devices_refused", level=self._level, messages=stored.messages, bytes=stored.bytes)
        if self._level:
            # at each look: an account may have been created or restored since the last one
            seen = await broker.observe()
            await broker.disable([one.name for one in seen.values() if one.is_enabled and self._is_refused(one)])
        elif before or is_first:
            log.info("devices_admitted", messages=stored.messages, bytes=stored.bytes)
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

"""Typed publish and consume. `pulse_bus.mqtt.MqttBus` and `pulse_bus.memory.MemoryBus` implement the protocol `Bus`."""

from pulse_bus.handling import read_each
from pulse_bus.port import (
    Bus,
    Delivery,
    Disconnected,
    DividedSubscription,
    GroupHandler,
    GroupReader,
    Handler,
    LinkState,
    MessageTooLarge,
    PublishRefused,
    Quarantine,
    Quarantined,
    Reject,
    Subscription,
    TemporarilyRefused,
)
from pulse_contracts.errors import Unavailable

__all__ = [
    "Bus",
    "Delivery",
    "Disconnected",
    "DividedSubscription",
    "GroupHandler",
    "GroupReader",
    "Handler",
    "LinkState",
    "MessageTooLarge",
    "PublishRefused",
    "Quarantine",
    "Quarantined",
    "Reject",
    "Subscription",
    "TemporarilyRefused",
    "Unavailable",
    "read_each",
]

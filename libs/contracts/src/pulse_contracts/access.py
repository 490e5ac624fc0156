"""Who may touch which topic at the broker, made from the catalogue: deny by default, each account its own topics only.

This is the one place where the rules are made. Each kind of broker has its own form of them (`pulse_bus.dynsec`).
"""

import hashlib
from dataclasses import dataclass
from typing import Final, Literal

from pulse_contracts.message import Message
from pulse_contracts.topics import CATALOGUE, ROOT, Party, Topic

SERVICES: Final[tuple[Party, ...]] = ("users", "auth", "telemetry-gateway")
ADMIN: Final = "broker-admin"
"""The one account that may change accounts. No device and no service may have this name."""
DEVICES: Final[frozenset[Party]] = frozenset({"collector", "plain-device"})
"""Parties whose accounts are devices: each touches the topics of its own name."""
RESERVED: Final = frozenset({ADMIN, *SERVICES, *DEVICES, "integrator"})
"""Names that no device may have."""

PLAIN_SESSION: Final = "telemetry-gateway-plain"
"""Client id of the one session at the broker that receives what plain devices publish. The broker queues for it while
no gateway is connected; whichever gateway holds the lease uses it."""

Action = Literal["publish", "receive", "subscribe"]


@dataclass(frozen=True, order=True)
class Grant:
    """One thing that an account may do. A `subscribe` of a shared subscription names it in full (`$share/group/…`);
    `receive` never does."""

    action: Action
    topic: str


def grants(party: Party, name: str, prefix: str = ROOT) -> tuple[Grant, ...]:
    """The grants of one account: `name` is its user name (a device's id, or the service's name)."""
    found: list[Grant] = []
    for topic in CATALOGUE:
        if party in topic.publishers:
            found.append(Grant("publish", f"{prefix}/{topic.filter(**_own_levels(topic, party, name))}"))
        if party in topic.consumers:
            levels = _own_levels(topic, party, name) if party in DEVICES else {}
            pattern = f"{prefix}/{topic.filter(**levels)}"
            found.append(Grant("receive", pattern))
            found.append(Grant("subscribe", f"$share/{topic.share}/{pattern}" if topic.share else pattern))
    return tuple(found)


def is_bound(party: Party) -> bool:
    """Whether the account is one connection, whose client id is its name: a service may have replicas, each with an id
    of its own."""
    return party in DEVICES


def credential_mark(name: str, secret: str) -> str:
    """By which two sides tell whether they mean the same secret without showing it. Secrets are 256 random bits: their
    hash gives nothing away, and needs no salt."""
    return hashlib.sha256(f"pulse broker credential\0{name}\0{secret}".encode()).hexdigest()[:32]


def _own_levels(topic: Topic[Message], party: Party, name: str) -> dict[str, str]:
    """The levels that must be the account's own: a device's id, the kind of a status, and a device's id there too."""
    if topic.levels == ("kind", "id"):
        return {"kind": party, "id": name} if party in DEVICES else {"kind": party}
    if party in DEVICES and "device" in topic.levels:
        return {"device": name}
    if "service" in topic.levels and party in topic.publishers:
        return {"service": party}
    return {}

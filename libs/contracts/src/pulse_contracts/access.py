"""The broker's access rules, derived from the catalogue: deny by default, and each account only its own topics.

`pulse_bus.dynsec` translates the rules for Mosquitto.
"""

import hashlib
from dataclasses import dataclass
from typing import Final, Literal

from pulse_contracts.message import Message
from pulse_contracts.shards import shard_of
from pulse_contracts.topics import CATALOGUE, ROOT, Party, Topic

SERVICES: Final[tuple[Party, ...]] = ("users", "auth", "telemetry-gateway", "sync-publisher")
ADMIN: Final = "broker-admin"
"""The only account that may change accounts. No device and no service may have this name."""
DEVICES: Final[frozenset[Party]] = frozenset({"collector", "plain-device"})
"""Parties whose accounts are devices. Each may access only the topics with its own name."""
RESERVED: Final = frozenset({ADMIN, *SERVICES, *DEVICES, "integrator"})
"""Names that no device may have."""

PLAIN_SESSION: Final = "telemetry-gateway-plain"
"""Client id of the session that receives the messages of plain devices. The gateway that holds the lease uses it. The
broker queues messages for it while no gateway is connected."""

Action = Literal["publish", "receive", "subscribe"]


@dataclass(frozen=True, order=True)
class Grant:
    """One permission of an account. For a shared subscription, the topic of `subscribe` starts with `$share/group/`;
    the topic of `receive` does not."""

    action: Action
    topic: str


def grants(party: Party, name: str, prefix: str = ROOT) -> tuple[Grant, ...]:
    """Returns the grants of one account. `name` is its user name: the id of a device, or the name of a service."""
    granted: list[Grant] = []
    for topic in CATALOGUE:
        if party in topic.publishers:
            granted.append(Grant("publish", f"{prefix}/{topic.filter(**_own_levels(topic, party, name))}"))
        if party in topic.consumers:
            levels = _own_levels(topic, party, name) if party in DEVICES else {}
            pattern = f"{prefix}/{topic.filter(**levels)}"
            granted.append(Grant("receive", pattern))
            granted.append(Grant("subscribe", f"$share/{topic.share}/{pattern}" if topic.share else pattern))
    return tuple(granted)


def is_bound(party: Party) -> bool:
    """Whether the account may connect only with its name as the client id. Services have replicas with different client
    ids, so they are not bound."""
    return party in DEVICES


def credential_fingerprint(name: str, secret: str) -> str:
    """Returns a hash that identifies a secret without revealing it. Secrets have 256 random bits, so the hash needs no
    salt."""
    return hashlib.sha256(f"pulse broker credential\0{name}\0{secret}".encode()).hexdigest()[:32]


def _own_levels(topic: Topic[Message], party: Party, name: str) -> dict[str, str]:
    """Returns the topic levels that an account may not choose: its device id, or the kind and id of a status topic."""
    if topic.levels == ("kind", "id"):
        return {"kind": party, "id": name} if party in DEVICES else {"kind": party}
    if party in DEVICES and "shard" in topic.levels:
        return {"shard": str(shard_of(name)), "device": name}
    if party in DEVICES and "device" in topic.levels:
        return {"device": name}
    if "service" in topic.levels and party in topic.publishers:
        return {"service": party}
    return {}

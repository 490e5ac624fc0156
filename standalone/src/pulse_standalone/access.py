"""The broker's access rules, made from the catalogue of topics: each account may touch its own topics and no other.

Mosquitto 2.0's dynamic security knows no `%u`, so that every device gets a role with its literal topics.
"""

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping

from pulse_contracts.message import Message
from pulse_contracts.topics import CATALOGUE, ROOT, Party, Topic

SERVICES: tuple[Party, ...] = ("users", "auth", "telemetry-gateway")
_ITERATIONS = 101
"""What the plugin itself uses: fine for 256-bit random secrets, and nobody else signs in at the broker."""
_DENY = {"publishClientSend": False, "publishClientReceive": False, "subscribe": False, "unsubscribe": True}


def _rule(kind: str, topic: str) -> dict[str, object]:
    return {"acltype": kind, "topic": topic, "priority": 0, "allow": True}


def _own_levels(topic: Topic[Message], party: Party, name: str) -> dict[str, str]:
    """The levels that must be the account's own: a device's id, the kind of a status, and a device's id there too."""
    if topic.levels == ("kind", "id"):
        return {"kind": party, "id": name} if party == "collector" else {"kind": party}
    if party == "collector" and "device" in topic.levels:
        return {"device": name}
    if "service" in topic.levels and party in topic.publishers:
        return {"service": party}
    return {}


def rules(party: Party, name: str, prefix: str = ROOT) -> list[dict[str, object]]:
    """The access rules of one account: `name` is its user name (a device's id, or the service's name)."""
    found: list[dict[str, object]] = []
    for topic in CATALOGUE:
        if party in topic.publishers:
            found.append(_rule("publishClientSend", f"{prefix}/{topic.filter(**_own_levels(topic, party, name))}"))
        if party in topic.consumers:
            levels = _own_levels(topic, party, name) if party == "collector" else {}
            pattern = f"{prefix}/{topic.filter(**levels)}"
            found.append(_rule("publishClientReceive", pattern))
            found.append(_rule("subscribePattern", f"$share/{topic.share}/{pattern}" if topic.share else pattern))
    return found


def _credential(password: str) -> dict[str, object]:
    salt = os.urandom(12)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS, 64)
    return {
        "password": base64.b64encode(key).decode(),
        "salt": base64.b64encode(salt).decode(),
        "iterations": _ITERATIONS,
    }


def dynamic_security(
    admin_password: str, services: Mapping[Party, str], devices: Mapping[str, str], prefix: str = ROOT
) -> dict[str, object]:
    """The whole configuration of the dynamic-security plugin, deny by default. Values are passwords."""
    control = [
        _rule(kind, "$CONTROL/dynamic-security/#")
        for kind in ("publishClientSend", "publishClientReceive", "subscribePattern")
    ]
    roles: list[dict[str, object]] = [{"rolename": "admin", "acls": control}]
    clients: list[dict[str, object]] = [_client("broker-admin", admin_password, ["admin"], client_id=None)]
    accounts: list[tuple[Party, str, str]] = [(party, party, password) for party, password in services.items()]
    accounts += [("collector", device, password) for device, password in devices.items()]
    for party, name, password in accounts:
        roles.append({"rolename": f"is-{name}", "acls": rules(party, name, prefix)})
        # a device is one connection; a service may have replicas, each with a client id of its own
        client_id = name if party == "collector" else None
        clients.append(_client(name, password, [f"is-{name}"], client_id=client_id))
    return {"defaultACLAccess": _DENY, "clients": clients, "groups": [], "roles": roles}


def _client(name: str, password: str, roles: Iterable[str], *, client_id: str | None) -> dict[str, object]:
    entry: dict[str, object] = {
        "username": name,
        "roles": [{"rolename": role, "priority": 0} for role in roles],
        **_credential(password),
    }
    if client_id is not None:
        entry["clientid"] = client_id
    return entry

"""The data formats of Mosquitto's dynamic-security plugin: roles, clients and passwords in its file and its commands.

Mosquitto 2.0 has no `%u` in these rules, so every account gets its own role with literal topics.
`pulse_bus.mqtt.dynsec` sends the commands. The supervisor writes the file.
"""

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pulse_bus.credentials import BrokerAccount, ObservedAccount
from pulse_contracts.access import ADMIN, Action, Grant

ITERATIONS: Final = 101
"""Iterations of PBKDF2-HMAC-SHA512, as in the plugin. This is enough for random 256-bit secrets; no account has another
kind of secret."""
MARK: Final = "pulse:"
"""Prefix in the description of each account that this system created. The credential's fingerprint follows."""
_CONTROL: Final = "$CONTROL/dynamic-security/#"
STORED: Final = "$SYS/broker/store/messages/+"
"""Topics of the broker's report on stored messages in all queues: `count` and `bytes`."""
ADMIN_GRANTS: Final = (
    Grant("publish", _CONTROL),
    Grant("receive", _CONTROL),
    Grant("subscribe", _CONTROL),
    Grant("receive", STORED),
    Grant("subscribe", STORED),
)
_DENY: Final = {"publishClientSend": False, "publishClientReceive": False, "subscribe": False, "unsubscribe": True}
_KINDS: Final[Mapping[Action, str]] = {
    "publish": "publishClientSend",
    "receive": "publishClientReceive",
    "subscribe": "subscribePattern",
}
_ACTIONS: Final = {kind: action for action, kind in _KINDS.items()}


def role_name(account: str) -> str:
    """Returns the name of the only role of an account."""
    return f"is-{account}"


def acls(granted: Iterable[Grant]) -> list[dict[str, object]]:
    """Returns the access rules of a role."""
    return [_acl(_KINDS[grant.action], grant.topic) for grant in sorted(granted)]


def _acl(kind: str, topic: str) -> dict[str, object]:
    return {"acltype": kind, "topic": topic, "priority": 0, "allow": True}


def credential(password: str) -> dict[str, object]:
    """Returns a hashed password in the format of the file."""
    salt = os.urandom(12)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS, 64)
    return {
        "password": base64.b64encode(key).decode(),
        "salt": base64.b64encode(salt).decode(),
        "iterations": ITERATIONS,
    }


def client_fields(account: BrokerAccount) -> dict[str, object]:
    """Returns the fields of a client except name and password. The file and the commands use the same fields."""
    desired = account.observed()
    fields: dict[str, object] = {
        "textdescription": f"{MARK}{desired.fingerprint}",
        "roles": [{"rolename": role_name(account.name), "priority": 0}],
    }
    if desired.client_id is not None:
        fields["clientid"] = desired.client_id
    return fields


def file_entries(account: BrokerAccount) -> tuple[dict[str, object], dict[str, object]]:
    """Returns client and role of an account in the format of the file."""
    client = {"username": account.name, **client_fields(account), **credential(account.secret)}
    if not account.is_enabled:
        client["disabled"] = True
    return client, {"rolename": role_name(account.name), "acls": acls(account.observed().grants)}


def dynamic_security(
    admin_password: str, accounts: Iterable[BrokerAccount], before: Mapping[str, Any] | None = None
) -> dict[str, object]:
    """Returns the content of the plugin's file, deny by default. Keeps the other accounts of `before`, the previous
    content: they were created while the broker ran."""
    admin = {"username": ADMIN, "roles": [{"rolename": "admin", "priority": 0}], **credential(admin_password)}
    previous = before or {}
    clients: dict[str, Mapping[str, object]] = {str(item["username"]): item for item in previous.get("clients", [])}
    roles: dict[str, Mapping[str, object]] = {str(item["rolename"]): item for item in previous.get("roles", [])}
    clients[ADMIN], roles["admin"] = admin, {"rolename": "admin", "acls": acls(ADMIN_GRANTS)}
    for account in accounts:
        clients[account.name], roles[role_name(account.name)] = file_entries(account)
    return {
        "defaultACLAccess": _DENY,
        "clients": list(clients.values()),
        "groups": [],
        "roles": list(roles.values()),
    }


def observed(client: Mapping[str, Any], roles: Mapping[str, Mapping[str, Any]]) -> ObservedAccount:
    """Returns an account from the plugin's answers: a client, and all roles by name. A rule that this system never
    writes (a deny rule or an unknown type) becomes a grant that no account should have."""
    granted: set[Grant] = set()
    for held in client.get("roles", []):
        for rule in roles.get(str(held.get("rolename")), {}).get("acls", []):
            kind = _ACTIONS.get(str(rule.get("acltype")))
            topic = str(rule.get("topic"))
            if kind is None or not rule.get("allow", True):
                kind, topic = "subscribe", f"?{rule.get('acltype')} {topic}"
            granted.add(Grant(kind, topic))
    text = str(client.get("textdescription", ""))
    return ObservedAccount(
        str(client["username"]),
        text.removeprefix(MARK) if text.startswith(MARK) else None,
        not client.get("disabled", False),
        frozenset(granted),
        str(client["clientid"]) if client.get("clientid") else None,
    )

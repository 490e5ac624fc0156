"""The forms of Mosquitto's dynamic-security plugin: roles, clients and passwords as its file and its commands have
them. Mosquitto 2.0 knows no `%u`, so that every account gets a role of its own with literal topics.

Who sends the commands is `pulse_bus.mqtt.dynsec`; who writes the file is the supervisor.
"""

import base64
import hashlib
import os
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pulse_bus.credentials import BrokerAccount, ObservedAccount
from pulse_contracts.access import ADMIN, Action, Grant

ITERATIONS: Final = 101
"""Of PBKDF2-HMAC-SHA512, as the plugin itself does it: fine for 256-bit random secrets, and nobody else signs in."""
MARK: Final = "pulse:"
"""Begins the description of each account of ours; the credential's mark follows."""
_CONTROL: Final = "$CONTROL/dynamic-security/#"
STORED: Final = "$SYS/broker/store/messages/+"
"""What the broker says of the messages that it holds, for all queues together: `count` and `bytes`."""
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
    """The one role of an account."""
    return f"is-{account}"


def acls(granted: Iterable[Grant]) -> list[dict[str, object]]:
    """The access rules of a role."""
    return [_acl(_KINDS[one.action], one.topic) for one in sorted(granted)]


def _acl(kind: str, topic: str) -> dict[str, object]:
    return {"acltype": kind, "topic": topic, "priority": 0, "allow": True}


def credential(password: str) -> dict[str, object]:
    """A password as the file keeps it."""
    salt = os.urandom(12)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS, 64)
    return {
        "password": base64.b64encode(key).decode(),
        "salt": base64.b64encode(salt).decode(),
        "iterations": ITERATIONS,
    }


def client_fields(account: BrokerAccount) -> dict[str, object]:
    """What a client has beside its name and its password, in the file as in the commands."""
    wanted = account.observed()
    fields: dict[str, object] = {
        "textdescription": f"{MARK}{wanted.mark}",
        "roles": [{"rolename": role_name(account.name), "priority": 0}],
    }
    if wanted.client_id is not None:
        fields["clientid"] = wanted.client_id
    return fields


def file_entries(account: BrokerAccount) -> tuple[dict[str, object], dict[str, object]]:
    """Client and role of an account, as the file keeps them."""
    client = {"username": account.name, **client_fields(account), **credential(account.secret)}
    if not account.is_enabled:
        client["disabled"] = True
    return client, {"rolename": role_name(account.name), "acls": acls(account.observed().grants)}


def dynamic_security(
    admin_password: str, accounts: Iterable[BrokerAccount], before: Mapping[str, Any] | None = None
) -> dict[str, object]:
    """The plugin's whole file, deny by default. What `before` holds beyond these accounts is kept: the accounts that
    were made while the broker ran."""
    admin = {"username": ADMIN, "roles": [{"rolename": "admin", "priority": 0}], **credential(admin_password)}
    clients: dict[str, Mapping[str, object]] = {str(one["username"]): one for one in (before or {}).get("clients", [])}
    roles: dict[str, Mapping[str, object]] = {str(one["rolename"]): one for one in (before or {}).get("roles", [])}
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
    """An account from the plugin's answers: a client, and every role by name. What we would never write (another
    priority, a refusal, a foreign kind of rule) shows as a grant that nobody expects."""
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

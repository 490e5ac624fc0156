"""Who may do what: the one table. Routes refuse by it, tokens are narrowed by it, the web's guard and the documentation
are generated from it."""

from collections.abc import Mapping
from typing import Literal, get_args

Role = Literal["admin", "user"]
Permission = Literal[
    "profile.own",
    "sessions.own",
    "api_keys.own",
    "telemetry.read",
    "telemetry.export",
    "telemetry.manage",
    "telemetry.delete",
    "accounts.read",
    "accounts.manage",
    "sessions.manage",
    "collectors.read",
    "collectors.manage",
    "keys.rotate",
    "audit.read",
]
PERMISSIONS: Mapping[Permission, str] = {
    "profile.own": "see and change one's own profile; an API key cannot change e-mail or password",
    "sessions.own": "see and end one's own sessions, set up a second factor",
    "api_keys.own": "make, list and revoke one's own API keys",
    "telemetry.read": "see devices, readings, history and the ledger",
    "telemetry.export": "export readings as files",
    "telemetry.manage": "see and download what was put into quarantine, set how plain messages are read, "
    "rename devices and series",
    "telemetry.delete": "delete readings, series and devices with all their readings",
    "accounts.read": "list accounts",
    "accounts.manage": "invite, change, switch off and delete accounts, administrators too: as good as being one",
    "sessions.manage": "see and end anyone's sessions and API keys, reset a second factor, decide who must have one",
    "collectors.read": "list collectors",
    "collectors.manage": "create, enrol, rotate, disable and delete collectors, and say who may sign in there",
    "keys.rotate": "rotate the keys that sign access tokens",
    "audit.read": "read the audit trail",
}
"""What each permission lets somebody do."""

ROLES: Mapping[Role, frozenset[Permission]] = {
    "admin": frozenset(get_args(Permission)),
    "user": frozenset({"profile.own", "sessions.own", "api_keys.own", "telemetry.read", "telemetry.export"}),
}
"""What each role may. Another role is one word in `Role` and one line here."""

EVERYBODY: frozenset[Permission] = frozenset.intersection(*ROLES.values())
"""What every role may: the rest is refused while nobody can say which sessions have ended."""


def read_scope(text: str) -> frozenset[Permission]:
    """The permissions of a token's `scope` claim (space-separated, RFC 6749 §3.3); words that are none are left out:
    a scope only ever narrows."""
    words = frozenset(text.split(" "))
    return frozenset(name for name in PERMISSIONS if name in words)

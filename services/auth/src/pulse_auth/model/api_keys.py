"""Rules of API keys: their format, their lifetime, and the permissions that they may carry."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pulse_auth.model.sessions import write_token
from pulse_contracts.auth import API_KEY_SID
from pulse_contracts.errors import DomainError
from pulse_contracts.permissions import ROLES, Permission, Role

DEFAULT_LIFETIME = timedelta(days=90)
MAX_LIFETIME = timedelta(days=365)
MAX_KEYS = 50
SECRET_BYTES = 32
_KEY = re.compile(r"pp_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")
_NEVER: frozenset[Permission] = frozenset({"sessions.own", "api_keys.own"})
"""Only a person may use these: a leaked key must not create other keys or change how its owner signs in."""


class InvalidApiKey(DomainError):
    """The API key is unknown, revoked or expired, or its owner is disabled. The answer is the same for all."""

    code, status = "invalid_api_key", 401


class ScopeTooWide(DomainError):
    """An API key may carry only permissions of its owner, and neither `sessions.own` nor `api_keys.own`."""

    code, status = "scope_too_wide", 422


class TooManyApiKeys(DomainError):
    """The account already has 50 API keys, which is the maximum. Revoke one first."""

    code, status = "too_many_api_keys", 409


class ApiKeyNotFound(DomainError):
    """The API key does not exist, or it is revoked."""

    code, status = "not_found", 404


@dataclass(frozen=True)
class ApiKey:
    """A stored API key. `hash`: of its text; the text itself is not stored."""

    id: UUID
    account: UUID
    name: str
    scope: frozenset[Permission]
    hash: bytes
    created: datetime
    expires: datetime
    last_used: datetime | None = None
    revoked: datetime | None = None

    @property
    def sid(self) -> str:
        """The session id in its access tokens. Revoking this id revokes them."""
        return f"{API_KEY_SID}{self.id}"

    def opens(self, secret: bytes, now: datetime) -> bool:
        """Whether the key has this hash and is valid now."""
        return hmac.compare_digest(self.hash, secret) and self.revoked is None and now < self.expires


def write_key(id_: UUID, raw: bytes) -> str:
    """The text of a key."""
    return f"pp_{id_.hex}_{write_token(raw)}"


def read_key(text: str) -> tuple[UUID, bytes] | None:
    """The id and the hash of a key's text; None if the text is malformed."""
    found = _KEY.fullmatch(text)
    return (UUID(found[1]), hashlib.sha256(text.encode()).digest()) if found else None


def key_hash(text: str) -> bytes:
    """The hash that is stored. 256 random bits need no salt."""
    return hashlib.sha256(text.encode()).digest()


def require_grantable(scope: frozenset[Permission], role: Role, own: frozenset[Permission] | None) -> None:
    """Raises ScopeTooWide unless an owner with this role may grant the whole scope. `own`: the scope of the owner's
    access token, None for a full token."""
    allowed = (ROLES[role] if own is None else ROLES[role] & own) - _NEVER
    beyond = sorted(scope - allowed)
    if beyond:
        raise ScopeTooWide(f"You cannot grant these permissions to an API key: {', '.join(beyond)}.")


def effective(scope: Iterable[Permission], role: Role) -> frozenset[Permission]:
    """The current permissions of a key: those in its scope that its owner has."""
    return frozenset(scope) & ROLES[role]

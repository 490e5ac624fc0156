"""API keys as pure rules: their form, how long they live, and which permissions they may carry."""

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

DEFAULT_LIFE = timedelta(days=90)
MAX_LIFE = timedelta(days=365)
MAX_KEYS = 50
SECRET_BYTES = 32
_KEY = re.compile(r"pp_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")
_NEVER: frozenset[Permission] = frozenset({"sessions.own", "api_keys.own"})
"""What only a person may do: a leaked key must not make others, nor touch sign-in."""


class InvalidApiKey(DomainError):
    """The API key is unknown, wrong, revoked or expired, or its owner is switched off: which, is not said."""

    code, status = "invalid_api_key", 401


class ScopeTooWide(DomainError):
    """An API key may carry only permissions of its owner, and not those that manage sessions and keys of one's own."""

    code, status = "scope_too_wide", 422


class TooManyApiKeys(DomainError):
    """An account has 50 API keys at most: revoke one first."""

    code, status = "too_many_api_keys", 409


class ApiKeyNotFound(DomainError):
    """The caller has no API key of this id."""

    code, status = "api_key_not_found", 404


@dataclass(frozen=True)
class ApiKey:
    """A key as it is stored: of its secret only the hash."""

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
        """By which its tokens are revoked."""
        return f"{API_KEY_SID}{self.id}"

    def opens(self, secret: bytes, now: datetime) -> bool:
        """Whether this secret's hash opens it now."""
        return hmac.compare_digest(self.hash, secret) and self.revoked is None and now < self.expires


def write_key(id_: UUID, raw: bytes) -> str:
    """The text that is shown once."""
    return f"pp_{id_.hex}_{write_token(raw)}"


def read_key(text: str) -> tuple[UUID, bytes] | None:
    """Id and hash of a key's text; None when it has not its form."""
    found = _KEY.fullmatch(text)
    return (UUID(found[1]), hashlib.sha256(text.encode()).digest()) if found else None


def key_hash(text: str) -> bytes:
    """What is stored; 256 random bits need no salt."""
    return hashlib.sha256(text.encode()).digest()


def require_grantable(scope: frozenset[Permission], role: Role, own: frozenset[Permission] | None) -> None:
    """Raises ScopeTooWide unless an owner of this role, whose own token is narrowed to `own`, may give all of it."""
    allowed = (ROLES[role] if own is None else ROLES[role] & own) - _NEVER
    beyond = sorted(scope - allowed)
    if beyond:
        raise ScopeTooWide(f"not yours to give to a key: {', '.join(beyond)}")


def effective(scope: Iterable[Permission], role: Role) -> frozenset[Permission]:
    """What a key may today: its scope, and no more than its owner."""
    return frozenset(scope) & ROLES[role]

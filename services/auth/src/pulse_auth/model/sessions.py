"""Rules of sessions and sign-in: which refresh token is accepted, and what an access token contains."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from pulse_contracts.accounts import lifts_revocation
from pulse_contracts.errors import DomainError
from pulse_contracts.permissions import Permission, Role
from pulse_contracts.times import to_micros
from pulse_jose import Claims

ACCESS_LIFETIME = timedelta(minutes=5)
TOKEN_BYTES = 32
_LATE = timedelta(seconds=10)
"""A repeated token within this time comes from two tabs or a retry. Later, an answer was lost or two parties hold the
token."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class InvalidCredentials(DomainError):
    """The e-mail or the password is wrong, or the account is disabled. The answer is the same for all."""

    code, status = "invalid_credentials", 401


class SessionEnded(DomainError):
    """The refresh token is invalid or expired, or its session has ended. Sign in again."""

    code, status = "session_ended", 401


class SessionNotFound(DomainError):
    """The session does not exist, or it has ended."""

    code, status = "not_found", 404


class AccountNotFound(DomainError):
    """The account does not exist."""

    code, status = "not_found", 404


class WrongPassword(DomainError):
    """The current password is missing or wrong."""

    code, status = "wrong_password", 403


class WrongOrigin(DomainError):
    """The request comes from a page of another site."""

    code, status = "wrong_origin", 403


class CsrfHeaderMissing(DomainError):
    """The header `X-Pulse-CSRF: 1` is missing. Requests that authenticate by cookie need it, because pages of other
    sites cannot send it."""

    code, status = "csrf_header_missing", 403


@dataclass(frozen=True)
class Account:
    """auth's copy of an account. `has_verifier`: whether users has a verifier for offline sign-in. A deleted account is
    inactive and has no e-mail."""

    id: UUID
    version: int
    email: str
    name: str
    role: Role
    active: bool
    digest: str | None = field(repr=False)
    has_verifier: bool = True

    @property
    def is_deleted(self) -> bool:
        """Whether the account was deleted."""
        return not self.active and not self.email


@dataclass(frozen=True)
class AccountEvent:
    """An account as users sent it. `state_version`: see `StateVersion`. `is_deleted`: users deleted it."""

    account: Account
    state_version: int
    is_deleted: bool


@dataclass(frozen=True)
class ClientInfo:
    """Where a session is used: the name of the device, and its address if that is known."""

    device: str = ""
    address: str | None = None


UNKNOWN_CLIENT = ClientInfo()


@dataclass(frozen=True)
class Session:
    """One sign-in of one browser. Its refresh tokens are one family."""

    id: UUID
    account: UUID
    remember: bool
    ends: datetime
    is_revoked: bool = False
    client_info: ClientInfo = UNKNOWN_CLIENT


@dataclass(frozen=True)
class SessionRules:
    """`idle`: a session that is not used for this long ends. `lifetime`: the longest a session lasts. `grace`: how long
    a used token gets its unused successor again, because the answer may have been lost."""

    idle: timedelta
    lifetime: timedelta
    grace: timedelta


class Verdict(Enum):
    """What happens to a refresh token."""

    ROTATE = "rotate"
    """It is the newest token: it is used up and gets a successor."""
    REPEAT = "repeat"
    """Two tabs, or a lost answer: it gets the same successor again."""
    REPEAT_LATE = "repeat_late"
    """A repeat after more than 10 s. It is audited and accepted once."""
    ENDED = "ended"
    """The session has ended: sign in again."""
    REUSED = "reused"
    """Two parties hold the family: the session ends for both."""


@dataclass(frozen=True)
class TokenState:
    """The stored state of a refresh token. `used`: when its successor was first issued. `is_parent_late`: whether the
    previous rotation was repeated late."""

    session_ends: datetime
    idle_ends: datetime
    is_revoked: bool
    is_account_active: bool
    used: datetime | None
    is_successor_used: bool
    is_parent_late: bool = False


def judge(state: TokenState, now: datetime, grace: timedelta) -> Verdict:
    """The rotation rule (RFC 9700 §4.14.2). Only the direct parent of the newest token may be repeated. A late repeat
    is not accepted at two rotations in a row: a lost answer happens once, a thief repeats every rotation."""
    if state.is_revoked or not state.is_account_active or now >= state.session_ends:
        return Verdict.ENDED
    if state.used is None:
        return Verdict.ENDED if now >= state.idle_ends else Verdict.ROTATE
    if state.is_successor_used or now - state.used > grace:
        return Verdict.REUSED
    if now - state.used <= _LATE:
        return Verdict.REPEAT
    return Verdict.REUSED if state.is_parent_late else Verdict.REPEAT_LATE


def merged(old: Account | None, newer: AccountEvent) -> Account:
    """What the copy holds after a newer version arrives. A newer version that does not lift the revocation of `old`
    changes its version and nothing else. A deleted account stays deleted."""
    if old is None or old.active:
        return newer.account
    is_reborn = old.is_deleted and not newer.is_deleted
    is_lifted = not newer.account.active or lifts_revocation(newer.state_version, old.version)
    if is_reborn or not is_lifted:
        return replace(old, version=newer.account.version)
    return newer.account


def ends_sessions(old: Account, new: Account) -> bool:
    """Whether a change of the account ends its sessions."""
    return (old.role, old.active, old.digest) != (new.role, new.active, new.digest)


def is_only_verifier(old: Account, new: Account) -> bool:
    """Whether a newer version differs in nothing but its verifier."""
    return replace(old, version=new.version, has_verifier=new.has_verifier) == new


def is_token(text: str) -> bool:
    """Whether the text has the form of a refresh token."""
    return _TOKEN.fullmatch(text) is not None


def write_token(raw: bytes) -> str:
    """The text of a token of 256 bits."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def successor(secret: bytes, token: str) -> str:
    """The token that follows `token`. It is derived, so it can be issued twice without being stored."""
    return write_token(hmac.digest(secret, b"successor\0" + token.encode(), "sha256"))


def derived_key(key: bytes, purpose: str) -> bytes:
    """Derives a key for one purpose from the key-encryption key (HKDF-Expand with one block, RFC 5869 §2.3)."""
    return hmac.digest(key, purpose.encode() + b"\x01", "sha256")


def token_hash(token: str) -> bytes:
    """The hash that is stored. 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).digest()


def email_key(email: str) -> str:
    """The key by which accounts are found. The users service computes the same key."""
    return email.strip().lower()


def backoff_key(email: str) -> bytes:
    """The key that failed sign-ins are counted under. Works for e-mails of any length, with and without an account."""
    return hashlib.sha256(email_key(email).encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True)
class Grant:
    """What an access token is issued for: a session or an API key (`sid`), valid until `ends` at the latest. `scope`:
    the only permissions of the token, None for all of the role."""

    sid: str
    ends: datetime
    scope: frozenset[Permission] | None = None


def access_claims(account: Account, grant: Grant, generation: int, now: datetime, jti: str) -> Claims:
    """The claims of an access token. It expires with its session at the latest. `generation` counts the revocations of
    all tokens of the account. Claims are printable and not empty: an account without a printable name gets its e-mail
    as name."""
    issued = to_micros(now) // 1_000_000
    ends = to_micros(grant.ends) // 1_000_000
    email = _UNPRINTABLE.sub("", account.email) or str(account.id)
    return Claims(
        iss="precisionpulse",
        aud="pulse",
        sub=str(account.id),
        jti=jti,
        sid=grant.sid,
        role=account.role,
        email=email,
        name=_UNPRINTABLE.sub("", account.name).strip() or email,
        iat=issued,
        exp=max(issued + 1, min(issued + int(ACCESS_LIFETIME.total_seconds()), ends)),
        scope=None if grant.scope is None else " ".join(sorted(grant.scope)) or "none",
        gen=generation,
    )

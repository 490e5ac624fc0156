"""Sessions and sign-in as pure rules: which refresh token may be used, how long a guesser waits, what a token says."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from pulse_contracts.errors import DomainError
from pulse_contracts.permissions import Permission, Role
from pulse_contracts.times import to_micros
from pulse_jose import Claims

ACCESS_LIFE = timedelta(minutes=5)
TOKEN_BYTES = 32
_LATE = timedelta(seconds=10)
"""After that two tabs and a retry are over: an answer was lost, or two parties hold the token."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class InvalidCredentials(DomainError):
    """E-mail and password do not open an account: which of the two, and why, is not said."""

    code, status = "invalid_credentials", 401


class SessionEnded(DomainError):
    """The refresh token opens no session any more."""

    code, status = "session_ended", 401


class SessionNotFound(DomainError):
    """There is no running session of this id that is the caller's to end."""

    code, status = "session_not_found", 404


class AccountNotFound(DomainError):
    """There is no account of this id."""

    code, status = "account_not_found", 404


class WrongPassword(DomainError):
    """The caller's own password, which the request must carry, is wrong."""

    code, status = "wrong_password", 403


class WrongOrigin(DomainError):
    """The request comes from a page of somebody else."""

    code, status = "wrong_origin", 403


class CsrfHeaderMissing(DomainError):
    """A request that acts by cookie needs `X-Pulse-CSRF: 1`, which foreign pages cannot send."""

    code, status = "csrf_header_missing", 403


@dataclass(frozen=True)
class Account:
    """auth's copy of one account."""

    id: UUID
    version: int
    email: str
    name: str
    role: Role
    active: bool
    digest: str | None = field(repr=False)


@dataclass(frozen=True)
class Place:
    """Where a session is used: what its device calls itself, and its address as far as that is known."""

    device: str = ""
    address: str | None = None


NOWHERE = Place()


@dataclass(frozen=True)
class Session:
    """One sign-in on one browser: its refresh tokens are one family."""

    id: UUID
    account: UUID
    remember: bool
    ends: datetime
    is_revoked: bool = False
    place: Place = NOWHERE


@dataclass(frozen=True)
class SessionRules:
    """Until when a session lives without being used, at all, and for how long a used token gets its unused successor
    again: the answer may have been lost, and the browser offline since."""

    idle: timedelta
    life: timedelta
    grace: timedelta


class Verdict(Enum):
    """What becomes of a refresh token that was shown."""

    ROTATE = "rotate"
    """It is the newest: it is used up, and its successor is given."""
    REPEAT = "repeat"
    """Two tabs, or an answer that got lost: the same successor is given again."""
    REPEAT_LATE = "repeat_late"
    """The same, more than 10 s after: noted, and believed once."""
    ENDED = "ended"
    """The session is over; sign in again."""
    REUSED = "reused"
    """Two parties hold the family: it ends for both."""


@dataclass(frozen=True)
class TokenState:
    """What the store knows about one refresh token. `used` is when its successor was first given; `is_parent_late`
    tells whether the rotation before was repeated late."""

    session_ends: datetime
    idle_ends: datetime
    is_revoked: bool
    is_account_active: bool
    used: datetime | None
    is_successor_used: bool
    is_parent_late: bool = False


def judge(state: TokenState, now: datetime, grace: timedelta) -> Verdict:
    """The rotation rule (RFC 9700 §4.14.2). Only the immediate parent of the newest token may come again, and late not
    at two rotations in a row: a lost answer is one event, a thief beside the owner makes all come twice."""
    if state.is_revoked or not state.is_account_active or now >= state.session_ends:
        return Verdict.ENDED
    if state.used is None:
        return Verdict.ENDED if now >= state.idle_ends else Verdict.ROTATE
    if state.is_successor_used or now - state.used > grace:
        return Verdict.REUSED
    if now - state.used <= _LATE:
        return Verdict.REPEAT
    return Verdict.REUSED if state.is_parent_late else Verdict.REPEAT_LATE


def ends_sessions(old: Account, new: Account) -> bool:
    """Whether a change takes something from whoever is signed in."""
    return (old.role, old.active, old.digest) != (new.role, new.active, new.digest)


def is_token(text: str) -> bool:
    """Whether a text has the form of a refresh token."""
    return _TOKEN.fullmatch(text) is not None


def write_token(raw: bytes) -> str:
    """A refresh token of 256 bits, as the browser holds it."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def successor(secret: bytes, token: str) -> str:
    """The one token that follows `token`: derived, so that it can be given twice and is stored nowhere."""
    return write_token(hmac.digest(secret, b"successor\0" + token.encode(), "sha256"))


def derived_key(key: bytes, purpose: str) -> bytes:
    """A key of its own for one purpose, from the key-encryption key (HKDF-Expand with one block, RFC 5869 §2.3)."""
    return hmac.digest(key, purpose.encode() + b"\x01", "sha256")


def token_hash(token: str) -> bytes:
    """What is stored of a token; 256 random bits need no salt."""
    return hashlib.sha256(token.encode()).digest()


def email_key(email: str) -> str:
    """By which accounts are found; users does the same."""
    return email.strip().lower()


def backoff_key(email: str) -> bytes:
    """By which failures are counted, for e-mails of all sizes and of no account."""
    return hashlib.sha256(email_key(email).encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True)
class Grant:
    """What an access token is issued for: a session or an API key (`sid`), until `ends` at the latest, and narrowed to
    `scope` if that is given."""

    sid: str
    ends: datetime
    scope: frozenset[Permission] | None = None


def access_claims(account: Account, grant: Grant, generation: int, now: datetime, jti: str) -> Claims:
    """What the access token says. It never outlives its session. `generation`: the number of the last time that all of
    the account's tokens were revoked. Claims are printable and not empty: a token without a name could not be verified,
    so the e-mail stands in."""
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
        exp=max(issued + 1, min(issued + int(ACCESS_LIFE.total_seconds()), ends)),
        scope=None if grant.scope is None else " ".join(sorted(grant.scope)) or "none",
        gen=generation,
    )

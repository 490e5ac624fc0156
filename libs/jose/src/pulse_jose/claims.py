"""The claims of an access token, and the rules for accepting it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Final

from pulse_jose.errors import Reason, TokenError

MAX_CLAIM_LENGTH: Final = 320
"""Maximum characters of one claim. The longest is an e-mail address (RFC 5321: 64 + 1 + 255)."""

_MAX_NUMBER: Final = 2**53 - 1
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class TokenRules:
    """The conditions for an access token. Issuer and verifiers must use the same rules."""

    issuer: str
    audience: str
    max_lifetime: timedelta = timedelta(minutes=5)
    leeway: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of an access token.

    sub: the account.
    sid: the session.
    iat, exp: Unix seconds.
    scope: the permissions that the token is restricted to (space-separated, RFC 9068 §2.2.3). None: not restricted.
    gen: the account's token generation. It increases when all tokens of the account are revoked.
    jti: id of the token. A denylist must use it and not the token's text, because an ECDSA signature has two valid
        forms.
    """

    iss: str
    aud: str
    sub: str
    jti: str
    sid: str
    role: str
    email: str
    name: str
    iat: int
    exp: int
    scope: str | None = None
    gen: int = 0


_NAMES: Final = tuple(claim.name for claim in fields(Claims))


def read_claims(members: Mapping[str, object]) -> Claims:
    """Returns the typed claims in `members`. Ignores unknown members. Raises `TokenError` (claims).

    Text must have 1 to 320 characters and no control characters. Numbers must be integers. `nbf` is rejected: a
    verifier must not ignore it (RFC 7519 §4.1.5), and the issuer never sets it.
    """
    if "nbf" in members:
        raise TokenError(Reason.CLAIMS)
    return Claims(
        iss=_text(members, "iss"),
        aud=_text(members, "aud"),
        sub=_text(members, "sub"),
        jti=_text(members, "jti"),
        sid=_text(members, "sid"),
        role=_text(members, "role"),
        email=_text(members, "email"),
        name=_text(members, "name"),
        iat=_number(members, "iat"),
        exp=_number(members, "exp"),
        scope=_text(members, "scope") if "scope" in members else None,
        gen=_number(members, "gen") if "gen" in members else 0,
    )


def write_claims(claims: Claims) -> dict[str, object]:
    """Returns the members of `claims`. Checks them like a received token. Raises `TokenError` (claims)."""
    members: dict[str, object] = {name: getattr(claims, name) for name in _NAMES}
    if claims.scope is None:
        del members["scope"]
    read_claims(members)
    return members


def check_claims(claims: Claims, rules: TokenRules, now: float) -> None:
    """Raises `TokenError` (issuer, audience, not-yet-valid, expired or lifetime) unless the claims follow `rules` at
    `now`."""
    leeway = rules.leeway.total_seconds()
    if claims.iss != rules.issuer:
        raise TokenError(Reason.ISSUER)
    if claims.aud != rules.audience:
        raise TokenError(Reason.AUDIENCE)
    if claims.iat > now + leeway:
        raise TokenError(Reason.NOT_YET_VALID)
    if claims.exp <= now - leeway:
        raise TokenError(Reason.EXPIRED)
    if not 0 < claims.exp - claims.iat <= rules.max_lifetime.total_seconds():
        raise TokenError(Reason.LIFETIME)


def _text(members: Mapping[str, object], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_CLAIM_LENGTH or _UNPRINTABLE.search(value):
        raise TokenError(Reason.CLAIMS)
    return value


def _number(members: Mapping[str, object], name: str) -> int:
    value = members.get(name)
    # `type` instead of isinstance, because True is an int.
    if type(value) is not int or not 0 <= value <= _MAX_NUMBER:
        raise TokenError(Reason.CLAIMS)
    return value

"""Verifies access tokens and signed messages."""

from __future__ import annotations

from typing import Final

from jose import jws

from pulse_jose.claims import Claims, TokenRules, check_claims, read_claims
from pulse_jose.compact import decode_base64url, parse_header, parse_object, split_compact
from pulse_jose.errors import Reason, TokenError
from pulse_jose.keys import SIGNATURE_ALGORITHM, Clock, KeySet, VerificationKey

ACCESS_TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - a media type (RFC 9068), not a secret
MAX_TOKEN_LENGTH: Final = 8_192
"""Maximum characters of an access token. Real ones have about 600."""
MAX_MESSAGE_LENGTH: Final = 65_536
"""Maximum characters of a signed message: the broker's largest packet."""

_HEADER_MEMBERS: Final = frozenset({"alg", "typ", "kid"})


class TokenVerifier:
    """Verifies access tokens and returns their claims. Raises only `TokenError`, for any input.

    `clock` is read once per token. `keys` may be replaced at any time (rotation). On `Reason.UNKNOWN_KEY` the owner may
    read the published keys again, at most once a minute.
    """

    def __init__(self, keys: KeySet[VerificationKey], rules: TokenRules, clock: Clock) -> None:
        self.keys = keys
        self._rules = rules
        self._clock = clock

    def verify(self, token: str | bytes) -> Claims:
        """Returns the claims of a token that a known key has signed, has the type `at+jwt`, and follows the rules."""
        now = self._clock()
        payload = _verify(token, self.keys, ACCESS_TOKEN_TYPE, now, MAX_TOKEN_LENGTH)
        claims = read_claims(parse_object(payload))
        check_claims(claims, self._rules, now)
        return claims


class MessageVerifier:
    """Verifies signed messages of one type and returns their payload. Raises only `TokenError`, for any input.

    A verified message may be a replay: the caller must check recipient, order and freshness in the payload. `typ` is
    the purpose (for example `pulse-mirror`). `keys` must not be the keys of access tokens.
    """

    def __init__(
        self, keys: KeySet[VerificationKey], typ: str, clock: Clock, max_length: int = MAX_MESSAGE_LENGTH
    ) -> None:
        if typ == ACCESS_TOKEN_TYPE:
            raise ValueError(f"use TokenVerifier for the type {typ}: it also checks the claims")
        self.keys = keys
        self._typ = typ
        self._clock = clock
        self._max_length = max_length

    def verify(self, message: str | bytes) -> bytes:
        """Returns the payload (never empty) of a message of this type that a known key has signed."""
        return _verify(message, self.keys, self._typ, self._clock(), self._max_length)


def _verify(compact: str | bytes, keys: KeySet[VerificationKey], typ: str, now: float, max_length: int) -> bytes:
    segments = split_compact(compact, dots=2, max_length=max_length)
    header = parse_header(segments[0], _HEADER_MEMBERS)
    for segment in segments[1:]:
        decode_base64url(segment)
    if header["typ"] != typ:
        raise TokenError(Reason.TYPE)
    # The algorithm is a property of the key. The header must name the same one.
    key = keys.find(header["kid"], now)
    if header["alg"] != SIGNATURE_ALGORITHM:
        raise TokenError(Reason.ALGORITHM)
    try:
        return jws.verify(compact, key.es256, algorithms=[SIGNATURE_ALGORITHM])
    except Exception:  # noqa: BLE001 - python-jose raises other types for malicious input
        raise TokenError(Reason.SIGNATURE) from None

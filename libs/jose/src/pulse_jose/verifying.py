"""Verifying access tokens and signed messages. This is what every service and every collector imports."""

from __future__ import annotations

from typing import Final

from jose import jws

from pulse_jose.claims import Claims, TokenRules, check_claims, read_claims
from pulse_jose.compact import decode_base64url, parse_header, parse_object, split_compact
from pulse_jose.errors import Reason, TokenError
from pulse_jose.keys import SIGNATURE_ALGORITHM, Clock, KeySet, VerificationKey

ACCESS_TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - a media type (RFC 9068), not a secret
MAX_TOKEN_LENGTH: Final = 8_192
"""Characters of an access token; ours have about 600."""
MAX_MESSAGE_LENGTH: Final = 65_536
"""Characters of a signed message: the broker's largest packet."""

_HEADER_MEMBERS: Final = frozenset({"alg", "typ", "kid"})


class TokenVerifier:
    """ConcurrencyLimit access tokens into claims. Raises `TokenError`, and nothing else, for whatever it is given.

    `clock` is read once per token. `keys` may be replaced while tokens are being verified (a rotation): on
    `Reason.UNKNOWN_KEY` the owner may re-read the published keys, at most once a minute.
    """

    def __init__(self, keys: KeySet[VerificationKey], rules: TokenRules, clock: Clock) -> None:
        self.keys = keys
        self._rules = rules
        self._clock = clock

    def verify(self, token: str | bytes) -> Claims:
        """The claims of a token signed by a known key, of type `at+jwt`, within the rules at this moment."""
        now = self._clock()
        payload = _verify(token, self.keys, ACCESS_TOKEN_TYPE, now, MAX_TOKEN_LENGTH)
        claims = read_claims(parse_object(payload))
        check_claims(claims, self._rules, now)
        return claims


class MessageVerifier:
    """ConcurrencyLimit signed messages of one type into their payload. Raises `TokenError`, and nothing else.

    Freshness, recipient and order are the payload's business: a verified message may still be a replay. `typ` names the
    purpose (such as `pulse-mirror`), and `keys` must not be those of access tokens.
    """

    def __init__(
        self, keys: KeySet[VerificationKey], typ: str, clock: Clock, max_length: int = MAX_MESSAGE_LENGTH
    ) -> None:
        if typ == ACCESS_TOKEN_TYPE:
            raise ValueError(f"{typ} is read by TokenVerifier, which also checks the claims")
        self.keys = keys
        self._typ = typ
        self._clock = clock
        self._max_length = max_length

    def verify(self, message: str | bytes) -> bytes:
        """The payload (never empty) of a message of this type signed by a known key."""
        return _verify(message, self.keys, self._typ, self._clock(), self._max_length)


def _verify(compact: str | bytes, keys: KeySet[VerificationKey], typ: str, now: float, max_length: int) -> bytes:
    segments = split_compact(compact, dots=2, max_length=max_length)
    header = parse_header(segments[0], _HEADER_MEMBERS)
    for segment in segments[1:]:
        decode_base64url(segment)
    if header["typ"] != typ:
        raise TokenError(Reason.TYPE)
    # The key is found by name among ours; its algorithm is a fact about the key, and the header may only agree.
    key = keys.find(header["kid"], now)
    if header["alg"] != SIGNATURE_ALGORITHM:
        raise TokenError(Reason.ALGORITHM)
    try:
        return jws.verify(compact, key.es256, algorithms=[SIGNATURE_ALGORITHM])
    except Exception:  # noqa: BLE001 - python-jose raises foreign types on hostile input; all of them mean refused
        raise TokenError(Reason.SIGNATURE) from None

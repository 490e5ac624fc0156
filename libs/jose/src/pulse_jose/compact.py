"""A strict parser for the compact serialisation (RFC 7515 §7.1, RFC 7516 §7.1) and the JSON inside.

python-jose accepts invalid characters, duplicate members and unlimited nesting. All input passes this parser first.
"""

from __future__ import annotations

import base64
import json
import math
import re
from typing import Final, Never

from pulse_jose.errors import Reason, TokenError

MAX_JSON_DEPTH: Final = 64

_COMPACT: Final = {
    2: re.compile(rb"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){2}"),
    4: re.compile(rb"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){4}"),
}
_JSON_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)


def split_compact(compact: object, *, dots: int, max_length: int) -> list[bytes]:
    """Returns the encoded segments of `compact`, which must have exactly `dots` dots (2 for JWS, 4 for JWE).

    Raises `TokenError` (malformed) for an empty segment, for other than base64url characters, for a type other than
    `str` and `bytes`, and for more than `max_length` characters. The length is checked first, without a copy.
    """
    if not isinstance(compact, str | bytes) or not 0 < len(compact) <= max_length:
        raise TokenError(Reason.MALFORMED)
    if isinstance(compact, str):
        if not compact.isascii():
            raise TokenError(Reason.MALFORMED)
        compact = compact.encode("ascii")
    if _COMPACT[dots].fullmatch(compact) is None:
        raise TokenError(Reason.MALFORMED)
    return compact.split(b".")


def decode_base64url(encoded: bytes) -> bytes:
    """Decodes an unpadded base64url segment. Raises `TokenError` (malformed) unless the encoding is canonical.

    Otherwise unused bits in the last character would give one token several encodings.
    """
    try:
        decoded = base64.urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4))
    except ValueError:
        raise TokenError(Reason.MALFORMED) from None
    if encode_base64url(decoded) != encoded:
        raise TokenError(Reason.MALFORMED)
    return decoded


def encode_base64url(raw: bytes) -> bytes:
    """Encodes bytes as base64url without padding (RFC 7515 appendix C)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def parse_object(raw: bytes) -> dict[str, object]:
    """Returns the JSON object in `raw` (UTF-8). Raises `TokenError` (malformed) for input that parsers interpret
    differently: another top-level type, duplicate members, NaN and infinities (also 1e999), more than `MAX_JSON_DEPTH`
    levels, or a byte order mark.
    """
    try:
        text = raw.decode("utf-8")
        if _is_too_deep(text):
            raise TokenError(Reason.MALFORMED)
        parsed = json.loads(
            text, object_pairs_hook=_unique_members, parse_constant=_refuse_constant, parse_float=_finite_float
        )
    except (ValueError, RecursionError):
        raise TokenError(Reason.MALFORMED) from None
    if not isinstance(parsed, dict):
        raise TokenError(Reason.MALFORMED)
    return parsed


def parse_header(encoded: bytes, members: frozenset[str]) -> dict[str, str]:
    """Returns the protected header, which must have exactly `members`, all strings. Raises `TokenError` (malformed,
    header).

    This rejects `crit`, `b64`, `zip`, `jwk`, `jku` and `x5*`: a header must not choose a key or a feature.
    """
    header = parse_object(decode_base64url(encoded))
    if header.keys() != members:
        raise TokenError(Reason.HEADER)
    strings = {name: value for name, value in header.items() if isinstance(value, str)}
    if strings.keys() != members:
        raise TokenError(Reason.HEADER)
    return strings


def _is_too_deep(text: str) -> bool:
    # Most texts have fewer brackets than the limit, so the loop below rarely runs.
    if text.count("{") + text.count("[") <= MAX_JSON_DEPTH:
        return False
    depth = 0
    for character in _JSON_STRING.sub("", text):
        if character in "{[":
            depth += 1
            if depth > MAX_JSON_DEPTH:
                return True
        elif character in "}]":
            depth -= 1
    return False


def _unique_members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member")
    return members


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


def _finite_float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("number out of range")
    return value

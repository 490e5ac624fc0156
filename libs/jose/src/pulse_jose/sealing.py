"""Seals payloads for the holder of a shared key: JWE with A256KW and A256GCM only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, Never

from jose import jwe

from pulse_jose.compact import decode_base64url, parse_header, split_compact
from pulse_jose.errors import InvalidKeyError, Reason, TokenError
from pulse_jose.keys import Clock, KeySet, SealingKey

MAX_PAYLOAD_BYTES: Final = 65_536
MAX_CONTEXT_BYTES: Final = 1_024

Context = Mapping[str, str | int]
"""Data that a sealed payload is bound to, for example recipient and position. It is stored inside and compared when the
payload is unsealed."""

_WRAPPING: Final = "A256KW"
_ENCRYPTION: Final = "A256GCM"
_HEADER_MEMBERS: Final = frozenset({"alg", "enc", "kid"})
_WRAPPED_KEY_BYTES: Final = 40
_IV_BYTES: Final = 12
_TAG_BYTES: Final = 16
_LENGTH_BYTES: Final = 2
_MAX_PLAINTEXT_BYTES: Final = _LENGTH_BYTES + MAX_CONTEXT_BYTES + MAX_PAYLOAD_BYTES
# Base64 needs 4 characters for 3 bytes. Header, wrapped key, iv and tag need fewer than 512.
_MAX_SEALED_LENGTH: Final = 512 + (_MAX_PLAINTEXT_BYTES + 2) // 3 * 4


def seal(payload: bytes, key: SealingKey, clock: Clock, context: Context | None = None) -> str:
    """Returns the compact JWE over `payload`. Only `unseal` with an equal context opens it.

    The plaintext holds the length of the context (2 bytes, big-endian), the context as canonical JSON, and the payload.
    Raises `ValueError` for more than 64 KiB of payload or 1 KiB of context, and `InvalidKeyError` outside the key's
    validity.
    """
    if not key.validity.includes(clock()):
        raise InvalidKeyError(f"the key {key.kid} is not valid at this time")
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"the payload has {len(payload)} bytes, the limit is {MAX_PAYLOAD_BYTES}")
    plaintext = _bind(context) + payload
    return jwe.encrypt(plaintext, key.secret, encryption=_ENCRYPTION, algorithm=_WRAPPING, kid=key.kid).decode("ascii")


def unseal(sealed: str | bytes, keys: KeySet[SealingKey], clock: Clock, context: Context | None = None) -> bytes:
    """Returns the payload that was sealed with one of `keys` and an equal `context`.

    Raises `TokenError` (sealed) with the same message for every failure, so that a forger learns nothing.
    """
    try:
        return _open(sealed, keys, clock(), _bind(context))
    except TokenError:
        _refuse()


def _open(sealed: str | bytes, keys: KeySet[SealingKey], now: float, binding: bytes) -> bytes:
    header_part, *parts = split_compact(sealed, dots=4, max_length=_MAX_SEALED_LENGTH)
    header = parse_header(header_part, _HEADER_MEMBERS)
    wrapped, iv, _, tag = (decode_base64url(part) for part in parts)
    # python-jose accepts a short tag, which an attacker could guess.
    if (len(wrapped), len(iv), len(tag)) != (_WRAPPED_KEY_BYTES, _IV_BYTES, _TAG_BYTES):
        _refuse()
    if (header["alg"], header["enc"]) != (_WRAPPING, _ENCRYPTION):
        _refuse()
    key = keys.find(header["kid"], now)
    try:
        plaintext = jwe.decrypt(sealed, key.secret)
    except Exception:  # noqa: BLE001 - python-jose raises other types for malicious input
        _refuse()
    # python-jose returns None for a failure.
    if plaintext is None or not plaintext.startswith(binding):
        _refuse()
    return plaintext[len(binding) :]


def _bind(context: Context | None) -> bytes:
    # The length comes first, so that no context is a prefix of another.
    encoded = json.dumps(dict(context), separators=(",", ":"), sort_keys=True).encode("ascii") if context else b""
    if len(encoded) > MAX_CONTEXT_BYTES:
        raise ValueError(f"the context has {len(encoded)} bytes, the limit is {MAX_CONTEXT_BYTES}")
    return len(encoded).to_bytes(_LENGTH_BYTES, "big") + encoded


def _refuse() -> Never:
    raise TokenError(Reason.SEALED) from None

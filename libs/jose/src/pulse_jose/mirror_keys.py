"""Agrees on a new sealing key of a collector's mirror (protocol B1, rekey), without network and storage.

The collector keeps its X25519 key (RFC 7748) from the enrolment. sync-publisher makes a new one for each rekey, signs
and sends the public half, and forgets the private half. The sealing key is HKDF (RFC 5869) over the shared secret,
bound to collector, generation and number. No earlier sealing key is needed, so a rekey repairs a side that lost it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pulse_jose.errors import InvalidKeyError
from pulse_jose.keys import SEALING_KEY_BYTES, SealingKey

_INFO: Final = b"pulse mirror seal v2"
_BYTES: Final = 32


@dataclass(frozen=True)
class KeyPlace:
    """Which key: of which collector, enrolment and number."""

    device: str
    gen: int
    key: int

    @property
    def kid(self) -> str:
        """The kid of the sealing key."""
        return f"{self.device}:{self.gen}.{self.key}"

    def sealing_key(self, secret: bytes) -> SealingKey:
        """The sealing key with this secret. Raises InvalidKeyError."""
        return SealingKey(self.kid, secret)


@dataclass(frozen=True)
class Rekey:
    """The public half for the collector, and the new sealing key."""

    public_key: bytes
    secret: bytes = field(repr=False)


def make_rekey(collector_key: bytes, place: KeyPlace, entropy: Callable[[int], bytes]) -> Rekey:
    """sync-publisher's side. `collector_key`: the collector's public X25519 key. Raises InvalidKeyError."""
    private = X25519PrivateKey.from_private_bytes(entropy(_BYTES))
    mine = private.public_key().public_bytes_raw()
    return Rekey(mine, _derive(private, collector_key, place, (collector_key, mine)))


def accept_rekey(private_key: bytes, public_key: bytes, place: KeyPlace) -> bytes:
    """The collector's side. `private_key`: its own, `public_key`: sync-publisher's. Returns the new sealing key. Raises
    InvalidKeyError."""
    try:
        private = X25519PrivateKey.from_private_bytes(private_key)
    except ValueError as error:
        raise InvalidKeyError("not a private X25519 key") from error
    return _derive(private, public_key, place, (private.public_key().public_bytes_raw(), public_key))


def _derive(private: X25519PrivateKey, peer: bytes, place: KeyPlace, publics: tuple[bytes, bytes]) -> bytes:
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(peer))
    except ValueError as error:  # another length, or a point of small order (RFC 7748 section 6.1)
        raise InvalidKeyError("not a usable public X25519 key") from error
    parts = (place.device.encode(), place.gen.to_bytes(8, "big"), place.key.to_bytes(8, "big"), *publics)
    salt = hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()
    return HKDF(algorithm=hashes.SHA256(), length=SEALING_KEY_BYTES, salt=salt, info=_INFO).derive(shared)

"""Enrolment with a one-time code (protocol B1): the computations of both sides, without network and storage.

The code (128 bits) authenticates both sides: each sends an HMAC-SHA256 over the transcript, with a key that HKDF
(RFC 5869) derives from the code. New X25519 keys (RFC 7748) on both sides yield two secrets that do not follow from the
code: one seals the answer, and both sides keep the other (`K_seal`) to seal mirrored credentials. Every key depends on
the whole transcript.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Never

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pulse_contracts.enrolment import EnrolmentAnswer, EnrolmentOffer
from pulse_jose.errors import TokenError
from pulse_jose.keys import Clock, KeySet, SealingKey
from pulse_jose.sealing import seal, unseal

CODE_BYTES: Final = 16
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32, without letters that are easily confused."""
_CHARACTERS: Final = 26
_GROUP: Final = 6
_LOOKALIKES: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
_CODE: Final = re.compile(f"[{_ALPHABET}]{{{_CHARACTERS}}}")
_BYTES: Final = 32

Entropy = Callable[[int], bytes]
"""`entropy(n)` returns n unpredictable bytes (`secrets.token_bytes`)."""


class EnrolmentRefused(Exception):
    """The peer does not have the code, or its message was changed. The error does not reveal which."""

    def __init__(self) -> None:
        super().__init__("the code does not match the message of the peer")


@dataclass(frozen=True)
class Code:
    """A one-time code. `id` identifies it in a table, and `key` is the key of the MACs. Neither reveals the code or the
    other one."""

    text: str = field(repr=False)

    @classmethod
    def generate(cls, entropy: Entropy) -> Code:
        """Returns a new code of 128 random bits, in groups of letters."""
        number, letters = int.from_bytes(entropy(CODE_BYTES), "big"), ""
        for _ in range(_CHARACTERS):
            number, digit = divmod(number, len(_ALPHABET))
            letters = _ALPHABET[digit] + letters
        return cls("-".join(letters[at : at + _GROUP] for at in range(0, _CHARACTERS, _GROUP)))

    @classmethod
    def read(cls, typed: str) -> Code:
        """Returns the code that a person typed. Ignores case, hyphens and spaces. Raises ValueError for an invalid
        code."""
        letters = re.sub(r"[\s-]", "", typed[:200]).upper().translate(_LOOKALIKES)
        if _CODE.fullmatch(letters) is None:
            raise ValueError(f"a code must have {_CHARACTERS} letters and digits")
        return cls("-".join(letters[at : at + _GROUP] for at in range(0, _CHARACTERS, _GROUP)))

    @property
    def id(self) -> bytes:
        """32 bytes that identify the code."""
        return self._derive(b"pulse enrolment code id v1")

    @property
    def key(self) -> bytes:
        """The key of the MACs, 32 bytes."""
        return self._derive(b"pulse enrolment mac key v1")

    def _derive(self, info: bytes) -> bytes:
        letters = self.text.replace("-", "").encode()
        return HKDF(algorithm=hashes.SHA256(), length=_BYTES, salt=None, info=info).derive(letters)


class Enrolling:
    """The collector's side: send `offer`, then pass the answer to `open`. For one use only."""

    def __init__(self, code: Code, entropy: Entropy) -> None:
        self._key, self._private = code.key, X25519PrivateKey.from_private_bytes(entropy(_BYTES))
        code_id, public, nonce = code.id, public_bytes(self._private), entropy(_BYTES)
        self.offer = EnrolmentOffer(
            code_id=_text(code_id),
            public_key=_text(public),
            nonce=_text(nonce),
            mac=_text(_mac(self._key, b"offer", code_id, public, nonce)),
        )

    @property
    def private_key(self) -> bytes:
        """The private X25519 key of the offer."""
        raw, none = serialization.Encoding.Raw, serialization.NoEncryption()
        return self._private.private_bytes(raw, serialization.PrivateFormat.Raw, none)

    def open(self, answer: EnrolmentAnswer, clock: Clock) -> tuple[bytes, bytes]:
        """Returns the payload and K_seal. Raises EnrolmentRefused when the sender does not have the code, answers
        another offer, or when the answer was changed."""
        try:
            peer = _raw(answer.public_key)
            _check(answer.mac, _mac(self._key, b"answer", _transcript(self.offer), peer, answer.sealed.encode()))
            answer_key, seal_key = _agree(self._private, peer, self.offer, peer)
            keys = KeySet([SealingKey("enrolment", answer_key)])
            return unseal(answer.sealed, keys, clock, {"code": self.offer.code_id}), seal_key
        except (ValueError, TokenError):
            _refuse()


def check_offer(offer: EnrolmentOffer, key: bytes) -> None:
    """The first step of auth: raises EnrolmentRefused unless the sender of the offer has the code with this `key`."""
    try:
        _check(offer.mac, _mac(key, b"offer", _raw(offer.code_id), _raw(offer.public_key), _raw(offer.nonce)))
        X25519PublicKey.from_public_bytes(_raw(offer.public_key))
    except ValueError:
        _refuse()


def answer_offer(
    offer: EnrolmentOffer, key: bytes, payload: bytes, entropy: Entropy, clock: Clock
) -> tuple[EnrolmentAnswer, bytes]:
    """The second step of auth: returns the answer with `payload`, and K_seal. Raises EnrolmentRefused like
    `check_offer`, and for a public key that yields no shared secret."""
    check_offer(offer, key)
    private = X25519PrivateKey.from_private_bytes(entropy(_BYTES))
    mine = public_bytes(private)
    try:
        answer_key, seal_key = _agree(private, _raw(offer.public_key), offer, mine)
    except ValueError:  # a point of small order (RFC 7748 §6.1)
        _refuse()
    sealed = seal(payload, SealingKey("enrolment", answer_key), clock, {"code": offer.code_id})
    mac = _mac(key, b"answer", _transcript(offer), mine, sealed.encode())
    return EnrolmentAnswer(public_key=_text(mine), sealed=sealed, mac=_text(mac)), seal_key


def public_bytes(private: X25519PrivateKey) -> bytes:
    """Returns the 32 bytes of the public key."""
    return private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _agree(private: X25519PrivateKey, peer: bytes, offer: EnrolmentOffer, server: bytes) -> tuple[bytes, bytes]:
    shared = private.exchange(X25519PublicKey.from_public_bytes(peer))
    salt = hashlib.sha256(_join(_transcript(offer), server)).digest()

    def derive(info: bytes) -> bytes:
        return HKDF(algorithm=hashes.SHA256(), length=_BYTES, salt=salt, info=info).derive(shared)

    return derive(b"pulse enrolment answer v1"), derive(b"pulse mirror seal v1")


def _transcript(offer: EnrolmentOffer) -> bytes:
    return _join(_raw(offer.code_id), _raw(offer.public_key), _raw(offer.nonce), _raw(offer.mac))


def _mac(key: bytes, kind: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, _join(b"pulse enrolment v1", kind, *parts), "sha256")


def _join(*parts: bytes) -> bytes:
    """Joins the parts with their lengths, so that different transcripts never have the same bytes."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _check(mac: str, expected: bytes) -> None:
    if not hmac.compare_digest(_raw(mac), expected):
        _refuse()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _raw(text: str) -> bytes:
    """Decodes base64url. Accepts the canonical encoding only, so that one value has one transcript."""
    raw = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    if len(raw) != _BYTES or _text(raw) != text:
        raise ValueError("not 32 bytes in base64url")
    return raw


def _refuse() -> Never:
    raise EnrolmentRefused from None


def read_code_id(offer: EnrolmentOffer) -> bytes:
    """Returns the id of the offer's code. Raises EnrolmentRefused."""
    try:
        return _raw(offer.code_id)
    except ValueError:
        _refuse()


def read_public_key(offer: EnrolmentOffer) -> bytes:
    """Returns the 32 bytes of the collector's X25519 key. Raises EnrolmentRefused."""
    try:
        return _raw(offer.public_key)
    except ValueError:
        _refuse()

"""Enrolment by a one-time code (protocol B1), as both sides compute it; no network and no storage.

The code (128 bits) authenticates both sides: each MACs what was said (HMAC-SHA256) with a key derived from it by HKDF
(RFC 5869). Fresh X25519 keys (RFC 7748) on both sides give two secrets that the code alone does not: one seals the
answer, the other (`K_seal`) is kept by both for what is mirrored later. Every key is bound to the whole transcript.
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
"""Crockford's base 32: nothing that is read aloud wrongly."""
_CHARACTERS: Final = 26
_GROUP: Final = 6
_LOOKALIKES: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
_CODE: Final = re.compile(f"[{_ALPHABET}]{{{_CHARACTERS}}}")
_BYTES: Final = 32

Entropy = Callable[[int], bytes]
"""`entropy(n)` gives n unpredictable bytes (`secrets.token_bytes`)."""


class EnrolmentRefused(Exception):
    """The other side does not hold the code, or what it said was changed on its way. Which of the two is not told."""

    def __init__(self) -> None:
        super().__init__("the code does not fit what the other side said")


@dataclass(frozen=True)
class Code:
    """A one-time code. `id` finds it in a table, `key` makes MACs: neither gives the code back, nor the other."""

    text: str = field(repr=False)

    @classmethod
    def generate(cls, entropy: Entropy) -> Code:
        """A new one, grouped for people: 128 random bits."""
        number, letters = int.from_bytes(entropy(CODE_BYTES), "big"), ""
        for _ in range(_CHARACTERS):
            number, digit = divmod(number, len(_ALPHABET))
            letters = _ALPHABET[digit] + letters
        return cls("-".join(letters[at : at + _GROUP] for at in range(0, _CHARACTERS, _GROUP)))

    @classmethod
    def read(cls, typed: str) -> Code:
        """As somebody typed it: case, hyphens and spaces do not matter. Raises ValueError for what is no code."""
        letters = re.sub(r"[\s-]", "", typed[:200]).upper().translate(_LOOKALIKES)
        if _CODE.fullmatch(letters) is None:
            raise ValueError(f"a code has {_CHARACTERS} letters and digits")
        return cls("-".join(letters[at : at + _GROUP] for at in range(0, _CHARACTERS, _GROUP)))

    @property
    def id(self) -> bytes:
        """32 bytes to find it by."""
        return self._derived(b"pulse enrolment code id v1")

    @property
    def key(self) -> bytes:
        """32 bytes for the MACs."""
        return self._derived(b"pulse enrolment mac key v1")

    def _derived(self, info: bytes) -> bytes:
        letters = self.text.replace("-", "").encode()
        return HKDF(algorithm=hashes.SHA256(), length=_BYTES, salt=None, info=info).derive(letters)


class Enrolling:
    """The collector's side: `offer` is sent, `open` takes the answer. For one use."""

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
        """The X25519 key whose public half was offered."""
        raw, none = serialization.Encoding.Raw, serialization.NoEncryption()
        return self._private.private_bytes(raw, serialization.PrivateFormat.Raw, none)

    def open(self, answer: EnrolmentAnswer, clock: Clock) -> tuple[bytes, bytes]:
        """The payload and K_seal. Raises EnrolmentRefused for an answer that does not come from a holder of the code,
        answers another offer, or was changed."""
        try:
            peer = _raw(answer.public_key)
            _check(answer.mac, _mac(self._key, b"answer", _said(self.offer), peer, answer.sealed.encode()))
            answer_key, seal_key = _agree(self._private, peer, self.offer, peer)
            keys = KeySet([SealingKey("enrolment", answer_key)])
            return unseal(answer.sealed, keys, clock, {"code": self.offer.code_id}), seal_key
        except (ValueError, TokenError):
            _refuse()


def check_offer(offer: EnrolmentOffer, key: bytes) -> None:
    """auth's side, first: raises EnrolmentRefused unless whoever offers holds the code with this `key`."""
    try:
        _check(offer.mac, _mac(key, b"offer", _raw(offer.code_id), _raw(offer.public_key), _raw(offer.nonce)))
        X25519PublicKey.from_public_bytes(_raw(offer.public_key))
    except ValueError:
        _refuse()


def answer_offer(
    offer: EnrolmentOffer, key: bytes, payload: bytes, entropy: Entropy, clock: Clock
) -> tuple[EnrolmentAnswer, bytes]:
    """auth's side, then: the answer that carries `payload`, and K_seal. Raises EnrolmentRefused as `check_offer` does,
    and for a public key with which no secret can be agreed on."""
    check_offer(offer, key)
    private = X25519PrivateKey.from_private_bytes(entropy(_BYTES))
    mine = public_bytes(private)
    try:
        answer_key, seal_key = _agree(private, _raw(offer.public_key), offer, mine)
    except ValueError:  # a point of small order (RFC 7748 §6.1)
        _refuse()
    sealed = seal(payload, SealingKey("enrolment", answer_key), clock, {"code": offer.code_id})
    mac = _mac(key, b"answer", _said(offer), mine, sealed.encode())
    return EnrolmentAnswer(public_key=_text(mine), sealed=sealed, mac=_text(mac)), seal_key


def public_bytes(private: X25519PrivateKey) -> bytes:
    """The public half, 32 bytes."""
    return private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _agree(private: X25519PrivateKey, peer: bytes, offer: EnrolmentOffer, server: bytes) -> tuple[bytes, bytes]:
    shared = private.exchange(X25519PublicKey.from_public_bytes(peer))
    salt = hashlib.sha256(_joined(_said(offer), server)).digest()

    def derived(info: bytes) -> bytes:
        return HKDF(algorithm=hashes.SHA256(), length=_BYTES, salt=salt, info=info).derive(shared)

    return derived(b"pulse enrolment answer v1"), derived(b"pulse mirror seal v1")


def _said(offer: EnrolmentOffer) -> bytes:
    return _joined(_raw(offer.code_id), _raw(offer.public_key), _raw(offer.nonce), _raw(offer.mac))


def _mac(key: bytes, what: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, _joined(b"pulse enrolment v1", what, *parts), "sha256")


def _joined(*parts: bytes) -> bytes:
    """With lengths, so that no two transcripts are one text."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _check(given: str, expected: bytes) -> None:
    if not hmac.compare_digest(_raw(given), expected):
        _refuse()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _raw(text: str) -> bytes:
    """Canonical only: two texts of one value would be two transcripts of one meaning."""
    raw = base64.b64decode(text + "=", altchars=b"-_", validate=True)
    if len(raw) != _BYTES or _text(raw) != text:
        raise ValueError("not 32 bytes in base64url")
    return raw


def _refuse() -> Never:
    raise EnrolmentRefused from None


def read_code_id(offer: EnrolmentOffer) -> bytes:
    """By which the code of an offer is found. Raises EnrolmentRefused."""
    try:
        return _raw(offer.code_id)
    except ValueError:
        _refuse()


def read_public_key(offer: EnrolmentOffer) -> bytes:
    """The 32 bytes of the collector's X25519 key. Raises EnrolmentRefused."""
    try:
        return _raw(offer.public_key)
    except ValueError:
        _refuse()

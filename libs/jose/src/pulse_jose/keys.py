"""Key objects for exactly one algorithm each, and a set that finds them by `kid`.

python-jose only gets the checked objects of this module, never key sets, PEM, DER or JWK.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose.backends import ECKey
from jose.backends.base import Key

from pulse_jose.compact import decode_base64url, encode_base64url
from pulse_jose.errors import InvalidKeyError, Reason, TokenError

SIGNATURE_ALGORITHM: Final = "ES256"
SEALING_KEY_BYTES: Final = 32
MAX_KEYS_IN_SET: Final = 32
MAX_PEM_BYTES: Final = 8_192

Clock = Callable[[], float]
"""Returns seconds since 1970 UTC."""

_KEY_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_COORDINATE_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Validity:
    """The time `[not_before, not_after)` in which a key may be used, in Unix seconds. None: unlimited."""

    not_before: int | None = None
    not_after: int | None = None

    def __post_init__(self) -> None:
        if self.not_before is not None and self.not_after is not None and self.not_before >= self.not_after:
            raise InvalidKeyError(f"a key valid from {self.not_before} until {self.not_after} is never valid")

    def includes(self, instant: float) -> bool:
        """Whether the key may be used at `instant` (Unix seconds)."""
        return (self.not_before is None or self.not_before <= instant) and (
            self.not_after is None or instant < self.not_after
        )


ALWAYS: Final = Validity()


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public P-256 key for ES256 only. Raises `InvalidKeyError` for another curve or an invalid kid."""

    kid: str
    public: ec.EllipticCurvePublicKey = field(repr=False)
    validity: Validity = ALWAYS
    es256: Key = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_key_id(self.kid)
        _check_curve(self.public)
        object.__setattr__(self, "es256", ECKey(self.public, SIGNATURE_ALGORITHM))

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, object]) -> VerificationKey:
        """Reads a public JWK (RFC 7517). `nbf` and `exp` limit its validity.

        Raises `InvalidKeyError` when it is not a public P-256 key, when `use`, `key_ops` or `alg` name another purpose,
        or when it holds a private key.
        """
        if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
            raise InvalidKeyError(
                f"expected kty EC and crv P-256, got {jwk.get('kty')!r:.40} and {jwk.get('crv')!r:.40}"
            )
        if "d" in jwk:
            raise InvalidKeyError("the JWK holds a private key")
        if jwk.get("alg", SIGNATURE_ALGORITHM) != SIGNATURE_ALGORITHM or jwk.get("use", "sig") != "sig":
            raise InvalidKeyError("the key is meant for another algorithm or use")
        if jwk.get("key_ops", ["verify"]) != ["verify"]:
            raise InvalidKeyError("key_ops must be [verify]")
        kid = jwk.get("kid")
        if not isinstance(kid, str):
            raise InvalidKeyError("kid is missing")
        numbers = ec.EllipticCurvePublicNumbers(_coordinate(jwk, "x"), _coordinate(jwk, "y"), ec.SECP256R1())
        try:
            public = numbers.public_key()
        except ValueError as error:
            raise InvalidKeyError("the point is not on P-256") from error
        return cls(kid, public, Validity(_instant(jwk, "nbf"), _instant(jwk, "exp")))

    def to_jwk(self) -> dict[str, str | int]:
        """Returns the public JWK for JSON. `from_jwk` reads it."""
        jwk: dict[str, str | int] = {**_public_members(self.public), "kid": self.kid, "alg": "ES256", "use": "sig"}
        if self.validity.not_before is not None:
            jwk["nbf"] = self.validity.not_before
        if self.validity.not_after is not None:
            jwk["exp"] = self.validity.not_after
        return jwk


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private P-256 key for ES256 only. Raises `InvalidKeyError` for another curve or an invalid kid."""

    kid: str
    private: ec.EllipticCurvePrivateKey = field(repr=False)
    validity: Validity = ALWAYS
    es256: Key = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_key_id(self.kid)
        _check_curve(self.private)
        object.__setattr__(self, "es256", ECKey(self.private, SIGNATURE_ALGORITHM))

    @classmethod
    def generate(cls, validity: Validity = ALWAYS, kid: str | None = None) -> SigningKey:
        """Returns a new key. The default kid is the thumbprint (RFC 7638)."""
        private = ec.generate_private_key(ec.SECP256R1())
        return cls(kid or thumbprint(private.public_key()), private, validity)

    @classmethod
    def from_pem(cls, pem: bytes, validity: Validity = ALWAYS, kid: str | None = None) -> SigningKey:
        """Reads an unencrypted PEM private key of at most 8 KiB. Raises `InvalidKeyError` unless it is a P-256 key."""
        if len(pem) > MAX_PEM_BYTES:
            raise InvalidKeyError(f"a PEM of {len(pem)} bytes is not a P-256 key")
        try:
            private = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise InvalidKeyError("not an unencrypted PEM private key") from error
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise InvalidKeyError("not an elliptic curve key")
        return cls(kid or thumbprint(private.public_key()), private, validity)

    def to_pem(self) -> bytes:
        """Returns the key as unencrypted PKCS#8. Store it in a file with mode 0600 or in a secret store."""
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def verification_key(self) -> VerificationKey:
        """Returns the public key with the same kid and validity."""
        return VerificationKey(self.kid, self.private.public_key(), self.validity)


@dataclass(frozen=True, slots=True)
class SealingKey:
    """A shared 32-byte secret for A256KW + A256GCM only. Raises `InvalidKeyError` for another size or an invalid
    kid."""

    kid: str
    secret: bytes = field(repr=False)
    validity: Validity = ALWAYS

    def __post_init__(self) -> None:
        _check_key_id(self.kid)
        if len(self.secret) != SEALING_KEY_BYTES:
            raise InvalidKeyError(f"a sealing key must have {SEALING_KEY_BYTES} bytes")

    @classmethod
    def generate(cls, kid: str, entropy: Callable[[int], bytes], validity: Validity = ALWAYS) -> SealingKey:
        """Returns a new key. `entropy(n)` returns n unpredictable bytes (`secrets.token_bytes`)."""
        return cls(kid, entropy(SEALING_KEY_BYTES), validity)


class _Key(Protocol):
    @property
    def kid(self) -> str: ...
    @property
    def validity(self) -> Validity: ...


K = TypeVar("K", bound=_Key)


class KeySet(Generic[K]):
    """At most 32 keys of one kind, identified by `kid`. Immutable: a rotation is a new set.

    Raises `InvalidKeyError` for a duplicate kid and for too many keys.
    """

    def __init__(self, keys: Iterable[K] = ()) -> None:
        self._keys: dict[str, K] = {}
        for key in keys:
            if key.kid in self._keys:
                raise InvalidKeyError(f"two keys with the kid {key.kid!r}")
            self._keys[key.kid] = key
        if len(self._keys) > MAX_KEYS_IN_SET:
            raise InvalidKeyError(f"the set has {len(self._keys)} keys, the limit is {MAX_KEYS_IN_SET}")

    def find(self, kid: str, instant: float) -> K:
        """Returns the key `kid` if it is valid at `instant`. Raises `TokenError` (unknown-key or inactive-key)."""
        key = self._keys.get(kid)
        if key is None:
            raise TokenError(Reason.UNKNOWN_KEY)
        if not key.validity.includes(instant):
            raise TokenError(Reason.INACTIVE_KEY)
        return key

    def __iter__(self) -> Iterator[K]:
        return iter(self._keys.values())

    def __len__(self) -> int:
        return len(self._keys)


def read_jwks(jwks: Mapping[str, object]) -> KeySet[VerificationKey]:
    """Returns the keys of a parsed JWK set (RFC 7517 §5). Raises `InvalidKeyError` if any key is not supported."""
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not 0 < len(keys) <= MAX_KEYS_IN_SET:
        raise InvalidKeyError(f"expected a list of 1 to {MAX_KEYS_IN_SET} keys")
    if not all(isinstance(key, Mapping) for key in keys):
        raise InvalidKeyError("every key must be an object")
    return KeySet(VerificationKey.from_jwk(key) for key in keys)


def write_jwks(keys: Iterable[VerificationKey]) -> dict[str, list[dict[str, str | int]]]:
    """Returns the JWK set of `keys` for JSON."""
    return {"keys": [key.to_jwk() for key in keys]}


def thumbprint(public: ec.EllipticCurvePublicKey) -> str:
    """Returns the SHA-256 thumbprint (RFC 7638) of a P-256 key: 43 characters, a valid kid. Raises
    `InvalidKeyError`."""
    _check_curve(public)
    canonical = json.dumps(_public_members(public), separators=(",", ":"), sort_keys=True).encode()
    return encode_base64url(hashlib.sha256(canonical).digest()).decode()


def _public_members(public: ec.EllipticCurvePublicKey) -> dict[str, str]:
    numbers = public.public_numbers()
    x, y = (encode_base64url(n.to_bytes(_COORDINATE_BYTES, "big")).decode() for n in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def _coordinate(jwk: Mapping[str, object], name: str) -> int:
    encoded = jwk.get(name)
    if not isinstance(encoded, str) or not encoded.isascii():
        raise InvalidKeyError(f"{name} is missing")
    try:
        raw = decode_base64url(encoded.encode())
    except TokenError as error:
        raise InvalidKeyError(f"{name} is not base64url") from error
    if len(raw) != _COORDINATE_BYTES:
        raise InvalidKeyError(f"{name} must have {_COORDINATE_BYTES} bytes, got {len(raw)}")
    return int.from_bytes(raw, "big")


def _instant(jwk: Mapping[str, object], name: str) -> int | None:
    value = jwk.get(name)
    if value is not None and type(value) is not int:
        raise InvalidKeyError(f"{name} must be an integer (seconds)")
    return value


def _check_key_id(kid: str) -> None:
    if _KEY_ID.fullmatch(kid) is None:
        raise InvalidKeyError(f"invalid key id: {kid!r:.80}")


def _check_curve(key: ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey) -> None:
    if not isinstance(key.curve, ec.SECP256R1):
        raise InvalidKeyError(f"expected secp256r1, got {key.curve.name}")

"""Keys: loading, rejected keys, and finding a key by kid."""

import base64
import json
import re
import secrets

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from pulse_jose import (
    InvalidKeyError,
    KeySet,
    Reason,
    SealingKey,
    SigningKey,
    TokenError,
    Validity,
    VerificationKey,
    read_jwks,
    thumbprint,
    write_jwks,
)

KEY = SigningKey.generate(Validity(1_000, 2_000), kid="token-1")
JWK = KEY.verification_key().to_jwk()
# The same number, encoded with a leading zero byte.
LONG_X = base64.urlsafe_b64encode(b"\0" + base64.urlsafe_b64decode(str(JWK["x"]) + "=")).decode().rstrip("=")


def pem(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, password: bytes = b""
) -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def test_a_public_key_survives_json() -> None:
    jwk = json.loads(json.dumps(JWK))
    assert jwk == {**jwk, "kty": "EC", "crv": "P-256", "kid": "token-1", "alg": "ES256", "use": "sig"}
    assert (jwk["nbf"], jwk["exp"]) == (1_000, 2_000)
    assert "d" not in jwk
    assert VerificationKey.from_jwk(jwk) == KEY.verification_key()


def test_a_private_key_survives_pem() -> None:
    loaded = SigningKey.from_pem(KEY.to_pem(), KEY.validity, kid="token-1")
    assert loaded.verification_key() == KEY.verification_key()
    assert loaded.private.private_numbers() == KEY.private.private_numbers()


def test_the_default_kid_is_the_thumbprint() -> None:
    key = SigningKey.generate()
    assert key.kid == thumbprint(key.private.public_key()) == SigningKey.from_pem(key.to_pem()).kid
    assert len(key.kid) == 43


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    # The P-256 key of RFC 7517 appendix A.1, over its members in lexical order; hashed by hand.
    numbers = ec.EllipticCurvePublicNumbers(
        x=int.from_bytes(bytes.fromhex("30a0424cd21c2944838a2d75c92b37e76ea20d9f00893a3b4eee8a3c0aafec3e"), "big"),
        y=int.from_bytes(bytes.fromhex("e04b65e92456d9888b52b379bdfbd51ee869ef1f0fc65b6659695b6cce081723"), "big"),
        curve=ec.SECP256R1(),
    )
    assert thumbprint(numbers.public_key()) == "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1()], ids=lambda curve: curve.name)
def test_another_curve_is_refused(curve: ec.EllipticCurve) -> None:
    private = ec.generate_private_key(curve)
    with pytest.raises(InvalidKeyError, match="secp256r1"):
        SigningKey("kid", private)
    with pytest.raises(InvalidKeyError, match="secp256r1"):
        VerificationKey("kid", private.public_key())
    with pytest.raises(InvalidKeyError, match="secp256r1"):
        SigningKey.from_pem(pem(private))


@pytest.mark.parametrize(
    "unusable",
    [
        b"",
        b"junk",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        KEY.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        KEY.private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        pem(KEY.private, b"password"),
        pem(ed25519.Ed25519PrivateKey.generate()),
        b"A" * 8_193,
    ],
    ids=["empty", "junk", "hollow", "public", "der", "encrypted", "ed25519", "long"],
)
def test_a_pem_without_a_p256_private_key_is_rejected(unusable: bytes) -> None:
    with pytest.raises(InvalidKeyError):
        SigningKey.from_pem(unusable)


def test_an_rsa_key_is_refused() -> None:
    with pytest.raises(InvalidKeyError, match="elliptic"):
        SigningKey.from_pem(pem(rsa.generate_private_key(65537, 2048)))


@pytest.mark.parametrize(
    "changes",
    [
        {"kty": "oct"},
        {"kty": "RSA"},
        {"kty": None},
        {"kty": ["EC"]},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"d": JWK["x"]},
        {"alg": "ES384"},
        {"alg": "HS256"},
        {"alg": "none"},
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"key_ops": ["verify", "encrypt"]},
        {"key_ops": "verify"},
        {"kid": None},
        {"kid": ""},
        {"kid": 1},
        {"kid": "a" * 65},
        {"kid": "a b"},
        {"kid": "a/b"},
        {"kid": "a\n"},
        {"x": None},
        {"x": 1},
        {"x": ""},
        {"x": "A"},
        {"x": "\u0435"},
        {"x": "AA"},
        {"x": str(JWK["x"]) + "="},
        {"x": LONG_X},
        {"x": str(JWK["x"]) + "AA"},
        {"x": JWK["y"], "y": JWK["x"]},
        {"x": "A" * 43, "y": "A" * 43},
        {"nbf": "1000"},
        {"nbf": 1000.0},
        {"exp": True},
        {"nbf": 2_000, "exp": 2_000},
    ],
    # without members of the key, which differs in each process: workers must agree on the ids of tests
    ids=lambda changes: re.sub(r"[A-Za-z0-9_-]{20,}", "…", repr(changes)),
)
def test_a_jwk_for_another_purpose_is_rejected(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidKeyError):
        VerificationKey.from_jwk({**JWK, **changes})


def test_a_jwk_may_omit_its_purpose() -> None:
    bare = {name: JWK[name] for name in ("kty", "crv", "x", "y", "kid")}
    assert VerificationKey.from_jwk({**bare, "key_ops": ["verify"]}).validity == Validity()


@given(st.dictionaries(st.sampled_from([*JWK, "d", "key_ops"]), st.none() | st.integers() | st.text(max_size=50)))
def test_no_jwk_raises_another_exception(changes: dict[str, object]) -> None:
    try:
        key = VerificationKey.from_jwk({**JWK, **changes})
    except InvalidKeyError:
        return
    assert isinstance(key.public.curve, ec.SECP256R1)


def test_a_set_survives_json_and_finds_keys_by_kid() -> None:
    other = SigningKey.generate(kid="token-2").verification_key()
    keys = read_jwks(json.loads(json.dumps(write_jwks([KEY.verification_key(), other]))))
    assert list(keys) == [KEY.verification_key(), other]
    assert len(keys) == 2
    assert keys.find("token-1", 1_500) == KEY.verification_key()
    assert keys.find("token-2", 0) == other


@pytest.mark.parametrize(
    ("kid", "instant", "reason"),
    [
        ("token-2", 1_500, Reason.UNKNOWN_KEY),
        ("token-1", 999.9, Reason.INACTIVE_KEY),
        ("token-1", 2_000, Reason.INACTIVE_KEY),
    ],
)
def test_an_unknown_or_inactive_key_is_not_found(kid: str, instant: float, reason: Reason) -> None:
    with pytest.raises(TokenError) as refused:
        KeySet([KEY.verification_key()]).find(kid, instant)
    assert refused.value.reason is reason


@pytest.mark.parametrize(
    "jwks",
    [{}, {"keys": None}, {"keys": []}, {"keys": {}}, {"keys": ["a"]}, {"keys": [JWK, JWK]}, {"keys": [JWK] * 33}],
    ids=["no keys", "null", "empty", "object", "text", "twice", "many"],
)
def test_an_invalid_set_is_rejected(jwks: dict[str, object]) -> None:
    with pytest.raises(InvalidKeyError):
        read_jwks(jwks)


def test_more_than_thirty_two_keys_are_refused() -> None:
    with pytest.raises(InvalidKeyError, match="the limit is 32"):
        KeySet(SealingKey(f"k{n}", bytes(32)) for n in range(33))


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_sealing_key_has_32_bytes(size: int) -> None:
    with pytest.raises(InvalidKeyError, match="32 bytes"):
        SealingKey("kid", bytes(size))


def test_no_secret_shows_in_a_repr() -> None:
    sealing = SealingKey.generate("kid", secrets.token_bytes)
    assert repr(sealing.secret) not in repr(sealing)
    assert "EllipticCurve" not in repr(KEY)
    assert repr(KEY) == "SigningKey(kid='token-1', validity=Validity(not_before=1000, not_after=2000))"

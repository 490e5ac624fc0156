"""The advisories of SECURITY.md: each exists in python-jose and is not reachable through this package.

When a control test fails, the library has been fixed: remove the entry from SECURITY.md.
"""

import ast
import base64
import hashlib
import hmac
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from jose import jws
from jose.backends import cryptography_backend

import pulse_jose
from pulse_jose import KeySet, MessageVerifier, SigningKey, TokenError, TokenRules, TokenVerifier

NOW = 1_800_000_000
KEY = SigningKey.generate(kid="token-1")
PUBLIC = KEY.private.public_key()
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
DER = PUBLIC.public_bytes(serialization.Encoding.DER, SPKI)
PEM = PUBLIC.public_bytes(serialization.Encoding.PEM, SPKI)
POINT = PUBLIC.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
SSH = PUBLIC.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
SECRETS = {
    "der": DER,
    "base64 of der": base64.b64encode(DER),
    "body of pem": b"\n".join(PEM.splitlines()[1:-1]),
    "pem": PEM,
    "pem without its last newline": PEM.strip(),
    "ssh": SSH,
    "point": POINT,
    "jwk": json.dumps(KEY.verification_key().to_jwk()).encode(),
    "x": base64.urlsafe_b64decode(str(KEY.verification_key().to_jwk()["x"]) + "="),
    "kid": b"token-1",
    "empty": b"",
}
CLAIMS = {
    **dict.fromkeys(("sub", "jti", "sid", "role", "email", "name"), "x"),
    "iss": "pulse-auth",
    "aud": "pulse",
    "iat": NOW,
    "exp": NOW + 300,
}


def hmac_token(secret: bytes, alg: str = "HS256") -> str:
    """Returns the token of an attacker who uses the published key as a shared secret."""
    header = {"alg": alg, "typ": "at+jwt", "kid": "token-1"}
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, CLAIMS)]
    digest = getattr(hashlib, f"sha{alg[2:]}")
    signature = hmac.new(secret, b".".join(parts), digest).digest()
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


@pytest.mark.parametrize("key", [DER, base64.b64encode(DER)], ids=["der", "base64"])
@pytest.mark.parametrize("algorithms", [None, ["ES256", "HS256"]], ids=["none", "mixed"])
def test_control_python_jose_accepts_a_public_key_as_a_secret(key: bytes, algorithms: list[str] | None) -> None:
    assert json.loads(jws.verify(hmac_token(key), key, algorithms)) == CLAIMS


@pytest.fixture
def hmac_keys_made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []

    def refuse(self: object, key: object, algorithm: str) -> None:
        made.append(algorithm)

    monkeypatch.setattr(cryptography_backend.CryptographyHMACKey, "__init__", refuse)
    return made


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_cve_2026_85394_a_token_signed_with_the_public_key_is_rejected_without_an_hmac_key(
    secret: bytes, alg: str, hmac_keys_made: list[str]
) -> None:
    keys = KeySet([KEY.verification_key()])
    token = hmac_token(secret, alg)
    with pytest.raises(TokenError):
        TokenVerifier(keys, TokenRules("pulse-auth", "pulse"), lambda: NOW).verify(token)
    with pytest.raises(TokenError):
        MessageVerifier(keys, "pulse-mirror", lambda: NOW).verify(token)
    assert hmac_keys_made == []


def trees() -> Iterator[tuple[str, ast.Module]]:
    for source in sorted(Path(pulse_jose.__path__[0]).glob("**/*.py")):
        yield source.name, ast.parse(source.read_text("utf-8"))


def test_cve_2026_85394_every_call_of_python_jose_passes_a_key_object_or_a_sealing_secret() -> None:
    calls = sorted(
        ast.unparse(node)
        for _, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and re.fullmatch(r"(jws|jwe)\.\w+|ECKey", ast.unparse(node.func))
    )
    assert calls == [
        "ECKey(self.private, SIGNATURE_ALGORITHM)",
        "ECKey(self.public, SIGNATURE_ALGORITHM)",
        "jwe.decrypt(sealed, key.secret)",
        "jwe.encrypt(plaintext, key.secret, encryption=_ENCRYPTION, algorithm=_WRAPPING, kid=key.kid)",
        "jws.sign(payload, key.es256, headers={'typ': typ, 'kid': key.kid}, algorithm=SIGNATURE_ALGORITHM)",
        "jws.verify(compact, key.es256, algorithms=[SIGNATURE_ALGORITHM])",
    ]


def test_only_these_imports_of_python_jose_exist() -> None:
    doors = {
        (name, ast.unparse(node))
        for name, tree in trees()
        for node in ast.walk(tree)
        if (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "jose")
        or (isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "jose" for alias in node.names))
    }
    assert doors == {
        ("keys.py", "from jose.backends import ECKey"),
        ("keys.py", "from jose.backends.base import Key"),
        ("verifying.py", "from jose import jws"),
        ("envelopes.py", "from jose import jws"),
        ("sealing.py", "from jose import jwe"),
    }


def imported_with_pulse_jose() -> set[str]:
    program = "import sys, pulse_jose; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)  # noqa: S603 - our own interpreter and a literal
    return set(ran.stdout.split())


def test_importing_the_package_loads_neither_token_signing_nor_pure_python_backends() -> None:
    loaded = imported_with_pulse_jose()
    assert "jose.backends.cryptography_backend" in loaded
    assert importlib.util.find_spec("ecdsa") is not None
    assert not loaded & {
        "pulse_jose.signing",
        "ecdsa",
        "rsa",
        "jose.backends.ecdsa_backend",
        "jose.backends.rsa_backend",
    }

"""The token suite: attacks that python-jose alone accepts or that crash it, and 20,000 mutants of valid tokens. All of
them raise TokenError."""

import base64
import hashlib
import hmac
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from pulse_jose import (
    Claims,
    InvalidKeyError,
    KeySet,
    SigningKey,
    TokenError,
    TokenRules,
    TokenVerifier,
    VerificationKey,
    read_jwks,
)
from pulse_jose.claims import write_claims
from pulse_jose.signing import TokenSigner

NOW = 1_800_000_000
KEY = SigningKey.generate(kid="token-1")
OTHER = SigningKey.generate(kid="token-2")
RULES = TokenRules(issuer="pulse-auth", audience="pulse")
CLAIMS = write_claims(
    Claims("pulse-auth", "pulse", "account-1", "jti-1", "session-1", "admin", "a@b.c", "Ada", NOW - 10, NOW + 290)
)
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "token-1"}
GOOD = TokenSigner(KEY, RULES).sign(Claims(**CLAIMS))  # type: ignore[arg-type]  # a dict of mixed values
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
MUTANTS = 20_000


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed(header: object, payload: object) -> str:
    """Returns a token with a valid ES256 signature over any header and payload. Bytes are used unchanged."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    text = ".".join(b64(part) for part in parts)
    return f"{text}.{b64(KEY.es256.sign(text.encode()))}"


def mac(secret: bytes, alg: str = "HS256") -> str:
    text = f"{b64(json.dumps(HEADER | {'alg': alg}).encode())}.{b64(json.dumps(CLAIMS).encode())}"
    return f"{text}.{b64(hmac.digest(secret, text.encode(), 'sha' + alg[2:]))}"


def without(name: str) -> dict[str, object]:
    return {other: value for other, value in CLAIMS.items() if other != name}


def public(encoding: serialization.Encoding, form: serialization.PublicFormat) -> bytes:
    return KEY.private.public_key().public_bytes(encoding, form)


SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
DER = public(serialization.Encoding.DER, SPKI)
PEM = public(serialization.Encoding.PEM, SPKI)
SIGNATURE = GOOD.rpartition(".")[2]
BODY = GOOD.rpartition(".")[0]
NON_CANONICAL = ALPHABET[ALPHABET.index(SIGNATURE[-1]) ^ 1]
DEEP = b'{"alg":"ES256","typ":"at+jwt","kid":"token-1","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
PLAIN = json.dumps(CLAIMS).encode()


def other_algorithm() -> str:
    text = f"{b64(json.dumps(HEADER | {'alg': 'RS256'}).encode())}.{b64(PLAIN)}"
    key = rsa.generate_private_key(65_537, 2048)
    from cryptography.hazmat.primitives.asymmetric import padding

    return f"{text}.{b64(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def unsigned(alg: str) -> str:
    return f"{b64(json.dumps(HEADER | {'alg': alg}).encode())}.{b64(PLAIN)}."


def lacking(name: str) -> str:
    return signed(HEADER, without(name))


def ending(value: object) -> str:
    return signed(HEADER, CLAIMS | {"exp": value})


ENDS: list[object] = [None, [], {}, -1, 2**63, 10**400]
ATTACKS: dict[str, Callable[[], object]] = {
    # rejected by the bare library, and here
    **{f"alg {alg!r}": partial(unsigned, alg) for alg in ("none", "None", "NONE", "nOnE", "")},
    "no alg": lambda: signed({"typ": "at+jwt", "kid": "token-1"}, CLAIMS),
    "psychic signature of zeros": lambda: f"{BODY}.{b64(bytes(64))}",
    "embedded jwk": lambda: signed(HEADER | {"jwk": KEY.verification_key().to_jwk()}, CLAIMS),
    "jku": lambda: signed(HEADER | {"jku": "https://evil.example/keys"}, CLAIMS),
    "x5u": lambda: signed(HEADER | {"x5u": "https://evil.example/cert"}, CLAIMS),
    # accepted by the bare library
    "HMAC with the public key as DER": lambda: mac(DER),
    "HMAC with the public key as base64": lambda: mac(base64.b64encode(DER)),
    "HMAC with the public key as the body of its PEM": lambda: mac(b"".join(PEM.splitlines()[1:-1])),
    "HMAC with the public key as PEM": lambda: mac(PEM),
    "HMAC with the public key, SHA-512": lambda: mac(DER, "HS512"),
    "HMAC with an empty key": lambda: mac(b""),
    "HMAC with a key of one byte": lambda: mac(b"x"),
    "RS256": other_algorithm,
    "unknown kid": lambda: signed(HEADER | {"kid": "token-9"}, CLAIMS),
    "kid of another key": lambda: signed(HEADER | {"kid": "token-2"}, CLAIMS),
    "kid as a path": lambda: signed(HEADER | {"kid": "../../dev/null"}, CLAIMS),
    "no kid": lambda: signed({"alg": "ES256", "typ": "at+jwt"}, CLAIMS),
    **{f"no {name}": partial(lacking, name) for name in CLAIMS if name != "gen"},
    "aud as a list": lambda: signed(HEADER, CLAIMS | {"aud": ["pulse"]}),
    "iat far in the future": lambda: signed(HEADER, CLAIMS | {"iat": NOW + 3_600, "exp": NOW + 3_700}),
    "exp as text": lambda: signed(HEADER, CLAIMS | {"exp": str(NOW + 290)}),
    "exp as a float": lambda: signed(HEADER, CLAIMS | {"exp": NOW + 290.5}),
    "exp as true": lambda: signed(HEADER, CLAIMS | {"exp": True}),
    "exp over": lambda: signed(HEADER, CLAIMS | {"iat": NOW - 100, "exp": NOW - 30}),
    "a lifetime of a year": lambda: signed(HEADER, CLAIMS | {"exp": NOW + 31_536_000}),
    "wrong typ": lambda: signed(HEADER | {"typ": "JWT"}, CLAIMS),
    "no typ": lambda: signed({"alg": "ES256", "kid": "token-1"}, CLAIMS),
    "duplicate claim": lambda: signed(HEADER, PLAIN[:-1] + b',"role":"admin"}'),
    "duplicate header member": lambda: signed(json.dumps(HEADER).encode()[:-1] + b',"alg":"ES256"}', CLAIMS),
    "crit": lambda: signed(HEADER | {"crit": ["exp"]}, CLAIMS),
    "crit with b64 false": lambda: signed(HEADER | {"crit": ["b64"], "b64": False}, CLAIMS),
    "zip": lambda: signed(HEADER | {"zip": "DEF"}, CLAIMS),
    "junk characters": lambda: f"{BODY}.{SIGNATURE[:20]}!{SIGNATURE[20:]}",
    "line break": lambda: GOOD + "\n",
    "padding": lambda: GOOD + "==",
    "last character not canonical": lambda: f"{BODY}.{SIGNATURE[:-1]}{NON_CANONICAL}",
    "the standard alphabet": lambda: f"{BODY}.{SIGNATURE.replace('-', '+').replace('_', '/')}+/",
    "a DER signature": lambda: f"{BODY}.{b64(KEY.private.sign(BODY.encode(), ec.ECDSA(hashes.SHA256())))}",
    # crashed the bare library
    **{f"exp {value!r:.20}": partial(ending, value) for value in ENDS},
    "exp Infinity": lambda: signed(HEADER, PLAIN[:-1] + b',"exp":Infinity}'),
    "exp 1e999": lambda: signed(HEADER, PLAIN.replace(str(NOW + 290).encode(), b"1e999")),
    "alg a dict": lambda: signed(HEADER | {"alg": {"a": 1}}, CLAIMS),
    "alg null": lambda: signed(HEADER | {"alg": None}, CLAIMS),
    "kid a list": lambda: signed(HEADER | {"kid": ["token-1"]}, CLAIMS),
    "None": lambda: None,
    "a number": lambda: 7,
    "a list": lambda: [GOOD],
    "empty": lambda: "",
    "dots": lambda: "..",
    "a header 100,000 deep": lambda: f"{b64(DEEP)}.{b64(PLAIN)}.AAAA",
    "a header 2,000 deep within the limit of characters": lambda: signed(
        b'{"alg":"ES256","typ":"at+jwt","kid":"token-1","x":' + b"[" * 2_000 + b"]" * 2_000 + b"}", CLAIMS
    ),
    "a payload 1,500 deep": lambda: signed(HEADER, PLAIN[:-1] + b',"x":' + b"[" * 1_500 + b"]" * 1_500 + b"}"),
    "40 MB": lambda: "A" * 40_000_000,
    "40 MB of dots": lambda: "." * 40_000_000,
    "surrogates": lambda: GOOD[:-1] + "\ud800",
    "not UTF-8": lambda: signed(HEADER, b'{"iss":"\xff\xfe"}'),
    "a byte order mark": lambda: signed(HEADER, b"\xef\xbb\xbf" + PLAIN),
    "a NUL in a claim": lambda: signed(HEADER, CLAIMS | {"sub": "a\x00b"}),
    "a JWE": lambda: "A.A.A.A.A",
}


def verifier() -> TokenVerifier:
    return TokenVerifier(KeySet([KEY.verification_key(), OTHER.verification_key()]), RULES, lambda: NOW)


def test_control_the_original_token_is_accepted() -> None:
    assert verifier().verify(GOOD).sub == "account-1"
    assert verifier().verify(signed(HEADER, CLAIMS)).sub == "account-1"


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_every_known_attack_is_rejected_quickly_with_one_exception(attack: Callable[[], object]) -> None:
    token = attack()
    started = time.perf_counter()
    with pytest.raises(TokenError):
        verifier().verify(token)  # type: ignore[arg-type]  # malicious callers may pass any type
    assert time.perf_counter() - started < 1


def test_a_weak_key_that_the_bare_library_accepts_is_rejected_when_loaded() -> None:
    weak = rsa.generate_private_key(65_537, 1024).private_bytes(  # noqa: S505  # the weak key under test
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    wrong_curve = ec.generate_private_key(ec.SECP521R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for pem in (weak, wrong_curve, b"", DER):
        with pytest.raises(InvalidKeyError):
            SigningKey.from_pem(pem)
    jwk = KEY.verification_key().to_jwk()
    with pytest.raises(InvalidKeyError):
        VerificationKey.from_jwk(jwk | {"use": "enc"})
    with pytest.raises(InvalidKeyError):
        read_jwks({"keys": [jwk, {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "rsa"}]})


class Mutations:
    """Mutants of valid tokens, each different from the signed one. Seeded, so a failure can be repeated."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    def mutant(self) -> str | bytes:
        """Returns the next mutant."""
        kinds: list[Callable[[], str | bytes]] = [
            self._character,
            self._insertion,
            self._deletion,
            self._swap,
            self._bytes,
            self._member,
            self._claim,
            self._cut,
            self._repeat,
            self._mac,
        ]
        return self._rng.choice(kinds)()

    def _character(self) -> str:
        at = self._rng.randrange(len(GOOD))
        other = self._rng.choice([each for each in ALPHABET + "=+/. \n\x00é" if each != GOOD[at]])
        return GOOD[:at] + other + GOOD[at + 1 :]

    def _insertion(self) -> str:
        at = self._rng.randrange(len(GOOD) + 1)
        return GOOD[:at] + self._rng.choice(ALPHABET + "=. ") * self._rng.randint(1, 4) + GOOD[at:]

    def _deletion(self) -> str:
        at = self._rng.randrange(len(GOOD))
        return GOOD[:at] + GOOD[at + self._rng.randint(1, 20) :]

    def _swap(self) -> str:
        parts = GOOD.split(".")
        while (changed := self._rng.sample(parts, 3)) == parts:
            pass
        return ".".join(changed)

    def _bytes(self) -> bytes:
        raw = bytearray(GOOD.encode())
        for _ in range(self._rng.randint(1, 5)):
            raw[self._rng.randrange(len(raw))] ^= 1 << self._rng.randrange(8)
        return b"." if bytes(raw) == GOOD.encode() else bytes(raw)

    def _member(self) -> str:
        """Returns a token with a valid signature and a foreign header."""
        name = self._rng.choice(["alg", "typ", "kid", "crit", "jwk", "b64", "x5c", self._word()])
        return signed(HEADER | {name: self._value()}, CLAIMS)

    def _claim(self) -> str:
        """Returns a token with a valid signature and a claim of another type."""
        name = self._rng.choice(list(CLAIMS))
        values: list[object] = [None, True, [], {}, "", "\x00", "a" * 321, 1.5, -1, 2**60, [CLAIMS[name]]]
        return signed(HEADER, CLAIMS | {name: self._rng.choice(values)})

    def _cut(self) -> str:
        return GOOD[: self._rng.randrange(len(GOOD))]

    def _repeat(self) -> str:
        return GOOD * self._rng.randint(2, 12)

    def _mac(self) -> str:
        return mac(self._rng.choice([DER, PEM, b"", self._rng.randbytes(32)]), self._rng.choice(["HS256", "HS384"]))

    def _word(self) -> str:
        return hashlib.sha256(self._rng.randbytes(4)).hexdigest()[:6]

    def _value(self) -> object:
        values: list[object] = [None, 1, True, [], {}, "", "none", "HS256", "JWT", "token-2", self._word()]
        return self._rng.choice(values)


@pytest.mark.timeout(60)
def test_twenty_thousand_mutants_are_rejected_with_one_exception() -> None:
    mutations, believing = Mutations(20_261), verifier()
    accepted, reasons = [], Counter[str]()
    for _ in range(MUTANTS):
        mutant = mutations.mutant()
        try:
            believing.verify(mutant)
        except TokenError as error:
            reasons[error.reason.value] += 1
        else:
            accepted.append(mutant)
    assert accepted == []
    assert sum(reasons.values()) == MUTANTS
    assert len(reasons) >= 6, reasons

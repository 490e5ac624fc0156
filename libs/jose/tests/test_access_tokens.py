"""Access tokens: valid ones are accepted, and every other input raises one exception with a reason."""

import base64
import json
from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pulse_jose import (
    Claims,
    KeySet,
    MessageSigner,
    Reason,
    SigningKey,
    TokenError,
    TokenRules,
    TokenVerifier,
    Validity,
)
from pulse_jose.claims import write_claims
from pulse_jose.signing import TokenSigner

NOW = 1_800_000_000
KEY = SigningKey.generate(kid="token-1")
RULES = TokenRules(issuer="pulse-auth", audience="pulse")
CLAIMS = Claims(
    iss="pulse-auth",
    aud="pulse",
    sub="account-1",
    jti="token-id",
    sid="session-1",
    role="administrator",
    email="ada@example.org",
    name="Ada Löwe",
    iat=NOW - 10,
    exp=NOW + 290,
)
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "token-1"}
TOKEN = TokenSigner(KEY, RULES).sign(CLAIMS)


def verifier(now: float = NOW, key: SigningKey = KEY) -> TokenVerifier:
    return TokenVerifier(KeySet([key.verification_key()]), RULES, lambda: now)


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def as_bytes(part: Mapping[str, object] | bytes) -> bytes:
    return part if isinstance(part, bytes) else json.dumps(part).encode()


def forge(header: Mapping[str, object] | bytes, payload: Mapping[str, object] | bytes) -> str:
    """Returns a token with a valid signature over any header and payload."""
    signed = f"{b64(as_bytes(header))}.{b64(as_bytes(payload))}"
    return f"{signed}.{b64(KEY.es256.sign(signed.encode()))}"


def with_header(**members: object) -> str:
    return forge({**HEADER, **members}, write_claims(CLAIMS))


def without_header(name: str) -> str:
    return forge({k: v for k, v in HEADER.items() if k != name}, write_claims(CLAIMS))


def with_claims(**members: object) -> str:
    return forge(HEADER, {**write_claims(CLAIMS), **members})


def refusal(token: object, now: float = NOW) -> Reason:
    with pytest.raises(TokenError) as refused:
        verifier(now).verify(token)  # type: ignore[arg-type] # malicious callers may pass any type
    assert str(refused.value) == f"token refused: {refused.value.reason.value}"
    return refused.value.reason


def test_a_signed_token_yields_its_claims() -> None:
    assert verifier().verify(TOKEN) == CLAIMS
    assert verifier().verify(TOKEN.encode()) == CLAIMS


def test_control_a_correctly_forged_token_is_accepted() -> None:
    assert verifier().verify(forge(HEADER, write_claims(CLAIMS))) == CLAIMS
    assert verifier().verify(with_claims(unknown={"deep": [1.5, None]})) == CLAIMS


# --- the header: it must not choose anything


@pytest.mark.parametrize(
    "alg", ["none", "None", "NONE", "nOnE", "", "HS256", "HS512", "RS256", "ES384", "es256", "dir"]
)
def test_another_algorithm_is_rejected(alg: str) -> None:
    assert refusal(with_header(alg=alg)) is Reason.ALGORITHM


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "noNe"])
@pytest.mark.parametrize("signature", ["", "AA"])
def test_an_unsigned_token_is_refused(alg: str, signature: str) -> None:
    unsigned = f"{b64(as_bytes({**HEADER, 'alg': alg}))}.{b64(as_bytes(write_claims(CLAIMS)))}.{signature}"
    assert refusal(unsigned) in {Reason.MALFORMED, Reason.ALGORITHM}


@pytest.mark.parametrize("name", ["alg", "typ", "kid"])
def test_a_missing_header_member_is_refused(name: str) -> None:
    assert refusal(without_header(name)) is Reason.HEADER


@pytest.mark.parametrize("value", [None, 1, True, ["ES256"], {"a": 1}, 1.5])
@pytest.mark.parametrize("name", ["alg", "typ", "kid"])
def test_a_header_member_that_is_not_a_string_is_refused(name: str, value: object) -> None:
    assert refusal(with_header(**{name: value})) is Reason.HEADER


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"b64": False, "crit": ["b64"]},
        {"jwk": KEY.verification_key().to_jwk()},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/cert"},
        {"x5c": ["MIIB"]},
        {"x5t": "AAAA"},
        {"zip": "DEF"},
        {"cty": "JWT"},
        {"enc": "A256GCM"},
    ],
    ids="+".join,
)
def test_every_further_header_member_is_refused(extra: dict[str, object]) -> None:
    assert refusal(with_header(**extra)) is Reason.HEADER


@pytest.mark.parametrize("typ", ["JWT", "at+JWT", "application/at+jwt", "pulse-mirror", "", "jwt"])
def test_a_token_of_another_type_is_refused(typ: str) -> None:
    assert refusal(with_header(typ=typ)) is Reason.TYPE


def test_a_message_signed_with_the_token_key_is_not_a_token() -> None:
    message = MessageSigner(KEY, "pulse-mirror", lambda: NOW).sign(as_bytes(write_claims(CLAIMS)))
    assert refusal(message) is Reason.TYPE


@pytest.mark.parametrize("kid", ["token-2", "TOKEN-1", "", "../../etc/passwd", "token-1'--", "a" * 65, "\ud800", "k\0"])
def test_an_unknown_key_is_refused(kid: str) -> None:
    assert refusal(with_header(kid=kid)) is Reason.UNKNOWN_KEY


@pytest.mark.parametrize(
    ("validity", "now", "expected"),
    [
        (Validity(not_before=NOW + 1), NOW, Reason.INACTIVE_KEY),
        (Validity(not_after=NOW), NOW, Reason.INACTIVE_KEY),
        (Validity(NOW, NOW + 1), NOW, None),
        (Validity(NOW, NOW + 1), NOW + 0.999, None),
        (Validity(NOW, NOW + 1), NOW + 1, Reason.INACTIVE_KEY),
    ],
)
def test_a_key_is_used_only_within_its_validity(validity: Validity, now: float, expected: Reason | None) -> None:
    key = SigningKey(KEY.kid, KEY.private, validity)
    if expected is None:
        assert verifier(now, key).verify(TOKEN) == CLAIMS
    else:
        with pytest.raises(TokenError) as refused:
            verifier(now, key).verify(TOKEN)
        assert refused.value.reason is expected


def test_only_the_key_with_the_right_kid_is_tried() -> None:
    other = SigningKey.generate(kid="token-2")
    both = TokenVerifier(KeySet([other.verification_key(), KEY.verification_key()]), RULES, lambda: NOW)
    assert both.verify(TOKEN) == CLAIMS
    head, payload, _ = TokenSigner(other, RULES).sign(CLAIMS).split(".")
    signed_by_the_wrong_one = f"{head}.{payload}.{b64(KEY.es256.sign(f'{head}.{payload}'.encode()))}"
    with pytest.raises(TokenError) as refused:
        both.verify(signed_by_the_wrong_one)
    assert refused.value.reason is Reason.SIGNATURE


def test_a_rotation_is_a_new_set() -> None:
    successor = SigningKey.generate(kid="token-2")
    rotating = verifier()
    rotating.keys = KeySet([successor.verification_key()])
    assert rotating.verify(TokenSigner(successor, RULES).sign(CLAIMS)) == CLAIMS
    with pytest.raises(TokenError) as refused:
        rotating.verify(TOKEN)
    assert refused.value.reason is Reason.UNKNOWN_KEY


# --- the signature


N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.mark.parametrize(
    "signature",
    [
        bytes(64),
        bytes(31) + b"\1" + bytes(31) + b"\1",
        N.to_bytes(32, "big") * 2,
        bytes(32) + N.to_bytes(32, "big"),
        b"\xff" * 64,
        b"\1",
        bytes(63),
        bytes(65),
        bytes(132),
    ],
    ids=["psychic", "one-one", "order", "zero-order", "ones", "short", "63", "65", "p521"],
)
def test_an_invalid_signature_is_rejected(signature: bytes) -> None:
    signed, _, _ = TOKEN.rpartition(".")
    assert refusal(f"{signed}.{b64(signature)}") is Reason.SIGNATURE


def test_a_der_signature_is_refused() -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    signed, _, _ = TOKEN.rpartition(".")
    der = KEY.private.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
    assert refusal(f"{signed}.{b64(der)}") is Reason.SIGNATURE


def test_a_signature_by_another_key_with_the_same_kid_is_rejected() -> None:
    impostor = SigningKey.generate(kid=KEY.kid)
    assert refusal(TokenSigner(impostor, RULES).sign(CLAIMS)) is Reason.SIGNATURE


def test_a_payload_with_the_signature_of_another_token_is_rejected() -> None:
    header, _, signature = TOKEN.split(".")
    richer = b64(as_bytes({**write_claims(CLAIMS), "role": "owner"}))
    assert refusal(f"{header}.{richer}.{signature}") is Reason.SIGNATURE


# --- the encoding


HEAD, PAYLOAD, SIGNATURE = TOKEN.split(".")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def respelt() -> str:
    """Returns the same 64 signature bytes with an unused bit set in the last character."""
    return TOKEN[:-1] + ALPHABET[ALPHABET.index(TOKEN[-1]) + 1]


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "a",
        "a.b",
        f"{HEAD}.{PAYLOAD}",
        f"{HEAD}.{PAYLOAD}.",
        f".{PAYLOAD}.{SIGNATURE}",
        f"{HEAD}..{SIGNATURE}",
        f"{TOKEN}.",
        f"{TOKEN}.a.b",
        f"{TOKEN}=",
        f"{TOKEN}==",
        f"{TOKEN}\n",
        f" {TOKEN}",
        f"{HEAD}.{PAYLOAD}.!{SIGNATURE}",
        f"{HEAD}.{PAYLOAD}.{SIGNATURE[:20]}~{SIGNATURE[20:]}",
        f"{HEAD}=.{PAYLOAD}.{SIGNATURE}",
        f"{HEAD}.{PAYLOAD}.+/{SIGNATURE[2:]}",
        f"{TOKEN}\0",
        f"Bearer {TOKEN}",
        TOKEN.replace("e", "\u0435"),
        respelt(),
        "\ud800",
        "a" * 8_193,
        "." * 8_192,
        "A" * 40_000_000,
        f"{HEAD}.{'A' * 40_000_000}.{SIGNATURE}",
        b"\xff\xfe" * 10,
        None,
        0,
        1.5,
        [],
        {},
        bytearray(TOKEN.encode()),
        ("a", "b", "c"),
    ],
    ids=lambda token: type(token).__name__,
)
def test_a_token_has_one_encoding(token: object) -> None:
    assert refusal(token) is Reason.MALFORMED


DUPLICATE_ALG = b'{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"token-1"}'


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"ES256"',
        b"1",
        DUPLICATE_ALG,
        b"\xef\xbb\xbf" + json.dumps(HEADER).encode(),
        json.dumps(HEADER).encode("utf-16"),
        b"\xff",
        json.dumps(HEADER).encode() + b"{}",
        b'{"alg":NaN,"typ":"at+jwt","kid":"token-1"}',
        b'{"a":' * 100_000,
        b"[" * 100_000,
        b'{"alg":' + b"[" * 1_000 + b"]" * 1_000 + b"}",
    ],
    ids=lambda header: repr(header)[:40],
)
def test_an_ambiguous_header_is_refused(header: bytes) -> None:
    assert refusal(forge(header, write_claims(CLAIMS))) is Reason.MALFORMED


@pytest.mark.parametrize(
    "payload",
    [
        b"{",
        b"null",
        b"[]",
        b"\xff",
        as_bytes(write_claims(CLAIMS))[:-1] + b', "exp": 9999999999}',
        as_bytes(write_claims(CLAIMS))[:-1] + b', "x": {"a": 1, "a": 2}}',
        as_bytes(write_claims(CLAIMS))[:-1] + b', "x": NaN}',
        as_bytes(write_claims(CLAIMS))[:-1] + b', "x": -Infinity}',
        as_bytes(write_claims(CLAIMS))[:-1] + b', "x": 1e999}',
        as_bytes(write_claims(CLAIMS))[:-1] + b', "x": ' + b"9" * 5_000 + b"}",
        as_bytes(write_claims(CLAIMS))[:-1] + b', "x": ' + b"[" * 64 + b"]" * 64 + b"}",
        as_bytes(write_claims(CLAIMS))[:-1] + b', "x": ' + b"[" * 2_500 + b"]" * 2_500 + b"}",
    ],
    ids=lambda payload: repr(payload)[-40:],
)
def test_an_ambiguous_payload_is_refused(payload: bytes) -> None:
    assert refusal(forge(HEADER, payload)) is Reason.MALFORMED


def test_sixty_four_levels_are_accepted_and_brackets_in_strings_do_not_count() -> None:
    deep = as_bytes(write_claims(CLAIMS))[:-1] + b', "x": ' + b"[" * 63 + b"]" * 63 + b"}"
    assert verifier().verify(forge(HEADER, deep)) == CLAIMS
    assert verifier().verify(with_claims(name='[{"\\' * 60)).name == '[{"\\' * 60


# --- mutations


@settings(max_examples=1_500, deadline=None)
@given(
    position=st.integers(0, len(TOKEN) - 1),
    replacement=st.binary(max_size=3),
    removed=st.integers(0, 3),
)
@example(position=0, replacement=b"", removed=1)
def test_no_changed_byte_is_accepted(position: int, replacement: bytes, removed: int) -> None:
    original = TOKEN.encode()
    mutant = original[:position] + replacement + original[position + removed :]
    if mutant != original:
        refusal(mutant)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300), st.from_regex(r"\A[\w-]+(\.[\w-]*){2}\Z")))
def test_noise_is_refused(noise: str | bytes) -> None:
    refusal(noise)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(sorted(write_claims(CLAIMS))), value=JSON)
def test_no_signed_value_raises_another_exception(name: str, value: object) -> None:
    try:
        verified = verifier().verify(with_claims(**{name: value}))
    except TokenError:
        return
    assert getattr(verified, name) == value
    assert type(value) in {str, int}

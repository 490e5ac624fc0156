"""Sealed payloads: one combination of algorithms, bound to a context, and one error for every forgery."""

import base64
import json
import os
import zlib
from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from hypothesis import given, settings
from hypothesis import strategies as st
from jose import jwe

from pulse_jose import (
    MAX_PAYLOAD_BYTES,
    Context,
    InvalidKeyError,
    KeySet,
    Reason,
    SealingKey,
    TokenError,
    Validity,
    seal,
    unseal,
)

NOW = 1_800_000_000
KEY = SealingKey.generate("device-1:1", os.urandom)
CONTEXT: Context = {"to": "device-1", "gen": 1, "seq": 7, "sid": "part-1", "k": 0}
PAYLOAD = b'{"account":"a","ver":3}'
HEADER = {"alg": "A256KW", "enc": "A256GCM", "kid": "device-1:1"}


def clock() -> float:
    return NOW


def open_(sealed: str | bytes, context: Context | None = CONTEXT, key: SealingKey = KEY) -> bytes:
    return unseal(sealed, KeySet([key]), clock, context)


SEALED = seal(PAYLOAD, KEY, clock, CONTEXT)
PARTS = SEALED.split(".")


def assert_refused(sealed: object, context: Context | None = CONTEXT, key: SealingKey = KEY) -> None:
    with pytest.raises(TokenError) as refused:
        open_(sealed, context, key)  # type: ignore[arg-type] # malicious callers may pass any type
    assert refused.value.reason is Reason.SEALED
    assert str(refused.value) == "token refused: sealed"
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def inner(payload: bytes, context: Context = CONTEXT) -> bytes:
    encoded = json.dumps(context, separators=(",", ":"), sort_keys=True).encode()
    return len(encoded).to_bytes(2, "big") + encoded + payload


def forge(
    header: Mapping[str, object] | bytes = HEADER, plaintext: bytes = inner(PAYLOAD), iv: bytes = bytes(range(12))
) -> list[str]:
    """Returns the parts of a JWE with a valid tag over any header, as a holder of the key could create."""
    protected = b64(header if isinstance(header, bytes) else json.dumps(header).encode())
    content_key = bytes(range(32))
    encrypted = AESGCM(content_key).encrypt(iv, plaintext, protected.encode())
    return [protected, b64(aes_key_wrap(KEY.secret, content_key)), b64(iv), b64(encrypted[:-16]), b64(encrypted[-16:])]


def test_control_a_correctly_forged_payload_is_opened() -> None:
    assert open_(".".join(forge())) == PAYLOAD


@given(
    payload=st.binary(max_size=2_000),
    context=st.dictionaries(st.text(max_size=4), st.integers(-(2**63), 2**63) | st.text(max_size=8), max_size=5),
)
def test_any_payload_is_unsealed_unchanged_with_its_context(payload: bytes, context: dict[str, str | int]) -> None:
    sealed = seal(payload, KEY, clock, context)
    assert open_(sealed, dict(reversed(context.items()))) == payload
    assert_refused(sealed, {**context, "more": 1} if "more" not in context else None)


def test_a_payload_without_a_context_needs_an_empty_context() -> None:
    unbound = seal(inner(PAYLOAD), KEY, clock)
    assert open_(unbound, None) == inner(PAYLOAD)
    assert_refused(unbound)
    assert_refused(SEALED, None)


@pytest.mark.parametrize(
    "change", [{"to": "device-2"}, {"gen": 2}, {"seq": 8}, {"seq": "7"}, {"sid": ""}, {"k": 1}], ids=repr
)
def test_a_payload_with_another_context_is_rejected(change: dict[str, str | int]) -> None:
    assert_refused(SEALED, {**CONTEXT, **change})


def test_sealing_twice_gives_different_results() -> None:
    other = seal(PAYLOAD, KEY, clock, CONTEXT).split(".")
    assert [mine != theirs for mine, theirs in zip(PARTS, other, strict=True)] == [False, True, True, True, True]


def test_a_payload_may_have_64_kib() -> None:
    largest = bytes(MAX_PAYLOAD_BYTES)
    longest: Context = {"c": "a" * 1_016}
    assert open_(seal(largest, KEY, clock, longest), longest) == largest
    with pytest.raises(ValueError, match="the limit is 65536"):
        seal(largest + b"a", KEY, clock)
    with pytest.raises(ValueError, match="the limit is 1024"):
        seal(PAYLOAD, KEY, clock, {"c": "a" * 1_017})


def test_the_key_of_an_older_generation_is_rejected() -> None:
    assert_refused(SEALED, key=SealingKey.generate("device-1:2", os.urandom))
    assert_refused(SEALED, key=SealingKey.generate("device-1:1", os.urandom))


@pytest.mark.parametrize("validity", [Validity(not_before=NOW + 1), Validity(not_after=NOW)])
def test_a_key_outside_its_validity_cannot_seal_or_unseal(validity: Validity) -> None:
    key = SealingKey(KEY.kid, KEY.secret, validity)
    assert_refused(SEALED, key=key)
    with pytest.raises(InvalidKeyError, match="is not valid at"):
        seal(PAYLOAD, key, clock)


@pytest.mark.parametrize(
    "changes",
    [
        {"zip": "DEF"},
        {"crit": ["exp"]},
        {"cty": "JWT"},
        {"typ": "JWE"},
        {"jwk": {}},
        {"epk": {}},
        {"p2c": 1_000_000_000, "p2s": "AAAA"},
        {"alg": "dir"},
        {"alg": "A128KW"},
        {"alg": "A256GCMKW"},
        {"alg": "RSA1_5"},
        {"alg": "RSA-OAEP-256"},
        {"alg": "none"},
        {"alg": None},
        {"enc": "A128GCM"},
        {"enc": "A256CBC-HS512"},
        {"enc": "none"},
        {"enc": ["A256GCM"]},
        {"kid": "device-2:1"},
        {"kid": ""},
        {"kid": 1},
    ],
    ids=repr,
)
def test_a_foreign_header_is_rejected_before_the_library_parses_it(
    changes: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    monkeypatch.setattr(jwe, "decrypt", lambda sealed, _: seen.append(sealed))
    assert_refused(".".join(forge({**HEADER, **changes})))
    assert seen == []


@pytest.mark.parametrize("name", list(HEADER))
def test_a_missing_header_member_is_refused(name: str) -> None:
    assert_refused(".".join(forge({k: v for k, v in HEADER.items() if k != name})))


@pytest.mark.parametrize(
    "header", [b"", b"null", b"[]", b"{", b'{"alg":"dir",' + json.dumps(HEADER).encode()[1:], b'{"a":' * 20_000]
)
def test_an_ambiguous_header_is_refused(header: bytes) -> None:
    assert_refused(".".join(forge(header)))


def test_a_compressed_bomb_is_refused_unopened() -> None:
    bomb = zlib.compress(inner(bytes(80_000_000)))
    assert len(bomb) < 100_000
    assert_refused(".".join(forge({**HEADER, "zip": "DEF"}, bomb)))


def test_direct_encryption_with_an_encrypted_key_is_refused() -> None:
    header, _, iv, ciphertext, tag = jwe.encrypt(PAYLOAD, KEY.secret, algorithm="dir", kid=KEY.kid).decode().split(".")
    for wrapped in ("", "AAAA", b64(bytes(40))):
        assert_refused(f"{header}.{wrapped}.{iv}.{ciphertext}.{tag}")


@pytest.mark.parametrize("algorithm", ["RSA1_5", "RSA-OAEP", "RSA-OAEP-256"])
def test_a_payload_encrypted_to_a_public_key_is_refused(algorithm: str) -> None:
    from cryptography.hazmat.primitives import serialization

    public = rsa.generate_private_key(65537, 2048).public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert_refused(jwe.encrypt(inner(PAYLOAD), pem, algorithm=algorithm, kid=KEY.kid))


def test_cbc_is_refused_with_the_same_message_for_every_change() -> None:
    sealed = jwe.encrypt(inner(PAYLOAD), KEY.secret, encryption="A256CBC-HS512", algorithm="A256KW", kid=KEY.kid)
    parts = sealed.decode().split(".")
    for position in range(1, 5):
        flipped = bytearray(unb64(parts[position]))
        flipped[-1] ^= 1
        assert_refused(".".join([*parts[:position], b64(bytes(flipped)), *parts[position + 1 :]]))
    assert_refused(sealed)


@pytest.mark.parametrize("part", range(5), ids=["header", "wrapped key", "iv", "ciphertext", "tag"])
def test_a_flipped_bit_anywhere_is_refused(part: int) -> None:
    raw = unb64(PARTS[part])
    for position in range(len(raw)):
        flipped = bytearray(raw)
        flipped[position] ^= 1 << position % 8
        assert_refused(".".join([*PARTS[:part], b64(bytes(flipped)), *PARTS[part + 1 :]]))


@pytest.mark.parametrize("part", [1, 2, 4], ids=["wrapped key", "iv", "tag"])
def test_a_part_of_another_length_is_rejected(part: int) -> None:
    raw = unb64(PARTS[part])
    for changed in (*(raw[:length] for length in range(len(raw))), raw + b"\0", raw * 2):
        assert_refused(".".join([*PARTS[:part], b64(changed), *PARTS[part + 1 :]]))


@pytest.mark.parametrize("size", [8, 13, 16])
def test_an_iv_of_another_length_is_rejected_despite_a_valid_tag(size: int) -> None:
    assert_refused(".".join(forge(iv=bytes(size))))


@pytest.mark.parametrize(
    "plaintext", [b"", b"\0", b"\xff\xff", b"\0\x05{}", inner(b"")[:-1]], ids=["empty", "half", "far", "cut", "short"]
)
def test_an_invalid_frame_is_rejected_despite_a_valid_tag(plaintext: bytes) -> None:
    assert_refused(".".join(forge(plaintext=plaintext)))


@pytest.mark.parametrize(
    "sealed",
    [
        "",
        "....",
        "a.b.c.d.e",
        ".".join(PARTS[:4]),
        SEALED + ".",
        SEALED + ".a",
        SEALED + "==",
        SEALED + "\n",
        SEALED.replace(".", ".!", 1),
        SEALED[:-1] + "_",
        "A" * 40_000_000,
        f"{PARTS[0]}.{PARTS[1]}.{PARTS[2]}.{'A' * 100_000}.{PARTS[4]}",
        b"\xff" * 100,
        "\ud800",
        None,
        1,
        [],
        bytearray(SEALED.encode()),
    ],
    ids=lambda sealed: type(sealed).__name__,
)
def test_a_sealed_payload_has_one_encoding(sealed: object) -> None:
    assert_refused(sealed)


@settings(max_examples=1_000, deadline=None)
@given(position=st.integers(0, len(SEALED) - 1), replacement=st.binary(max_size=3), removed=st.integers(0, 3))
def test_no_changed_byte_is_accepted(position: int, replacement: bytes, removed: int) -> None:
    original = SEALED.encode()
    mutant = original[:position] + replacement + original[position + removed :]
    if mutant != original:
        assert_refused(mutant)

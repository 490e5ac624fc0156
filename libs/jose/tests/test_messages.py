"""Signed messages of the bus: one type each, and never access tokens."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pulse_jose import (
    ACCESS_TOKEN_TYPE,
    InvalidKeyError,
    KeySet,
    MessageSigner,
    MessageVerifier,
    Reason,
    SigningKey,
    TokenError,
    Validity,
)
from pulse_jose.envelopes import sign_compact

NOW = 1_800_000_000
KEY = SigningKey.generate(kid="bus-1")
TYPE = "pulse-mirror"
PAYLOAD = b'{"to":"device-1","gen":1,"seq":7}'


def signer(key: SigningKey = KEY, typ: str = TYPE) -> MessageSigner:
    return MessageSigner(key, typ, lambda: NOW)


def verifier(typ: str = TYPE, max_length: int = 65_536) -> MessageVerifier:
    return MessageVerifier(KeySet([KEY.verification_key()]), typ, lambda: NOW, max_length)


MESSAGE = signer().sign(PAYLOAD)


def refusal(message: object, typ: str = TYPE) -> Reason:
    with pytest.raises(TokenError) as refused:
        verifier(typ).verify(message)  # type: ignore[arg-type] # malicious callers may pass any type
    return refused.value.reason


@given(st.binary(min_size=1, max_size=2_000))
def test_any_payload_is_verified_unchanged(payload: bytes) -> None:
    assert verifier().verify(signer().sign(payload)) == payload


def test_the_header_of_a_message_has_only_algorithm_type_and_key() -> None:
    header = json.loads(base64.urlsafe_b64decode(MESSAGE.split(".")[0] + "=="))
    assert header == {"alg": "ES256", "typ": TYPE, "kid": "bus-1"}


@pytest.mark.parametrize("typ", ["pulse-command", "pulse-keys", "pulse-mirro", "Pulse-Mirror"])
def test_a_message_for_another_purpose_is_refused(typ: str) -> None:
    assert refusal(MESSAGE, typ) is Reason.TYPE


def test_an_access_token_is_not_a_message() -> None:
    assert refusal(sign_compact(PAYLOAD, KEY, ACCESS_TOKEN_TYPE)) is Reason.TYPE


def test_access_tokens_cannot_be_signed_or_verified_as_messages() -> None:
    with pytest.raises(ValueError, match="not a message type"):
        signer(typ=ACCESS_TOKEN_TYPE)
    with pytest.raises(ValueError, match="TokenVerifier"):
        verifier(typ=ACCESS_TOKEN_TYPE)


@pytest.mark.parametrize("typ", ["", "a" * 65, "Upper", "with space", "slash/ed", 'quo"te'])
def test_an_invalid_type_raises_value_error(typ: str) -> None:
    with pytest.raises(ValueError, match="not a message type"):
        signer(typ=typ)


def test_a_message_may_have_the_size_of_the_largest_packet() -> None:
    overhead = len(signer().sign(b"a")) - 2
    largest = b"a" * ((65_536 - overhead) // 4 * 3)
    assert verifier().verify(signer().sign(largest)) == largest
    with pytest.raises(ValueError, match="the limit is 65536"):
        signer().sign(largest + b"aaaa")
    assert refusal(sign_compact(largest + b"aaaa", KEY, TYPE)) is Reason.MALFORMED


def test_an_empty_payload_is_not_signed() -> None:
    with pytest.raises(ValueError, match="empty"):
        signer().sign(b"")


@pytest.mark.parametrize("validity", [Validity(not_before=NOW + 1), Validity(not_after=NOW)])
def test_a_key_outside_its_validity_cannot_sign(validity: Validity) -> None:
    with pytest.raises(InvalidKeyError, match="is not valid at"):
        signer(SigningKey("bus-1", KEY.private, validity)).sign(PAYLOAD)


def test_a_publisher_with_another_key_and_the_same_kid_is_rejected() -> None:
    assert refusal(signer(SigningKey.generate(kid="bus-1")).sign(PAYLOAD)) is Reason.SIGNATURE


@settings(max_examples=500, deadline=None)
@given(position=st.integers(0, len(MESSAGE) - 1), replacement=st.binary(max_size=3), removed=st.integers(0, 3))
def test_no_changed_byte_is_accepted(position: int, replacement: bytes, removed: int) -> None:
    original = MESSAGE.encode()
    mutant = original[:position] + replacement + original[position + removed :]
    if mutant != original:
        refusal(mutant)

"""Signed messages of the bus: one type each, and no access tokens."""

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
        verifier(typ).verify(message)  # type: ignore[arg-type] # hostile callers pass what they like
    return refused.value.reason


@given(st.binary(min_size=1, max_size=2_000))
def test_any_payload_comes_back_bit_for_bit(payload: bytes) -> None:
    assert verifier().verify(signer().sign(payload)) == payload


def test_a_message_says_its_algorithm_its_type_and_its_key_and_nothing_else() -> None:
    header = json.loads(base64.urlsafe_b64decode(MESSAGE.split(".")[0] + "=="))
    assert header == {"alg": "ES256", "typ": TYPE, "kid": "bus-1"}


@pytest.mark.parametrize("typ", ["pulse-command", "pulse-keys", "pulse-mirro", "Pulse-Mirror"])
def test_a_message_for_another_purpose_is_refused(typ: str) -> None:
    assert refusal(MESSAGE, typ) is Reason.TYPE


def test_an_access_token_is_no_message() -> None:
    assert refusal(sign_compact(PAYLOAD, KEY, ACCESS_TOKEN_TYPE)) is Reason.TYPE


def test_access_tokens_can_be_neither_made_nor_read_as_messages() -> None:
    with pytest.raises(ValueError, match="not a message type"):
        signer(typ=ACCESS_TOKEN_TYPE)
    with pytest.raises(ValueError, match="TokenVerifier"):
        verifier(typ=ACCESS_TOKEN_TYPE)


@pytest.mark.parametrize("typ", ["", "a" * 65, "Upper", "with space", "slash/ed", 'quo"te'])
def test_a_type_that_is_no_plain_word_is_our_bug(typ: str) -> None:
    with pytest.raises(ValueError, match="not a message type"):
        signer(typ=typ)


def test_a_message_of_the_largest_packet_is_read_and_a_longer_one_is_neither_made_nor_read() -> None:
    overhead = len(signer().sign(b"a")) - 2
    largest = b"a" * ((65_536 - overhead) // 4 * 3)
    assert verifier().verify(signer().sign(largest)) == largest
    with pytest.raises(ValueError, match="at most 65536"):
        signer().sign(largest + b"aaaa")
    assert refusal(sign_compact(largest + b"aaaa", KEY, TYPE)) is Reason.MALFORMED


def test_an_empty_payload_is_not_signed() -> None:
    with pytest.raises(ValueError, match="empty"):
        signer().sign(b"")


@pytest.mark.parametrize("validity", [Validity(not_before=NOW + 1), Validity(not_after=NOW)])
def test_a_key_outside_its_time_signs_nothing(validity: Validity) -> None:
    with pytest.raises(InvalidKeyError, match="may not be used"):
        signer(SigningKey("bus-1", KEY.private, validity)).sign(PAYLOAD)


def test_a_publisher_of_the_same_name_with_another_key_is_refused() -> None:
    assert refusal(signer(SigningKey.generate(kid="bus-1")).sign(PAYLOAD)) is Reason.SIGNATURE


@settings(max_examples=500, deadline=None)
@given(position=st.integers(0, len(MESSAGE) - 1), replacement=st.binary(max_size=3), removed=st.integers(0, 3))
def test_no_changed_byte_is_accepted(position: int, replacement: bytes, removed: int) -> None:
    original = MESSAGE.encode()
    mutant = original[:position] + replacement + original[position + removed :]
    if mutant != original:
        refusal(mutant)

"""Enrolment with a code: both sides agree, and changed, foreign or old messages raise one error."""

import secrets
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_contracts.enrolment import EnrolmentAnswer, EnrolmentOffer
from pulse_jose import enrolment
from pulse_jose.enrolment import Code, Enrolling, EnrolmentRefused, answer_offer, check_offer, read_code_id

NOW = partial(float, 1_800_000_000)
CODE = Code.generate(secrets.token_bytes)
TEXT = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def other(text: str, at: int, shift: int) -> str:
    """Returns the text with one character changed."""
    at %= len(text)
    return text[:at] + TEXT[(TEXT.index(text[at]) + shift) % len(TEXT)] + text[at + 1 :]


@given(st.binary(max_size=5_000))
def test_both_sides_agree_on_the_payload_and_on_the_key(payload: bytes) -> None:
    enrolling = Enrolling(CODE, secrets.token_bytes)
    assert read_code_id(enrolling.offer) == CODE.id
    check_offer(enrolling.offer, CODE.key)
    answer, seal_key = answer_offer(enrolling.offer, CODE.key, payload, secrets.token_bytes, NOW)
    assert enrolling.open(answer, NOW) == (payload, seal_key)
    assert len(seal_key) == 32


@given(st.sampled_from(["code_id", "public_key", "nonce", "mac"]), st.integers(0), st.integers(1, 63))
def test_a_changed_offer_is_refused(name: str, at: int, shift: int) -> None:
    offer = Enrolling(CODE, secrets.token_bytes).offer
    fields = offer.model_dump()
    changed = EnrolmentOffer(**fields | {name: other(fields[name], at, shift)})
    with pytest.raises(EnrolmentRefused):
        check_offer(changed, CODE.key)
    with pytest.raises(EnrolmentRefused):
        answer_offer(changed, CODE.key, b"x", secrets.token_bytes, NOW)


@given(st.sampled_from(["public_key", "sealed", "mac"]), st.integers(0), st.integers(1, 63))
def test_a_changed_answer_is_refused(name: str, at: int, shift: int) -> None:
    enrolling = Enrolling(CODE, secrets.token_bytes)
    answer, _ = answer_offer(enrolling.offer, CODE.key, b"payload", secrets.token_bytes, NOW)
    fields = answer.model_dump()
    at %= len(fields[name])
    at += fields[name][at] == "."
    changed = EnrolmentAnswer(**fields | {name: other(fields[name], at, shift)})
    with pytest.raises(EnrolmentRefused):
        enrolling.open(changed, NOW)


def test_an_answer_to_another_offer_is_refused() -> None:
    first, second = Enrolling(CODE, secrets.token_bytes), Enrolling(CODE, secrets.token_bytes)
    answer, _ = answer_offer(first.offer, CODE.key, b"payload", secrets.token_bytes, NOW)
    with pytest.raises(EnrolmentRefused):
        second.open(answer, NOW)


def test_an_answer_without_the_code_is_refused() -> None:
    enrolling, foreign = Enrolling(CODE, secrets.token_bytes), Code.generate(secrets.token_bytes)
    forged = Enrolling(foreign, secrets.token_bytes).offer
    mixed = forged.model_copy(update={"public_key": enrolling.offer.public_key})
    with pytest.raises(EnrolmentRefused):
        answer_offer(mixed, foreign.key, b"payload", secrets.token_bytes, NOW)
    with pytest.raises(EnrolmentRefused):
        check_offer(enrolling.offer, foreign.key)


@pytest.mark.parametrize("point", [0, 1, 325606250916557431795983626356110631294008115727848805560023387167927233504])
def test_a_point_of_small_order_is_refused(point: int) -> None:
    """Even when the sender has the code."""
    public = point.to_bytes(32, "little")
    honest = Enrolling(CODE, secrets.token_bytes).offer
    mac = enrolment._mac(CODE.key, b"offer", CODE.id, public, enrolment._raw(honest.nonce))
    offer = honest.model_copy(update={"public_key": enrolment._text(public), "mac": enrolment._text(mac)})
    check_offer(offer, CODE.key)
    with pytest.raises(EnrolmentRefused):
        answer_offer(offer, CODE.key, b"payload", secrets.token_bytes, NOW)


@given(st.binary(min_size=16, max_size=16))
def test_a_code_is_read_in_every_spelling(raw: bytes) -> None:
    code = Code.generate(lambda _: raw)
    typed = code.text.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert Code.read(f" {typed}\n") == code
    assert code.id != code.key
    assert "-".join(code.text.split("-")) not in repr(code)


@pytest.mark.parametrize("typed", ["", "ABC", "U" * 26, "0" * 27, "0" * 25, "é" * 26])
def test_an_invalid_code_is_rejected(typed: str) -> None:
    with pytest.raises(ValueError, match="a code must have"):
        Code.read(typed)


def test_codes_ids_and_keys_differ() -> None:
    codes = {Code.generate(secrets.token_bytes) for _ in range(1_000)}
    assert len({code.id for code in codes} | {code.key for code in codes}) == 2_000

"""Passwords as text: normalisation and generated passwords."""

import re
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_passwords import (
    PasswordEmpty,
    PasswordNotText,
    PasswordRefused,
    PasswordTooLong,
    generate_password,
    normalise,
)


def test_composed_and_decomposed_text_is_one_password() -> None:
    assert normalise("Gr\u00fc\u00dfe") == normalise("Gru\u0308\u00dfe")


@pytest.mark.parametrize("password", [" space around ", "UPPER", "lower", "nul\0inside", "\ufb01", "\U0001f600" * 12])
def test_nothing_else_is_changed(password: str) -> None:
    assert normalise(password).decode() == password


def test_an_empty_password_is_refused() -> None:
    with pytest.raises(PasswordEmpty):
        normalise("")


@pytest.mark.parametrize(
    "password", ["a" * 256, "\u20ac" * 85 + "a", "\U0001f600" * 64, "e\u0301" * 128, "u\u0308\u0304" * 128]
)
def test_256_bytes_of_utf8_are_accepted(password: str) -> None:
    assert len(normalise(password)) == 256


@pytest.mark.parametrize("password", ["a" * 257, "\u20ac" * 86, "\U0001f600" * 65, "a" * 10_000_000])
def test_a_longer_password_is_rejected_and_not_truncated(password: str) -> None:
    with pytest.raises(PasswordTooLong):
        normalise(password)


def test_half_a_surrogate_pair_is_rejected_without_showing_the_password() -> None:
    with pytest.raises(PasswordNotText) as refused:
        normalise("secret\ud800")
    assert "secret" not in str(refused.value)
    assert refused.value.__suppress_context__


@given(st.text(alphabet=st.characters(exclude_categories=[]), max_size=400))
def test_normalisation_is_idempotent(password: str) -> None:
    try:
        normalised = normalise(password)
    except PasswordRefused:
        return
    assert normalise(normalised.decode()) == normalised
    assert 0 < len(normalised) <= 256


def test_a_generated_password_is_readable_and_has_100_bits() -> None:
    password = generate_password(secrets.token_bytes)
    assert re.fullmatch(r"[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){4}", password)
    assert password != generate_password(secrets.token_bytes)


def test_every_letter_of_a_generated_password_uses_its_own_five_bits() -> None:
    assert generate_password(lambda n: bytes(range(n))) == "0123-4567-89ab-cdef-ghjk"
    assert generate_password(lambda n: bytes(range(236, 236 + n))) == "cdef-ghjk-mnpq-rstv-wxyz"


def test_an_entropy_source_with_too_few_bytes_is_rejected() -> None:
    with pytest.raises(ValueError, match="returned 3 bytes"):
        generate_password(lambda _: b"abc")

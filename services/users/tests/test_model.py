"""The pure rules: e-mails, names, cursors, and the settings' key."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pulse_contracts.errors import DomainError
from pulse_jose import KeySet, SealingKey, TokenError, unseal
from pulse_users.model import (
    Account,
    EmailMalformed,
    NameUnfit,
    NewAccount,
    PasswordUnfit,
    Position,
    changed,
    check_email,
    check_length,
    read_cursor,
    write_cursor,
)
from pulse_users.settings import UsersSettings

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("email", ["a@b", "ada.lovelace+x@sub.example.org", "A'B@ex-ample.org", "a" * 64 + "@b.c"])
def test_an_email_as_browsers_take_it_is_fit(email: str) -> None:
    check_email(email)


@pytest.mark.parametrize(
    "email",
    [
        "",
        "a",
        "@b",
        "a@",
        "a@b@c",
        "a b@c",
        "a@b.",
        "a@-b",
        "ä@b.c",
        "a\n@b.c",
        "a@b.c\n",
        "a\x00@b",
        "a" * 10_000 + "@b",
    ],
)
def test_a_malformed_email_is_refused(email: str) -> None:
    with pytest.raises(EmailMalformed):
        check_email(email)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a" * 201, "\x00"])
def test_an_unfit_name_is_refused(name: str) -> None:
    with pytest.raises(NameUnfit):
        NewAccount("a@b.c", name, "user", "digest")


def test_a_short_password_is_refused() -> None:
    check_length("a" * 12, 12)
    with pytest.raises(PasswordUnfit):
        check_length("a" * 11, 12)


@given(st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)), st.uuids())  # noqa: DTZ001  # made aware below
def test_a_cursor_reads_back(created: datetime, id_: UUID) -> None:
    position = Position(created.replace(tzinfo=UTC), id_)
    assert read_cursor(write_cursor(position)) == position


@given(st.text(max_size=60) | st.text("ABCabc019-_:", max_size=60))
def test_a_foreign_cursor_is_refused_and_nothing_else_happens(cursor: str) -> None:
    with pytest.raises(DomainError):
        read_cursor(cursor)


def test_a_seal_opens_for_its_own_account_and_version_only() -> None:
    key = SealingKey("accounts", bytes(32))
    account = Account(UUID(int=1), "a@b.c", "A", "user", True, "digest", NOW, NOW + timedelta(microseconds=5), 7)
    event = changed(account, key, lambda: 1.0)
    payload = unseal(event.sealed, KeySet([key]), lambda: 1.0, {"account": str(account.id), "version": 7})
    assert b'"digest":"digest"' in payload
    assert "digest" not in event.sealed
    with pytest.raises(TokenError):
        unseal(event.sealed, KeySet([key]), lambda: 1.0, {"account": str(account.id), "version": 8})


@pytest.mark.parametrize("key", ["", "short", "!" * 43, "A" * 44])
def test_a_bad_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        UsersSettings(
            database_url="x",
            mqtt_url="x",
            mqtt_password="x",
            accounts_key=key,
            audit_key="A" * 43,
        )
    assert "must be 32 bytes in base64url" in str(caught.value)
    assert not key or key not in str(caught.value)

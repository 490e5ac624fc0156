"""Rules without I/O: e-mails, names, cursors, and the key in the settings."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pulse_contracts.accounts import AccountRecord, MirroredAccount
from pulse_contracts.errors import DomainError
from pulse_jose import KeySet, SealingKey, TokenError, unseal
from pulse_users.model.accounts import (
    Account,
    EventKeys,
    InvalidName,
    NewAccount,
    Precondition,
    PreconditionRequired,
    changed,
    read_if_match,
)
from pulse_users.model.emails import InvalidEmail, check_email
from pulse_users.model.listing import InvalidCursor, Listing, Position, read_cursor, write_cursor
from pulse_users.settings import UsersSettings

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("email", ["a@b", "ada.lovelace+x@sub.example.org", "A'B@ex-ample.org", "a" * 64 + "@b.c"])
def test_an_email_that_browsers_accept_is_valid(email: str) -> None:
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
        "a..b@c.org",
        ".a@c.org",
        "a.@c.org",
    ],
)
def test_a_malformed_email_is_rejected(email: str) -> None:
    with pytest.raises(InvalidEmail):
        check_email(email)


@pytest.mark.parametrize(
    ("email", "explanation"),
    [
        ("anna@m\u00fcller.de", "Write the domain of the e-mail address in its ASCII form: anna@xn--mller-kva.de"),
        ("a@stra\u00dfe.de", "Write the domain of the e-mail address in its ASCII form: a@xn--strae-oqa.de"),
        ("a@\u4f8b\u3048.jp", "Write the domain of the e-mail address in its ASCII form: a@xn--r8jz45g.jp"),
        ("\u00e4nne@example.org", "letters a to z, digits"),
        ("a..b@example.org", "two dots in a row"),
        ("a@exa mple.org", "The domain after the @ is not valid"),
        ("a@\u00fc..de", "The domain after the @ is not valid"),
        ("ada", "Write a complete e-mail address"),
        ("a" * 65 + "@b.c", "at most 64 before the @"),
    ],
)
def test_a_rejected_email_is_explained_with_what_to_write_instead(email: str, explanation: str) -> None:
    with pytest.raises(InvalidEmail) as raised:
        check_email(email)
    assert explanation in raised.value.detail


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a" * 201, "\x00"])
def test_an_invalid_name_is_rejected(name: str) -> None:
    with pytest.raises(InvalidName):
        NewAccount("a@b.c", name, "user")


LISTINGS = st.builds(
    Listing,
    st.none() | st.text(max_size=20),
    st.sampled_from([None, "admin", "user"]),
    st.sampled_from([None, "active", "inactive", "invited"]),
    st.sampled_from(["name", "-name", "email", "-email", "created", "-created", "updated", "-updated"]),
)
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=200)


@st.composite
def positions(draw: st.DrawFn) -> tuple[Listing, Position]:
    listing = draw(LISTINGS)
    keys: st.SearchStrategy[str | int] = TEXTS
    if listing.column in {"created", "updated"}:
        keys = st.integers(0, 2**53)
    return listing, Position(draw(keys), draw(st.uuids()))


@given(positions())
def test_a_cursor_reads_back(cursor_at: tuple[Listing, Position]) -> None:
    listing, position = cursor_at
    assert read_cursor(write_cursor(position, listing), listing) == position


@given(positions(), LISTINGS)
def test_a_cursor_of_another_list_is_rejected(cursor_at: tuple[Listing, Position], other: Listing) -> None:
    listing, position = cursor_at
    seen = [(one.folded_search, one.role, one.state, one.sort) for one in (listing, other)]
    if seen[0] != seen[1]:
        with pytest.raises(InvalidCursor):
            read_cursor(write_cursor(position, listing), other)


@given(LISTINGS, st.text(max_size=60) | st.text("ABCabc019-_:", max_size=60))
def test_text_that_is_not_a_cursor_is_rejected(listing: Listing, cursor: str) -> None:
    with pytest.raises(DomainError):
        read_cursor(cursor, listing)


@pytest.mark.parametrize(
    ("header", "versions"),
    [
        ("*", None),
        ('"7"', {7}),
        (' "7" , "8"', {7, 8}),
        ('W/"7"', set()),
        ("7", set()),
        ('"07"', set()),
        ('"x"', set()),
        ('"1' + "0" * 400 + '"', set()),
    ],
)
def test_if_match_names_versions(header: str, versions: set[int] | None) -> None:
    assert read_if_match(header) == Precondition(None if versions is None else frozenset(versions))


@pytest.mark.parametrize("header", [None, "", "  "])
def test_a_change_without_if_match_is_rejected(header: str | None) -> None:
    with pytest.raises(PreconditionRequired):
        read_if_match(header)


@given(st.text(max_size=100))
def test_any_if_match_is_read_or_rejected(header: str) -> None:
    with suppress(PreconditionRequired):
        read_if_match(header)


def test_a_seal_only_opens_for_its_account_and_version() -> None:
    key, mirror = SealingKey("accounts", bytes(32)), SealingKey("mirror-accounts", bytes(range(32)))
    account = Account(UUID(int=1), "a@b.c", "A", "user", True, "digest", NOW, NOW + timedelta(microseconds=5), 7)
    event = changed(account, EventKeys(key, mirror), lambda: 1.0)
    payload = unseal(event.sealed, KeySet([key]), lambda: 1.0, {"account": str(account.id), "version": 7})
    assert b'"digest":"digest"' in payload
    assert "digest" not in event.sealed
    with pytest.raises(TokenError):
        unseal(event.sealed, KeySet([key]), lambda: 1.0, {"account": str(account.id), "version": 8})
    with pytest.raises(TokenError):
        unseal(event.mirrored or "", KeySet([mirror]), lambda: 1.0, {"account": str(account.id), "version": 8})


def test_sync_publisher_gets_the_verifier_and_never_the_digest() -> None:
    keys = EventKeys(SealingKey("accounts", bytes(32)), SealingKey("mirror-accounts", bytes(range(32))))
    context: dict[str, str | int] = {"account": str(UUID(int=1)), "version": 7}
    account = Account(
        UUID(int=1), "a@b.c", "A", "user", True, "digest", NOW, NOW, 7, verifier="$argon2id$v=19$m=1,t=1,p=1$a$b"
    )
    for one, expected in ((account, account.verifier), (replace(account, verifier=None), None)):
        event = changed(one, keys, lambda: 1.0)
        payload = unseal(event.mirrored or "", KeySet([keys.mirrored]), lambda: 1.0, context)
        mirrored = MirroredAccount.model_validate_json(payload)
        assert (mirrored.verifier, mirrored.email, mirrored.role, mirrored.active) == (expected, "a@b.c", "user", True)
        assert b"digest" not in payload
        with pytest.raises(TokenError):
            unseal(event.sealed, KeySet([keys.mirrored]), lambda: 1.0, context)
        record = AccountRecord.model_validate_json(unseal(event.sealed, KeySet([keys.accounts]), lambda: 1.0, context))
        assert record.has_verifier == (expected is not None)


def test_a_deleted_account_is_a_mirrored_tombstone() -> None:
    keys = EventKeys(SealingKey("accounts", bytes(32)), SealingKey("mirror-accounts", bytes(range(32))))
    gone = Account(UUID(int=1), "", "", "admin", False, None, NOW, NOW, 9, NOW)
    context: dict[str, str | int] = {"account": str(gone.id), "version": 9}
    payload = unseal(changed(gone, keys, lambda: 1.0).mirrored or "", KeySet([keys.mirrored]), lambda: 1.0, context)
    mirrored = MirroredAccount.model_validate_json(payload)
    assert (mirrored.deleted, mirrored.active, mirrored.verifier, mirrored.email) == (True, False, None, "")


@pytest.mark.parametrize("key", ["", "short", "!" * 43, "A" * 44])
def test_an_invalid_key_is_rejected_without_being_shown(key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        UsersSettings(
            database_url="x",
            mqtt_url="x",
            mqtt_password="x",
            accounts_key=key,
            mirror_accounts_key="A" * 43,
            audit_key="A" * 43,
        )
    assert "must be 32 bytes in base64url" in str(caught.value)
    assert not key or key not in str(caught.value)

"""Accounts: what they are, which e-mails, names and passwords are fit, and how a change reads on the bus."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pulse_contracts.accounts import AccountChanged, AccountRecord
from pulse_contracts.errors import DomainError
from pulse_contracts.permissions import Role
from pulse_jose import Clock, SealingKey, seal

MAX_EMAIL = 254
MAX_NAME = 200
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})*")
"""What browsers take as an e-mail (HTML Living Standard, `type=email`): ASCII, so that lower case is unambiguous."""
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_CURSOR_MICROS = 2**53


class EmailMalformed(DomainError):
    """The text is no e-mail address of at most 254 characters."""

    code = "email_malformed"


class EmailTaken(DomainError):
    """Another account has this e-mail, in whatever case."""

    code, status = "email_taken", 409


class NameUnfit(DomainError):
    """A name has 1 to 200 printable characters."""

    code = "name_unfit"


class PasswordUnfit(DomainError):
    """The password is too short, too long or not text."""

    code = "password_unfit"


class UnknownAccount(DomainError):
    """There is no such account."""

    code, status = "not_found", 404


class LastAdministrator(DomainError):
    """Without this account nobody could administer the system."""

    code, status = "last_administrator", 409


@dataclass(frozen=True)
class Account:
    """One account as of `version`."""

    id: UUID
    email: str
    name: str
    role: Role
    active: bool
    digest: str | None = field(repr=False)
    created: datetime
    updated: datetime
    version: int


@dataclass(frozen=True)
class NewAccount:
    """An account to be made. Raises EmailMalformed, NameUnfit. `digest` is an argon2id string."""

    email: str
    name: str
    role: Role
    digest: str = field(repr=False)

    def __post_init__(self) -> None:
        check_email(self.email)
        if not self.name.strip() or len(self.name) > MAX_NAME or _UNPRINTABLE.search(self.name):
            raise NameUnfit(f"a name has 1 to {MAX_NAME} printable characters")


@dataclass(frozen=True)
class Position:
    """Where a page of accounts ended: the next one starts after it."""

    created: datetime
    id: UUID


def check_email(email: str) -> None:
    """Raises EmailMalformed."""
    if len(email) > MAX_EMAIL or _EMAIL.fullmatch(email) is None:
        raise EmailMalformed(f"{email[:80]!r} is not an e-mail address of at most {MAX_EMAIL} characters")


def check_length(password: str, minimum: int) -> None:
    """Raises PasswordUnfit when the password has fewer than `minimum` characters."""
    if len(password) < minimum:
        raise PasswordUnfit(f"the password has {len(password)} characters, it needs at least {minimum}")


def email_key(email: str) -> str:
    """By which e-mails are unique."""
    return email.lower()


def write_cursor(position: Position) -> str:
    """An opaque text for `read_cursor`."""
    text = f"{(position.created - _EPOCH) // timedelta(microseconds=1)}:{position.id.hex}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> Position:
    """Raises DomainError (invalid_request) for anything that `write_cursor` did not make."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
        micros, _, name = raw.partition(":")
        found = Position(_EPOCH + timedelta(microseconds=int(micros)), UUID(hex=name))
    except (binascii.Error, ValueError, OverflowError) as error:
        raise DomainError("this cursor was not made here") from error
    if not 0 <= int(micros) <= _MAX_CURSOR_MICROS:
        raise DomainError("this cursor was not made here")
    return found


def changed(account: Account, key: SealingKey, clock: Clock) -> AccountChanged:
    """The event of an account, sealed and bound to account and version: no other event can carry its seal."""
    name = str(account.id)
    record = AccountRecord(
        account=name,
        version=account.version,
        email=account.email,
        name=account.name,
        role=account.role,
        active=account.active,
        digest=account.digest,
        changed=(account.updated - _EPOCH) // timedelta(microseconds=1),
    )
    context: dict[str, str | int] = {"account": name, "version": account.version}
    sealed = seal(record.model_dump_json().encode(), key, clock, context)
    return AccountChanged(account=name, version=account.version, sealed=sealed)

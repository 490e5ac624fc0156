"""Which accounts a list shows, in which order, and the cursor at which its next page begins."""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from pulse_contracts.errors import DomainError
from pulse_contracts.permissions import Role
from pulse_contracts.times import from_micros, to_micros
from pulse_users.model.accounts import Account, State, email_key, name_key

Sort = Literal["name", "-name", "email", "-email", "created", "-created", "updated", "-updated"]
Column = Literal["name", "email", "created", "updated"]
MAX_CURSOR = 4_096
_MAX_MICROS = 2**53
_DIGEST = 8


class CursorMalformed(DomainError):
    """The cursor was not made here."""

    code = "cursor_malformed"


class CursorOfAnotherQuery(DomainError):
    """The cursor belongs to a list with another search, filter or order: begin again without one."""

    code = "cursor_of_another_query"


@dataclass(frozen=True)
class Listing:
    """All accounts that fit every field that is given; `search` is part of name or e-mail, in whatever case."""

    search: str | None = None
    role: Role | None = None
    state: State | None = None
    sort: Sort = "created"

    @property
    def column(self) -> Column:
        """What it is sorted by, and by id within."""
        for column in get_args(Column):
            if self.sort.removeprefix("-") == column:
                return column  # type: ignore[no-any-return]  # one of the literal's own words
        raise ValueError(f"no list is sorted by {self.sort}")

    @property
    def is_descending(self) -> bool:
        """Whether the last comes first."""
        return self.sort.startswith("-")

    @property
    def needle(self) -> str | None:
        """What is looked for in folded names and e-mails."""
        return name_key(self.search) if self.search else None

    def _digest(self) -> bytes:
        parts = [self.needle, self.role, self.state, self.sort]
        return hashlib.sha256(json.dumps(parts).encode()).digest()[:_DIGEST]


@dataclass(frozen=True)
class Position:
    """Where a page ended: its last account's place in the order. `key` is a folded text, or microseconds since 1970."""

    key: str | int
    id: UUID


def position_of(account: Account, listing: Listing) -> Position:
    """The place of an account in the list's order."""
    keys: dict[Column, str | int] = {
        "name": name_key(account.name),
        "email": email_key(account.email),
        "created": to_micros(account.created),
        "updated": to_micros(account.updated),
    }
    return Position(keys[listing.column], account.id)


def write_cursor(position: Position, listing: Listing) -> str:
    """An opaque text for `read_cursor` with the same list."""
    raw = listing._digest() + position.id.bytes + str(position.key).encode()  # noqa: SLF001  # the same module's
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(cursor: str, listing: Listing) -> Position:
    """Raises CursorMalformed for anything that `write_cursor` did not make, CursorOfAnotherQuery for what it made of
    another list."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        text = raw[_DIGEST + 16 :].decode()
    except (binascii.Error, ValueError) as error:
        raise CursorMalformed("this cursor was not made here") from error
    if len(raw) < _DIGEST + 16 or "\x00" in text:
        raise CursorMalformed("this cursor was not made here")
    if raw[:_DIGEST] != listing._digest():  # noqa: SLF001  # the same module's
        raise CursorOfAnotherQuery("this cursor belongs to another search, filter or order: begin again without it")
    id_ = UUID(bytes=raw[_DIGEST : _DIGEST + 16])
    if listing.column in {"name", "email"}:
        return Position(text, id_)
    if not (text.isascii() and text.isdecimal() and len(text) <= 16 and int(text) <= _MAX_MICROS):
        raise CursorMalformed("this cursor was not made here")
    from_micros(int(text))
    return Position(int(text), id_)

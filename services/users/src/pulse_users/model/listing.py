"""Lists of accounts: filters, order, and the cursor of the next page."""

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
_INVALID = "The cursor is invalid. Start again without a cursor."


class InvalidCursor(DomainError):
    """The cursor is invalid or belongs to another query. Start again without a cursor."""

    code = "foreign_cursor"


@dataclass(frozen=True)
class Listing:
    """Filters, which must all match, and the order. `search`: part of the name or e-mail, in any case."""

    search: str | None = None
    role: Role | None = None
    state: State | None = None
    sort: Sort = "created"

    @property
    def column(self) -> Column:
        """The column to sort by; accounts with equal values are sorted by id."""
        for column in get_args(Column):
            if self.sort.removeprefix("-") == column:
                return column  # type: ignore[no-any-return]  # a member of the literal
        raise ValueError(f"unknown order: {self.sort}")

    @property
    def is_descending(self) -> bool:
        """Whether the order is reversed."""
        return self.sort.startswith("-")

    @property
    def folded_search(self) -> str | None:
        """The case-folded search text."""
        return name_key(self.search) if self.search else None

    def _digest(self) -> bytes:
        parts = [self.folded_search, self.role, self.state, self.sort]
        return hashlib.sha256(json.dumps(parts).encode()).digest()[:_DIGEST]


@dataclass(frozen=True)
class Position:
    """The end of a page: the sort key and the id of its last account. `key`: case-folded text, or microseconds since
    1970."""

    key: str | int
    id: UUID


def position_of(account: Account, listing: Listing) -> Position:
    """The position of an account in the list."""
    keys: dict[Column, str | int] = {
        "name": name_key(account.name),
        "email": email_key(account.email),
        "created": to_micros(account.created),
        "updated": to_micros(account.updated),
    }
    return Position(keys[listing.column], account.id)


def write_cursor(position: Position, listing: Listing) -> str:
    """An opaque text that `read_cursor` accepts for the same list."""
    raw = listing._digest() + position.id.bytes + str(position.key).encode()  # noqa: SLF001  # same module
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(cursor: str, listing: Listing) -> Position:
    """Raises InvalidCursor for a malformed cursor, and for a cursor of another list."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        text = raw[_DIGEST + 16 :].decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidCursor(_INVALID) from error
    if len(raw) < _DIGEST + 16 or "\x00" in text:
        raise InvalidCursor(_INVALID)
    if raw[:_DIGEST] != listing._digest():  # noqa: SLF001  # same module
        raise InvalidCursor("The cursor belongs to another search, filter or order. Start again without a cursor.")
    id_ = UUID(bytes=raw[_DIGEST : _DIGEST + 16])
    if listing.column in {"name", "email"}:
        return Position(text, id_)
    if not (text.isascii() and text.isdecimal() and len(text) <= 16 and int(text) <= _MAX_MICROS):
        raise InvalidCursor(_INVALID)
    from_micros(int(text))
    return Position(int(text), id_)

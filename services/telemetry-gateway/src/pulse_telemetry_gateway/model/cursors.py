"""Cursors: where a page ended, bound to the question it belongs to."""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass
from typing import Final

from pulse_contracts.errors import DomainError

_FORM: Final = struct.Struct(">8sqqq")


class ForeignCursor(DomainError):
    """The cursor is not one of this question's."""

    code, status = "foreign_cursor", 422


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Readings of a series are paged in this order, which never changes."""

    t: int
    epoch: int
    seq: int


def write(question: str, key: Key) -> str:
    """A cursor: the next page begins after `key`."""
    return base64.urlsafe_b64encode(_FORM.pack(_digest(question), key.t, key.epoch, key.seq)).decode().rstrip("=")


def read(question: str, cursor: str) -> Key:
    """Raises ForeignCursor for what was not written for the same question."""
    try:
        digest, *key = _FORM.unpack(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, struct.error, ValueError) as error:
        raise ForeignCursor("the cursor is not one that this API gave") from error
    if digest != _digest(question):
        raise ForeignCursor("the cursor belongs to another question: series, from and to must be as in the first page")
    return Key(*key)


def _digest(question: str) -> bytes:
    return hashlib.sha256(question.encode()).digest()[:8]

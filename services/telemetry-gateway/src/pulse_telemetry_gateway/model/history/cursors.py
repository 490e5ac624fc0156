"""Cursors: where a page ended, bound to the query that they belong to."""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass
from typing import Final

from pulse_telemetry_gateway.model.errors import ForeignCursor

_FORM: Final = struct.Struct(">8sqqq")


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """The order in which readings of a series are paged. It never changes."""

    t: int
    epoch: int
    seq: int


def write(question: str, key: Key) -> str:
    """A cursor after which the next page starts."""
    return base64.urlsafe_b64encode(_FORM.pack(_digest(question), key.t, key.epoch, key.seq)).decode().rstrip("=")


def read(question: str, cursor: str) -> Key:
    """Raises ForeignCursor when the cursor was not written for this query."""
    try:
        digest, *key = _FORM.unpack(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, struct.error, ValueError) as error:
        raise ForeignCursor("the cursor is invalid: start again without one") from error
    if digest != _digest(question):
        raise ForeignCursor("the cursor belongs to another query: keep series, from and to of the first page")
    return Key(*key)


def _digest(question: str) -> bytes:
    return hashlib.sha256(question.encode()).digest()[:8]

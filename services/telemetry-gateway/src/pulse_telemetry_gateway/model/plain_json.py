"""The JSON of plain devices, read strictly: a duplicate name or a literal NaN is noticed, not resolved in silence."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

PAYLOAD_MAX: Final = 256 * 1024
"""Bytes of one message: reading more would hold up other devices."""


@dataclass(frozen=True, slots=True)
class Document:
    """One message. `content` is what JSON gave; `duplicates` are the names that one object had twice."""

    content: object
    duplicates: tuple[str, ...] = ()


def storable(text: str) -> str:
    """The text without what PostgreSQL cannot store: NUL, and halves of surrogate pairs, which JSON can write."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def read_documents(payloads: Sequence[bytes]) -> list[Document | Exception]:
    """One answer for each payload, in their order: the document, or a ValueError or RecursionError that says why it
    cannot be read."""
    return [_read(payload) for payload in payloads]


def _read(payload: bytes) -> Document | Exception:
    twice: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            key = storable(name)
            if key in found:
                twice.append(key)
            found[key] = value
        return found

    if len(payload) > PAYLOAD_MAX:
        return ValueError(f"{len(payload)} bytes, and {PAYLOAD_MAX} are the most: send several messages")
    try:
        content = json.loads(payload.decode(), object_pairs_hook=members)
    except UnicodeDecodeError as error:
        return ValueError(f"not UTF-8 at byte {error.start}")
    except (ValueError, RecursionError) as error:
        return error
    return Document(content, tuple(twice))

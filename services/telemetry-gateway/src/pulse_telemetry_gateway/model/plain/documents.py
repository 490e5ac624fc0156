"""Strict JSON of plain devices: duplicate names and NaN literals are reported."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

PAYLOAD_MAX: Final = 256 * 1024
"""Most bytes of one message. Parsing more would delay other devices."""


@dataclass(frozen=True, slots=True)
class Document:
    """One message: its content, and the names that occurred duplicates in one object."""

    content: object
    duplicates: tuple[str, ...] = ()


def storable(text: str) -> str:
    """Replaces what PostgreSQL cannot store: NUL, and halves of surrogate pairs, which JSON can express."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def read_documents(payloads: Sequence[bytes]) -> list[Document | Exception]:
    """One result for each payload, in order: the document, or a ValueError or RecursionError that says why it is
    invalid."""
    return [_read(payload) for payload in payloads]


def _read(payload: bytes) -> Document | Exception:
    duplicates: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            key = storable(name)
            if key in found:
                duplicates.append(key)
            found[key] = value
        return found

    if len(payload) > PAYLOAD_MAX:
        return ValueError(f"{len(payload)} bytes exceed the limit of {PAYLOAD_MAX}: send several messages")
    try:
        content = json.loads(payload.decode(), object_pairs_hook=members)
    except UnicodeDecodeError as error:
        return ValueError(f"not UTF-8 at byte {error.start}")
    except (ValueError, RecursionError) as error:
        return error
    return Document(content, tuple(duplicates))

"""The JSON of plain devices, read strictly: a duplicate name or a literal NaN is noticed, not resolved in silence."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Document:
    """One message. `content` is what JSON gave; `duplicates` are the names that one object had twice."""

    content: object
    duplicates: tuple[str, ...] = ()


def read_documents(payloads: Sequence[bytes]) -> list[Document | Exception]:
    """One answer for each payload, in their order: the document, or a ValueError or RecursionError that says why it
    cannot be read."""
    return [_read(payload) for payload in payloads]


def _read(payload: bytes) -> Document | Exception:
    twice: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            seen: set[str] = set()
            twice.extend(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        return found

    try:
        content = json.loads(payload.decode(), object_pairs_hook=members)
    except UnicodeDecodeError as error:
        return ValueError(f"not UTF-8 at byte {error.start}")
    except (ValueError, RecursionError) as error:
        return error
    return Document(content, tuple(twice))

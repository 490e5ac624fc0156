"""Decides which records apply (protocol B3). Pure functions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar


class Versioned(Protocol):
    """The part of a record that decides."""

    @property
    def account(self) -> str: ...
    @property
    def ver(self) -> int: ...
    @property
    def src(self) -> int: ...
    @property
    def state(self) -> Literal["live", "revoked"]: ...


V = TypeVar("V", bound=Versioned)


@dataclass(frozen=True)
class Held:
    """A record that the collector holds, without its content. `hash`: `record_hash`."""

    account: str
    ver: int
    src: int
    state: Literal["live", "revoked"]
    hash: str = ""


def applies(record: Versioned, held: Versioned | None, floor: int) -> bool:
    """Whether a record of a delta replaces what is held. It must be newer than the held record, or, for an unknown
    account, newer than the last snapshot: the snapshot would have had an older one. A live record never replaces a
    tombstone of a newer version of the account."""
    if held is None:
        return record.ver > floor
    return record.ver > held.ver and not _revives(record, held)


def survives(held: Versioned, record: Versioned | None, asof: int) -> bool:
    """Whether a held record stays when a snapshot replaces the set. `record`: the account's record in the snapshot. A
    record that is newer than the snapshot stays, and so does a tombstone that an older version would replace."""
    if held.ver > asof:
        return record is None or held.ver >= record.ver or _revives(record, held)
    return record is not None and _revives(record, held)


def _revives(record: Versioned, held: Versioned) -> bool:
    return record.state == "live" and held.state == "revoked" and held.src > record.src


def merge_delta(records: Iterable[V], held: Mapping[str, Versioned], floor: int) -> dict[str, V]:
    """The records of a delta that apply, by account. A delta that was joined from several may have several records of
    one account: each applies to the result of those before it."""
    taken: dict[str, V] = {}
    for record in records:
        if applies(record, taken.get(record.account) or held.get(record.account), floor):
            taken[record.account] = record
    return taken


def ignored_revivals(records: Iterable[V], held: Mapping[str, Versioned]) -> list[V]:
    """The live records that do not replace a tombstone, although their `ver` is newer: the account was deleted in a
    newer version of it."""
    return [
        record
        for record in records
        if (one := held.get(record.account)) is not None and record.ver > one.ver and _revives(record, one)
    ]


def merge_snapshot(
    records: Mapping[str, Versioned], held: Mapping[str, Versioned], asof: int
) -> tuple[set[str], set[str]]:
    """The accounts whose records of the snapshot are taken, and the accounts whose held records stay."""
    stay = {account for account, one in held.items() if survives(one, records.get(account), asof)}
    return set(records) - stay, stay

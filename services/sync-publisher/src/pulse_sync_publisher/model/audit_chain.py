"""Checks the local audit trail of a collector, whose entries arrive more than once and in pieces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pulse_contracts.mirror import LocalAuditEntry, audit_hash

START = "0" * 64
"""The hash before the first entry."""


@dataclass(frozen=True)
class Head:
    """Number and hash of the newest stored entry."""

    n: int = 0
    hash: str = START


@dataclass(frozen=True)
class Checked:
    """new: entries to store. head: the newest entry afterwards. fault: why the chain is broken; None if it is intact.
    The entries of a broken chain are stored, too: they are evidence."""

    new: tuple[LocalAuditEntry, ...]
    head: Head
    fault: str | None = None


def check_chain(head: Head, entries: Sequence[LocalAuditEntry], stored: Mapping[str, int]) -> Checked:
    """Checks entries that arrived together. `stored`: numbers of those of their hashes that are stored already."""
    new = [entry for entry in entries if entry.hash not in stored]
    if not new:
        return Checked((), head)
    fault = _fault_within(entries)
    first = new[0]
    if fault is None and first.n == entries[0].n:  # its predecessor is not in the message
        if first.n > head.n + 1:
            fault = f"entries {head.n + 1} to {first.n - 1} are missing"
        elif first.n <= head.n:
            fault = f"the trail begins again at entry {first.n}, after {head.n}"
        elif first.hash != audit_hash(head.hash, first):
            fault = f"entry {first.n} does not follow the stored entry {head.n}"
    return Checked(tuple(new), Head(new[-1].n, new[-1].hash), fault)


def _fault_within(entries: Sequence[LocalAuditEntry]) -> str | None:
    for previous, entry in pairwise(entries):
        if entry.n != previous.n + 1:
            return f"entry {entry.n} follows {previous.n}"
        if entry.hash != audit_hash(previous.hash, entry):
            return f"entry {entry.n} does not follow entry {previous.n}"
    return None

"""Whether the copy of the accounts is what users has announced.

Only a current copy vouches for a mirror. A database that was restored from a backup has forgotten changes: until users
has sent them again, it must not confirm an old set, send a snapshot, or allow anybody.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

from pulse_contracts.accounts import version_hash
from pulse_sync_publisher.model.records import Account

_LATE: Final = 2_000_000
"""Microseconds for which an announcement counts after a newer one: while accounts change all the time, the copy is a
few changes ahead or behind."""
_HEARD: Final = 600_000_000
"""Microseconds after which users counts as out of reach. It announces its set every 30 s, also without a change."""
_KEPT: Final = 1_000


class Announced:
    """What users has announced: the sums of its last digests. Times in microseconds."""

    def __init__(self) -> None:
        self._recent: deque[tuple[int, str]] = deque()
        self._version = 0

    def receive(self, sum_: str | None, version: int, now: int) -> bool:
        """Notes a digest. A digest without a sum confirms nothing. The broker may swap digests that follow each other
        closely, so one with a lower version that arrives soon after a newer one counts as older. Returns whether it is
        the newest."""
        while len(self._recent) > 1 and (self._recent[1][0] < now - _LATE or len(self._recent) >= _KEPT):
            self._recent.popleft()
        if self._recent and version < self._version and self._recent[-1][0] >= now - _LATE:
            self._recent.insert(len(self._recent) - 1, (self._recent[-1][0], sum_ or ""))
            return False
        self._recent.append((now, sum_ or ""))
        self._version = version
        return True

    def is_newest(self, copied: str) -> bool:
        """Whether the copy with this sum is the newest announced set."""
        return bool(self._recent) and self._recent[-1][1] == copied

    def confirms(self, copied: str, now: int) -> bool:
        """Whether the copy with this sum is the newest announced set, or was it until a moment ago. False until users
        has announced something."""
        if not self._recent:
            return False
        if self.is_newest(copied):
            return True
        ends = [at for at, _ in list(self._recent)[1:]]
        return any(sum_ == copied and end >= now - _LATE for (_, sum_), end in zip(self._recent, ends, strict=False))

    def is_heard(self, now: int) -> bool:
        """Whether users has announced something lately. If not, it may have changes that nobody here knows, so no
        mirror may be confirmed as fresh: the leases must end."""
        return bool(self._recent) and now - self._recent[-1][0] <= _HEARD


def moved_sum(copied: str, newer: Iterable[Account], known: Mapping[str, Account]) -> str:
    """`set_sum` after these accounts replaced their known versions."""
    total = int(copied, 16)
    for account in newer:
        old = known.get(account.id)
        total += version_hash(account.id, account.src) - (version_hash(old.id, old.src) if old is not None else 0)
    return f"{total % 2**256:064x}"

"""Whether the copy of the accounts is what users has announced.

Only a current copy vouches for a mirror. A database that was restored from a backup has forgotten changes: until users
has sent them again, it must not confirm an old set, send a snapshot, or allow anybody. An announcement counts only if
users has sealed it, and for a limited time: the owner of the broker can withhold events and repeat old messages.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pulse_contracts.accounts import DigestSeal, version_hash
from pulse_sync_publisher.model.records import Account

LATE: Final = 2_000_000
"""Microseconds for which an announcement counts after a newer one: while accounts change all the time, the copy is a
few changes ahead or behind."""
MAX_AGE: Final = 600_000_000
"""Microseconds after which an announcement is refused, and after which users counts as out of reach. users announces
its set every 30 s, also without a change."""
MAX_AHEAD: Final = 60_000_000
"""Microseconds by which the clock of users may be ahead."""
_KEPT: Final = 1_000

DigestRefusal = Literal["unsealed", "seal_refused", "sum_differs", "expired", "from_the_future", "superseded"]


def digest_refusal(content: DigestSeal | None, sum_: str, newest: int | None, now: int) -> DigestRefusal | None:
    """Why an announcement is not believed. `content`: of its seal; None: it has no seal. `sum_`: its open sum.
    `newest`: when users made the newest believed one. Times in microseconds."""
    if content is None:
        return "unsealed"
    if content.sum != sum_:
        return "sum_differs"
    if content.at < now - MAX_AGE:
        return "expired"
    if content.at > now + MAX_AHEAD:
        return "from_the_future"
    return "superseded" if newest is not None and content.at < newest - LATE else None


@dataclass(frozen=True)
class _Announcement:
    """made: when users made it. arrived: when it arrived."""

    sum: str
    made: int
    arrived: int


class Announced:
    """The believed announcements of users. Times in microseconds."""

    def __init__(self) -> None:
        self._recent: deque[_Announcement] = deque()

    @property
    def newest(self) -> str | None:
        """The sum of the newest announcement. None: there is none yet."""
        return self._recent[-1].sum if self._recent else None

    @property
    def made(self) -> int | None:
        """When users made the newest announcement."""
        return self._recent[-1].made if self._recent else None

    def receive(self, content: DigestSeal | None, sum_: str, now: int) -> DigestRefusal | None:
        """Believes an announcement, or returns why not. The broker may swap announcements that follow each other
        closely: the one that users made last is the newest."""
        refused = digest_refusal(content, sum_, self.made, now)
        if refused is not None:
            return refused
        at = content.at if content is not None else now
        while len(self._recent) > 1 and (self._recent[1].arrived < now - LATE or len(self._recent) >= _KEPT):
            self._recent.popleft()
        made = _Announcement(sum_, at, now)
        if self._recent and at < self._recent[-1].made:
            self._recent.insert(len(self._recent) - 1, made)
        else:
            self._recent.append(made)
        return None

    def is_newest(self, copied: str) -> bool:
        """Whether the copy with this sum is the newest announced set."""
        return self.newest == copied

    def confirms(self, copied: str, now: int) -> bool:
        """Whether the copy with this sum is the newest announced set, or was it until a moment ago. False until users
        has announced something."""
        if self.is_newest(copied):
            return True
        ends = [one.arrived for one in list(self._recent)[1:]]
        return any(one.sum == copied and end >= now - LATE for one, end in zip(self._recent, ends, strict=False))

    def is_heard(self, now: int) -> bool:
        """Whether users has announced something lately. If not, it may have changes that nobody here knows, so no
        mirror may be confirmed as fresh: the leases must end. What users made long ago does not count, however late it
        arrives."""
        return self.made is not None and now - self.made <= MAX_AGE


def moved_sum(copied: str, newer: Iterable[Account], known: Mapping[str, Account]) -> str:
    """`set_sum` after these accounts replaced their known versions."""
    total = int(copied, 16)
    for account in newer:
        old = known.get(account.id)
        total += version_hash(account.id, account.src)
        if old is not None and old.version_at_users:
            total -= version_hash(old.id, old.version_at_users)
    return f"{total % 2**256:064x}"

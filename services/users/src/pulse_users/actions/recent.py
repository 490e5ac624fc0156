"""The accounts that were just read, for a second: a page asks who is signed in again and again, and the database would
be most of what the answer costs (`make bench NAME=auth`)."""

import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from pulse_users.model.accounts import Account

KEEP = timedelta(seconds=1)
"""How long another process's change may go unseen here; one's own is seen at once."""
_MOST = 10_000


class RecentAccounts:
    """Forgets everything at each change. `clock` in seconds, never backwards."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, keep: timedelta = KEEP) -> None:
        self._clock, self._keep = clock, keep.total_seconds()
        self._held: dict[UUID, tuple[float, Account]] = {}
        self.changes = 0
        """Whoever reads remembers it from before: what was read while somebody changed something is not kept."""

    def get(self, id_: UUID) -> Account | None:
        """The account as it was less than a second ago, or None."""
        found = self._held.get(id_)
        return found[1] if found is not None and self._clock() - found[0] < self._keep else None

    def keep(self, account: Account, changes: int) -> None:
        """Holds what was read when so many changes had been made."""
        if changes != self.changes:
            return
        if len(self._held) >= _MOST:
            self._held.clear()
        self._held[account.id] = self._clock(), account

    def forget(self) -> None:
        """Something was changed here, or may have been."""
        self.changes += 1
        self._held.clear()

"""A cache of accounts for one second: pages request the profile often, and the query would be most of the cost of the
answer (`make bench NAME=auth`)."""

import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from pulse_users.model.accounts import Account

KEEP = timedelta(seconds=1)
"""How long a change of another process may stay unnoticed. Own changes are seen immediately."""
_MAX_ACCOUNTS = 10_000


class RecentAccounts:
    """Cleared by every change. `clock`: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, keep: timedelta = KEEP) -> None:
        self._clock, self._keep = clock, keep.total_seconds()
        self._held: dict[UUID, tuple[float, Account]] = {}
        self.changes = 0
        """Counts the changes. A caller remembers it before a query: what was read during a change is not kept."""

    def get(self, id_: UUID) -> Account | None:
        """The account if it was read less than a second ago, or None."""
        found = self._held.get(id_)
        return found[1] if found is not None and self._clock() - found[0] < self._keep else None

    def keep(self, account: Account, changes: int) -> None:
        """Keeps an account that was read when `changes` had this value."""
        if changes != self.changes:
            return
        if len(self._held) >= _MAX_ACCOUNTS:
            self._held.clear()
        self._held[account.id] = self._clock(), account

    def forget(self) -> None:
        """Something was changed, or may have been."""
        self.changes += 1
        self._held.clear()

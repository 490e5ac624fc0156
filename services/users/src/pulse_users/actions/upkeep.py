"""Deletes old data."""

from collections.abc import Callable
from datetime import timedelta

from pulse_contracts.times import from_micros
from pulse_postgres import BackoffStore, Database, LimitStore
from pulse_users.store.links import LinkStore

_FORGET_FAILURES = timedelta(days=1)


class Sweep:
    """Deletes expired links, old failures and unused limits."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database, self._clock = database, clock

    async def sweep(self) -> None:
        """Raises Unavailable."""
        now = from_micros(self._clock())
        for sweep, before in (  # a transaction each, so that no request meets the sweep in a deadlock
            (LinkStore().sweep, now),
            (BackoffStore().sweep, now - _FORGET_FAILURES),
            (LimitStore().sweep, now),
        ):
            async with self._database.transaction() as connection:
                await sweep(connection, before)

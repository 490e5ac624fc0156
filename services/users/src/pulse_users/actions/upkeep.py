"""Removing what nobody needs any more."""

import logging
from collections.abc import Callable
from datetime import timedelta

from pulse_contracts.times import from_micros
from pulse_postgres import BackoffStore, Database, LimitStore
from pulse_users.store.links import LinkStore

log = logging.getLogger("pulse.users")
_FORGET_FAILURES = timedelta(days=1)


class Sweep:
    """Old links, old failures, limits that bind nobody."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database, self._clock = database, clock

    async def sweep(self) -> None:
        """Raises Unavailable."""
        now = from_micros(self._clock())
        async with self._database.transaction() as connection:
            await LinkStore().sweep(connection, now)
            await BackoffStore().sweep(connection, now - _FORGET_FAILURES)
            await LimitStore().sweep(connection, now)

"""Limits how many HTTP requests use the database at the same time, so that ingest never waits for a connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from pulse_contracts.errors import Unavailable


class ConcurrencyLimit:
    """At most `at_once` requests hold a slot. Waiting and working together must end within the deadline."""

    def __init__(self, at_once: int, deadline: timedelta) -> None:
        self._slots, self._deadline = asyncio.Semaphore(at_once), deadline

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Raises Unavailable when the deadline has passed."""
        try:
            async with asyncio.timeout(self._deadline.total_seconds()), self._slots:
                yield
        except TimeoutError as error:
            raise Unavailable(
                f"the request took longer than {self._deadline} because the server is busy: try again"
            ) from error

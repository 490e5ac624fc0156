"""Sessions that ended while access tokens of theirs still run."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta

from pulse_contracts.auth import SessionRevoked

log = logging.getLogger("pulse.principal")
MAX_REVOCATIONS = 50_000


def ends(event: SessionRevoked, account: str, sid: str, issued: int) -> bool:
    """Whether a revocation ends a token of this account and session, issued at this epoch second.

    One of a whole account spares tokens that were issued after it: by the whole second, for tokens know no finer time,
    so one of the same second counts as before."""
    if event.account != account:
        return False
    return issued * 1_000_000 <= event.at if event.sid is None else event.sid == sid


class Revocations:
    """What has been revoked, each for as long as a token can live from when it was heard. `clock` in epoch seconds.

    Bounded: past `limit` the oldest is forgotten, and a warning says so."""

    def __init__(self, clock: Callable[[], float], keep: timedelta, limit: int = MAX_REVOCATIONS) -> None:
        self._clock, self._keep, self._limit = clock, keep.total_seconds(), limit
        self._heard: OrderedDict[tuple[str, str | None], tuple[float, SessionRevoked]] = OrderedDict()

    def add(self, event: SessionRevoked) -> None:
        """Remembers one; of several of a whole account the latest, in whatever order they come."""
        key, now = (event.account, event.sid), self._clock()
        before = self._heard.pop(key, None)
        if before and before[1].at > event.at:
            event = before[1]
        self._heard[key] = now, event
        while self._heard and next(iter(self._heard.values()))[0] < now - self._keep:
            self._heard.popitem(last=False)
        if len(self._heard) > self._limit:
            self._heard.popitem(last=False)
            log.warning("more than %d sessions ended within minutes: the first is forgotten", self._limit)

    def cover(self, account: str, sid: str, issued: int) -> bool:
        """Whether a token of this account and session, issued at this epoch second, has been revoked."""
        if not self._heard:
            return False
        found = (self._heard.get((account, each)) for each in (sid, None))
        return any(entry and ends(entry[1], account, sid, issued) for entry in found)

    def __len__(self) -> int:
        return len(self._heard)

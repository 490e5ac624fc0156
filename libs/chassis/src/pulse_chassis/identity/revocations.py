"""Sessions that ended while access tokens of theirs still run."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

from pulse_contracts.auth import SessionRevoked

log = logging.getLogger("pulse.principal")
MAX_REVOCATIONS = 50_000


class Held(Protocol):
    """What a revocation is compared with. `issued` in epoch seconds; `generation`: the token's `gen`."""

    @property
    def account(self) -> str: ...
    @property
    def sid(self) -> str: ...
    @property
    def issued(self) -> int: ...
    @property
    def generation(self) -> int: ...


def ends(event: SessionRevoked, token: Held) -> bool:
    """Whether a revocation ends this token.

    One of a whole account spares tokens of its generation: they were issued after it, however soon. An auth of an older
    version tells no generation; then the time decides, and a token of the same second counts as issued before."""
    if event.account != token.account:
        return False
    if event.sid is not None:
        return event.sid == token.sid
    if event.generation is not None:
        return token.generation < event.generation
    return token.issued * 1_000_000 <= event.at


class Revocations:
    """What has been revoked, each for as long as a token can live from when it was heard. `clock` in epoch seconds.

    Bounded: past `limit` the oldest is forgotten, and a warning says so."""

    def __init__(self, clock: Callable[[], float], keep: timedelta, limit: int = MAX_REVOCATIONS) -> None:
        self._clock, self._keep, self._limit = clock, keep.total_seconds(), limit
        self._heard: OrderedDict[tuple[str, str | None, bool], tuple[float, SessionRevoked]] = OrderedDict()

    def add(self, event: SessionRevoked) -> None:
        """Remembers one; of several of a whole account the latest, in whatever order they come."""
        key, now = (event.account, event.sid, event.generation is not None), self._clock()
        before = self._heard.pop(key, None)
        if before and (before[1].generation or 0, before[1].at) > (event.generation or 0, event.at):
            event = before[1]
        self._heard[key] = now, event
        while self._heard and next(iter(self._heard.values()))[0] < now - self._keep:
            self._heard.popitem(last=False)
        if len(self._heard) > self._limit:
            self._heard.popitem(last=False)
            log.warning("more than %d sessions ended within minutes: the first is forgotten", self._limit)

    def cover(self, token: Held) -> bool:
        """Whether this token has been revoked."""
        if not self._heard:
            return False
        account = token.account
        found = (
            self._heard.get(key) for key in ((account, token.sid, False), (account, None, False), (account, None, True))
        )
        return any(entry and ends(entry[1], token) for entry in found)

    def __len__(self) -> int:
        return len(self._heard)

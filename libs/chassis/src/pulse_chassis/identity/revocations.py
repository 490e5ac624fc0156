"""Revoked sessions whose access tokens have not expired yet."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Protocol

import structlog

from pulse_contracts.auth import SessionRevoked

log = structlog.get_logger("pulse.principal")
MAX_REVOCATIONS = 50_000


class RevocableToken(Protocol):
    """The properties of a token that a revocation refers to. `issued` in Unix seconds. `generation`: the token's
    `gen`."""

    @property
    def account(self) -> str: ...
    @property
    def sid(self) -> str: ...
    @property
    def issued(self) -> int: ...
    @property
    def generation(self) -> int: ...


def revokes(event: SessionRevoked, token: RevocableToken) -> bool:
    """Whether a revocation applies to a token.

    A revocation of all sessions does not apply to tokens of its own generation: they were issued after it. An older
    auth sends no generation. Then the time decides, and a token of the same second counts as issued before.
    """
    if event.account != token.account:
        return False
    if event.sid is not None:
        return event.sid == token.sid
    if event.generation is not None:
        return token.generation < event.generation
    return token.issued * 1_000_000 <= event.at


class Revocations:
    """The revocations of the last time span `keep`, which must cover the lifetime of a token. `clock` returns Unix
    seconds.

    Beyond `limit` the oldest revocation is dropped with a warning.
    """

    def __init__(self, clock: Callable[[], float], keep: timedelta, limit: int = MAX_REVOCATIONS) -> None:
        self._clock, self._keep, self._limit = clock, keep.total_seconds(), limit
        self._events: OrderedDict[tuple[str, str | None, bool], tuple[float, SessionRevoked]] = OrderedDict()

    def add(self, event: SessionRevoked) -> None:
        """Adds a revocation. Of several for all sessions of an account it keeps the latest, in any order of arrival."""
        key, now = (event.account, event.sid, event.generation is not None), self._clock()
        previous = self._events.pop(key, None)
        if previous and (previous[1].generation or 0, previous[1].at) > (event.generation or 0, event.at):
            event = previous[1]
        self._events[key] = now, event
        while self._events and next(iter(self._events.values()))[0] < now - self._keep:
            self._events.popitem(last=False)
        if len(self._events) > self._limit:
            self._events.popitem(last=False)
            log.warning("oldest_revocation_dropped", limit=self._limit)

    def cover(self, token: RevocableToken) -> bool:
        """Whether a token has been revoked."""
        if not self._events:
            return False
        account = token.account
        keys = ((account, token.sid, False), (account, None, False), (account, None, True))
        return any(entry and revokes(entry[1], token) for entry in map(self._events.get, keys))

    def __len__(self) -> int:
        return len(self._events)

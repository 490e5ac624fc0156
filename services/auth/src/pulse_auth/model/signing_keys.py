"""The life of the keys that sign access tokens, as pure rules: next, current, previous, gone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pulse_auth.model.sessions import ACCESS_LIFE

LEAD = timedelta(hours=24)
"""How long before its first use the next key is published."""
KEEP = ACCESS_LIFE + 2 * timedelta(seconds=30)
"""How long a key verifies after its last use: a token's life and the leeway of both clocks."""


@dataclass(frozen=True)
class StoredKey:
    """A key as it is stored. `public` is the JWK; `private` is sealed, and None once the key signs no more. It signs
    from `not_before` until a newer one does, and verifies until `not_after`."""

    kid: str
    public: str
    private: str | None = field(repr=False)
    created: datetime
    not_before: datetime
    not_after: datetime | None = None


@dataclass(frozen=True)
class Turn:
    """What is to be done now: keys to be made by their first use, and such as are superseded, by their end."""

    make: tuple[datetime, ...] = ()
    supersede: tuple[tuple[str, datetime], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.make or self.supersede)


def current_key(keys: Iterable[StoredKey], now: datetime) -> StoredKey | None:
    """The key that signs: the newest whose time has come."""
    usable = [key for key in keys if key.not_before <= now and key.not_after is None and key.private is not None]
    return max(usable, key=lambda key: (key.not_before, key.kid), default=None)


def published(keys: Iterable[StoredKey], now: datetime) -> list[StoredKey]:
    """What everybody verifies with: current, next, previous, in this order."""
    alive = [key for key in keys if key.not_after is None or key.not_after > now]
    current = current_key(alive, now)
    first = current.kid if current else None
    return sorted(alive, key=lambda key: (key.kid != first, key.not_before <= now, key.kid))


def turn(keys: Iterable[StoredKey], now: datetime, every: timedelta) -> Turn:
    """The step that the schedule asks for: there is always a current key and a next one, published a day before use."""
    alive = [key for key in keys if key.not_after is None]
    current = current_key(alive, now)
    if current is None:
        return Turn(make=(now, now + max(every, LEAD)))
    superseded = tuple((key.kid, now + KEEP) for key in alive if key.not_before <= now and key.kid != current.kid)
    is_next_there = any(key.not_before > now for key in alive)
    make = () if is_next_there else (max(current.not_before + every, now + LEAD),)
    return Turn(make, superseded)

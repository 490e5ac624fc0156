"""Rules of the keys that sign access tokens: the next, the current and the previous ones."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from pulse_auth.model.sessions import ACCESS_LIFETIME

KeyState: TypeAlias = Literal["current", "next", "previous"]
LEAD = timedelta(hours=24)
"""The next key is published this long before its first use."""
KEEP = ACCESS_LIFETIME + 2 * timedelta(seconds=30)
"""A key verifies this long after its last use: the lifetime of a token plus the leeway of both clocks."""


@dataclass(frozen=True)
class StoredKey:
    """`public`: a JWK. `private`: sealed, None once the key has stopped signing. A key signs from `not_before` until a
    newer key signs, and verifies until `not_after`."""

    kid: str
    public: str
    private: str | None = field(repr=False)
    created: datetime
    not_before: datetime
    not_after: datetime | None = None


@dataclass(frozen=True)
class RotationPlan:
    """`make`: the `not_before` of keys to create. `supersede`: the keys that stop signing, with their `not_after`."""

    make: tuple[datetime, ...] = ()
    supersede: tuple[tuple[str, datetime], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.make or self.supersede)


def current_key(keys: Iterable[StoredKey], now: datetime) -> StoredKey | None:
    """The key that signs: the newest one whose `not_before` has passed."""
    usable = [key for key in keys if key.not_before <= now and key.not_after is None and key.private is not None]
    return max(usable, key=lambda key: (key.not_before, key.kid), default=None)


def published(keys: Iterable[StoredKey], now: datetime) -> list[StoredKey]:
    """The keys that verify: the current one, the next one, then the previous ones."""
    alive = [key for key in keys if key.not_after is None or key.not_after > now]
    current = current_key(alive, now)
    first = current.kid if current else None
    return sorted(alive, key=lambda key: (key.kid != first, key.not_before <= now, key.kid))


def state_of(key: StoredKey, current: StoredKey | None) -> KeyState:
    """`current` signs, `next` will sign, `previous` only verifies."""
    if current is not None and key.kid == current.kid:
        return "current"
    return "next" if key.not_after is None and (current is None or key.not_before > current.not_before) else "previous"


def plan_rotation(keys: Iterable[StoredKey], now: datetime, every: timedelta) -> RotationPlan:
    """What the schedule requires: a current key, and a next key that is published a day before its first use."""
    alive = [key for key in keys if key.not_after is None]
    current = current_key(alive, now)
    if current is None:
        return RotationPlan(make=(now, now + max(every, LEAD)))
    superseded = tuple((key.kid, now + KEEP) for key in alive if key.not_before <= now and key.kid != current.kid)
    is_next_there = any(key.not_before > now for key in alive)
    make = () if is_next_there else (max(current.not_before + every, now + LEAD),)
    return RotationPlan(make, superseded)

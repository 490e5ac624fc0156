"""How long each level of stored readings is kept: the limits, and what administrators have changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from pulse_contracts.errors import DomainError

Kept: TypeAlias = Literal["log", "raw", "1m", "1h"]
LEVELS: Final[tuple[Kept, ...]] = ("log", "raw", "1m", "1h")
MIN_DAYS: Final[Mapping[Kept, int]] = {"log": 1, "raw": 7, "1m": 30, "1h": 365}
"""The shortest ages that administrators can set. A typing mistake must not delete what arrived this week."""
MAX_DAYS: Final = 36_525
UNSET_VERSION: Final = 1


class RetentionOrder(DomainError):
    """A level must not be kept longer than the coarser one that is derived from it. Keep hours at least as long as
    minutes, and minutes at least as long as readings."""

    code = "retention_order"


@dataclass(frozen=True)
class Ages:
    """How long each level is kept. A partition is removed when the newest reading that it can hold is older than this,
    and when nothing was added to it for as long (at least a day)."""

    log: timedelta
    raw: timedelta
    minutes: timedelta
    hours: timedelta

    def of(self, level: Kept) -> timedelta:
        """The age of a level."""
        return {"log": self.log, "raw": self.raw, "1m": self.minutes, "1h": self.hours}[level]


@dataclass(frozen=True)
class ChosenDays:
    """The days that administrators chose. None: the setting of the process counts."""

    log: int | None = None
    raw: int | None = None
    minutes: int | None = None
    hours: int | None = None

    def over(self, defaults: Ages) -> Ages:
        """The ages that count."""
        chosen = (self.log, self.raw, self.minutes, self.hours)
        usual = (defaults.log, defaults.raw, defaults.minutes, defaults.hours)
        return Ages(*(age if days is None else timedelta(days=days) for days, age in zip(chosen, usual, strict=True)))


@dataclass(frozen=True)
class RetentionSetting:
    """What administrators chose, who saved it, and when. Version 1: nobody has chosen anything."""

    days: ChosenDays = ChosenDays()
    version: int = UNSET_VERSION
    updated_at: datetime | None = None
    updated_by: str | None = None
    updated_by_name: str = ""


def require_order(ages: Ages) -> None:
    """Raises RetentionOrder."""
    if ages.minutes < ages.raw:
        raise RetentionOrder("Minutes must be kept at least as long as readings.")
    if ages.hours < ages.minutes:
        raise RetentionOrder("Hours must be kept at least as long as minutes.")

"""How a person wants the pages to look."""

from dataclasses import dataclass
from functools import cache
from typing import Literal
from zoneinfo import available_timezones

from pulse_contracts.errors import DomainError
from pulse_users.model.saved_views import NO_VIEWS, SavedViews

Language = Literal["en", "de"]
Theme = Literal["system", "light", "dark"]
DecimalSign = Literal["language", "point", "comma"]
Units = Literal["declared", "metric", "imperial"]
MAX_ZONE = 64


class UnknownTimeZone(DomainError):
    """The time zone is not in the IANA database. Use a name such as `Europe/Vienna`, or null for the browser's."""

    code = "unknown_time_zone"


class PreferencesChanged(DomainError):
    """The preferences were changed since you read them, for example in another tab. Read them again."""

    code, status = "precondition_failed", 412

    def __init__(self, version: int) -> None:
        super().__init__("The preferences were changed since you read them. Read them again, then repeat your change.")
        self.headers = {"ETag": f'"{version}"'}


@dataclass(frozen=True)
class Preferences:
    """The preferences of an account as of `version`. 1: never changed.

    language: of the pages. None: the browser's.
    time_zone: an IANA name. None: the browser's. A stored one may be unknown after an update of the machine.
    decimal_sign: `language`: the sign that the language uses.
    units: of values on the pages. `declared`: those of the devices.
    views: saved views of lists."""

    version: int = 1
    language: Language | None = None
    theme: Theme = "system"
    time_zone: str | None = None
    decimal_sign: DecimalSign = "language"
    units: Units = "declared"
    views: SavedViews = NO_VIEWS


@dataclass(frozen=True)
class WantedPreferences:
    """What a person chose. None for `units` and `views` keeps the stored ones: a client of an earlier release does not
    send them. See `Preferences` for the other fields."""

    language: Language | None
    theme: Theme
    time_zone: str | None
    decimal_sign: DecimalSign
    units: Units | None = None
    views: SavedViews | None = None

    def after(self, old: Preferences) -> Preferences:
        """The preferences that replace `old`."""
        return Preferences(
            version=old.version + 1,
            language=self.language,
            theme=self.theme,
            time_zone=self.time_zone,
            decimal_sign=self.decimal_sign,
            units=old.units if self.units is None else self.units,
            views=old.views if self.views is None else self.views,
        )


@cache
def _zones() -> frozenset[str]:
    """Reads the time zone database of the machine once."""
    return frozenset(available_timezones() - {"localtime", "Factory"})


def require_time_zone(name: str | None) -> None:
    """Raises UnknownTimeZone for a name that the IANA database does not have. Zones that depend on the machine, such as
    `localtime`, are not in it."""
    if name is not None and name not in _zones():
        raise UnknownTimeZone("Unknown time zone. Use a name of the IANA database, such as Europe/Vienna.")

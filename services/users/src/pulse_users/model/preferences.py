"""How a person wants the pages to look."""

from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from pulse_contracts.errors import DomainError

Language = Literal["en", "de"]
Theme = Literal["system", "light", "dark"]
DecimalSign = Literal["language", "point", "comma"]
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
    time_zone: an IANA name. None: the browser's. Raises UnknownTimeZone.
    decimal_sign: `language`: the sign that the language uses."""

    version: int = 1
    language: Language | None = None
    theme: Theme = "system"
    time_zone: str | None = None
    decimal_sign: DecimalSign = "language"

    def __post_init__(self) -> None:
        if self.time_zone is None:
            return
        try:
            ZoneInfo(self.time_zone)
        except (ValueError, OSError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
            text = "Unknown time zone. Use a name of the IANA database, such as Europe/Vienna."
            raise UnknownTimeZone(text) from error

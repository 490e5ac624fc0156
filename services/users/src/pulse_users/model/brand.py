"""White label: the name, colour and logo of the pages, and what they must be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from pulse_contracts.errors import DomainError

PRODUCT: Final = "PrecisionPulse"
UNSET_VERSION: Final = 1
MAX_NAME: Final = 60
MIN_CONTRAST: Final = 4.5
"""WCAG 2.2, 1.4.3, for text of normal size."""
Theme: TypeAlias = Literal["light", "dark"]
_SURFACE: Final[Mapping[Theme, str]] = {"light": "#ffffff", "dark": "#10141c"}
_GROUNDS: Final[Mapping[Theme, Sequence[str]]] = {
    "light": ("#ffffff", "#f6f7f9", "#f1f3f6"),
    "dark": ("#10141c", "#0a0d13", "#161b25"),
}
"""What stands behind text in the accent colour: surfaces of the web client (globals.css)."""
_ON_ACCENT: Final[Mapping[Theme, str]] = {"light": "#ffffff", "dark": "#0a1022"}
"""The text on a button in the accent colour."""
_SOFT: Final = 0.1
"""The share of the accent in its soft form, which stands behind text too."""


class AccentContrast(DomainError):
    """The accent colour is hard to read on one of the pages' surfaces. Choose a darker one for light pages, a lighter
    one for dark pages."""

    code = "accent_contrast"


class BrandChanged(DomainError):
    """The brand was changed since you read it. Read it again and send its new `ETag` in `If-Match`."""

    code, status = "precondition_failed", 412

    def __init__(self, version: int) -> None:
        super().__init__("It was changed since you read it. Read it again, then repeat your change.")
        self.headers = {"ETag": f'"{version}"'}


@dataclass(frozen=True)
class Accent:
    """The colour of links and buttons in both themes, as `#rrggbb` in lower case."""

    light: str
    dark: str


@dataclass(frozen=True)
class Brand:
    """Version 1: nobody has changed anything. None: the product's own. `logo_type`: the media type of the logo."""

    version: int = UNSET_VERSION
    name: str | None = None
    accent: Accent | None = None
    logo_type: str | None = None
    updated_at: datetime | None = None
    updated_by: str | None = None
    updated_by_name: str = ""

    @property
    def product(self) -> str:
        """What people call the system."""
        return self.name or PRODUCT


def require_contrast(accent: Accent) -> None:
    """Raises AccentContrast."""
    if (found := accent_contrast(accent.light, "light")) < MIN_CONTRAST:
        raise AccentContrast(
            f"The accent for light pages has a contrast of {found:.2f}:1 and needs {MIN_CONTRAST}:1. "
            "Choose a darker colour."
        )
    if (found := accent_contrast(accent.dark, "dark")) < MIN_CONTRAST:
        raise AccentContrast(
            f"The accent for dark pages has a contrast of {found:.2f}:1 and needs {MIN_CONTRAST}:1. "
            "Choose a lighter colour."
        )


def accent_contrast(color: str, theme: Theme) -> float:
    """The least contrast of the accent with what is behind it, or on it."""
    soft = _mixed(color, _SURFACE[theme], _SOFT)
    own = _luminance(_channels(color))
    others = [_channels(one) for one in (*_GROUNDS[theme], _ON_ACCENT[theme])]
    return min(_contrast(own, _luminance(one)) for one in (*others, soft))


def _channels(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _mixed(color: str, ground: str, share: float) -> tuple[float, float, float]:
    pairs = zip(_channels(color), _channels(ground), strict=True)
    red, green, blue = (share * one + (1 - share) * other for one, other in pairs)
    return red, green, blue


def _luminance(channels: tuple[float, float, float]) -> float:
    """WCAG 2.2, relative luminance."""
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)

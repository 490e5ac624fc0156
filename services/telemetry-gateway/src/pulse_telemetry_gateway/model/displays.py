"""How a series is shown: name, unit, decimals, limits and the expected range. What people set replaces what the device
declared."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

UNSET_VERSION = 1
"""The version of a series for which nobody has set anything."""


@dataclass(frozen=True)
class Limit:
    """Values above (or below) `value` are a warning, or critical."""

    severity: Literal["warning", "critical"]
    direction: Literal["above", "below"]
    value: float

    def text(self) -> str:
        """For the audit trail."""
        return f"{self.severity} {self.direction} {self.value!r}"


@dataclass(frozen=True)
class Display:
    """name, unit: None takes what the device declared. expected_min, expected_max: the range of usual values."""

    name: str | None = None
    unit: str | None = None
    decimals: int | None = None
    limits: tuple[Limit, ...] = ()
    expected_min: float | None = None
    expected_max: float | None = None


@dataclass(frozen=True)
class SeriesDisplay:
    """The settings of one series, and what its device declared. updated_by: an account. updated_by_name: the name in
    its access token. Nobody has saved settings yet: no time, no account, no name."""

    series: int
    device: str
    declared_name: str
    declared_unit: str
    display: Display
    version: int = UNSET_VERSION
    updated_at: datetime | None = None
    updated_by: str | None = None
    updated_by_name: str = ""

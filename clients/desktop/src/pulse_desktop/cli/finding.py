"""The result of one check of `pulse-collector doctor`."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """The result of one check. `todo`: the remedy, empty when there is nothing to do."""

    check: str
    state: Literal["OK", "WARN", "FAIL"]
    text: str
    todo: str = ""

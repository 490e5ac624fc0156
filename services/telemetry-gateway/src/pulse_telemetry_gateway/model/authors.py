"""Who saves dashboards, questions and annotations."""

from collections.abc import Callable
from dataclasses import dataclass

from pulse_contracts.permissions import Permission


@dataclass(frozen=True)
class Author:
    """account: its id. name: from the access token. may: whether the caller has a permission."""

    account: str
    name: str
    may: Callable[[Permission], bool]

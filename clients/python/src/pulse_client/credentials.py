"""The credentials of a program."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ApiKey:
    """An API key: `pp_…`."""

    key: str = field(repr=False)


@dataclass(frozen=True)
class Password:
    """An account's e-mail and password. `code`: returns a one-time code, for accounts with a second factor."""

    email: str
    password: str = field(repr=False)
    code: Callable[[], str] | None = None

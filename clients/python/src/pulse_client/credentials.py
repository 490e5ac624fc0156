"""What a program proves itself with."""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ApiKey:
    """An API key, as it was shown once: `pp_…`."""

    key: str = field(repr=False)


@dataclass(frozen=True)
class Password:
    """An account's own e-mail and password; `code` gives a one-time code when the account has a second factor."""

    email: str
    password: str = field(repr=False)
    code: Callable[[], str] | None = None

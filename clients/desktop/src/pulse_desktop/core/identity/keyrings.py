"""The operating system's keyring, if it has a usable one."""

from collections.abc import Callable
from typing import Final, Protocol

_NO_KEYRINGS: Final = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")


class Keyring(Protocol):
    """The part of the package `keyring` that is used."""

    def get_password(self, service: str, username: str) -> str | None:
        """The stored secret, or None."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Stores the secret."""


def system_keyring(load: Callable[[], tuple[Keyring, float, str]] | None = None) -> Keyring | None:
    """The keyring of the operating system. None for backends that store nothing or write a plain file."""
    try:
        backend, priority, module = (load or _load)()
    except Exception:  # noqa: BLE001  # a backend may raise anything; it is then unusable
        return None
    return backend if priority >= 1 and not module.startswith(_NO_KEYRINGS) else None


def _load() -> tuple[Keyring, float, str]:
    import keyring

    backend = keyring.get_keyring()
    return backend, float(backend.priority), type(backend).__module__

"""Secrets at rest, sealed with a key-encryption key that is not in the database."""

from collections.abc import Callable

from pulse_contracts.errors import Unavailable
from pulse_jose.errors import TokenError
from pulse_jose.keys import KeySet, SealingKey
from pulse_jose.sealing import seal, unseal


class VaultClosed(Unavailable):
    """A stored secret cannot be opened: it was sealed with another key-encryption key."""


class Vault:
    """Seals and opens secrets. `key`: 32 bytes. `clock` in microseconds."""

    def __init__(self, key: bytes, clock: Callable[[], int]) -> None:
        self._key, self._clock = SealingKey("vault-1", key), clock

    def seal(self, secret: bytes, purpose: str, owner: str) -> str:
        """Seals a secret for one purpose and owner. It cannot be opened for another one."""
        return seal(secret, self._key, self._seconds, {"purpose": purpose, "owner": owner})

    def unseal(self, sealed: str, purpose: str, owner: str) -> bytes:
        """Opens a secret. Raises VaultClosed if it was sealed with another key, or for another purpose or owner."""
        try:
            return unseal(sealed, KeySet([self._key]), self._seconds, {"purpose": purpose, "owner": owner})
        except TokenError as error:
            raise VaultClosed(f"the {purpose} of {owner} was sealed with another key-encryption key") from error

    def _seconds(self) -> float:
        return self._clock() / 1_000_000

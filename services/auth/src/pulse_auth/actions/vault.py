"""Secrets at rest: sealed with the key-encryption key, which lies outside the database."""

from collections.abc import Callable

from pulse_contracts.errors import Unavailable
from pulse_jose import KeySet, SealingKey, TokenError, seal, unseal


class VaultClosed(Unavailable):
    """A stored secret does not open: PULSE_KEY_ENCRYPTION_KEY is not the one that it was sealed with."""


class Vault:
    """Seals what is stored with the key-encryption key. `clock` in microseconds."""

    def __init__(self, key: bytes, clock: Callable[[], int]) -> None:
        self._key, self._clock = SealingKey("vault-1", key), clock

    def seal(self, secret: bytes, purpose: str, owner: str) -> str:
        """Sealed for one purpose and owner: in another's row it opens nothing."""
        return seal(secret, self._key, self._seconds, {"purpose": purpose, "owner": owner})

    def unseal(self, sealed: str, purpose: str, owner: str) -> bytes:
        """The secret. Raises VaultClosed when it was sealed with another key or for somebody else."""
        try:
            return unseal(sealed, KeySet([self._key]), self._seconds, {"purpose": purpose, "owner": owner})
        except TokenError as error:
            raise VaultClosed(f"the {purpose} of {owner} was not sealed with this key-encryption key") from error

    def _seconds(self) -> float:
        return self._clock() / 1_000_000

"""Secrets at rest, sealed with the key-encryption key, which is not in the database."""

import base64
from collections.abc import Callable

from pulse_contracts.errors import Unavailable
from pulse_jose import KeySet, SealingKey, TokenError, seal, unseal
from pulse_jose.mirror_keys import KeyPlace
from pulse_sync_publisher.model.collectors import Collector


class VaultClosed(Unavailable):
    """A stored secret cannot be opened: it was sealed with another PULSE_KEY_ENCRYPTION_KEY."""


class Vault:
    """Seals and opens secrets. `clock` in microseconds."""

    def __init__(self, key: bytes, clock: Callable[[], int]) -> None:
        self._key, self._clock = SealingKey("vault-1", key), clock
        self._opened: dict[str, bytes] = {}

    def seal(self, secret: bytes, purpose: str, owner: str) -> str:
        """Seals a secret for one purpose and owner. It cannot be opened for another one."""
        return seal(secret, self._key, self._seconds, {"purpose": purpose, "owner": owner})

    def unseal(self, sealed: str, purpose: str, owner: str) -> bytes:
        """Opens a secret. Raises VaultClosed if it was sealed with another key, or for another purpose or owner."""
        try:
            return unseal(sealed, KeySet([self._key]), self._seconds, {"purpose": purpose, "owner": owner})
        except TokenError as error:
            raise VaultClosed(f"the {purpose} of {owner} was sealed with another key-encryption key") from error

    def seal_key(self, secret: bytes, place: KeyPlace) -> str:
        """Seals a collector's sealing key."""
        return self.seal(secret, "seal key", place.kid)

    def sealing_key(self, collector: Collector, *, following: bool = False) -> SealingKey:
        """The current or the following sealing key of a collector. Raises VaultClosed, also for a destroyed key."""
        progress, keys = collector.progress, collector.keys
        number = progress.next_key if following else progress.key
        sealed = keys.following if following else keys.current
        place = KeyPlace(progress.device, progress.gen, number or 0)
        if sealed is None:
            raise VaultClosed(f"the seal key of {place.kid} was destroyed")
        secret = self._opened.get(sealed)
        if secret is None:
            if len(self._opened) > 10_000:
                self._opened.clear()
            secret = self._opened[sealed] = self.unseal(sealed, "seal key", place.kid)
        return place.sealing_key(secret)

    def forget(self) -> None:
        """Forgets opened keys: some of them were destroyed."""
        self._opened.clear()

    def _seconds(self) -> float:
        return self._clock() / 1_000_000


def text_of(raw: bytes) -> str:
    """32 bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    """The bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

"""The sealing keys of collectors, at rest in the database."""

import base64
from collections.abc import Callable

from pulse_jose import SealingKey
from pulse_jose.mirror_keys import KeyPlace
from pulse_jose.vault import Vault as SecretVault
from pulse_jose.vault import VaultClosed
from pulse_sync_publisher.model.collectors import Collector

__all__ = ["Vault", "VaultClosed", "bytes_of", "text_of"]


class Vault(SecretVault):
    """A vault that also keeps the sealing keys of collectors. `clock` in microseconds."""

    def __init__(self, key: bytes, clock: Callable[[], int]) -> None:
        super().__init__(key, clock)
        self._opened: dict[str, bytes] = {}

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


def text_of(raw: bytes) -> str:
    """32 bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    """The bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

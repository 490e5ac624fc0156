"""The root key: collectors pin it when they are enrolled, and it signs the keys that they trust."""

import json

from pulse_auth.store.signing_root import RootStore, StoredRoot
from pulse_contracts.auth import VerificationKeyRecord
from pulse_jose import SigningKey
from pulse_jose.vault import Vault
from pulse_postgres import Connection

_PURPOSE = "signing root"


class SigningRoot:
    """The root key. It is created when it is first needed."""

    def __init__(self, vault: Vault) -> None:
        self._vault, self._store = vault, RootStore()

    async def public(self, connection: Connection) -> VerificationKeyRecord:
        """The key that collectors pin."""
        found = await self._stored(connection)
        jwk = json.loads(found.public)
        return VerificationKeyRecord(kid=found.kid, x=jwk["x"], y=jwk["y"], not_before=0)

    async def private(self, connection: Connection) -> SigningKey:
        """The key that signs. Raises VaultClosed."""
        found = await self._stored(connection)
        return SigningKey.from_pem(self._vault.unseal(found.private, _PURPOSE, found.kid), kid=found.kid)

    async def _stored(self, connection: Connection) -> StoredRoot:
        found = await self._store.get(connection)
        if found is not None:
            return found
        key = SigningKey.generate()
        sealed = self._vault.seal(key.to_pem(), _PURPOSE, key.kid)
        return await self._store.put_first(
            connection, StoredRoot(key.kid, json.dumps(key.verification_key().to_jwk()), sealed)
        )

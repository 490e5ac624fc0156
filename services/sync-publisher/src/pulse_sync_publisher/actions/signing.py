"""The key that signs messages to collectors: made at the first start, announced to auth, and certified by it."""

import json

import structlog
from pydantic import ValidationError

from pulse_bus import Bus
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.auth import VerificationKeyRecord
from pulse_contracts.times import to_micros
from pulse_contracts.topics import SYSTEM_KEY
from pulse_contracts.trust import AnnouncedKey, KeyAnnounced, TrustedKeys, TrustedKeySet
from pulse_jose import SealingKey, SigningKey, TokenError, seal
from pulse_jose.compact import decode_base64url, split_compact
from pulse_sync_publisher.actions.context import Context
from pulse_sync_publisher.actions.publishing import publish
from pulse_sync_publisher.actions.vault import VaultClosed
from pulse_sync_publisher.model.messages import MessageMaker
from pulse_sync_publisher.store.trails import SigningKeyStore, StoredSigningKey

log = structlog.get_logger("pulse.sync")
SERVICE = "sync-publisher"
_MAX_SIGNED = 16_384
_PURPOSE = "signing key"


class Signing:
    """Loads the key, announces it, and notes since when auth's list has it."""

    def __init__(self, context: Context, bus: Bus, key: SealingKey, metrics: Metrics) -> None:
        self._context, self._bus, self._key = context, bus, key
        self._store = SigningKeyStore()
        self._maker: MessageMaker | None = None
        self._signing: SigningKey | None = None
        self.trusted_since: int | None = None
        gauge = metrics.gauge("mirror_key_is_trusted", "1 if auth's list of trusted keys has this service's key")
        gauge.set_function(lambda: float(self.trusted_since is not None))

    async def maker(self) -> MessageMaker:
        """Signs with the stored key, which is made first if there is none. Raises Unavailable."""
        if self._maker is None:
            self._maker = MessageMaker(await self._load(), self._context.clock)
        return self._maker

    async def announce(self) -> None:
        """Publishes the key, retained and sealed for auth. Raises Unavailable."""
        await self.maker()
        if self._signing is None:
            raise RuntimeError("the signing key was not loaded")
        jwk = self._signing.verification_key().to_jwk()
        record = VerificationKeyRecord(kid=self._signing.kid, x=str(jwk["x"]), y=str(jwk["y"]), not_before=0)
        payload = AnnouncedKey(purpose="mirror", key=record).model_dump_json().encode()
        sealed = seal(payload, self._key, lambda: self._context.clock() / 1_000_000, {"service": SERVICE})
        await publish(self._bus, SYSTEM_KEY, KeyAnnounced(sealed=sealed), service=SERVICE)

    async def note_trusted(self, message: TrustedKeys) -> None:
        """Notes whether auth's list has the key. The list is information here: only collectors rely on its signature.
        Raises Unavailable."""
        keys = _read(message)
        await self.maker()
        if keys is None or self._signing is None:
            log.info("trusted_keys_unreadable")
            return
        is_trusted = any(one.purpose == "mirror" and one.key.kid == self._signing.kid for one in keys.keys)
        async with self._context.database.connection() as connection:
            at = self._context.now() if is_trusted else None
            await self._store.note_trusted(connection, self._signing.kid, at)
            stored = await self._store.read(connection)
        self.trusted_since = to_micros(stored.trusted) if stored and stored.trusted else None

    async def _load(self) -> SigningKey:
        """The stored key. It is replaced if it was sealed with a key-encryption key that was lost: a signing key only
        needs auth's signature, and without one no collector could be repaired."""
        async with self._context.database.transaction() as connection:
            stored = await self._store.read(connection)
            if stored is None:
                await self._store.add(connection, self._made())
                stored = await self._store.read(connection)  # another process may have been faster
            if stored is None:
                raise LookupError("the table signing_key is empty")
            try:
                pem = self._unsealed(stored)
            except VaultClosed as error:
                log.error("signing_key_replaced", kid=stored.kid, reason=str(error))  # noqa: TRY400  # not a bug
                await self._store.replace(connection, stored.kid, self._made())
                stored = await self._store.read(connection) or stored
                pem = self._unsealed(stored)
        self._signing = SigningKey.from_pem(pem, kid=stored.kid)
        self.trusted_since = to_micros(stored.trusted) if stored.trusted else None
        return self._signing

    def _made(self) -> StoredSigningKey:
        made = SigningKey.generate()
        sealed = self._context.vault.seal(made.to_pem(), _PURPOSE, made.kid)
        return StoredSigningKey(made.kid, sealed, self._context.now(), None)

    def _unsealed(self, stored: StoredSigningKey) -> bytes:
        return self._context.vault.unseal(stored.private, _PURPOSE, stored.kid)


def _read(message: TrustedKeys) -> TrustedKeySet | None:
    try:
        payload = decode_base64url(split_compact(message.signed, dots=2, max_length=_MAX_SIGNED)[1])
        return TrustedKeySet.model_validate(json.loads(payload))
    except (TokenError, ValidationError, ValueError, RecursionError):
        return None

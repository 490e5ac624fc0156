"""The keys that collectors trust: services announce them, and the root signs them."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog
from pydantic import ValidationError

from pulse_auth.actions.signing_root import SigningRoot
from pulse_auth.model.trusted_keys import PURPOSES, AnnouncedRecord, trusted
from pulse_auth.store.trusted_keys import TrustedKeyStore
from pulse_bus import Bus, Disconnected, Reject
from pulse_chassis.identity.caller import SYSTEM
from pulse_contracts.auth import VerificationKeyRecord
from pulse_contracts.times import from_micros
from pulse_contracts.topics import AUTH_TRUSTED_KEYS, Party
from pulse_contracts.trust import TRUSTED_KEYS_TYPE, AnnouncedKey, KeyAnnounced, TrustedKey, TrustedKeys, TrustedKeySet
from pulse_jose import InvalidKeyError, KeySet, MessageSigner, SealingKey, TokenError, VerificationKey, unseal
from pulse_jose.vault import Vault
from pulse_postgres import Audit, AuditEntry, Database
from pulse_postgres.audit import Detail

log = structlog.get_logger("pulse.auth")
PUBLISH_EVERY = timedelta(minutes=5)
_MAX_SIGNED = 16_384


class TrustedKeyring:
    """Stores announced keys and publishes the signed set. `seals`: the keys with which each service seals its
    announcement. `clock` in microseconds. `due` is set when the set should be published."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        vault: Vault,
        audit: Audit,
        seals: Mapping[Party, bytes],
        *,
        clock: Callable[[], int],
    ) -> None:
        self._database, self._bus, self._audit, self._clock = database, bus, audit, clock
        self._seals = {service: _keys(service, secret) for service, secret in seals.items()}
        self._store, self._root, self.due = TrustedKeyStore(), SigningRoot(vault), asyncio.Event()

    async def request_publish(self) -> None:
        """Publishes the set soon."""
        self.due.set()

    async def receive(self, service: str, message: KeyAnnounced) -> None:
        """Stores a new key; services repeat their announcements. A key that two newer ones replaced stays replaced.
        Raises Reject for an invalid announcement, Unavailable."""
        party: Party | None = next((one for one in self._seals if one == service), None)
        if party is None:
            raise Reject("service_unknown", "this service has no key that collectors trust")
        announced = self._opened(party, message)
        async with self._database.transaction() as connection:
            await self._store.lock(connection)
            known = await self._store.find(connection, announced.purpose, announced.key.kid)
            if known is not None:
                if (known.x, known.y) != (announced.key.x, announced.key.y):
                    raise Reject("key_conflict", "another key has this kid")
                return
            now = from_micros(self._clock())
            n = await self._store.next_number(connection, now)
            await self._store.add(connection, AnnouncedRecord(announced.purpose, announced.key, now, n))
            after: Detail = {"purpose": announced.purpose, "kid": announced.key.kid, "n": n}
            entry = AuditEntry("trusted_key_added", SYSTEM.account, f"service:{service}", None, after)
            await self._audit.append(connection, entry, now)
        log.info("trusted_key_added", service=service, purpose=announced.purpose, kid=announced.key.kid, n=n)
        self.due.set()

    async def publish(self) -> None:
        """Publishes the set as a retained message. Publishes nothing before the first key was announced. Without a
        connection it is published at the next one. Raises VaultClosed, Unavailable."""
        async with self._database.snapshot() as connection:
            n, found = await self._store.number(connection), trusted(await self._store.all(connection))
        if not found:
            return
        async with self._database.transaction() as connection:
            root = await self._root.private(connection)
        keys = [TrustedKey(purpose=one.purpose, key=one.key) for one in found]
        content = TrustedKeySet(n=n, at=self._clock(), keys=keys)
        signer = MessageSigner(root, TRUSTED_KEYS_TYPE, self._seconds, _MAX_SIGNED)
        try:
            signed = TrustedKeys(signed=signer.sign(content.model_dump_json().encode()))
            await self._bus.publish(AUTH_TRUSTED_KEYS, signed)
        except Disconnected:
            log.info("trusted_keys_publish_postponed", reason="not_connected")

    def _opened(self, service: Party, message: KeyAnnounced) -> AnnouncedKey:
        try:
            payload = unseal(message.sealed, self._seals[service], self._seconds, {"service": service})
            announced = AnnouncedKey.model_validate_json(payload)
        except TokenError as error:
            raise Reject("seal_refused", "no valid seal of this service") from error
        except ValidationError:
            raise Reject("record_unreadable", "the sealed record does not fit its schema") from None
        if announced.purpose != PURPOSES[service]:
            raise Reject("purpose_foreign", "the key of this service has another purpose")
        _require_usable(announced.key)
        return announced

    def _seconds(self) -> float:
        return self._clock() / 1_000_000


def _require_usable(key: VerificationKeyRecord) -> None:
    try:
        VerificationKey.from_jwk({"kty": "EC", "crv": "P-256", "kid": key.kid, "x": key.x, "y": key.y})
    except InvalidKeyError as error:
        raise Reject("key_unusable", str(error)) from error


def _keys(service: Party, secret: bytes) -> KeySet[SealingKey]:
    """The shared key by the names that a service may give it: its own, or that of the setting."""
    setting = "collectors" if service == "sync-publisher" else "gateway"
    return KeySet([SealingKey(service, secret), SealingKey(setting, secret)])

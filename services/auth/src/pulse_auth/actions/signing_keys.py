"""The keys that sign access tokens: created, rotated by schedule and on demand, and published.

Several replicas do this at the same time. A lock in the database orders them, and each signature reads the current key
there."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from pulse_auth.actions.ending import SessionRevoker
from pulse_auth.model.signing_keys import KEEP, KeyState, StoredKey, current_key, plan_rotation, published, state_of
from pulse_auth.store.sessions import SessionStore
from pulse_auth.store.signing_keys import SigningKeyStore
from pulse_bus import Bus, Disconnected
from pulse_chassis.http.problems import TooManyRequests
from pulse_chassis.identity.caller import SYSTEM, Caller
from pulse_chassis.identity.principal import RULES, KeysUnknown, Principals
from pulse_contracts.auth import VerificationKeyRecord, VerificationKeys
from pulse_contracts.times import from_micros, to_micros
from pulse_contracts.topics import AUTH_KEYS
from pulse_jose import SigningKey, VerificationKey
from pulse_jose.signing import TokenSigner
from pulse_jose.vault import Vault
from pulse_postgres import Audit, AuditEntry, Connection, Database

log = structlog.get_logger("pulse.auth")
_MAX_PUBLISHED = 6
"""The current key, the next one and four previous ones: a message carries at most eight keys."""


class SigningKeys:
    """The key that signs, and the keys that verify. `published`: those that verify."""

    def __init__(self, bus: Bus | None, principals: Principals, vault: Vault) -> None:
        self._bus, self._principals, self._vault = bus, principals, vault
        self._store, self._signers = SigningKeyStore(), dict[str, TokenSigner]()
        self.published: tuple[StoredKey, ...] = ()

    def signer_of(self, stored: StoredKey | None) -> TokenSigner:
        """Signs with this key. Raises KeysUnknown for None."""
        if stored is None or stored.private is None:
            raise KeysUnknown("no signing key was created yet")
        if stored.kid not in self._signers:
            pem = self._vault.unseal(stored.private, "signing_key", stored.kid)
            self._signers = {stored.kid: TokenSigner(SigningKey.from_pem(pem, kid=stored.kid), RULES)}
        return self._signers[stored.kid]

    async def load(self, connection: Connection, now: datetime) -> bool:
        """Loads the keys from the database. Returns whether they changed."""
        found = tuple(published(await self._store.all(connection), now))
        is_new = [key.kid for key in found] != [key.kid for key in self.published]
        self.published = found
        if found:
            self._principals.replace_keys([_verification_key(key) for key in found])
        return is_new

    async def publish(self) -> None:
        """Publishes the keys as a retained message: current, next, previous. Publishes nothing before the first key was
        created. All are published as valid from the beginning: a service with a slow clock must not reject them. Raises
        Unavailable."""
        records = [_record(key) for key in self.published]
        if records and self._bus:
            await self._bus.publish(AUTH_KEYS, VerificationKeys(keys=records))

    async def publish_if_connected(self) -> None:
        """Like `publish`, but without a connection the keys are published at the next connection."""
        try:
            await self.publish()
        except Disconnected:
            log.info("keys_publish_postponed", reason="not_connected")

    def make(self, not_before: datetime, now: datetime) -> StoredKey:
        """A new, sealed key."""
        key = SigningKey.generate()
        sealed = self._vault.seal(key.to_pem(), "signing_key", key.kid)
        return StoredKey(key.kid, json.dumps(key.verification_key().to_jwk(), sort_keys=True), sealed, now, not_before)


class Rotation:
    """Changes the keys and audits it. `clock` in microseconds. `every`: how long a key signs."""

    def __init__(
        self, database: Database, keys: SigningKeys, revoker: SessionRevoker, audit: Audit, clock: Callable[[], int]
    ) -> None:
        self._database, self._keys, self._revoker, self._audit, self._clock = database, keys, revoker, audit, clock
        self._store, self._sessions = SigningKeyStore(), SessionStore()
        self.every = timedelta(days=30)

    async def states(self) -> list[tuple[StoredKey, KeyState]]:
        """The keys whose tokens are valid, with their states. Raises Unavailable."""
        now = self._now()
        async with self._database.connection() as connection:
            found = published(await self._store.all(connection), now)
        current = current_key(found, now)
        return [(key, state_of(key, current)) for key in found]

    async def on_schedule(self) -> None:
        """Rotates keys if it is time, loads them, and publishes them if they changed. Raises Unavailable."""
        now = self._now()
        async with self._database.connection() as connection:
            due = plan_rotation(await self._store.all(connection), now, self.every)
            is_new = await self._keys.load(connection, now) if not due else True
        if due:
            async with self._database.transaction() as connection:
                await self._store.lock(connection)
                await self._rotate(connection, SYSTEM, now)
                await self._keys.load(connection, now)
        if is_new:
            await self._keys.publish_if_connected()

    async def on_demand(self, caller: Caller, *, is_emergency: bool) -> None:
        """Makes the next key sign. In an emergency all keys and all sessions end immediately: a stolen key is
        worthless. A command has no bus: a running service publishes the keys within `key_poll`. Raises TooManyRequests,
        Unavailable."""
        now = self._now()
        async with self._database.transaction() as connection:
            await self._store.lock(connection)
            keys = await self._store.all(connection)
            if is_emergency:
                await self._end_everything(connection, caller, now)
            else:
                if len(published(keys, now)) >= _MAX_PUBLISHED:
                    raise TooManyRequests(KEEP)
                await self._hand_over(connection, keys, now)
            await self._rotate(connection, caller, now)
            await self._keys.load(connection, now)
        await self._keys.publish_if_connected()

    async def _hand_over(self, connection: Connection, keys: list[StoredKey], now: datetime) -> None:
        current = current_key(keys, now)
        following = next((key for key in keys if key.not_after is None and key.not_before > now), None)
        if current and following:
            await self._store.end(connection, current.kid, now + KEEP)
            await self._store.begin(connection, following.kid, now)

    async def _end_everything(self, connection: Connection, caller: Caller, now: datetime) -> None:
        await self._store.end_all(connection, now)
        owners = await self._sessions.revoke_everyone(connection, now)
        for owner in owners:
            await self._revoker.announce(connection, owner, None, now)
        entry = AuditEntry(
            "signing_keys_destroyed",
            caller.account,
            "signing_keys",
            after={"accounts_signed_out": len(owners)},
            address=caller.address,
            request_id=caller.request_id,
        )
        await self._audit.append(connection, entry, now)

    async def _rotate(self, connection: Connection, caller: Caller, now: datetime) -> None:
        keys = await self._store.all(connection)
        before = current_key(keys, now)
        while due := plan_rotation(keys, now, self.every):
            for not_before in due.make:
                await self._store.add(connection, self._keys.make(not_before, now))
            for kid, until in due.supersede:
                await self._store.end(connection, kid, until)
            keys = await self._store.all(connection)
        after = current_key(keys, now)
        entry = AuditEntry(
            "signing_keys_turned",
            caller.account,
            "signing_keys",
            {"current": before.kid if before else None},
            {"current": after.kid if after else None, "published": [key.kid for key in published(keys, now)]},
            caller.address,
            caller.request_id,
        )
        await self._audit.append(connection, entry, now)

    def _now(self) -> datetime:
        return from_micros(self._clock())


def _verification_key(key: StoredKey) -> VerificationKey:
    return VerificationKey.from_jwk(json.loads(key.public))


def _record(key: StoredKey) -> VerificationKeyRecord:
    jwk = json.loads(key.public)
    until = None if key.not_after is None else to_micros(key.not_after)
    return VerificationKeyRecord(kid=key.kid, x=jwk["x"], y=jwk["y"], not_before=0, not_after=until)

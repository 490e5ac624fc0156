"""API keys: made, listed, revoked, and exchanged for access tokens that every service verifies by itself."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from pulse_auth.actions.ending import Events
from pulse_auth.actions.tokens import SessionDependencies, Tokens
from pulse_auth.model.api_keys import (
    MAX_KEYS,
    SECRET_BYTES,
    ApiKey,
    ApiKeyNotFound,
    InvalidApiKey,
    TooManyApiKeys,
    effective,
    key_hash,
    read_key,
    require_grantable,
    write_key,
)
from pulse_auth.model.sessions import Account, AccountNotFound, Grant
from pulse_auth.store.api_keys import ApiKeyStore
from pulse_auth.store.sessions import AccountCopy
from pulse_auth.store.standing import Standing
from pulse_chassis.http.problems import TooManyRequests
from pulse_chassis.identity.caller import Caller
from pulse_chassis.identity.principal import Principal
from pulse_contracts.errors import DomainError
from pulse_contracts.permissions import Permission
from pulse_postgres import AuditEntry, Connection, Database, LimitStore, Rate, limit_key
from pulse_postgres.audit import Detail

_NOTED = Rate(1, timedelta(seconds=6))
"""How often a key that nobody knows is noted when its sender's address is not known either."""


@dataclass(frozen=True)
class Wish:
    """What a new key shall be."""

    name: str
    scope: frozenset[Permission]
    life: timedelta


@dataclass(frozen=True)
class Exchanged:
    """An access token for an API key."""

    token: str = field(repr=False)
    expires: datetime
    seconds: int
    scope: frozenset[Permission]


class ApiKeys:
    """`rate`: how often one key, or one address that is known, may ask for tokens."""

    def __init__(self, database: Database, events: Events, means: SessionDependencies, rate: Rate) -> None:
        self._database, self._events, self._means, self._rate = database, events, means, rate
        self._store, self._accounts, self._limits, self._tokens = (
            ApiKeyStore(),
            AccountCopy(),
            LimitStore(),
            Tokens(means),
        )

    async def make(self, principal: Principal, wish: Wish, caller: Caller) -> tuple[ApiKey, str]:
        """A new key and its text, which is stored nowhere. Raises ScopeTooWide, TooManyApiKeys, Unavailable."""
        require_grantable(wish.scope, principal.role, principal.scope)
        now, id_, account = self._means.now(), self._means.new_id(), UUID(principal.account)
        text = write_key(id_, self._means.entropy(SECRET_BYTES))
        key = ApiKey(id_, account, wish.name, wish.scope, key_hash(text), now, now + wish.life)
        async with self._database.transaction() as connection:
            owner = await self._accounts.lock(connection, account)
            if owner is None or not owner.active:  # deleted or switched off since the token was looked at
                raise AccountNotFound("there is no account of this id")
            if await self._store.count(connection, account, now) >= MAX_KEYS:
                raise TooManyApiKeys(f"an account has {MAX_KEYS} API keys at most")
            await self._store.add(connection, key)
            await self._note(connection, "api_key_made", key, caller)
        return key, text

    async def of(self, account: UUID) -> list[ApiKey]:
        """The account's keys that are not revoked. Raises Unavailable."""
        async with self._database.connection() as connection:
            return await self._store.of_account(connection, account)

    async def revoke(self, account: UUID, id_: UUID, caller: Caller) -> None:
        """The key and its tokens open nothing any more. Raises ApiKeyNotFound, Unavailable."""
        now = self._means.now()
        async with self._database.transaction() as connection:
            key = await self._store.revoke(connection, account, id_, now)
            if key is None:
                raise ApiKeyNotFound("there is no API key of this id")
            await self._events.say(connection, account, key.sid, now)
            await self._note(connection, "api_key_revoked", key, caller)

    async def exchange(self, text: str, client: str | None, caller: Caller) -> Exchanged:
        """An access token for a key's text, with what it may today. Raises InvalidApiKey, TooManyRequests,
        Unavailable."""
        found = read_key(text)
        async with self._database.transaction() as connection:
            outcome = await self._exchange(connection, found, client, caller)
        if isinstance(outcome, DomainError):
            raise outcome
        return outcome

    async def _exchange(
        self, connection: Connection, found: tuple[UUID, bytes] | None, client: str | None, caller: Caller
    ) -> Exchanged | DomainError:
        now, refusal = self._means.now(), InvalidApiKey("the API key is not valid")
        key = await self._store.by_id(connection, found[0]) if found else None
        is_good = key is not None and found is not None and key.opens(found[1], now)
        who = f"key:{key.id}" if key and is_good else client or (f"refused:{key.id}" if key else None)
        if who:
            wait = await self._limits.take(connection, limit_key("token", who), self._rate, now)
            if wait:
                return TooManyRequests(wait)
        account = await self._accounts.hold(connection, key.account) if key and is_good else None
        nobody = Caller(None, caller.address, caller.request_id)
        if key is None:
            everybody = limit_key("token refused", "unknown")  # where no address is told, nothing else bounds the trail
            if client or not await self._limits.take(connection, everybody, _NOTED, now):
                target = f"api_key:{found[0]}" if found else None
                entry = AuditEntry("api_key_refused", None, target, None, None, nobody.address, nobody.request_id)
                await self._means.audit.append(connection, entry, now)
            return refusal
        standing = await self._tokens.standing(connection, account, now) if account else None
        if account is None or standing is None or not _may_act(account, standing):
            await self._note(connection, "api_key_refused", key, nobody)
            return refusal
        if not await self._store.touch(connection, key.id, now):
            await self._note(connection, "api_key_refused", key, nobody)
            return refusal
        scope = effective(key.scope, account.role)
        await self._note(connection, "api_key_used", key, Caller(str(account.id), caller.address, caller.request_id))
        issued = self._tokens.issue(account, Grant(key.sid, key.expires, scope), standing, now)
        return Exchanged(issued.token, issued.expires, max(1, int((issued.expires - now).total_seconds())), scope)

    async def _note(self, connection: Connection, kind: str, key: ApiKey, caller: Caller) -> None:
        after: Detail = {"name": key.name, "scope": sorted(key.scope), "expires": key.expires.isoformat()}
        target = f"api_key:{key.id}"
        entry = AuditEntry(kind, caller.account, target, None, after, caller.address, caller.request_id)
        await self._means.audit.append(connection, entry, self._means.now())


def _may_act(account: Account, standing: Standing) -> bool:
    return account.active and not standing.must_enrol(account.role)

"""API keys: create, list, revoke, and exchange for access tokens."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from pulse_auth.actions.ending import SessionRevoker
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
from pulse_auth.store.token_facts import TokenFacts
from pulse_chassis.http.problems import TooManyRequests
from pulse_chassis.identity.caller import Caller
from pulse_chassis.identity.principal import Principal
from pulse_contracts.errors import DomainError
from pulse_contracts.permissions import Permission
from pulse_postgres import AuditEntry, Connection, Database, LimitStore, Rate, limit_key
from pulse_postgres.audit import Detail

_AUDIT_RATE = Rate(1, timedelta(seconds=6))
"""How often an unknown key is audited when the address of the sender is unknown too."""


@dataclass(frozen=True)
class ApiKeySpec:
    """A key to create."""

    name: str
    scope: frozenset[Permission]
    lifetime: timedelta


@dataclass(frozen=True)
class Exchanged:
    """An access token that was issued for an API key. `seconds`: its lifetime. `sid`: its session id."""

    token: str = field(repr=False)
    expires: datetime
    seconds: int
    scope: frozenset[Permission]
    account: str
    sid: str


class ApiKeys:
    """`rate`: how often one key, or one known address with invalid keys, may request tokens."""

    def __init__(self, database: Database, revoker: SessionRevoker, deps: SessionDependencies, rate: Rate) -> None:
        self._database, self._revoker, self._deps, self._rate = database, revoker, deps, rate
        self._store, self._accounts, self._limits, self._tokens = (
            ApiKeyStore(),
            AccountCopy(),
            LimitStore(),
            Tokens(deps),
        )

    async def make(self, principal: Principal, spec: ApiKeySpec, caller: Caller) -> tuple[ApiKey, str]:
        """Creates a key. Returns it with its text, which is not stored. Raises ScopeTooWide, TooManyApiKeys,
        AccountNotFound, Unavailable."""
        require_grantable(spec.scope, principal.role, principal.scope)
        now, id_, account = self._deps.now(), self._deps.new_id(), UUID(principal.account)
        text = write_key(id_, self._deps.entropy(SECRET_BYTES))
        key = ApiKey(id_, account, spec.name, spec.scope, key_hash(text), now, now + spec.lifetime)
        async with self._database.transaction() as connection:
            owner = await self._accounts.lock(connection, account)
            if owner is None or not owner.active:  # deleted or disabled since the token was verified
                raise AccountNotFound("The account does not exist.")
            if await self._store.count(connection, account, now) >= MAX_KEYS:
                raise TooManyApiKeys(f"An account has at most {MAX_KEYS} API keys. Revoke one first.")
            await self._store.add(connection, key)
            await self._record(connection, "api_key_made", key, caller)
        return key, text

    async def of(self, account: UUID) -> list[ApiKey]:
        """The keys of the account that are not revoked. Raises Unavailable."""
        async with self._database.connection() as connection:
            return await self._store.of_account(connection, account)

    async def revoke(self, account: UUID, id_: UUID, caller: Caller) -> None:
        """Revokes a key and its access tokens. Raises ApiKeyNotFound, Unavailable."""
        now = self._deps.now()
        async with self._database.transaction() as connection:
            key = await self._store.revoke(connection, account, id_, now)
            if key is None:
                raise ApiKeyNotFound("The API key does not exist, or it is already revoked.")
            await self._revoker.announce(connection, account, key.sid, now)
            await self._record(connection, "api_key_revoked", key, caller)

    async def exchange(self, text: str, client: str | None, caller: Caller) -> Exchanged:
        """An access token for the text of a key, with the key's current permissions. Raises InvalidApiKey,
        TooManyRequests, Unavailable."""
        found = read_key(text)
        async with self._database.transaction() as connection:
            outcome = await self._exchange(connection, found, client, caller)
        if isinstance(outcome, DomainError):
            raise outcome
        return outcome

    async def _exchange(
        self, connection: Connection, found: tuple[UUID, bytes] | None, client: str | None, caller: Caller
    ) -> Exchanged | DomainError:
        now, refusal = self._deps.now(), InvalidApiKey("The API key is invalid, revoked or expired.")
        key = await self._store.by_id(connection, found[0]) if found else None
        is_good = key is not None and found is not None and key.opens(found[1], now)
        counted_as = f"key:{key.id}" if key and is_good else client or (f"refused:{key.id}" if key else None)
        if counted_as:
            wait = await self._limits.take(connection, limit_key("token", counted_as), self._rate, now)
            if wait:
                return TooManyRequests(wait)
        account = await self._accounts.hold(connection, key.account) if key and is_good else None
        anonymous = Caller(None, caller.address, caller.request_id)
        if key is None:
            everyone = limit_key("token refused", "unknown")  # without an address nothing else limits the audit log
            if client or not await self._limits.take(connection, everyone, _AUDIT_RATE, now):
                target = f"api_key:{found[0]}" if found else None
                entry = AuditEntry("api_key_refused", None, target, None, None, anonymous.address, anonymous.request_id)
                await self._deps.audit.append(connection, entry, now)
            return refusal
        facts = await self._tokens.facts(connection, account, now) if account else None
        if account is None or facts is None or not _may_act(account, facts):
            await self._record(connection, "api_key_refused", key, anonymous)
            return refusal
        if not await self._store.touch(connection, key.id, now):
            await self._record(connection, "api_key_refused", key, anonymous)
            return refusal
        scope = effective(key.scope, account.role)
        await self._record(connection, "api_key_used", key, Caller(str(account.id), caller.address, caller.request_id))
        issued = self._tokens.issue(account, Grant(key.sid, key.expires, scope), facts, now)
        seconds = max(1, int((issued.expires - now).total_seconds()))
        return Exchanged(issued.token, issued.expires, seconds, scope, str(account.id), key.sid)

    async def _record(self, connection: Connection, kind: str, key: ApiKey, caller: Caller) -> None:
        after: Detail = {"name": key.name, "scope": sorted(key.scope), "expires": key.expires.isoformat()}
        target = f"api_key:{key.id}"
        entry = AuditEntry(kind, caller.account, target, None, after, caller.address, caller.request_id)
        await self._deps.audit.append(connection, entry, self._deps.now())


def _may_act(account: Account, facts: TokenFacts) -> bool:
    return account.active and not facts.must_enrol(account.role)

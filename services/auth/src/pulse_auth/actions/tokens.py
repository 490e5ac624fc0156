"""Issues access tokens. An account that must first set up a second factor gets a token with fewer permissions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pulse_auth.actions.signing_keys import SigningKeys
from pulse_auth.model.sessions import Account, Grant, access_claims
from pulse_auth.store.token_facts import TokenFacts, TokenFactsStore
from pulse_contracts.permissions import Permission
from pulse_contracts.times import from_micros
from pulse_passwords import PasswordHasher
from pulse_postgres import Audit, Connection

ENROLMENT_SCOPE: frozenset[Permission] = frozenset({"profile.own", "sessions.own"})
"""Enough to set up a second factor."""

_JTI_BYTES = 16


@dataclass(frozen=True)
class SessionDependencies:
    """Dependencies of sessions. `entropy(n)`: n random bytes. `secret`: refresh tokens are derived from it. `clock` in
    microseconds."""

    hasher: PasswordHasher
    keys: SigningKeys
    secret: bytes = field(repr=False)
    entropy: Callable[[int], bytes]
    new_id: Callable[[], UUID]
    clock: Callable[[], int]
    audit: Audit

    def now(self) -> datetime:
        """The current time."""
        return from_micros(self.clock())


@dataclass(frozen=True)
class Issued:
    """An access token. `must_enrol`: its permissions are reduced until the account has a second factor."""

    token: str = field(repr=False)
    expires: datetime
    must_enrol: bool


class Tokens:
    """Issues access tokens in the caller's transaction."""

    def __init__(self, deps: SessionDependencies) -> None:
        self._deps, self._facts_store = deps, TokenFactsStore()

    async def facts(self, connection: Connection, account: Account, now: datetime) -> TokenFacts:
        """What decides about the account's tokens. It stays true as long as the transaction holds its locks."""
        return await self._facts_store.of(connection, account.id, now)

    def issue(self, account: Account, grant: Grant, facts: TokenFacts, now: datetime) -> Issued:
        """The access token of a session or API key. Raises Unavailable before the first signing key was created."""
        must_enrol = facts.must_enrol(account.role)
        narrowed = Grant(grant.sid, grant.ends, ENROLMENT_SCOPE) if must_enrol else grant
        claims = access_claims(account, narrowed, facts.generation, now, self._deps.entropy(_JTI_BYTES).hex())
        token = self._deps.keys.signer_of(facts.key).sign(claims)
        return Issued(token, from_micros(claims.exp * 1_000_000), must_enrol)

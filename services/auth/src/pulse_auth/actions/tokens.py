"""Issuing access tokens: signed by the current key, and narrowed for who must first set up a second factor."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pulse_auth.actions.signing_keys import SigningKeys
from pulse_auth.model.sessions import Account, Grant, access_claims
from pulse_auth.store.standing import Standing, StandingStore
from pulse_contracts.permissions import Permission
from pulse_contracts.times import from_micros
from pulse_passwords import PasswordHasher
from pulse_postgres import Audit, Connection

ENROLMENT_SCOPE: frozenset[Permission] = frozenset({"profile.own", "sessions.own"})
"""What somebody may who must have a second factor and has none: set it up."""

_JTI_BYTES = 16


@dataclass(frozen=True)
class SessionDependencies:
    """What sessions are made with. `entropy(n)` gives n unpredictable bytes; `secret` derives successors."""

    hasher: PasswordHasher
    keys: SigningKeys
    secret: bytes = field(repr=False)
    entropy: Callable[[int], bytes]
    new_id: Callable[[], UUID]
    clock: Callable[[], int]
    audit: Audit

    def now(self) -> datetime:
        """The clock's time."""
        return from_micros(self.clock())


@dataclass(frozen=True)
class Issued:
    """An access token, until `expires`. `must_enrol`: it is narrowed until there is a second factor."""

    token: str = field(repr=False)
    expires: datetime
    must_enrol: bool


class Tokens:
    """Issues them, in the caller's transaction."""

    def __init__(self, means: SessionDependencies) -> None:
        self._means, self._standings = means, StandingStore()

    async def standing(self, connection: Connection, account: Account, now: datetime) -> Standing:
        """What decides about the account's tokens, from now until what the transaction holds is let go."""
        return await self._standings.of(connection, account.id, now)

    def issue(self, account: Account, grant: Grant, standing: Standing, now: datetime) -> Issued:
        """The token of a session. Raises Unavailable before the first key was made."""
        must_enrol = standing.must_enrol(account.role)
        narrowed = Grant(grant.sid, grant.ends, ENROLMENT_SCOPE) if must_enrol else grant
        claims = access_claims(account, narrowed, standing.generation, now, self._means.entropy(_JTI_BYTES).hex())
        token = self._means.keys.signer_of(standing.key).sign(claims)
        return Issued(token, from_micros(claims.exp * 1_000_000), must_enrol)

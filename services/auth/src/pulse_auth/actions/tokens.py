"""Issuing access tokens: signed by the current key, and narrowed for who must first set up a second factor."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pulse_auth.actions.signing_keys import SigningKeys
from pulse_auth.model.sessions import Account, Grant, access_claims, moment
from pulse_auth.store.second_factors import FactorStore, PolicyStore
from pulse_contracts.permissions import Permission
from pulse_passwords import PasswordHasher
from pulse_postgres import Audit, Connection

ENROLMENT_SCOPE: frozenset[Permission] = frozenset({"profile.own", "sessions.own"})
"""What somebody may who must have a second factor and has none: set it up."""


@dataclass(frozen=True)
class Means:
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
        return moment(self.clock())


@dataclass(frozen=True)
class Issued:
    """An access token, until `expires`. `must_enrol`: it is narrowed until there is a second factor."""

    token: str = field(repr=False)
    expires: datetime
    must_enrol: bool


class Tokens:
    """Issues them, in the caller's transaction."""

    def __init__(self, means: Means) -> None:
        self._means, self._factors, self._policy = means, FactorStore(), PolicyStore()

    async def issue(self, connection: Connection, account: Account, grant: Grant, now: datetime) -> Issued:
        """The token of a session. Raises Unavailable before the first key was made."""
        must_enrol = await self.must_enrol(connection, account)
        narrowed = Grant(grant.sid, grant.ends, ENROLMENT_SCOPE) if must_enrol else grant
        return Issued(*await self.sign(connection, account, narrowed, now), must_enrol)

    async def sign(self, connection: Connection, account: Account, grant: Grant, now: datetime) -> tuple[str, datetime]:
        """A token as it is granted, and its end."""
        signer = await self._means.keys.signer(connection, now)
        claims = access_claims(account, grant, now, self._means.new_id().hex)
        return signer.sign(claims), moment(claims.exp * 1_000_000)

    async def must_enrol(self, connection: Connection, account: Account) -> bool:
        """Whether the account's role must have a second factor and it has none."""
        if account.role not in await self._policy.roles(connection):
            return False
        return not await self._factors.is_confirmed(connection, account.id)

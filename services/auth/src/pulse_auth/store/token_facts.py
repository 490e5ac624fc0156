"""Everything that decides about the access tokens of an account, in one query."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pulse_auth.model.signing_keys import StoredKey
from pulse_auth.store.second_factors import required_roles
from pulse_auth.store.signing_keys import read_key
from pulse_contracts.permissions import Role
from pulse_postgres import Connection


@dataclass(frozen=True)
class TokenFacts:
    """What decides about the access tokens of an account.

    is_confirmed: whether the account has a confirmed second factor.
    required: roles that must have a second factor.
    key: the current signing key, None before the first one.
    generation: the number of the last revocation of all tokens of the account, 0 if there was none.
    """

    is_confirmed: bool
    required: frozenset[Role]
    key: StoredKey | None
    generation: int = 0

    def must_enrol(self, role: Role) -> bool:
        """Whether an account with this role must set up a second factor first."""
        return role in self.required and not self.is_confirmed


class TokenFactsStore:
    """Reads the facts."""

    async def of(self, connection: Connection, account: UUID, now: datetime) -> TokenFacts:
        """The facts at the time of this statement. Lock the account and the keys first, so that they stay true."""
        row = await connection.fetchrow(
            "SELECT k.*, (SELECT second_factor_roles FROM policy) AS required, "
            "EXISTS (SELECT FROM second_factor WHERE account_id = $1 AND confirmed IS NOT NULL) AS is_confirmed, "
            "coalesce((SELECT generation FROM token_generation WHERE account_id = $1), 0) AS generation "
            "FROM (SELECT 1) AS one LEFT JOIN LATERAL ("
            "SELECT * FROM signing_key WHERE not_before <= $2 AND not_after IS NULL AND private IS NOT NULL "
            "ORDER BY not_before DESC, kid DESC LIMIT 1) AS k ON true",
            account,
            now,
        )
        if row is None:
            raise LookupError("a query without a condition returned no row")
        key = read_key(row) if row["kid"] else None
        return TokenFacts(row["is_confirmed"], required_roles(row["required"]), key, row["generation"])

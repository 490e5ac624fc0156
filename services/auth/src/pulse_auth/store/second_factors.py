"""The tables of second factors, recovery codes, challenges, and the policy of mandatory second factors."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pulse_contracts.permissions import ROLES, Role
from pulse_postgres import Connection, Row

_POLICY = "SELECT second_factor_roles, version, updated_at, updated_by, updated_by_name FROM policy"


@dataclass(frozen=True)
class StoredFactor:
    """A second factor; `secret` is sealed."""

    secret: str = field(repr=False)
    confirmed: datetime | None
    last_step: int


@dataclass(frozen=True)
class Challenge:
    """A sign-in that waits for its second factor. `version`: of the account."""

    hash: bytes
    account: UUID
    version: int
    remember: bool
    ends: datetime
    tries: int = 0


@dataclass(frozen=True)
class StoredPolicy:
    """The roles that must have a second factor, and who saved them. Version 1: nobody has saved them yet."""

    roles: frozenset[Role]
    version: int
    updated_at: datetime | None
    updated_by: str | None
    updated_by_name: str


class FactorStore:
    """Second factors and recovery codes, by account."""

    async def lock(self, connection: Connection, account: UUID) -> StoredFactor | None:
        """The factor, locked until the transaction ends."""
        row = await connection.fetchrow(
            "SELECT secret, confirmed, last_step FROM second_factor WHERE account_id = $1 FOR UPDATE", account
        )
        return StoredFactor(row["secret"], row["confirmed"], row["last_step"]) if row else None

    async def status(self, connection: Connection, account: UUID) -> tuple[datetime | None, int]:
        """When the factor was confirmed, and how many recovery codes are left."""
        row = await connection.fetchrow(
            "SELECT (SELECT confirmed FROM second_factor WHERE account_id = $1) AS confirmed, "
            "(SELECT count(*) FROM recovery_code WHERE account_id = $1) AS left",
            account,
        )
        return (row["confirmed"], int(row["left"])) if row else (None, 0)

    async def start(self, connection: Connection, account: UUID, secret: str, now: datetime) -> bool:
        """Stores a factor that waits for confirmation; replaces an unconfirmed one. False if one is confirmed."""
        row = await connection.fetchval(
            "INSERT INTO second_factor AS f (account_id, secret, created) VALUES ($1, $2, $3) ON CONFLICT (account_id) "
            "DO UPDATE SET secret = excluded.secret, created = excluded.created, last_step = 0 "
            "WHERE f.confirmed IS NULL RETURNING account_id",
            account,
            secret,
            now,
        )
        return row is not None

    async def confirm(self, connection: Connection, account: UUID, now: datetime) -> None:
        """From then on a sign-in needs the factor."""
        await connection.execute("UPDATE second_factor SET confirmed = $2 WHERE account_id = $1", account, now)

    async def use_step(self, connection: Connection, account: UUID, step: int) -> None:
        """Invalidates the codes of this time step and all earlier ones."""
        await connection.execute("UPDATE second_factor SET last_step = $2 WHERE account_id = $1", account, step)

    async def use_recovery(self, connection: Connection, account: UUID, hash_: bytes) -> bool:
        """Uses up a recovery code. False if it is unknown."""
        query = "DELETE FROM recovery_code WHERE account_id = $1 AND hash = $2 RETURNING 1"
        return await connection.fetchval(query, account, hash_) is not None

    async def replace_recovery(self, connection: Connection, account: UUID, hashes: Iterable[bytes]) -> None:
        """Replaces all recovery codes."""
        await connection.execute("DELETE FROM recovery_code WHERE account_id = $1", account)
        rows = [(account, hash_) for hash_ in hashes]
        await connection.executemany("INSERT INTO recovery_code (account_id, hash) VALUES ($1, $2)", rows)

    async def remove(self, connection: Connection, account: UUID) -> bool:
        """Deletes the factor, its recovery codes and open challenges. Returns whether it was confirmed."""
        await connection.execute("DELETE FROM challenge WHERE account_id = $1", account)
        query = "DELETE FROM second_factor WHERE account_id = $1 RETURNING confirmed IS NOT NULL"
        return bool(await connection.fetchval(query, account))


class ChallengeStore:
    """Sign-ins that wait for their second factor."""

    async def add(self, connection: Connection, challenge: Challenge) -> None:
        """Stores a new challenge."""
        await connection.execute(
            "INSERT INTO challenge (hash, account_id, version, remember, ends) VALUES ($1, $2, $3, $4, $5)",
            challenge.hash,
            challenge.account,
            challenge.version,
            challenge.remember,
            challenge.ends,
        )

    async def owner(self, connection: Connection, hash_: bytes) -> UUID | None:
        """The account of a challenge. Lock the account before the challenge."""
        found = await connection.fetchval("SELECT account_id FROM challenge WHERE hash = $1", hash_)
        return UUID(str(found)) if found else None

    async def lock(self, connection: Connection, hash_: bytes) -> Challenge | None:
        """The challenge, locked until the transaction ends."""
        row = await connection.fetchrow("SELECT * FROM challenge WHERE hash = $1 FOR UPDATE", hash_)
        if row is None:
            return None
        account = UUID(str(row["account_id"]))
        return Challenge(row["hash"], account, row["version"], row["remember"], row["ends"], row["tries"])

    async def count_try(self, connection: Connection, hash_: bytes) -> None:
        """Counts one more wrong code."""
        await connection.execute("UPDATE challenge SET tries = tries + 1 WHERE hash = $1", hash_)

    async def remove(self, connection: Connection, hash_: bytes) -> None:
        """Deletes the challenge."""
        await connection.execute("DELETE FROM challenge WHERE hash = $1", hash_)

    async def follow(self, connection: Connection, account: UUID, version: int) -> None:
        """Keeps the challenges of an account valid for its new version."""
        await connection.execute("UPDATE challenge SET version = $2 WHERE account_id = $1", account, version)

    async def sweep(self, connection: Connection, now: datetime) -> None:
        """Deletes expired challenges."""
        await connection.execute("DELETE FROM challenge WHERE ends < $1", now)


class PolicyStore:
    """The roles that must have a second factor."""

    async def roles(self, connection: Connection) -> frozenset[Role]:
        """The current roles."""
        return required_roles(await connection.fetchval("SELECT second_factor_roles FROM policy"))

    async def read(self, connection: Connection) -> StoredPolicy:
        """The current policy."""
        return _policy(await connection.fetchrow(_POLICY))

    async def lock(self, connection: Connection) -> StoredPolicy:
        """Like `read`. Nobody changes it until the transaction ends."""
        return _policy(await connection.fetchrow(f"{_POLICY} FOR UPDATE"))

    async def put(self, connection: Connection, new: StoredPolicy) -> None:
        """Replaces the policy. The caller holds the lock."""
        await connection.execute(
            "UPDATE policy SET second_factor_roles = $1, version = $2, updated_at = $3, updated_by = $4, "
            "updated_by_name = $5",
            sorted(new.roles),
            new.version,
            new.updated_at,
            new.updated_by,
            new.updated_by_name,
        )


def _policy(row: Row | None) -> StoredPolicy:
    if row is None:
        raise LookupError("the table policy has no row")
    return StoredPolicy(
        required_roles(row["second_factor_roles"]),
        row["version"],
        row["updated_at"],
        row["updated_by"],
        row["updated_by_name"],
    )


def required_roles(names: object) -> frozenset[Role]:
    """The known roles in the column `policy.second_factor_roles`."""
    stored = names if isinstance(names, list) else []
    return frozenset(role for role in ROLES if role in stored)

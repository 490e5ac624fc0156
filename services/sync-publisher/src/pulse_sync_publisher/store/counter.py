"""The counter that orders all changes, the leases, and the rules."""

from collections.abc import Collection
from dataclasses import dataclass

from pulse_postgres import Connection
from pulse_sync_publisher.model.entitlement import Entitlement, Rule
from pulse_sync_publisher.model.leases import Leases

_READ = "SELECT n, rules, policy, user_s, admin_s, copied FROM counter"


@dataclass(frozen=True)
class Counted:
    """The counter, the versions of rules and policy, and the leases. `copied`: `set_sum` of the accounts."""

    n: int
    rules: int
    policy: int
    leases: Leases
    copied: str


class CounterStore:
    """One row. Its lock puts changes in one order, so take it first."""

    async def read(self, connection: Connection) -> Counted:
        """The values, without a lock."""
        return await self._read(connection, _READ)

    async def lock(self, connection: Connection) -> Counted:
        """The values. Blocks other changes until the transaction ends."""
        return await self._read(connection, _READ + " FOR UPDATE")

    async def advance(self, connection: Connection, count: int) -> int:
        """Takes `count` numbers; returns the first."""
        last = await connection.fetchval("UPDATE counter SET n = n + $1 RETURNING n", count)
        return int(last) - count + 1

    async def raise_to(self, connection: Connection, n: int) -> None:
        """Makes the counter at least `n`: a collector has seen this number."""
        await connection.execute("UPDATE counter SET n = greatest(n, $1)", n)

    async def set_copied(self, connection: Connection, sum_: str) -> None:
        """Stores `set_sum` of the accounts, in the transaction that changes them."""
        await connection.execute("UPDATE counter SET copied = $1", bytes.fromhex(sum_))

    async def set_leases(self, connection: Connection, leases: Leases) -> int:
        """Replaces the leases; returns the policy's new version."""
        query = "UPDATE counter SET user_s = $1, admin_s = $2, policy = policy + 1 RETURNING policy"
        return int(await connection.fetchval(query, leases.user_s, leases.admin_s))

    async def _read(self, connection: Connection, query: str) -> Counted:
        row = await connection.fetchrow(query)
        if row is None:
            raise LookupError("the table counter is empty")
        leases = Leases(row["user_s"], row["admin_s"])
        return Counted(row["n"], row["rules"], row["policy"], leases, bytes(row["copied"]).hex())


class RuleStore:
    """The rule list. Lock the counter first."""

    async def all(self, connection: Connection) -> Entitlement:
        """All rules, in a stable order."""
        rows = await connection.fetch("SELECT subject, place, is_allowed, origin FROM rule ORDER BY place, subject")
        return Entitlement(Rule(row["subject"], row["place"], row["is_allowed"], row["origin"]) for row in rows)

    async def replace(self, connection: Connection, rules: Collection[Rule]) -> int:
        """Replaces all rules; returns the new version of the list."""
        await connection.execute("DELETE FROM rule")
        await self._insert(connection, rules, "")
        return await self._next_version(connection)

    async def add(self, connection: Connection, rules: Collection[Rule]) -> None:
        """Adds rules where there is none for the same subject and place."""
        await self._insert(connection, rules, "ON CONFLICT DO NOTHING")
        await self._next_version(connection)

    async def put(self, connection: Connection, rule: Rule) -> None:
        """Adds or replaces one rule."""
        await self._insert(
            connection,
            [rule],
            "ON CONFLICT (subject, place) DO UPDATE SET is_allowed = excluded.is_allowed, origin = excluded.origin",
        )
        await self._next_version(connection)

    async def remove_allowed(self, connection: Connection, device: str) -> list[Rule]:
        """Deletes the rules that allow somebody at this one collector. Returns them."""
        rows = await connection.fetch(
            "DELETE FROM rule WHERE place = $1 AND is_allowed RETURNING subject, place, is_allowed, origin",
            f"device:{device}",
        )
        if rows:
            await self._next_version(connection)
        return [Rule(row["subject"], row["place"], row["is_allowed"], row["origin"]) for row in rows]

    async def _insert(self, connection: Connection, rules: Collection[Rule], conflict: str) -> None:
        await connection.execute(
            "INSERT INTO rule (subject, place, is_allowed, origin) "  # noqa: S608  # constant texts
            f"SELECT * FROM unnest($1::text[], $2::text[], $3::boolean[], $4::text[]) {conflict}",
            [rule.subject for rule in rules],
            [rule.place for rule in rules],
            [rule.is_allowed for rule in rules],
            [rule.origin for rule in rules],
        )

    async def _next_version(self, connection: Connection) -> int:
        return int(await connection.fetchval("UPDATE counter SET rules = rules + 1 RETURNING rules"))

"""Changes of the rule list and of the leases. Each is a change of the mirrors like any other."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pulse_chassis.identity.caller import Caller
from pulse_contracts.permissions import ROLES
from pulse_postgres import Connection
from pulse_sync_publisher.actions.context import Context
from pulse_sync_publisher.actions.logs import Logs
from pulse_sync_publisher.model.entitlement import (
    Difference,
    Entitlement,
    Rule,
    Site,
    difference,
    locked_sites,
    require_administrators,
    require_valid,
)
from pulse_sync_publisher.model.errors import AccountUnknown, CollectorUnknown, VersionChanged, VersionMissing
from pulse_sync_publisher.model.leases import Leases, require_bounds
from pulse_sync_publisher.store.accounts import AccountStore
from pulse_sync_publisher.store.collectors import CollectorStore
from pulse_sync_publisher.store.counter import CounterStore, RuleStore


@dataclass(frozen=True)
class Wish:
    """A new rule list. allow_unmatched: accepts sites and tags that no collector has. force: accepts that a site loses
    its last administrator."""

    rules: Sequence[Rule]
    allow_unmatched: bool = False
    force: bool = False


@dataclass(frozen=True)
class Preview:
    """What a rule list would change. locked_sites: sites that would lose their last administrator."""

    difference: Difference
    locked_sites: list[str]


def require_version(version: int, if_match: str | None) -> None:
    """Optimistic locking (RFC 9110 §13.1.1). Raises VersionMissing, VersionChanged."""
    if if_match is None:
        raise VersionMissing("Send the ETag of the resource in the If-Match header.")
    tags = [tag.strip() for tag in if_match.split(",")]
    if "*" not in tags and f'"{version}"' not in tags:
        raise VersionChanged("The resource was changed since you read it. Read it again, then repeat your change.")


class EntitlementActions:
    """The rule list."""

    def __init__(self, context: Context, logs: Logs) -> None:
        self._context, self._logs = context, logs
        self._accounts, self._collectors = AccountStore(), CollectorStore()
        self._counter, self._rules = CounterStore(), RuleStore()

    async def read(self) -> tuple[Entitlement, int]:
        """The rules and their version."""
        async with self._context.database.snapshot() as connection:
            return await self._rules.all(connection), (await self._counter.read(connection)).rules

    async def replace(self, wish: Wish, if_match: str | None, caller: Caller) -> tuple[Entitlement, int, int]:
        """Replaces all rules. Returns the rules, their version, and the number of log entries. Raises VersionMissing,
        VersionChanged, InvalidRules, LastAdministratorOfSite."""
        async with self._context.database.transaction() as connection:
            counted = await self._counter.lock(connection)
            require_version(counted.rules, if_match)
            before = await self._rules.all(connection)
            after = Entitlement(_with_origins(wish.rules, before))
            sites, people = await self._sites(connection), await self._accounts.people(connection)
            require_valid(after.rules, (sites, people), before, allow_unmatched=wish.allow_unmatched)
            if not wish.force:
                await asyncio.to_thread(require_administrators, before, after, sites, list(people.values()))
            version = await self._rules.replace(connection, after.rules)
            entries = await self._logs.reconcile(connection, counted.leases)
            change = _detail(before, after), _detail(after, before)
            await self._context.record(connection, "entitlement_changed", "entitlement", caller, change)
        return after, version, entries

    async def preview(self, wish: Wish) -> Preview:
        """What `replace` would change. Raises InvalidRules."""
        async with self._context.database.snapshot() as connection:
            before = await self._rules.all(connection)
            sites, people = await self._sites(connection), await self._accounts.people(connection)
        after = Entitlement(wish.rules)
        require_valid(after.rules, (sites, people), before, allow_unmatched=wish.allow_unmatched)
        persons = list(people.values())
        found = await asyncio.to_thread(difference, before, after, sites, persons)
        return Preview(found, await asyncio.to_thread(locked_sites, before, after, sites, persons))

    async def allow(self, email: str, device: str, caller: Caller) -> int:
        """Adds a rule that allows an account at one collector. Returns the number of log entries. Raises
        AccountUnknown, CollectorUnknown."""
        async with self._context.database.transaction() as connection:
            counted = await self._counter.lock(connection)
            account = await self._accounts.by_email(connection, email)
            if account is None:
                raise AccountUnknown(f"No account has the e-mail {email[:80]}.")
            collector = await self._collectors.by_id(connection, device)
            if collector is None or collector.progress.state == "deleted":
                raise CollectorUnknown(f"No collector has the id {device[:40]}.")
            rule = Rule(f"account:{account.id}", f"device:{device}", is_allowed=True)
            if rule in (await self._rules.all(connection)).rules:
                return 0
            await self._rules.put(connection, rule)
            entries = await self._logs.reconcile(connection, counted.leases, [device])
            change = None, {"added": [str(rule)]}
            await self._context.record(connection, "entitlement_changed", "entitlement", caller, change)
        return entries

    async def _sites(self, connection: Connection) -> list[Site]:
        return [one.where for one in await self._collectors.all(connection)]


class Policy:
    """The leases."""

    def __init__(self, context: Context, logs: Logs) -> None:
        self._context, self._logs = context, logs
        self._counter = CounterStore()

    async def read(self) -> tuple[Leases, int]:
        """The leases and their version."""
        async with self._context.database.connection() as connection:
            counted = await self._counter.read(connection)
        return counted.leases, counted.policy

    async def replace(self, leases: Leases, if_match: str | None, caller: Caller) -> tuple[Leases, int]:
        """Replaces the leases. Every mirrored record with another lease changes. Raises LeaseOutOfBounds,
        VersionMissing, VersionChanged."""
        require_bounds(leases)
        async with self._context.database.transaction() as connection:
            counted = await self._counter.lock(connection)
            require_version(counted.policy, if_match)
            changed = [role for role in ROLES if leases.of(role) != counted.leases.of(role)]
            if not changed:
                return leases, counted.policy
            version = await self._counter.set_leases(connection, leases)
            await self._logs.reconcile(connection, leases, rewrite=changed)
            change = _leases(counted.leases), _leases(leases)
            await self._context.record(connection, "mirror_policy_changed", "mirror_policy", caller, change)
        return leases, version


def _with_origins(rules: Collection[Rule], before: Entitlement) -> list[Rule]:
    """A rule that stays keeps its origin."""
    known = {(rule.key, rule.is_allowed): rule for rule in before.rules}
    return [known.get((rule.key, rule.is_allowed), rule) for rule in rules]


def _detail(own: Entitlement, other: Entitlement) -> dict[str, str | int | float | bool | list[str] | None]:
    """The rules that only one of two lists has. At most 200 are listed."""
    only = sorted(set(own.rules) - set(other.rules))
    return {"rules": len(own.rules), "only_here": [str(rule) for rule in only[:200]]}


def _leases(leases: Leases) -> dict[str, str | int | float | bool | list[str] | None]:
    return {"user_lease_s": leases.user_s, "admin_lease_s": leases.admin_s}

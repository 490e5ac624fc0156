"""Appends to the logs of collectors, in the transaction of the change. The transaction holds the counter."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pulse_contracts.permissions import Role
from pulse_postgres import Connection
from pulse_postgres.database import after_commit
from pulse_sync_publisher.actions.context import Context
from pulse_sync_publisher.model.collectors import Collector
from pulse_sync_publisher.model.entitlement import Entitlement
from pulse_sync_publisher.model.leases import Leases
from pulse_sync_publisher.model.records import Account, Entry, Place, State, located, next_entry, wanted_state
from pulse_sync_publisher.store.accounts import AccountStore
from pulse_sync_publisher.store.collectors import CollectorStore
from pulse_sync_publisher.store.counter import Counted, CounterStore, RuleStore
from pulse_sync_publisher.store.entries import EntryStore

_PAGE = 5_000
Olds = Mapping[tuple[str, str], Entry]


@dataclass(frozen=True)
class Change:
    """A new state of an account at one collector."""

    device: str
    account: Account
    state: State
    ver: int


class Logs:
    """The logs of all collectors."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._accounts, self._collectors, self._entries = AccountStore(), CollectorStore(), EntryStore()
        self._counter, self._rules = CounterStore(), RuleStore()

    async def account_changes(self, connection: Connection, counted: Counted, accounts: Sequence[Account]) -> int:
        """Appends new versions of accounts to every log that has them or should have them. Returns the number of
        entries."""
        rules = await self._rules.all(connection)
        collectors = [one for one in await self._collectors.all(connection) if one.has_log]
        ids, devices = [one.id for one in accounts], [one.device for one in collectors]
        olds = await self._entries.of_accounts(connection, ids, devices)
        first = await self._counter.advance(connection, len(accounts))
        sites = [one.where for one in collectors]
        changes = list[Change]()
        for ver, account in enumerate(accounts, first):
            allowed = rules.devices(account.person, sites)
            for device in devices:
                old = olds.get((device, account.id))
                state = wanted_state(old, account, is_entitled=device in allowed)
                if state == "live" or (state == "revoked" and old is not None and old.state == "live"):
                    changes.append(Change(device, account, state, ver))
        return await self.append(connection, counted.leases, changes, olds)

    async def reconcile(
        self,
        connection: Connection,
        leases: Leases,
        devices: Collection[str] | None = None,
        *,
        rewrite: Collection[Role] = (),
    ) -> int:
        """Brings logs to what rules and accounts say. `devices`: only these. `rewrite`: accounts with these roles get a
        new entry, because their lease changed. Returns the number of entries."""
        rules = await self._rules.all(connection)
        accounts = await self._accounts.all(connection)
        found = [one for one in await self._collectors.all(connection) if one.has_log]
        total, ver = 0, 0
        for collector in found:
            if devices is not None and collector.device not in devices:
                continue
            olds = await self._entries.of_device(connection, collector.device)
            changed = await asyncio.to_thread(_differences, rules, collector, accounts, (olds, rewrite))
            if changed and not ver:
                ver = await self._counter.advance(connection, 1)
            changes = [Change(collector.device, account, state, ver) for account, state in changed]
            by_key = {(collector.device, id_): entry for id_, entry in olds.items()}
            total += await self.append(connection, leases, changes, by_key)
        return total

    async def append(self, connection: Connection, leases: Leases, changes: Sequence[Change], olds: Olds) -> int:
        """Appends these changes and wakes the sender after the commit. `olds`: the entries that they replace."""
        if not changes:
            return 0
        locked = await self._collectors.lock_all(connection, {change.device for change in changes})
        progress = {one.device: one.progress for one in locked}
        seqs = {device: one.seq for device, one in progress.items()}
        made, live = list[tuple[str, Entry]](), dict[tuple[str, int], Entry]()
        now = self._context.clock()
        for change in changes:
            device, account = change.device, change.account
            seqs[device] += 1
            place = Place(seqs[device], progress[device].sent, progress[device].acked)
            old, key = olds.get((device, account.id)), (account.id, change.ver)
            template = live.get(key) if change.state == "live" else None
            if template is None:
                entry = next_entry(old, account, leases, (change.state, change.ver, now), place)
                if change.state == "live":
                    live[key] = entry
            else:
                entry = located(old, template, place)
            made.append((device, entry))
        await self.put(connection, made, seqs)
        return len(made)

    async def put(self, connection: Connection, made: Sequence[tuple[str, Entry]], seqs: dict[str, int]) -> None:
        """Writes entries and the new ends of the logs."""
        for start in range(0, len(made), _PAGE):
            await self._entries.put(connection, made[start : start + _PAGE])
        await self._collectors.grow(connection, seqs, self._context.now())
        self._context.metrics.written.inc(len(made))
        after_commit(self._context.wake)
        after_commit(self._context.show)


def _differences(
    rules: Entitlement,
    collector: Collector,
    accounts: Mapping[str, Account],
    log: tuple[Mapping[str, Entry], Collection[Role]],
) -> list[tuple[Account, State]]:
    """What a log needs."""
    olds, rewrite = log
    entitled = rules.accounts(collector.where, [account.person for account in accounts.values()])
    changed = list[tuple[Account, State]]()
    for id_ in sorted(entitled | olds.keys()):
        account, old = accounts.get(id_), olds.get(id_)
        if account is None:
            continue
        state = wanted_state(old, account, is_entitled=id_ in entitled)
        is_stale = old is None or old.state != state or (state == "live" and old.src != account.src)
        if state is not None and (is_stale or (state == "live" and account.role in rewrite)):
            changed.append((account, state))
    return changed

"""Answers for pages: collectors, what each of them holds, and where an account is mirrored."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pulse_postgres import Connection
from pulse_sync_publisher.actions.context import Context
from pulse_sync_publisher.model.collectors import Collector
from pulse_sync_publisher.model.errors import AccountUnknown, CollectorUnknown
from pulse_sync_publisher.model.records import Account
from pulse_sync_publisher.model.status import OfflineProblem, Possibility, Shown, offline_problem, shown_state
from pulse_sync_publisher.store.accounts import AccountStore
from pulse_sync_publisher.store.collectors import CollectorStore
from pulse_sync_publisher.store.counter import CounterStore, RuleStore
from pulse_sync_publisher.store.entries import EntryStore
from pulse_sync_publisher.store.page_rows import HeldRow, PageStore, PlaceRow
from pulse_sync_publisher.store.trails import Incident, IncidentStore, LossStore


@dataclass(frozen=True)
class Summary:
    """One collector in a list. held: accounts that may sign in offline there. behind: entries that it has not
    acknowledged. since: the oldest of them."""

    collector: Collector
    state: Shown
    held: int
    behind: int
    since: datetime | None


@dataclass(frozen=True)
class Fleet:
    """A page of collectors, and counts over all of them."""

    items: list[Summary]
    counts: dict[str, int]
    up_to_date: int
    total: int


@dataclass(frozen=True)
class AccountPlaces:
    """Where an account is mirrored. problem: why it can sign in offline nowhere. lease: in seconds."""

    account: Account
    places: list[PlaceRow]
    problem: OfflineProblem | None
    lease: int


class Pages:
    """Reads, each in one snapshot. Every method raises Unavailable."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._accounts, self._collectors, self._entries = AccountStore(), CollectorStore(), EntryStore()
        self._counter, self._rules, self._rows = CounterStore(), RuleStore(), PageStore()
        self._incidents, self._losses = IncidentStore(), LossStore()

    async def fleet(self, state: Shown | None, after: str | None, limit: int) -> tuple[Fleet, bool]:
        """Up to `limit` collectors by id, and whether there are more."""
        async with self._context.database.snapshot() as connection:
            everything = await self._collectors.all(connection)
            states = {one.device: shown_state(one.progress) for one in everything}
            matching = [
                one
                for one in everything
                if (state is None or states[one.device] == state) and (after is None or one.device > after)
            ]
            page = matching[:limit]
            items = await self._summaries(connection, page)
        counts = Counter(states.values())
        total = len(everything) - counts["unmanaged"]
        fleet = Fleet(items, {str(name): count for name, count in counts.items()}, counts["in_sync"], total)
        return fleet, len(matching) > limit

    async def collector(self, device: str) -> Summary:
        """One collector. Raises CollectorUnknown."""
        async with self._context.database.snapshot() as connection:
            (found,) = await self._summaries(connection, [await self._known(connection, device)])
        return found

    async def contents(self, device: str, after: str | None, limit: int) -> list[HeldRow]:
        """Up to `limit` accounts of a collector's mirror, by id. Raises CollectorUnknown."""
        async with self._context.database.snapshot() as connection:
            found = await self._known(connection, device)
            return await self._rows.contents(connection, device, (found.progress.acked, after), limit)

    async def held(self, device: str) -> tuple[list[Account], int]:
        """The accounts whose verifiers a collector holds, or held when it was lost; and the enrolment. Raises
        CollectorUnknown."""
        async with self._context.database.snapshot() as connection:
            found = await self._collectors.by_id(connection, device)
            if found is None:
                raise CollectorUnknown("The collector does not exist.")
            progress = found.progress
            if found.has_log:
                entries = await self._entries.of_device(connection, device)
                ids = [one.account for one in entries.values() if one.may_hold(progress.sent, progress.acked)]
            else:
                ids = await self._losses.of(connection, device, progress.gen)
            accounts = await self._accounts.by_ids(connection, ids)
        return sorted(accounts.values(), key=lambda one: one.id), progress.gen

    async def account(self, id_: str) -> AccountPlaces:
        """Where an account is mirrored. Raises AccountUnknown."""
        async with self._context.database.snapshot() as connection:
            account = await self._accounts.by_id(connection, id_)
            if account is None:
                raise AccountUnknown("The account does not exist.")
            rules = await self._rules.all(connection)
            collectors = [one for one in await self._collectors.all(connection) if one.has_log]
            places = await self._rows.places(connection, id_)
            lease = (await self._counter.read(connection)).leases.of(account.role)
        entitled = rules.devices(account.person, [one.where for one in collectors])
        synchronised = sum(1 for place in places if place.state == "live" and place.is_acked)
        problem = offline_problem(Possibility(account, lease, len(entitled), synchronised))
        return AccountPlaces(account, places, problem, lease)

    async def incidents(self, device: str | None, before: int | None, limit: int) -> list[Incident]:
        """Incidents, newest first."""
        async with self._context.database.connection() as connection:
            return await self._incidents.page(connection, device, before, limit)

    async def _known(self, connection: Connection, device: str) -> Collector:
        found = await self._collectors.by_id(connection, device)
        if found is None or found.progress.state == "deleted":
            raise CollectorUnknown("The collector does not exist.")
        return found

    async def _summaries(self, connection: Connection, collectors: Sequence[Collector]) -> list[Summary]:
        found = await self._rows.counts(connection, {one.device: one.progress.acked for one in collectors})
        return [
            Summary(one, shown_state(one.progress), counts.held, counts.behind, counts.since)
            for one in collectors
            for counts in [found[one.device]]
        ]

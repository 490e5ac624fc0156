"""Publishes the progress of each collector's mirror and changes of the rules, at most once a second. Measures the
fleet."""

from collections import Counter

from pulse_bus import Bus, Disconnected
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.changes import Changed
from pulse_contracts.mirror import MirrorStatus
from pulse_contracts.topics import CHANGES_ENTITLEMENT, USERS_MIRROR
from pulse_sync_publisher.actions.context import Context
from pulse_sync_publisher.actions.publishing import clear, publish
from pulse_sync_publisher.model.collectors import Collector, ShownStatus
from pulse_sync_publisher.model.status import shown_state
from pulse_sync_publisher.store.collectors import CollectorStore
from pulse_sync_publisher.store.counter import CounterStore


class Statuses:
    """The retained status of each collector."""

    def __init__(self, context: Context, bus: Bus, metrics: Metrics) -> None:
        self._context, self._bus = context, bus
        self._store = CollectorStore()
        self._noticed: tuple[int, int] | None = None
        """Versions of the rules and of the leases that pages were told about."""
        self._by_state = metrics.gauge("mirror_collectors", "Collectors by the state of their mirror", ["state"])
        self._waiting = metrics.gauge("mirror_entries_waiting", "Entries that collectors have not acknowledged")
        self._oldest = metrics.gauge(
            "mirror_oldest_entry_age_seconds", "Age of the oldest entry that a collector has not acknowledged"
        )
        self._is_current = metrics.gauge(
            "mirror_accounts_current",
            "1 if the copy of the accounts is what users announced lately. 0: leases end",
        )

    async def publish_changes(self) -> None:
        """Publishes what changed since the last round. Deletes the retained status of a deleted collector. Raises
        Unavailable."""
        async with self._context.database.transaction() as connection:
            changed = await self._store.claim_unshown(connection)
            statuses = [self._status(collector, pending) for collector, pending in changed]
            for status, (collector, _) in zip(statuses, changed, strict=True):
                shown = ShownStatus(status.state, status.behind, status.since)
                if shown != collector.shown:
                    await self._store.note_shown(connection, collector.device, shown)
        for status, (collector, _) in zip(statuses, changed, strict=True):
            if collector.progress.state == "deleted":
                await clear(self._bus, USERS_MIRROR, device=status.device)
            else:
                await publish(self._bus, USERS_MIRROR, status, device=status.device)

    async def publish_rule_changes(self) -> None:
        """Tells pages that the rules or the leases changed: by this process, another replica or the command line.
        Without a connection to the broker the next round does it. Raises Unavailable."""
        async with self._context.database.connection() as connection:
            counted = await CounterStore().read(connection)
        versions = counted.rules, counted.policy
        if versions == self._noticed:
            return
        try:
            await publish(self._bus, CHANGES_ENTITLEMENT, Changed(at=self._context.clock()))
        except Disconnected:
            return
        self._noticed = versions

    async def publish_all(self) -> None:
        """Publishes every status soon: at each connection. Raises Unavailable."""
        async with self._context.database.transaction() as connection:
            await self._store.mark_unshown(connection)
        self._context.show()

    async def measure(self) -> None:
        """Updates the gauges. Raises Unavailable."""
        async with self._context.database.connection() as connection:
            found = await self._store.all(connection)
            waiting, age = await self._store.backlog(connection)
            counted = await CounterStore().read(connection)
        self._is_current.set(self._context.may_vouch(counted))
        counts = Counter(shown_state(one.progress) for one in found)
        for state in ("in_sync", "behind", "never", "rolled_back", "wiped", "unmanaged"):
            self._by_state.labels(state).set(counts[state])
        self._waiting.set(waiting)
        self._oldest.set(age)

    def _status(self, collector: Collector, pending: int) -> MirrorStatus:
        progress = collector.progress
        state = shown_state(progress)
        now = self._context.clock()
        return MirrorStatus(
            device=collector.device,
            state=state,
            behind=pending,
            seq=progress.acked,
            since=collector.shown.since if collector.shown.state == state else now,
            seen=progress.seen,
        )

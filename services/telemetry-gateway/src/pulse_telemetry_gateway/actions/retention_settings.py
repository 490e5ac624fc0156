"""What administrators choose about retention: read, preview, change. The daily sweep removes."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from pulse_chassis.http.preconditions import Precondition
from pulse_chassis.http.problems import CurrentVersion
from pulse_contracts.times import from_micros
from pulse_postgres import AuditEntry, Database
from pulse_postgres.audit import Detail
from pulse_telemetry_gateway.actions.audit_trail import AuditTrail
from pulse_telemetry_gateway.actions.displays import Editor
from pulse_telemetry_gateway.actions.retention import Due, Retention
from pulse_telemetry_gateway.model.retention import LEVELS, Ages, ChosenDays, Kept, RetentionSetting, require_order
from pulse_telemetry_gateway.store.retention import Partition, RetentionStore
from pulse_telemetry_gateway.store.retention_settings import RetentionSettingStore

_COUNTING: Final = timedelta(seconds=10)
"""How long a preview may count readings. The rest of a preview is quick."""


@dataclass(frozen=True)
class LevelUse:
    """What a level holds: its partitions with their bytes."""

    partitions: int
    bytes: int


@dataclass(frozen=True)
class RetentionState:
    """What counts, what administrators chose, and what each level holds."""

    setting: RetentionSetting
    defaults: Ages
    use: dict[Kept, LevelUse]


@dataclass
class LevelRemoval:
    """What a sweep would remove from a level. before: the newest end of a removed partition, in microseconds; None:
    nothing. kept: partitions that are old enough, but that compaction still needs."""

    partitions: int = 0
    bytes: int = 0
    before: int | None = None
    kept: int = 0

    def add(self, due: Due) -> None:
        """Adds a partition that is old enough."""
        if due.needed:
            self.kept += 1
            return
        partition = due.partition
        self.partitions += 1
        self.bytes += partition.size
        self.before = max(partition.until, self.before or partition.until)


@dataclass(frozen=True)
class ReadingCount:
    """Readings that would be removed. devices: those that would lose some."""

    readings: int
    devices: int


@dataclass
class RetentionPreview:
    """What the next sweep would remove. count: None when counting took too long."""

    levels: dict[Kept, LevelRemoval] = field(default_factory=lambda: {level: LevelRemoval() for level in LEVELS})
    count: ReadingCount | None = None


class RetentionSettings:
    """The choice of administrators. `clock` in microseconds."""

    def __init__(self, database: Database, retention: Retention, audit: AuditTrail, clock: Callable[[], int]) -> None:
        self._database, self._retention, self._audit, self._clock = database, retention, audit, clock
        self._store, self._partitions = RetentionSettingStore(), RetentionStore(database)
        self._counting = asyncio.Semaphore(1)

    async def state(self) -> RetentionState:
        """Raises Unavailable."""
        async with self._database.connection() as connection:
            setting = await self._store.read(connection)
        use = _use(await self._partitions.partitions())
        return RetentionState(setting, self._retention.defaults, use)

    async def database_bytes(self) -> int:
        """The size of the whole database. Raises Unavailable."""
        async with self._database.connection() as connection:
            return int(await connection.fetchval("SELECT pg_database_size(current_database())"))

    async def preview(self, days: ChosenDays) -> RetentionPreview:
        """What a sweep would remove now with these days. `Retention.due` decides, as for the sweep. Changes nothing.
        One preview at a time counts readings. Raises RetentionOrder, ClocksDiffer, Unavailable."""
        ages = days.over(self._retention.defaults)
        require_order(ages)
        found, due = RetentionPreview(), await self._retention.due(ages)
        for one in due:
            found.levels[one.partition.level].add(one)
        found.count = await self._count([one.partition for one in due if one.partition.level == "raw"])
        return found

    async def replace(self, days: ChosenDays, precondition: Precondition, editor: Editor) -> RetentionState:
        """Changes and audits it. Nothing is removed before the next sweep, within a day. Raises RetentionOrder,
        PreconditionFailed, Unavailable."""
        require_order(days.over(self._retention.defaults))
        async with self._database.transaction() as connection:
            before = await self._store.lock(connection)
            precondition.require(_current(before))
            after = replace(
                before,
                days=days,
                version=before.version + 1,
                updated_at=from_micros(self._clock()),
                updated_by=editor.caller.account,
                updated_by_name=editor.name,
            )
            await self._store.put(connection, after)
            caller = editor.caller
            entry = AuditEntry(
                "retention_changed",
                caller.account,
                "retention",
                _detail(before.days.over(self._retention.defaults)),
                _detail(days.over(self._retention.defaults)),
                caller.address,
                caller.request_id,
            )
            await self._audit.append(connection, entry)
        return await self.state()

    async def _count(self, partitions: Sequence[Partition]) -> ReadingCount | None:
        readings, devices = 0, set[int]()
        try:
            async with asyncio.timeout(_COUNTING.total_seconds()), self._counting:
                for partition in partitions:
                    found = await self._partitions.readings(partition)
                    readings += sum(found.values())
                    devices |= found.keys()
        except TimeoutError:
            return None
        return ReadingCount(readings, len(devices))


def _use(partitions: Sequence[Partition]) -> dict[Kept, LevelUse]:
    of_level = {level: [one for one in partitions if one.level == level] for level in LEVELS}
    return {level: LevelUse(len(found), sum(one.size for one in found)) for level, found in of_level.items()}


def _current(found: RetentionSetting) -> CurrentVersion:
    return CurrentVersion(
        version=found.version,
        updated_at=found.updated_at,
        updated_by=found.updated_by,
        updated_by_name=found.updated_by_name,
    )


def _detail(ages: Ages) -> Detail:
    return {f"{level}_days": ages.of(level).total_seconds() / 86_400 for level in LEVELS}

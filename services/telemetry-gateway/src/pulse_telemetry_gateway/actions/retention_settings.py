"""What administrators choose about retention: read, preview, change. The daily sweep removes."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

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
    nothing. kept: partitions that are old enough, but that compaction still needs. readings: 0 for the log and for
    roll-ups, which hold no readings of their own."""

    partitions: int = 0
    bytes: int = 0
    before: int | None = None
    kept: int = 0
    readings: int = 0


@dataclass
class RetentionPreview:
    """What the next sweep would remove. devices: those that would lose readings."""

    levels: dict[Kept, LevelRemoval] = field(default_factory=lambda: {level: LevelRemoval() for level in LEVELS})
    devices: int = 0


class RetentionSettings:
    """The choice of administrators. `clock` in microseconds."""

    def __init__(self, database: Database, retention: Retention, audit: AuditTrail, clock: Callable[[], int]) -> None:
        self._database, self._retention, self._audit, self._clock = database, retention, audit, clock
        self._store, self._partitions = RetentionSettingStore(), RetentionStore(database)

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
        Raises RetentionOrder, ClocksDiffer, Unavailable."""
        ages = days.over(self._retention.defaults)
        require_order(ages)
        found, devices = RetentionPreview(), Counter[int]()
        for one in await self._retention.due(ages):
            await self._count(one, found.levels[one.partition.level], devices)
        found.devices = len(devices)
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

    async def _count(self, due: Due, level: LevelRemoval, devices: Counter[int]) -> None:
        if due.needed:
            level.kept += 1
            return
        partition = due.partition
        level.partitions += 1
        level.bytes += partition.size
        level.before = max(partition.until, level.before or partition.until)
        if partition.level == "raw":
            found = await self._partitions.readings(partition)
            devices.update(found)
            level.readings += sum(found.values())


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

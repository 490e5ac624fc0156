"""Removes old readings, one partition at a time and level by level. Keeps what is still needed, and records in the
ledger what was removed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.errors import Unavailable
from pulse_telemetry_gateway.model.retention import Ages
from pulse_telemetry_gateway.store.retention import Partition, RetentionStore, WrittenMeanwhile

log = structlog.get_logger("pulse.retention")
_DAY = timedelta(days=1)
_ROWS = 10_000
_MICRO = timedelta(microseconds=1)
_CLOCKS_APART = timedelta(hours=1)


@dataclass(frozen=True)
class Due:
    """A partition that is old enough. `needed`: log rows that prevent its removal."""

    partition: Partition
    needed: int


class ClocksDiffer(Unavailable):
    """The clocks of the gateway and of PostgreSQL differ by more than an hour, so no age is reliable."""


class Retention:
    """Uses PostgreSQL's clock. `defaults`: the ages of levels for which administrators chose none. `clock`: the
    gateway's, in microseconds since 1970, which must agree with PostgreSQL's."""

    def __init__(
        self, store: RetentionStore, defaults: Ages, clock: Callable[[], int], metrics: Metrics | None = None
    ) -> None:
        self._store, self.defaults, self._clock = store, defaults, clock
        self._apart = (metrics or Metrics()).gauge(
            "retention_clock_difference_seconds",
            "Gateway clock minus PostgreSQL clock. Retention stops when they differ by more than an hour.",
        )

    async def round(self) -> None:
        """Drops everything that is due and deletes old rows of the log's default partition. Raises Unavailable, and
        ClocksDiffer while the clocks differ by more than an hour."""
        ages = await self.ages()
        await self.apply(await self.due(ages))
        await self._trim(ages)

    async def ages(self) -> Ages:
        """The ages that count: what administrators chose, else the defaults. Raises Unavailable."""
        return (await self._store.chosen()).over(self.defaults)

    async def due(self, ages: Ages | None = None) -> list[Due]:
        """The partitions that are old enough. Changes nothing. `ages`: other ones than those that count, for a preview.
        Raises ClocksDiffer, Unavailable."""
        found = []
        ages = ages or await self.ages()
        now = await self._now()
        for partition in await self._store.partitions():
            age = ages.of(partition.level)
            if partition.until <= now - age // _MICRO and partition.written <= now - max(age, _DAY) // _MICRO:
                needed = await self._store.needed_rows(partition.name) if partition.level == "log" else 0
                found.append(Due(partition, needed))
        return found

    async def apply(self, due: Sequence[Due]) -> dict[str, int]:
        """Drops the partitions that are not needed. Returns the readings removed with each (0 for the log, whose
        readings are in chunks)."""
        removed: dict[str, int] = {}
        for one in due:
            partition = one.partition
            if partition.level != "log":
                try:
                    removed[partition.name] = await self._store.drop_derived(partition)
                except WrittenMeanwhile:
                    log.info("partition_kept", partition=partition.name, reason="written_meanwhile")
                    continue
            elif await self._store.drop_log(partition):
                removed[partition.name] = 0
            else:
                log.info("partition_kept", partition=partition.name, reason="not_compacted")
                continue
            log.info("partition_dropped", partition=partition.name, readings=removed[partition.name])
        return removed

    async def _trim(self, ages: Ages) -> None:
        before = datetime.fromtimestamp(await self._now() / 1e6, UTC) - ages.log
        while await self._store.trim_default(before, _ROWS) == _ROWS:
            continue

    async def _now(self) -> int:
        now = await self._store.now()
        apart = (self._clock() - now) * _MICRO
        self._apart.set(apart.total_seconds())
        if abs(apart) > _CLOCKS_APART:
            raise ClocksDiffer(f"the clocks of the gateway and PostgreSQL are {abs(apart)} apart")
        return now

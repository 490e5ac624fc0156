"""Deletes readings, series and devices. The ledger records them as removed, so that deleted is not lost."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from pulse_chassis.identity.caller import Caller
from pulse_contracts.errors import Unavailable
from pulse_postgres import AuditEntry
from pulse_postgres.audit import Detail
from pulse_telemetry_gateway.actions.audit_trail import AuditTrail
from pulse_telemetry_gateway.actions.compaction import Compaction
from pulse_telemetry_gateway.actions.history import check_range
from pulse_telemetry_gateway.model.errors import UnknownDevice, UnknownSeries
from pulse_telemetry_gateway.store.erasure import Deletion, DeletionTarget, ErasureStore
from pulse_telemetry_gateway.store.registry import RegistryStore

_TIMEOUT = timedelta(seconds=10)
_NAMED = 20


@dataclass(frozen=True)
class ErasureResult:
    """What was deleted, or would be deleted by a request without `dry_run`."""

    series: int
    readings: int


class Erasure:
    """Each call is one transaction with its audit entry. Readings that arrive during the call are kept."""

    def __init__(self, store: ErasureStore, registry: RegistryStore, compaction: Compaction, audit: AuditTrail) -> None:
        self._store, self._registry, self._compaction, self._audit = store, registry, compaction, audit

    async def series(self, series_id: int, caller: Caller, *, is_dry_run: bool) -> ErasureResult:
        """Deletes a series with all its readings. Raises UnknownSeries, Unavailable."""
        one, device = await self._known(series_id)
        return await self._erase("series_deleted", device, [one], caller, is_dry_run=is_dry_run)

    async def range(self, series_id: int, span: tuple[int, int], caller: Caller, *, is_dry_run: bool) -> ErasureResult:
        """Deletes the readings of a series in [span[0], span[1]), in microseconds. Raises UnknownSeries, InvalidRange,
        Unavailable."""
        check_range(*span)
        one, device = await self._known(series_id)
        return await self._erase("readings_deleted", device, [one], caller, span=span, is_dry_run=is_dry_run)

    async def device(self, name: str, caller: Caller, *, is_dry_run: bool) -> ErasureResult:
        """Deletes a device with all its series and readings. Raises UnknownDevice, Unavailable."""
        device_id = await self._registry.find(name)
        if device_id is None:
            raise UnknownDevice(f"unknown device {name}")
        kinds = await self._registry.series_kinds(device_id)
        targets = [DeletionTarget(number, device_id, kind) for number, kind in kinds]
        return await self._erase("device_deleted", (device_id, name), targets, caller, is_dry_run=is_dry_run)

    async def _known(self, series_id: int) -> tuple[DeletionTarget, tuple[int, str]]:
        found = (await self._registry.devices_of([series_id])).get(series_id)
        if found is None:
            raise UnknownSeries(f"unknown series {series_id}")
        device_id, device, kind = found
        return DeletionTarget(series_id, device_id, kind), (device_id, device)

    async def _erase(
        self,
        kind: str,
        device: tuple[int, str],
        targets: Sequence[DeletionTarget],
        caller: Caller,
        *,
        span: tuple[int, int] | None = None,
        is_dry_run: bool,
    ) -> ErasureResult:
        await self._catch_up(device[0])
        async with self._store.erasing(device[0], is_dry_run=is_dry_run) as erasing:
            erased = ErasureResult(len(targets), await self._delete(erasing, kind, device[0], targets, span))
            named = ",".join(str(one.series_id) for one in targets[:_NAMED])
            detail: Detail = {
                "series": named if len(targets) <= _NAMED else f"{named} and {len(targets) - _NAMED} more",
                "readings": erased.readings,
                **({"from": span[0], "to": span[1]} if span else {}),
            }
            target = f"device:{device[1]}"
            entry = AuditEntry(kind, caller.account, target, detail, None, caller.address, caller.request_id)
            await self._audit.append(erasing.connection, entry)
        return erased

    async def _delete(
        self,
        erasing: Deletion,
        kind: str,
        device_id: int,
        targets: Sequence[DeletionTarget],
        span: tuple[int, int] | None,
    ) -> int:
        n = await erasing.series(targets) if span is None else await erasing.range(targets[0], *span)
        await erasing.log(device_id)
        if kind == "device_deleted":
            await erasing.device(device_id)
        return n

    async def _catch_up(self, device_id: int) -> None:
        """Returns when everything that arrived before the call is in chunks and in the newest values."""
        wanted, done = await self._store.progress(device_id)
        try:
            async with asyncio.timeout(_TIMEOUT.total_seconds()):
                while done < wanted:
                    await self._compaction.step(device_id)
                    await asyncio.sleep(0.05)  # another job derives the newest values
                    _, done = await self._store.progress(device_id)
        except TimeoutError as error:
            raise Unavailable("the newest readings are still being processed: try again in a few seconds") from error

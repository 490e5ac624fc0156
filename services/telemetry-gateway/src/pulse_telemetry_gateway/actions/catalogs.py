"""Caches which series the ids in batches stand for."""

from collections.abc import Mapping

from pulse_contracts.message import ValueType
from pulse_telemetry_gateway.model.ingest.screening import ResolvedSeries, SeriesRef
from pulse_telemetry_gateway.store.registry import RegistryStore

_REMEMBERED = 10_000


class Catalogs:
    """The declared series of running epochs, cached. The database is read again when an id is unknown."""

    def __init__(self, registry: RegistryStore) -> None:
        self._registry = registry
        self._known: dict[tuple[int, int], dict[int, SeriesRef]] = {}
        self._resolved: dict[tuple[int, int, tuple[int, ...]], ResolvedSeries] = {}
        self._devices: dict[str, int] = {}
        self._plain: dict[int, dict[tuple[str, ValueType], SeriesRef]] = {}

    async def plain(
        self, device_id: int, wanted: Mapping[tuple[str, ValueType], str], most: int
    ) -> dict[tuple[str, str], SeriesRef]:
        """The series of a plain device by name and type; `wanted` has the display names. A new series is created until
        the device has `most`. Series beyond that limit are absent from the answer."""
        known = self._plain.setdefault(device_id, {})
        missing = {key: display_name for key, display_name in wanted.items() if key not in known}
        if missing:
            known.update(await self._registry.plain_series(device_id, missing, most))
        return {key: known[key] for key in wanted if key in known}

    async def device_id(self, name: str) -> int:
        """The device's number."""
        found = self._devices.get(name)
        if found is None:
            found = self._devices[name] = await self._registry.device_id(name)
        return found

    def has_cached(self, device_id: int, epoch: int, local_ids: tuple[int, ...]) -> bool:
        """Whether `resolve` answers without the database."""
        if (device_id, epoch, local_ids) in self._resolved:
            return True
        refs = self._known.get((device_id, epoch))
        return refs is not None and all(local in refs for local in local_ids)

    async def resolve(self, device_id: int, epoch: int, local_ids: tuple[int, ...]) -> ResolvedSeries | None:
        """The series of a batch's ids. None when the epoch declared nothing."""
        key = (device_id, epoch, local_ids)
        found = self._resolved.get(key)
        if found is not None:
            return found
        refs = self._known.get((device_id, epoch))
        if refs is None or any(local not in refs for local in local_ids):
            catalog = await self._registry.catalog(device_id, epoch)
            if catalog is None:
                return None
            refs = catalog.refs
            self.remember(device_id, epoch, refs)
        found = ResolvedSeries.of(local_ids, refs)
        if all(local in refs for local in local_ids):  # otherwise the rest of the declaration may still arrive
            if len(self._resolved) > _REMEMBERED:
                self._resolved.clear()
            self._resolved[key] = found
        return found

    def remember(self, device_id: int, epoch: int, refs: dict[int, SeriesRef]) -> None:
        """Caches a declaration."""
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        self._known[device_id, epoch] = refs
        self._resolved.clear()

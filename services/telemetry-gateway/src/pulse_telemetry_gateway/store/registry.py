"""Devices, their series, the series ids that each epoch declared, and the newest value of each series."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from pulse_contracts.message import ValueType
from pulse_contracts.telemetry import SeriesDeclaration
from pulse_postgres import Connection, Database, Row
from pulse_postgres.database import after_commit
from pulse_telemetry_gateway.model.ingest.screening import SeriesRef
from pulse_telemetry_gateway.model.storage.columns import TYPES
from pulse_telemetry_gateway.store.displays import read_limits
from pulse_telemetry_gateway.store.registry_rows import Device, DeviceName, DeviceReport, Series
from pulse_telemetry_gateway.store.visibility import DEVICE_EXISTS, SERIES_EXISTS

_SERIES: Final = (
    "SELECT s.id, d.name AS device, s.name, s.type, "
    "coalesce(s.given_name, s.display_name) AS display_name, "
    "coalesce(s.given_unit, s.unit) AS unit, s.given_unit AS display_unit, p.decimals, p.limits, "
    "p.expected_min, p.expected_max, s.interval_us, l.t, l.word "
    "FROM series s JOIN device d ON d.id = s.device_id LEFT JOIN latest l ON l.series_id = s.id "
    "LEFT JOIN series_display p ON p.series_id = s.id"
)
"""Series with their newest readings."""

_FULL_MAX: Final = 10 * 365 * 86_400
"""Seconds. A buffer that is full later counts as full in ten years."""

_LAST_MICROS: Final = 253_402_300_799_999_999
"""The end of the year 9999."""

SeriesKey = tuple[str, str, str]
"""(device, name, type): the order of lists."""


@dataclass(frozen=True)
class Catalog:
    """The series ids that an epoch declared. is_complete: every part of the declaration with this digest has arrived.
    left_out: series of the last part that exceed the device's limit."""

    digest: str
    is_complete: bool
    refs: dict[int, SeriesRef]
    left_out: int = 0


class SeriesRedeclared(Exception):  # what a device did, not an error of ours
    """An epoch declared one of its ids for another series. Batches in flight would change their series."""


@dataclass(frozen=True)
class RegistryLimits:
    """Of one device: number of series, and newest catalogs that are kept."""

    series: int = 10_000
    catalogs: int = 100


class RegistryStore:
    """Small tables that are read often."""

    def __init__(self, database: Database, limits: RegistryLimits = RegistryLimits()) -> None:  # frozen
        self._database, self._limits = database, limits
        self.on_registered: Callable[[str], None] = lambda _device: None
        """Called with the id of a device that was just registered."""

    async def find(self, name: str) -> int | None:
        """The device's number, if it exists."""
        async with self._database.connection() as connection:
            found: int | None = await connection.fetchval("SELECT id FROM device WHERE name = $1", name)
        return found

    async def device_id(self, name: str) -> int:
        """The device's number. A new device is registered."""
        async with self._database.connection() as connection:
            found = await connection.fetchval("SELECT id FROM device WHERE name = $1", name)
            if found is None:
                await connection.execute("INSERT INTO device (name) VALUES ($1) ON CONFLICT DO NOTHING", name)
                found = await connection.fetchval("SELECT id FROM device WHERE name = $1", name)
                after_commit(partial(self.on_registered, name))
        return int(found)

    async def declare(
        self, device_id: int, epoch: int, digest: str, part: tuple[int, int], series: Sequence[SeriesDeclaration]
    ) -> Catalog:
        """Takes part `part[0]` of `part[1]` of a declaration and returns the catalog. Series beyond the device's limit
        are left out. Raises SeriesRedeclared; nothing of the part is taken then."""
        async with self._database.transaction() as connection:
            await connection.execute("SELECT 1 FROM device WHERE id = $1 FOR UPDATE", device_id)
            ids = await self._series(connection, device_id, series)
            row = await connection.fetchrow(
                "SELECT digest, parts_seen, local_ids, series_ids FROM catalog WHERE device_id = $1 AND epoch = $2",
                device_id,
                epoch,
            )
            mapping: dict[int, int] = {}
            seen: set[int] = set()
            if row is not None:
                mapping = dict(zip(row["local_ids"], row["series_ids"], strict=True))
                seen = set(row["parts_seen"]) if row["digest"] == digest else set()
            for entry in series:
                number = ids.get((entry.name, entry.type))
                if number is not None and mapping.setdefault(entry.id, number) != number:
                    raise SeriesRedeclared(
                        f"id {entry.id} was declared for another series than {entry.name} ({entry.type})"
                    )
            seen.add(part[0])
            await connection.execute(
                "INSERT INTO catalog (device_id, epoch, digest, parts, parts_seen, local_ids, series_ids) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (device_id, epoch) DO UPDATE SET digest = $3, "
                "parts = $4, parts_seen = $5, local_ids = $6, series_ids = $7, declared = now()",
                device_id,
                epoch,
                digest,
                part[1],
                sorted(seen),
                list(mapping),
                list(mapping.values()),
            )
            if row is None:  # a batch names the catalog of its own epoch: catalogs of older epochs are not needed
                await connection.execute(
                    "DELETE FROM catalog WHERE device_id = $1 AND epoch IN (SELECT epoch FROM catalog "
                    "WHERE device_id = $1 ORDER BY declared DESC, epoch OFFSET $2)",
                    device_id,
                    self._limits.catalogs,
                )
        catalog = await self.catalog(device_id, epoch)
        if catalog is None:
            raise RuntimeError("the catalog disappeared after it was written")
        return replace(catalog, left_out=sum((entry.name, entry.type) not in ids for entry in series))

    async def _series(
        self, connection: Connection, device_id: int, series: Sequence[SeriesDeclaration]
    ) -> dict[tuple[str, ValueType], int]:
        """The numbers of the series by name and type. Series beyond the device's limit are absent."""
        wanted = {(entry.name, entry.type): entry for entry in series}
        known = await self._numbers(connection, device_id, wanted)
        new = [key for key in wanted if key not in known]
        if new:
            has = await connection.fetchval("SELECT count(*) FROM series WHERE device_id = $1", device_id)
            new = new[: max(0, self._limits.series - has)]
        entries = [wanted[key] for key in (*known, *new)]
        await connection.execute(
            "INSERT INTO series AS s (device_id, name, type, display_name, unit, interval_us) "
            "SELECT $1, w.* FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[]) AS w "
            "ON CONFLICT (device_id, name, type) DO UPDATE SET display_name = excluded.display_name, "
            "unit = excluded.unit, interval_us = excluded.interval_us WHERE (s.display_name, s.unit, s.interval_us) "
            "IS DISTINCT FROM (excluded.display_name, excluded.unit, excluded.interval_us)",
            device_id,
            [entry.name for entry in entries],
            [entry.type for entry in entries],
            [entry.display_name or entry.name for entry in entries],
            [entry.unit for entry in entries],
            [entry.interval for entry in entries],
        )
        return known | await self._numbers(connection, device_id, new) if new else known

    async def _numbers(
        self, connection: Connection, device_id: int, wanted: Collection[tuple[str, ValueType]]
    ) -> dict[tuple[str, ValueType], int]:
        rows = await connection.fetch(
            "SELECT s.id, s.name, s.type FROM unnest($2::text[], $3::text[]) AS w (name, type) "
            "JOIN series s ON s.device_id = $1 AND s.name = w.name AND s.type = w.type",
            device_id,
            [name for name, _ in wanted],
            [kind for _, kind in wanted],
        )
        return {(row["name"], row["type"]): row["id"] for row in rows}

    async def plain_series(
        self, device_id: int, wanted: Mapping[tuple[str, ValueType], str], most: int
    ) -> dict[tuple[str, ValueType], SeriesRef]:
        """The device's series by name and type (`wanted` has the display names). New ones are created while the device
        has fewer than `most`."""
        found: dict[tuple[str, ValueType], SeriesRef] = {}
        async with self._database.transaction() as connection:
            await connection.execute("SELECT 1 FROM device WHERE id = $1 FOR UPDATE", device_id)
            rows = await connection.fetch(
                "SELECT id, name, type, removed_at IS NOT NULL AND NOT EXISTS "
                "(SELECT FROM latest WHERE series_id = s.id) AS is_removed FROM series s WHERE device_id = $1",
                device_id,
            )
            known = {(row["name"], row["type"]): row["id"] for row in rows}
            left = most - sum(not row["is_removed"] for row in rows)
            for (name, kind), display_name in wanted.items():
                number = known.get((name, kind))
                if number is None and left > 0:
                    left -= 1
                    number = await connection.fetchval(
                        "INSERT INTO series (device_id, name, type, display_name, unit) VALUES ($1, $2, $3, $4, '') "
                        "RETURNING id",
                        device_id,
                        name,
                        kind,
                        display_name,
                    )
                if number is not None:
                    found[name, kind] = SeriesRef(number, TYPES.index(kind))
        return found

    async def catalog(self, device_id: int, epoch: int) -> Catalog | None:
        """The series ids of an epoch. None when it declared nothing."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                "SELECT digest, parts, cardinality(parts_seen) AS seen, local_ids, "
                "ARRAY(SELECT s.type FROM unnest(series_ids) WITH ORDINALITY AS u (id, i) "
                "JOIN series s ON s.id = u.id ORDER BY u.i) AS types, series_ids "
                "FROM catalog WHERE device_id = $1 AND epoch = $2",
                device_id,
                epoch,
            )
        if row is None:
            return None
        entries = zip(row["local_ids"], row["series_ids"], row["types"], strict=True)
        refs = {local: SeriesRef(series, TYPES.index(kind)) for local, series, kind in entries}
        return Catalog(row["digest"], row["seen"] == row["parts"], refs)

    async def devices(self, after: str = "", most: int = 1_000) -> list[Device]:
        """At most `most` devices after a name, ordered by name."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT d.id, d.name, coalesce(d.given_name, d.display_name) AS display_name, "  # noqa: S608  # constants
                "d.online, d.version, d.waiting, d.oldest_waiting, d.buffer_fill, d.full_at, d.last_seen, "
                "d.alternations >= 3 AND d.alternated > now() - interval '1 hour' AS is_cloned, "
                "EXISTS (SELECT FROM stream WHERE device_id = d.id AND epoch = 0) AS is_plain, "
                "(SELECT clock_offset FROM stream WHERE device_id = d.id ORDER BY ord DESC, epoch LIMIT 1) "
                "AS clock_offset, "
                "(SELECT (extract(epoch FROM b.received) * 1000000)::bigint - b.t_max FROM batch b "
                "WHERE b.device_id = d.id AND b.pos = d.pos) AS lag, "
                "(SELECT coalesce(sum(q.n), 0)::bigint FROM quarantine_reason q WHERE q.device = d.name) "
                "AS quarantined, "
                "(SELECT least(coalesce(sum(dropped_n), 0), 4611686018427387904)::bigint FROM stream "
                "WHERE device_id = d.id) AS dropped, "
                "(SELECT count(*) FROM series s WHERE s.device_id = d.id AND (s.removed_at IS NULL "
                "OR EXISTS (SELECT FROM latest WHERE series_id = s.id))) AS series_count "
                "FROM device d WHERE d.name > $1 "
                f"AND {DEVICE_EXISTS} ORDER BY d.name LIMIT $2",
                after,
                most,
            )
        return [Device(**dict(row)) for row in rows]

    async def series(self, device: str | None, after: SeriesKey = ("", "", ""), most: int = 10_000) -> list[Series]:
        """At most `most` series of one or all devices with their newest readings, after a (device, name, type) and in
        that order."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f"{_SERIES} WHERE ($1::text IS NULL OR d.name = $1) AND (d.name, s.name, s.type) > ($2, $3, $4) "
                f"AND {SERIES_EXISTS} ORDER BY d.name, s.name, s.type LIMIT $5",
                device,
                *after,
                most,
            )
        return [_series(row) for row in rows]

    async def series_by_ids(self, ids: Collection[int]) -> list[Series]:
        """Those of the series that are not deleted, by device, name and type."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                f"{_SERIES} WHERE s.id = ANY($1::int[]) AND {SERIES_EXISTS} ORDER BY d.name, s.name, s.type",
                list(ids),
            )
        return [_series(row) for row in rows]

    async def devices_of_names(self, names: Collection[str]) -> list[DeviceName]:
        """How the devices are called and how wrong their clocks are, by id."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT d.name, coalesce(d.given_name, d.display_name) AS display_name, "  # noqa: S608
                "(SELECT clock_offset FROM stream WHERE device_id = d.id ORDER BY ord DESC, epoch LIMIT 1) "
                f"AS clock_offset FROM device d WHERE d.name = ANY($1::text[]) AND {DEVICE_EXISTS} ORDER BY d.name",
                list(names),
            )
        return [DeviceName(**dict(row)) for row in rows]

    async def series_kinds(self, device_id: int) -> list[tuple[int, int]]:
        """Every series of a device with the number of its type."""
        async with self._database.connection() as connection:
            rows = await connection.fetch("SELECT id, type FROM series WHERE device_id = $1 ORDER BY id", device_id)
        return [(row["id"], TYPES.index(row["type"])) for row in rows]

    async def rename_device(self, connection: Connection, device_id: int, name: str | None) -> bool:
        """Sets the user's name; None restores the declared one. False: the device was deleted."""
        query = f"UPDATE device d SET given_name = $2 WHERE d.id = $1 AND {DEVICE_EXISTS}"  # noqa: S608  # constants
        return await connection.execute(query, device_id, name) == "UPDATE 1"

    async def devices_of(self, series: Sequence[int]) -> dict[int, tuple[int, str, int]]:
        """For each series that exists: the number and name of its device, and the number of its type."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT s.id, s.device_id, d.name, s.type FROM series s JOIN device d ON d.id = s.device_id "
                "WHERE s.id = ANY($1::int[])",
                [number for number in series if number < 2**31],
            )
        return {row["id"]: (row["device_id"], row["name"], TYPES.index(row["type"])) for row in rows}

    async def note_hello(self, name: str, epoch: int, next_: int, held: Mapping[int, tuple[int, int]] | None) -> None:
        """Records the epoch of a `Hello`. When an epoch returns after a `Hello` of another one, a second machine has
        the same identity. After three such alternations, each within ten minutes of the last, the device counts as
        cloned. Also records what the collector holds, by epoch; `held` None: it holds more than it said."""
        device_id = await self.device_id(name)
        text = None if held is None else json.dumps([[one, lo, hi] for one, (lo, hi) in held.items()])
        async with self._database.connection() as connection:
            await connection.execute(
                "UPDATE device SET "
                "alternations = CASE WHEN hello_epoch IS DISTINCT FROM $2 AND hello_before = $2 THEN "
                "CASE WHEN alternated > now() - interval '10 minutes' THEN alternations + 1 ELSE 1 END "
                "ELSE alternations END, "
                "alternated = CASE WHEN hello_epoch IS DISTINCT FROM $2 AND hello_before = $2 THEN now() "
                "ELSE alternated END, "
                "hello_before = CASE WHEN hello_epoch IS DISTINCT FROM $2 THEN hello_epoch ELSE hello_before END, "
                "hello_epoch = $2, hello_next = $3, held = $4::text::jsonb "
                "WHERE id = $1 AND (hello_epoch, hello_next, held) IS DISTINCT FROM ($2, $3, $4::text::jsonb)",
                device_id,
                epoch,
                next_,
                text,
            )

    async def note_status(self, name: str, report: DeviceReport) -> datetime | None:
        """Stores a device's retained status. Returns when it was last seen."""
        device_id = await self.device_id(name)
        async with self._database.connection() as connection:
            seen: datetime | None = await connection.fetchval(
                "UPDATE device SET online_since = CASE WHEN online IS DISTINCT FROM $2 THEN now() "
                "ELSE online_since END, online = $2, waiting = $5, oldest_waiting = $6, buffer_fill = $7, "
                "full_at = now() + $8::bigint * interval '1 second', "
                "display_name = CASE WHEN $3 = '' THEN display_name ELSE $3 END, "
                "version = CASE WHEN $4 = '' THEN version ELSE $4 END, "
                "last_seen = CASE WHEN $2 THEN now() ELSE last_seen END WHERE id = $1 RETURNING last_seen",
                device_id,
                report.online,
                report.name,
                report.version,
                report.waiting,
                _plausible(report.oldest_waiting),
                report.buffer_fill,
                None if report.full_in is None else min(report.full_in, _FULL_MAX),
            )
        return seen


def _plausible(micros: int | None) -> int | None:
    """The time, or None for one that no calendar has: a device may send any number."""
    return micros if micros is not None and 0 <= micros <= _LAST_MICROS else None


def _series(row: Row) -> Series:
    return Series(**(dict(row) | {"limits": read_limits(row["limits"])}))

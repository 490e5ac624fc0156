"""Finds missing readings that can never arrive, and records them as lost."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from pulse_contracts.ranges import Ranges, count
from pulse_postgres import Connection, Database
from pulse_postgres.database import ranges
from pulse_telemetry_gateway.model.ledger.lost_ranges import HeldReadings, Stream
from pulse_telemetry_gateway.model.ledger.ranges import as_text

REASON: Final = "lost_by_restore"


class LostRangeStore:
    """Every method raises DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def locked(self, device_id: int) -> AsyncIterator["LockedLedger"]:
        """One transaction in which nothing else changes the ledger of the device."""
        async with self._database.transaction() as connection:
            await connection.execute("SELECT 1 FROM device WHERE id = $1 FOR UPDATE", device_id)
            yield LockedLedger(connection, device_id)


class LockedLedger:
    """The steps within the transaction."""

    def __init__(self, connection: Connection, device_id: int) -> None:
        self.connection, self._device_id = connection, device_id

    async def held(self) -> HeldReadings | None:
        """What the collector held at its last hello. None: unknown."""
        row = await self.connection.fetchrow(
            "SELECT hello_epoch, hello_next, held FROM device WHERE id = $1 AND held IS NOT NULL", self._device_id
        )
        if row is None:
            return None
        held = {epoch: (lo, hi) for epoch, lo, hi in json.loads(row["held"])}
        return HeldReadings(row["hello_epoch"], row["hello_next"], held)

    async def incomplete(self) -> list[Stream]:
        """The epochs with missing readings, and the running one."""
        rows = await self.connection.fetch(
            "SELECT s.epoch, s.ord, s.next, s.settled FROM stream s JOIN device d ON d.id = s.device_id "
            "WHERE s.device_id = $1 AND (s.epoch = d.hello_epoch OR "
            "int8multirange(int8range(0, s.next)) - s.settled <> '{}'::int8multirange) ORDER BY s.ord, s.epoch",
            self._device_id,
        )
        return [Stream(row["epoch"], row["ord"], row["next"], ranges(row["settled"])) for row in rows]

    async def close(self, lost: Mapping[int, Ranges]) -> None:
        """Records these missing readings as lost by a restore. They count as settled from then on."""
        for epoch, parts in lost.items():
            text = as_text(list(parts))
            await self.connection.execute(
                "INSERT INTO declared_drop (device_id, epoch, ranges, n, reason) "
                "VALUES ($1, $2, $3::text::int8multirange, $4, $5)",
                self._device_id,
                epoch,
                text,
                count(parts),
                REASON,
            )
            await self.connection.execute(
                "UPDATE stream SET settled = settled + $3::text::int8multirange, dropped_n = dropped_n + $4 "
                "WHERE device_id = $1 AND epoch = $2",
                self._device_id,
                epoch,
                text,
                count(parts),
            )

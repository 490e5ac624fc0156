"""The state of a collector's epochs in the ledger, for the answer to its `Hello`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulse_contracts.ranges import Range
from pulse_postgres import Connection, Database
from pulse_telemetry_gateway.store import refusals
from pulse_telemetry_gateway.store.refusals import Unconfirmed


@dataclass(frozen=True)
class CollectorState:
    """settled: by epoch, within the requested windows, and not always complete; what is left out is acknowledged when
    the collector sends it again. refused: refused readings within `settled` that are not confirmed. newest: the two
    newest epochs."""

    settled: Mapping[int, list[Range]]
    refused: Mapping[int, list[Unconfirmed]]
    newest: list[tuple[int, int]]


class HandshakeStore:
    """Reads without a lock. Before it writes it locks the device, as the ledger does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def confirm(self, device_id: int, kept: Mapping[int, Sequence[Range]]) -> None:
        """Records that the collector's quarantine holds these refused readings."""
        async with self._database.transaction() as connection:
            await connection.execute("SELECT 1 FROM device WHERE id = $1 FOR UPDATE", device_id)
            await refusals.confirm(connection, device_id, kept)

    async def state(self, device_id: int, windows: Mapping[int, Range], most: int, most_refused: int) -> CollectorState:
        """At most `most` ranges and `most_refused` refused readings of all windows. The windows also say how far their
        epochs go: numbers below their ends that are not settled are still to come."""
        epochs = list(windows)
        los, his = [lo for lo, _ in windows.values()], [hi for _, hi in windows.values()]
        async with self._database.connection() as connection:
            settled = await self._settled(connection, device_id, (epochs, los, his), most)
            # read after the ranges, so that every refused reading within them is known
            rows = await connection.fetch(
                "SELECT w.epoch, s.next < w.hi, s.unconfirmed_n > 0 FROM unnest($2::bigint[], $3::bigint[]) "
                "AS w (epoch, hi) JOIN stream s ON s.device_id = $1 AND s.epoch = w.epoch",
                device_id,
                epochs,
                his,
            )
            windows_with_refusals = {
                (device_id, epoch): [windows[epoch]] for epoch, _, has_refused in rows if has_refused
            }
            unconfirmed = await refusals.unconfirmed(connection, windows_with_refusals, most_refused + 1)
            newest = await connection.fetch(
                "SELECT ord, epoch FROM stream WHERE device_id = $1 AND stored_n + refused_n > 0 "
                "ORDER BY ord DESC, epoch LIMIT 2",
                device_id,
            )
        if any(is_further for _, is_further, _ in rows):
            await self._extend(device_id, windows)
        refused = _cut(
            settled,
            [one for key in windows_with_refusals for one in unconfirmed.get(key, ())],
            {epoch for _, epoch in windows_with_refusals},
            most_refused,
        )
        return CollectorState(settled, refused, [(row["ord"], row["epoch"]) for row in newest])

    async def _settled(
        self, connection: Connection, device_id: int, windows: tuple[list[int], list[int], list[int]], most: int
    ) -> dict[int, list[Range]]:
        rows = await connection.fetch(
            "SELECT w.epoch, lower(p.part), upper(p.part) "
            "FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS w (epoch, lo, hi) "
            "JOIN stream s ON s.device_id = $1 AND s.epoch = w.epoch "
            "CROSS JOIN LATERAL unnest(s.settled * int8multirange(int8range(w.lo, w.hi))) AS p (part) LIMIT $5",
            device_id,
            *windows,
            most,
        )
        found: dict[int, list[Range]] = {}
        for epoch, lo, hi in rows:
            found.setdefault(epoch, []).append((lo, hi))
        return found

    async def _extend(self, device_id: int, windows: Mapping[int, Range]) -> None:
        async with self._database.transaction() as connection:
            await connection.execute("SELECT 1 FROM device WHERE id = $1 FOR UPDATE", device_id)
            await connection.execute(
                "UPDATE stream s SET next = w.hi FROM unnest($2::bigint[], $3::bigint[]) AS w (epoch, hi) "
                "WHERE s.device_id = $1 AND s.epoch = w.epoch AND s.next < w.hi",
                device_id,
                list(windows),
                [hi for _, hi in windows.values()],
            )


def _cut(
    settled: dict[int, list[Range]], unconfirmed: list[Unconfirmed], epochs: set[int], most: int
) -> dict[int, list[Unconfirmed]]:
    """At most `most` of the refused readings. Cuts `settled` so that it covers none of the others."""
    rest = sorted(unconfirmed)[most:]
    if rest:
        first = rest[0]
        for epoch in epochs:
            if epoch > first.epoch:
                settled.pop(epoch, None)
        parts = settled.get(first.epoch, [])
        settled[first.epoch] = [(lo, min(hi, first.seq)) for lo, hi in parts if lo < first.seq]
    found: dict[int, list[Unconfirmed]] = {}
    for one in sorted(unconfirmed)[:most]:
        found.setdefault(one.epoch, []).append(one)
    return found

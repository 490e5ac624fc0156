"""The quarantine on real PostgreSQL: bounded in rows and bytes, and visible to administrators."""

import pytest

from pulse_bus import Quarantined
from pulse_postgres import Database
from pulse_telemetry_gateway.store.quarantine import QuarantineBounds, QuarantineStore

pytestmark = pytest.mark.servers


def item(size: int) -> Quarantined:
    return Quarantined("pulse/v1/telemetry/data/alpha", b"x" * size, "unreadable", "no\x00 JSON", 0)


async def test_the_newest_are_kept_within_rows_and_bytes(database: Database) -> None:
    for bounds, left in ((QuarantineBounds(3, 10**6), 3), (QuarantineBounds(100, 250), 2)):
        store = QuarantineStore(database, bounds)
        for _ in range(5):
            await store.put(item(100))
        await store.trim()
        found = await store.newest(2**62, 100)
        assert len(found) == left
        assert [m.id for m in found] == sorted((m.id for m in found), reverse=True)


async def test_the_quarantine_is_trimmed_while_it_fills(database: Database) -> None:
    store = QuarantineStore(database, QuarantineBounds(10, 10**6))
    for _ in range(130):
        await store.put(item(1))
    assert len(await store.newest(2**62, 1_000)) <= 10 + 64


async def test_bytes_come_back_as_they_came(database: Database) -> None:
    store = QuarantineStore(database)
    await store.put(item(7))
    (found,) = await store.newest(2**62, 10)
    assert (found.code, found.detail, found.size) == ("unreadable", "no JSON", 7)
    assert await store.payload(found.id) == b"xxxxxxx"
    assert await store.payload(found.id + 1) is None
    assert await store.newest(found.id, 10) == []

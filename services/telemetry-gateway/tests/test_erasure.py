"""Deleting readings, series and devices on real PostgreSQL: nothing of them is left, and the ledger stays complete."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import numpy as np
import pytest

from pulse_chassis.process.service import now_micros
from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.actions.compaction import Compaction
from pulse_telemetry_gateway.actions.history import History
from pulse_telemetry_gateway.actions.latest import Latest, newest
from pulse_telemetry_gateway.actions.verification import Verification
from pulse_telemetry_gateway.model.storage.columns import FLOAT
from pulse_telemetry_gateway.store.compaction import CompactionStore
from pulse_telemetry_gateway.store.erasure import DeletionTarget, ErasureStore
from pulse_telemetry_gateway.store.log import LogStore
from pulse_telemetry_gateway.store.partitions import Partitions
from pulse_telemetry_gateway.store.registry import RegistryStore
from pulse_telemetry_gateway.store.verification import VerificationStore
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import NOW, PASSWORD, mixed, three_series
from .system import Collector, Gateway, collector, gateway, token
from .test_history import KINDS, PACE, compact, history, truth  # noqa: F401  # a fixture

pytestmark = pytest.mark.servers


async def erase(database: Database, series: int, span: tuple[int, int] | None, *, is_dry_run: bool = False) -> int:
    doomed = DeletionTarget(series, 1, KINDS[series])
    async with ErasureStore(database).erasing(1, is_dry_run=is_dry_run) as erasing:
        n = await (erasing.series([doomed]) if span is None else erasing.range(doomed, *span))
        await erasing.log(1)
    return n


@pytest.mark.parametrize("is_merged", [False, True])
@pytest.mark.parametrize(
    "span",
    [
        (NOW + 1_000_001, NOW + 1_000_002),
        (NOW + 12_345_678, NOW + 9_876_543_210),
        (NOW - 86_400_000_000, NOW + 3_600_000_000),
        (NOW + 3_600_000_000, NOW + 7_200_000_000),
        (NOW, NOW + 10**12),
    ],
)
async def test_a_range_is_deleted_from_chunks_and_roll_ups_and_the_rest_stays(
    database: Database,
    history: History,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    span: tuple[int, int],
    is_merged: bool,
) -> None:
    ledger = await three_series(database)
    parts = [mixed(lo, lo + 1_000, every=7_000_000) for lo in range(0, 3_000, 1_000)]
    for part in parts:
        await ledger.commit([part])
        await compact(database, is_merged=is_merged)
    columns = [part.columns for part in parts if part.columns]
    for series in (1, 2, 3):
        gone, _ = truth(columns, series, *span)
        assert await erase(database, series, span, is_dry_run=True) == len(gone)
        assert await erase(database, series, span) == len(gone)
        assert await erase(database, series, span) == 0
    whole = NOW - 1, NOW + 3_000 * 7_000_000
    for raw_max in (10**9, 1):
        monkeypatch.setattr("pulse_telemetry_gateway.model.history.levels.RAW_MAX", raw_max)
        for series in (1, 2, 3):
            t, word = truth(columns, series, *whole)
            stays = [(at, bits) for at, bits in zip(t, word, strict=True) if not span[0] <= at < span[1]]
            found = await history.aligned([series], *whole, 500)
            mine = found.found
            assert int(mine.n.sum()) == len(stays)
            if stays:
                edges = np.asarray(found.plan.edges)
                counts, _ = np.histogram([at for at, _ in stays], edges)
                assert {int(b): int(n) for b, n in zip(mine.bucket, mine.n, strict=True)} == {
                    int(edge): int(n) for edge, n in zip(edges, counts, strict=False) if n
                }
                assert {int(w) for w in (*mine.low, *mine.high, *mine.first, *mine.last)} <= {bits for _, bits in stays}
    assert await Verification(VerificationStore(database)).verify(1, lambda _: None) == []


async def test_a_deleted_series_is_gone_and_the_ledger_counts_it_as_removed(
    database: Database,
    history: History,  # noqa: F811
) -> None:
    ledger = await three_series(database)
    await ledger.commit([mixed(0, 900)])
    await compact(database)
    await Latest(LogStore(database)).catch_up()
    n = await erase(database, 1, None)
    assert n > 0
    assert (await history.readings(1, NOW - 1, NOW + 10**12, 100)).n == 0
    (counted,) = await Verification(VerificationStore(database)).counts(1)
    assert (counted.removed, counted.stored, counted.is_complete) == (n, 900, True)
    assert await Verification(VerificationStore(database)).verify(1, lambda _: None) == []
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM batch") == 0, "the log held them too"


async def test_a_merge_at_the_same_time_restores_nothing(database: Database) -> None:
    ledger = await three_series(database)
    for lo in range(0, 900, 30):
        await ledger.commit([mixed(lo, lo + 30)])
        await compact(database, is_merged=False)
    compaction = Compaction(CompactionStore(database), Partitions(database), PACE)

    async def merge() -> None:
        while await compaction.merge_some(pieces=1):
            pass

    await asyncio.gather(merge(), erase(database, 1, None), erase(database, 2, (NOW, NOW + 500_000)))
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM chunk WHERE series_id = 1") == 0
    assert await Verification(VerificationStore(database)).verify(1, lambda _: None) == []


async def test_a_range_without_single_readings_is_deleted_from_the_roll_ups(
    database: Database, database_url: str
) -> None:
    ledger = await three_series(database)
    await ledger.commit([mixed(0, 3_000, every=7_000_000)])
    await compact(database)
    connection = await asyncpg.connect(database_url)
    try:
        query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'telemetry.chunk'::regclass"
        for row in await connection.fetch(query):
            await connection.execute(f"DROP TABLE {row[0]}")  # as retention does
    finally:
        await connection.close()
    span = NOW + 600_000_000, NOW + 1_200_000_000
    async with database.connection() as inside:
        before = await inside.fetchval("SELECT sum(cardinality(n)) FROM rollup_minute WHERE series_id = 1")
        assert await erase(database, 1, span, is_dry_run=True) == 0
        assert await erase(database, 1, span) == 0
        after = await inside.fetchval("SELECT sum(cardinality(n)) FROM rollup_minute WHERE series_id = 1")
    assert after == before - 10


async def test_deleted_series_make_room_for_others(database: Database) -> None:
    await three_series(database)
    registry = RegistryStore(database)
    device_id = await registry.device_id("tasmota")
    made = await registry.plain_series(device_id, {(f"n{i}", "float"): "x" for i in range(5)}, 5)
    assert await registry.plain_series(device_id, {("new", "float"): "x"}, 5) == {}
    async with ErasureStore(database).erasing(device_id, is_dry_run=False) as erasing:
        await erasing.series([DeletionTarget(ref.id, device_id, FLOAT) for ref in made.values()])
    assert set(await registry.plain_series(device_id, {("new", "float"): "x"}, 5)) == {("new", "float")}


async def test_a_slow_replica_does_not_restore_a_deleted_value(database: Database) -> None:
    ledger = await three_series(database)
    await ledger.commit([mixed(0, 30)])
    await compact(database)
    log = LogStore(database)
    found, _ = newest(await log.unapplied(1, 100))
    await log.apply_latest(1, found, 1)
    await erase(database, 1, None)
    await log.apply_latest(1, found, 1)
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM latest WHERE series_id = 1") == 0


@pytest.fixture
async def started(servers: Servers, database_url: str) -> AsyncIterator[Gateway]:
    async with gateway(servers, with_role(database_url, "pulse_telemetry", PASSWORD)) as opened:
        yield opened


@pytest.fixture
async def alpha(servers: Servers, started: Gateway) -> AsyncIterator[Collector]:
    async with collector(servers) as device:
        await device.declare()
        yield device


async def ask(started: Gateway, path: str, method: str = "GET", *, who: str = "admin", body: object = None) -> Any:
    headers = {"Authorization": f"Bearer {token(role=who)}"}
    return await started.http.request(method, f"/api/telemetry{path}", headers=headers, json=body)


async def items(started: Gateway, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await ask(started, path)).json()["items"]
    return found


async def test_a_device_is_deleted_after_a_dry_run_and_comes_back_when_it_sends_again(
    started: Gateway, alpha: Collector, database: Database
) -> None:
    await alpha.deliver(alpha.batch(0, [float(value) for value in range(50)]))
    dry = await ask(started, "/devices/alpha?dry_run=true", "DELETE")
    assert (dry.status_code, dry.json()) == (200, {"series": 2, "readings": 50, "dry_run": True})
    assert [one["id"] for one in await items(started, "/devices") if one["id"] == "alpha"] == ["alpha"]
    done = await ask(started, "/devices/alpha", "DELETE")
    assert done.json() == {"series": 2, "readings": 50, "dry_run": False}
    assert [one["id"] for one in await items(started, "/devices") if one["id"] == "alpha"] == []
    assert await items(started, "/series?device=alpha") == []
    (line,) = (await ask(started, "/devices/alpha/ledger")).json()["epochs"]
    assert (line["stored"], line["removed"], line["complete"]) == (50, 50, True)
    await alpha.deliver(alpha.batch(50, [7.5]))

    async def is_back() -> bool:
        found = await items(started, "/series?device=alpha")
        return [one["latest"]["v"] for one in found if one["latest"]] == [7.5]

    await eventually(is_back)
    assert [one["id"] for one in await items(started, "/devices") if one["id"] == "alpha"] == ["alpha"]
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT kind, target FROM audit ORDER BY n")
    assert [tuple(row) for row in rows] == [("device_deleted", "device:alpha")], "a dry run leaves no entry"


async def test_the_previous_value_becomes_the_newest_after_a_deletion(started: Gateway, alpha: Collector) -> None:
    batch = alpha.batch(0, [1.0, 2.0, 3.0])
    await alpha.deliver(batch)
    (series,) = [one for one in await items(started, "/series?device=alpha") if one["name"] == "cpu.total"]
    last = batch.t0 + batch.dt[-1]
    done = await ask(started, f"/series/{series['id']}/readings?from={last}&to={last + 1}", "DELETE")
    assert done.json()["readings"] == 1
    (series,) = [one for one in await items(started, "/series?device=alpha") if one["name"] == "cpu.total"]
    assert series["latest"]["v"] == 2.0


async def test_a_time_ahead_does_not_freeze_the_newest_value_after_a_deletion(
    started: Gateway, alpha: Collector
) -> None:
    now = now_micros() // 1_000_000

    async def newest_is(value: float) -> bool:
        found = [one for one in await items(started, "/series?device=alpha") if one["name"] == "b"]
        return [one["latest"]["v"] for one in found if one["latest"]] == [value]

    await alpha.raw("plain", b'{"ts": %d, "b": 1}' % (now + 730 * 86_400))
    await eventually(lambda: newest_is(1.0))
    await alpha.raw("plain", b'{"b": 2}')
    await eventually(lambda: newest_is(2.0))
    number = next(one["id"] for one in await items(started, "/series?device=alpha") if one["name"] == "b")
    span = f"from={(now - 60) * 10**6}&to={(now + 60) * 10**6}"
    assert (await ask(started, f"/series/{number}/readings?{span}", "DELETE")).json()["readings"] == 1
    await eventually(lambda: newest_is(1.0))
    await alpha.raw("plain", b'{"b": 3}')
    await eventually(lambda: newest_is(3.0))


async def test_devices_and_series_are_renamed_and_given_their_names_back(started: Gateway, alpha: Collector) -> None:
    await alpha.deliver(alpha.batch(0, [1.0]))
    (series,) = [one for one in await items(started, "/series?device=alpha") if one["name"] == "cpu.total"]
    number = series["id"]
    for body, expected in (({"display_name": "Load", "unit": "parts"}, ("Load", "parts")), ({}, ("CPU", "%"))):
        assert (await ask(started, f"/series/{number}", "PATCH", body=body)).status_code == 204
        await alpha.declare()
        (series,) = [one for one in await items(started, "/series?device=alpha") if one["id"] == number]
        assert (series["display_name"], series["unit"]) == expected
    for name in ("Hall B", None):
        assert (await ask(started, "/devices/alpha", "PATCH", body={"name": name})).status_code == 204
        (device,) = [one for one in await items(started, "/devices") if one["id"] == "alpha"]
        assert (device["name"] == "Hall B") is (name is not None)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("DELETE", "/devices/none", 404),
        ("DELETE", "/series/999", 404),
        ("DELETE", "/series/999/readings?from=1&to=2", 404),
        ("DELETE", "/series/1/readings?from=2&to=1", 422),
        ("DELETE", "/series/1/readings", 422),
        ("PATCH", "/devices/none", 404),
        ("PATCH", "/series/999", 404),
    ],
)
async def test_deleting_unknown_or_forbidden_things_is_refused(
    started: Gateway, alpha: Collector, method: str, path: str, status: int
) -> None:
    body = {"name": "x"} if "devices" in path else {"display_name": "x"}
    sent = body if method == "PATCH" else None
    assert (await ask(started, path, method, body=sent)).status_code == status
    assert (await ask(started, path, method, who="user", body=sent)).status_code == 403

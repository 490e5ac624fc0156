"""Plain devices over the real broker; and two machines with one identity."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import numpy as np
import pytest

from pulse_chassis.process.service import now_micros
from pulse_contracts.telemetry import Hello
from pulse_contracts.topics import TELEMETRY_HELLO
from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_postgres.database import PoolSettings
from pulse_telemetry_gateway.model.storage.columns import decode
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD, arrival, ledger_lines, three_series
from .system import Collector, Gateway, collector, gateway, token


@pytest.fixture
async def running_gateway(servers: Servers, database_url: str) -> AsyncIterator[Gateway]:
    async with gateway(servers, with_role(database_url, "pulse_telemetry", PASSWORD), plain_series_max=3) as started:
        yield started


@pytest.fixture
async def alpha(servers: Servers, running_gateway: Gateway) -> AsyncIterator[Collector]:
    async with collector(servers) as device:
        yield device


async def latest(gateway: Gateway) -> dict[tuple[str, str], Any]:
    answer = await gateway.http.get("/api/telemetry/series", headers={"Authorization": f"Bearer {token()}"})
    return {(s["name"], s["type"]): s["latest"] and s["latest"]["v"] for s in answer.json()["items"]}


async def devices(gateway: Gateway) -> list[dict[str, Any]]:
    answer = await gateway.http.get("/api/telemetry/devices", headers={"Authorization": f"Bearer {token()}"})
    items: list[dict[str, Any]] = answer.json()["items"]
    return [item for item in items if item["id"] == "alpha"]  # the broker remembers others' status from other tests


async def quarantined(database: Database) -> list[tuple[str, str]]:
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT code, detail FROM quarantine ORDER BY id")
    return [tuple(row) for row in rows]


@pytest.mark.servers
async def test_plain_json_is_stored_as_series_of_an_at_least_once_device(
    running_gateway: Gateway, alpha: Collector, database: Database
) -> None:
    await alpha.raw("plain", b'{"temperature": 21.5, "on": true}')
    await alpha.raw("plain", b'{"ts": %d, "values": {"temperature": 22}}' % (now_micros() + 1_000_000))

    async def is_there() -> bool:
        return await latest(running_gateway) == {("temperature", "float"): 22.0, ("on", "bool"): True}

    await eventually(is_there)
    assert [item["promise"] for item in await devices(running_gateway)] == ["at_least_once"]
    answer = await running_gateway.http.get(
        "/api/telemetry/devices/alpha/ledger", headers={"Authorization": f"Bearer {token()}"}
    )
    line = answer.json()["epochs"][0]
    assert (line["stored"], line["next"], line["complete"]) == (3, 3, True)
    assert alpha.acks == []
    assert await quarantined(database) == []


@pytest.mark.servers
async def test_the_newest_plain_value_is_the_latest_by_time_and_a_future_time_does_not_freeze_it(
    running_gateway: Gateway, alpha: Collector
) -> None:
    now, day = now_micros() // 1_000_000, 86_400
    await alpha.raw("plain", b'{"ts": %d, "values": {"a": 50, "b": 1}}' % now)
    for value in range(10, 15):
        await alpha.raw("plain", b'{"ts": %d, "values": {"a": %d}}' % (now - 3 * day + value, value))
    await alpha.raw("plain", b'{"ts": %d, "values": {"c": 1, "b": 2}}' % (now + 730 * day))

    async def has_all() -> bool:
        expected = {("a", "float"): 50.0, ("b", "float"): 2.0, ("c", "float"): 1.0}
        return await latest(running_gateway) == expected

    await eventually(has_all)
    headers = {"Authorization": f"Bearer {token()}"}
    shown = (await running_gateway.http.get("/api/telemetry/series", headers=headers)).json()["items"]
    assert {one["name"]: one["latest"]["ahead"] for one in shown} == {"a": False, "b": True, "c": True}
    number = next(one["id"] for one in shown if one["name"] == "b")
    span = f"from={(now - day) * 10**6}&to={(now + 800 * day) * 10**6}"
    for path in (f"series/{number}/readings?{span}", f"series/{number}/readings?{span}&raw=true",
                 f"readings?series={number}&{span}"):  # fmt: skip
        found = (await running_gateway.http.get(f"/api/telemetry/{path}", headers=headers)).json()
        assert now * 10**6 < found["ahead_from"] < (now + day) * 10**6
    early = await running_gateway.http.get(
        f"/api/telemetry/series/{number}/readings?from={(now - day) * 10**6}&to={(now + day) * 10**6}", headers=headers
    )
    assert early.json()["ahead_from"] is None
    await alpha.raw("plain", b'{"b": 3, "c": 2}')

    async def moved_on() -> bool:
        found = await latest(running_gateway)
        return (found["b", "float"], found["c", "float"]) == (3.0, 2.0)

    await eventually(moved_on)
    assert (await latest(running_gateway))["a", "float"] == 50.0


@pytest.mark.servers
async def test_a_retained_message_is_stored_once_however_often_the_gateway_starts(
    servers: Servers, database: Database, database_url: str
) -> None:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    options: dict[str, Any] = {"plain_session": "plain-retained", "plain_session_expiry": 60}
    async with collector(servers) as device:
        for start in range(4):
            async with gateway(servers, url, **options) as running:
                if start == 0:
                    await device.raw("plain", b'{"door": 21.5}', is_retained=True)
                await device.raw("plain", b'{"starts": %d}' % start)

                async def is_stored(start: int = start, running: Gateway = running) -> bool:
                    return (await latest(running)).get(("starts", "float")) == start

                await eventually(is_stored)
        await device.raw("plain", b"", is_retained=True)
    _, values = await numbered(database)
    assert sorted(values) == [0.0, 1.0, 2.0, 3.0, 21.5]


@pytest.mark.servers
async def test_refused_plain_values_are_quarantined_with_their_reasons_and_the_rest_is_stored(
    running_gateway: Gateway, alpha: Collector, database: Database
) -> None:
    await alpha.raw("plain", b'{"a": 1, "b": "warm", "\xe2\x82\xac": 2, "e": 1e999, "f": 9007199254740993}')
    await alpha.raw("plain", b"{'a': 1}")
    await alpha.raw("plain", b"{}")
    await alpha.raw("plain", b'{"ts": 1, "values": {"a": 2}}')
    await alpha.raw("plain", b'{"ts": 9999999999, "values": {"a": 3}}')
    await alpha.raw("plain", b'{"g": 1, "h": 2, "i": 3, "a": 4}')

    async def is_over() -> bool:
        return (await latest(running_gateway)).get(("a", "float")) == 4.0 and len(await quarantined(database)) == 6

    await eventually(is_over)
    found = await quarantined(database)
    assert [code for code, _ in found].count("unreadable") == 1
    reasons = " ".join(detail for code, detail in found if code == "refused_values")
    expected = (
        "'€': bad_name",
        "'e': not_finite",
        "'f': out_of_range",
        "'a': implausible_time",
        "'message': no_values",
    )
    for text in (*expected, "'ts': time_not_understood"):
        assert text in reasons
    assert "'b'" not in reasons, "text that is no value is skipped and counted"
    assert "'i': too_many_series" in reasons
    assert set(await latest(running_gateway)) == {("a", "float"), ("g", "float"), ("h", "float")}


@pytest.mark.servers
async def test_alternating_epochs_are_shown_as_cloned_and_a_restart_is_not(
    running_gateway: Gateway, alpha: Collector
) -> None:
    async def hello(epoch: int) -> None:
        before = len(alpha.haves)
        message = Hello(epoch=epoch, ord=1, next=0, pending=[], session="s", series="0" * 64)
        await alpha.bus.publish(TELEMETRY_HELLO, message, device="alpha")
        await eventually(lambda: len(alpha.haves) > before)

    for epoch in (1, 1, 2, 3, 4, 4):
        await hello(epoch)
    assert [item["cloned"] for item in await devices(running_gateway)] == [False]
    assert [item["promise"] for item in await devices(running_gateway)] == ["exactly_once"]
    for epoch in (5, 4, 5, 4):
        await hello(epoch)
    assert [item["cloned"] for item in await devices(running_gateway)] == [True]


async def numbered(database: Database) -> tuple[list[int], list[float]]:
    """Sequence numbers and values of the plain stream, in the order of the numbers."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT lo, payload FROM batch WHERE epoch = 0")
    found = [decode(row["payload"], row["lo"]) for row in rows]
    pairs = sorted(
        (int(seq), float(word))
        for columns in found
        for seq, word in zip(columns.seq, columns.word.view(np.float64), strict=True)
    )
    return [seq for seq, _ in pairs], [value for _, value in pairs]


@pytest.mark.servers
async def test_another_replica_takes_over_the_intake_without_loss_or_duplicates(
    servers: Servers, database: Database, database_url: str
) -> None:
    url, n = with_role(database_url, "pulse_telemetry", PASSWORD), 400
    options: dict[str, Any] = {"plain_session": "plain-of-two", "plain_session_expiry": 60}
    async with collector(servers) as device, AsyncExitStack() as stack:
        first = await stack.enter_async_context(gateway(servers, url, mqtt_client_id="telemetry-gateway-a", **options))
        second = gateway(servers, url, mqtt_client_id="telemetry-gateway-b", has_intake=False, **options)
        async with second as other:
            assert sample(other, "pulse_plain_intake_connected") == 0, "one at a time"
            for value in range(n // 2):
                await device.raw("plain", b'{"a": %d}' % value)
            await first.bus.drain()
            await stack.aclose()
            for value in range(n // 2, n):
                await device.raw("plain", b'{"a": %d}' % value)

            async def is_there() -> bool:
                return len((await numbered(database))[0]) >= n

            await eventually(is_there)
            assert sample(other, "pulse_plain_intake_connected") == 1
    assert await numbered(database) == (list(range(n)), [float(value) for value in range(n)])
    assert await quarantined(database) == []


def sample(gateway: Gateway, name: str) -> float | None:
    return gateway.runtime.metrics.registry.get_sample_value(name)


@pytest.mark.servers
async def test_plain_messages_committed_by_two_replicas_at_once_get_distinct_numbers(
    database: Database, database_url: str
) -> None:
    await three_series(database)
    async with Database(PoolSettings(with_role(database_url, "pulse_telemetry", PASSWORD))) as other:

        async def append(replica: LedgerStore, part: int) -> None:
            for i in range(40):
                await replica.commit([arrival(0, 5, epoch=0)._replace(is_numbered=False) for _ in range(1 + i % 3)])
                if part == 0 and i % 10 == 0:  # a collector epoch of the same device moves the same feed
                    await replica.commit([arrival(i * 5, i * 5 + 5)])

        stores = LedgerStore(database), LedgerStore(other)
        await asyncio.gather(*(append(store, part) for store in stores for part in range(2)))
    n = 5 * 4 * sum(1 + i % 3 for i in range(40))
    seqs, _ = await numbered(database)
    assert seqs == list(range(n))
    line = next(line for line in await ledger_lines(database, 1) if line.epoch == 0)
    assert (line.settled, line.next, line.stored) == ([(0, n)], n, n)
    async with database.connection() as connection:
        positions = [row["pos"] for row in await connection.fetch("SELECT pos FROM batch ORDER BY pos")]
    assert positions == list(range(1, len(positions) + 1))

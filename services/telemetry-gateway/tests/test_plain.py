"""Devices that speak nothing but JSON, over the real broker; and two machines with one identity."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_contracts.telemetry import Hello, PlainReadings
from pulse_contracts.topics import TELEMETRY_HELLO
from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_postgres.database import PoolSettings
from pulse_telemetry_gateway.model.columns import decode
from pulse_telemetry_gateway.model.plain import told
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD, arrival, three_series
from .system import Collector, Gateway, collector, gateway, token

NOW = 1_790_000_000_000_000
SPAN = 3653 * 86_400_000_000
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)

NAMES = st.text(min_size=1, max_size=8).filter(lambda name: name not in {"values", "ts"})


@given(
    st.dictionaries(st.text(min_size=1, max_size=8).filter(lambda name: name not in {"values", "ts"}), JSON, min_size=1)
)
def test_every_value_is_either_stored_or_refused_and_never_both(values: dict[str, object]) -> None:
    for message in (values, {"values": values}):
        found = told(PlainReadings.model_validate_json(json.dumps(message)), NOW, SPAN)
        assert set(found.values) | set(found.refused) == set(values)
        assert not set(found.values) & set(found.refused)
        assert found.t == NOW


@pytest.mark.parametrize(
    ("ts", "micros"),
    [
        (1_790_000_000, 1_790_000_000_000_000),
        (1_790_000_000.25, 1_790_000_000_250_000),
        (1_790_000_000_123, 1_790_000_000_123_000),
        (1_790_000_000_123_456, 1_790_000_000_123_456),
    ],
)
def test_a_time_is_told_by_its_size(ts: float, micros: int) -> None:
    assert PlainReadings.model_validate({"ts": ts, "values": {"a": 1}}).micros == micros
    assert PlainReadings.model_validate({"ts": ts, "a": 1}).micros == micros


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
async def test_plain_json_is_stored_as_series_and_the_device_says_what_it_promises(
    running_gateway: Gateway, alpha: Collector, database: Database
) -> None:
    await alpha.raw("plain", b'{"temperature": 21.5, "on": true}')
    await alpha.raw("plain", b'{"ts": %d, "values": {"temperature": 22}}' % (NOW // 1000))

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
async def test_what_cannot_be_stored_is_quarantined_with_the_reasons_and_the_rest_is_stored(
    running_gateway: Gateway, alpha: Collector, database: Database
) -> None:
    await alpha.raw("plain", b'{"a": 1, "b": "warm", "c d": 2, "e": 1e999, "f": 9007199254740993}')
    await alpha.raw("plain", b"[1, 2]")
    await alpha.raw("plain", b"{}")
    await alpha.raw("plain", b'{"ts": 1, "values": {"a": 2}}')
    await alpha.raw("plain", b'{"g": 1, "h": 2, "i": 3, "a": 4}')

    async def is_over() -> bool:
        return (await latest(running_gateway)).get(("a", "float")) == 4.0 and len(await quarantined(database)) == 5

    await eventually(is_over)
    found = await quarantined(database)
    assert [code for code, _ in found].count("unreadable") == 2
    reasons = " ".join(detail for code, detail in found if code == "refused_values")
    for text in ("'b': wrong_type", "'c d': bad_name", "'e': not_finite", "'f': out_of_range", "'a': implausible_time"):
        assert text in reasons
    assert "'i': too_many_series" in reasons
    assert set(await latest(running_gateway)) == {("a", "float"), ("g", "float"), ("h", "float")}


@pytest.mark.servers
async def test_two_lives_that_take_turns_are_shown_as_cloned_and_a_restart_is_not(
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
async def test_two_replicas_number_one_plain_device_without_a_gap_or_a_double(
    servers: Servers, database: Database, database_url: str
) -> None:
    url, n = with_role(database_url, "pulse_telemetry", PASSWORD), 400
    async with (
        gateway(servers, url, mqtt_client_id="telemetry-gateway-a") as first,
        gateway(servers, url, mqtt_client_id="telemetry-gateway-b") as second,
        collector(servers) as device,
    ):
        async with asyncio.TaskGroup() as group:
            for value in range(n):
                group.create_task(device.raw("plain", b'{"a": %d}' % value))

        async def is_there() -> bool:
            return len((await numbered(database))[0]) >= n

        await eventually(is_there)
        for replica in (first, second):
            text = (await replica.http.get("/metrics")).text
            assert 'pulse_ingest_batches_total{outcome="stored"} 0.0' not in text, "both had a share"
        answer = await first.http.get(
            "/api/telemetry/devices/alpha/ledger", headers={"Authorization": f"Bearer {token()}"}
        )
    seqs, values = await numbered(database)
    assert seqs == list(range(n))
    assert sorted(values) == [float(value) for value in range(n)]
    (line,) = answer.json()["epochs"]
    assert (line["stored"], line["next"], line["complete"]) == (n, n, True)
    assert await quarantined(database) == []


@pytest.mark.servers
async def test_plain_messages_that_two_replicas_commit_at_the_same_moment_get_numbers_of_their_own(
    database: Database, database_url: str
) -> None:
    await three_series(database)
    async with Database(PoolSettings(with_role(database_url, "pulse_telemetry", PASSWORD))) as other:

        async def append(replica: LedgerStore, part: int) -> None:
            for i in range(40):
                await replica.commit([arrival(0, 5, epoch=0)._replace(is_numbered=False) for _ in range(1 + i % 3)])
                if part == 0 and i % 10 == 0:  # a collector's life of the same device moves the same feed
                    await replica.commit([arrival(i * 5, i * 5 + 5)])

        stores = LedgerStore(database), LedgerStore(other)
        await asyncio.gather(*(append(store, part) for store in stores for part in range(2)))
    n = 5 * 4 * sum(1 + i % 3 for i in range(40))
    seqs, _ = await numbered(database)
    assert seqs == list(range(n))
    line = next(line for line in await LedgerStore(database).of_device(1) if line.epoch == 0)
    assert (line.settled, line.next, line.stored) == ([(0, n)], n, n)
    async with database.connection() as connection:
        positions = [row["pos"] for row in await connection.fetch("SELECT pos FROM batch ORDER BY pos")]
    assert positions == list(range(1, len(positions) + 1))

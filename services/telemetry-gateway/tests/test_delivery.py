"""The whole path of a reading over the real broker: stored, acknowledged, refused, quarantined; with outages."""

import json
import socket
from collections.abc import AsyncIterator

import asyncpg
import pytest

from pulse_bus import Delivery, LinkState, MessageTooLarge, PublishRefused
from pulse_contracts.series_digest import series_digest
from pulse_contracts.system import Status
from pulse_contracts.telemetry import Dropped, Hello, SeriesDeclared
from pulse_contracts.topics import SYSTEM_STATUS, TELEMETRY_DATA, TELEMETRY_DROP, TELEMETRY_HELLO, TELEMETRY_SERIES
from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.model.storage.columns import decode
from pulse_testkit.buses import running
from pulse_testkit.locks import lock_waiters
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD
from .system import SERIES, Collector, Gateway, bus_of, collector, gateway, token

pytestmark = pytest.mark.servers


@pytest.fixture
async def running_gateway(servers: Servers, database_url: str) -> AsyncIterator[Gateway]:
    async with gateway(servers, with_role(database_url, "pulse_telemetry", PASSWORD)) as started:
        yield started


@pytest.fixture
async def alpha(servers: Servers, running_gateway: Gateway) -> AsyncIterator[Collector]:
    async with collector(servers) as device:
        await device.declare()
        yield device


async def stored(database: Database) -> list[tuple[int, object]]:
    """(seq, value) of everything in the log."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT lo, payload FROM batch ORDER BY device_id, pos")
    found = [decode(row["payload"], row["lo"]) for row in rows]
    return [pair for columns in found for pair in zip(columns.seq.tolist(), columns.values(), strict=True)]


async def quarantined(database: Database) -> list[tuple[str, str]]:
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT address, code FROM quarantine ORDER BY id")
    return [(row["address"], row["code"]) for row in rows]


async def test_hello_have_declare_data_ack(servers: Servers, running_gateway: Gateway, database: Database) -> None:
    async with collector(servers) as alpha:
        first = await alpha.greet(upto=3)
        assert (first.series, first.newest, first.epochs[0].settled, first.credit) == (None, [], [], 32)
        await alpha.declare()
        ack = await alpha.deliver(alpha.batch(0, [1.5, 2.5, 3.5]))
        assert (ack.epoch, ack.settled, ack.refused, ack.newest) == (7, [(0, 3)], [], [(1, 7)])
        assert await stored(database) == [(0, 1.5), (1, 2.5), (2, 3.5)]
        assert (await alpha.greet(upto=5)).epochs[0].settled == [(0, 3)]


async def test_a_batch_with_an_unknown_catalog_asks_for_the_declaration_and_stores_nothing(
    servers: Servers, running_gateway: Gateway, database: Database
) -> None:
    async with collector(servers) as alpha:
        await alpha.send(alpha.batch(0, [1.0]))
        await eventually(lambda: bool(alpha.acks))
        assert (alpha.acks[0].declare, alpha.acks[0].settled, alpha.acks[0].refused) == (True, [], [])
        await alpha.declare()
        assert not (await alpha.deliver(alpha.batch(0, [1.0]))).declare
    assert await stored(database) == [(0, 1.0)]


async def test_a_duplicate_is_acknowledged_with_the_whole_range_and_its_refusals_again(
    alpha: Collector, database: Database
) -> None:
    await alpha.deliver(alpha.batch(0, [1.0, 2.0]))
    bad = alpha.batch(2, [3.0, "NaN", {"a": [1]}, [5], None, 8.0])
    for _ in range(2):
        ack = await alpha.deliver(bad)
        assert ack.settled == [(0, 8)]
        assert [(r.seq, r.code) for r in ack.refused] == [
            (3, "not_finite"),
            (4, "wrong_type"),
            (5, "wrong_type"),
            (6, "wrong_type"),
        ]
    assert (await alpha.deliver(alpha.batch(1, [2.0, 3.0]))).settled == [(0, 8)]
    assert await stored(database) == [(0, 1.0), (1, 2.0), (2, 3.0), (7, 8.0)]
    assert await quarantined(database) == []


async def test_nothing_is_acknowledged_before_the_commit(
    alpha: Collector, database: Database, database_url: str
) -> None:
    await alpha.deliver(alpha.batch(0, [1.0]))
    admin = await asyncpg.connect(database_url)
    lock = admin.transaction()
    await lock.start()
    await admin.execute("LOCK TABLE telemetry.batch IN ACCESS EXCLUSIVE MODE")
    before = len(alpha.acks)
    await alpha.send(alpha.batch(1, [2.0]))
    killed: list[int] = []

    async def waits_for_the_lock() -> bool:
        waiting = await lock_waiters(database, "INSERT INTO batch")
        return bool(waiting) and waiting != killed

    await eventually(waits_for_the_lock)
    assert len(alpha.acks) == before
    killed += await lock_waiters(database, "INSERT INTO batch")  # a background job that waits as well is not at fault
    for pid in killed:
        await admin.execute("SELECT pg_terminate_backend($1)", pid)
    await eventually(waits_for_the_lock)  # retried automatically
    assert len(alpha.acks) == before
    await lock.rollback()
    await admin.close()
    await eventually(lambda: len(alpha.acks) > before)
    assert alpha.acks[-1].settled == [(0, 2)]
    assert await stored(database) == [(0, 1.0), (1, 2.0)]
    assert await quarantined(database) == []


GOOD = {"v": 1, "epoch": 7, "ord": 1, "catalog": 7, "lo": 0, "lane": "live", "sent": 0, "series": [1], "t0": 0}
ONE = {"dt": [0], "x": [0], "value": [1.0]}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"{", "unreadable"),
        (b"\x00\xff\x00", "unreadable"),
        (json.dumps(GOOD | ONE | {"v": 2}).encode(), "unreadable"),
        (json.dumps(GOOD | ONE | {"epoch": "7"}).encode(), "unreadable"),
        (json.dumps(GOOD | ONE | {"x": [1]}).encode(), "unreadable"),
        (json.dumps(GOOD | {"dt": [], "x": [], "value": []}).encode(), "unreadable"),
        (b"[" * 50_000 + b"]" * 50_000, "unreadable"),
        (json.dumps(GOOD | ONE | {"device": "beta"}).encode(), "foreign_device"),
        (json.dumps(GOOD | ONE | {"device": "al\x00pha"}).encode(), "unreadable"),
    ],
    ids=["cut off", "binary", "future", "wrong type", "index", "empty", "nested", "foreign", "zero byte"],
)
async def test_an_invalid_message_is_quarantined_with_its_reason_and_the_next_batch_is_stored(
    alpha: Collector, database: Database, payload: bytes, code: str
) -> None:
    await alpha.raw("data", payload)
    assert (await alpha.deliver(alpha.batch(0, [1.0]))).settled == [(0, 1)]

    async def is_there() -> bool:
        return await quarantined(database) == [("telemetry/data/alpha", code)]

    await eventually(is_there)
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT payload FROM quarantine") == payload[:65536]


async def test_a_device_cannot_speak_for_another(servers: Servers, alpha: Collector, database: Database) -> None:
    with pytest.raises(PublishRefused) as refusal:
        await alpha.bus.publish(TELEMETRY_DATA, alpha.batch(0, [1.0]), device="beta")
    assert refusal.value.code == 0x87
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM batch") == 0


async def test_a_message_of_two_megabytes_is_refused_by_the_sender_without_a_disconnect(
    running_gateway: Gateway, alpha: Collector
) -> None:
    before = (alpha.bus._connection, running_gateway.bus._connection)
    with pytest.raises(MessageTooLarge):
        await alpha.send(alpha.batch(0, ["x" * 2_000_000]))
    assert (await alpha.deliver(alpha.batch(0, [1.0]))).settled == [(0, 1)]
    assert (alpha.bus._connection, running_gateway.bus._connection) == before


async def test_a_fragmented_ledger_pauses_the_live_lane_until_its_gaps_are_closed(
    servers: Servers, database_url: str
) -> None:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url, ledger_fragments_max=16), collector(servers) as alpha:
        await alpha.declare()
        for seq in range(0, 32, 2):
            ack = await alpha.deliver(alpha.batch(seq, [1.0]))
        assert not ack.live_paused
        assert (await alpha.deliver(alpha.batch(32, [1.0]))).live_paused
        assert not (await alpha.deliver(alpha.batch(0, [1.0] * 8, lane="backlog"))).live_paused


async def test_the_answer_for_a_very_fragmented_ledger_fits_a_message(
    servers: Servers, alpha: Collector, database: Database
) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO stream (device_id, epoch, ord, settled) "
            "SELECT (SELECT id FROM device WHERE name = 'alpha'), e, 0, "
            "(SELECT range_agg(int8range(1000000000000000 + s * 2, 1000000000000000 + s * 2 + 1)) "
            "FROM generate_series(1, 2000) s) FROM generate_series(100, 140) e"
        )
    before = len(alpha.haves)
    await alpha.bus.publish(
        TELEMETRY_HELLO,
        Hello.model_validate(
            {
                "epoch": 7,
                "ord": 1,
                "next": 0,
                "session": "s",
                "series": "0" * 64,
                "pending": [{"epoch": e, "lo": 0, "hi": 2 * 10**15, "n": 1} for e in range(100, 140)],
            }
        ),
        device="alpha",
    )
    await eventually(lambda: len(alpha.haves) > before)
    assert sum(len(epoch.settled) for epoch in alpha.haves[-1].epochs) == 1_024


async def test_a_declared_loss_is_settled_and_the_ledger_is_complete(
    running_gateway: Gateway, alpha: Collector
) -> None:
    await alpha.deliver(alpha.batch(0, [1.0, "NaN"]))
    before = len(alpha.acks)
    dropped = Dropped(epoch=7, ord=1, ranges=[(2, 10)], reason="overflow")
    await alpha.bus.publish(TELEMETRY_DROP, dropped, device="alpha")
    await eventually(lambda: len(alpha.acks) > before)
    assert alpha.acks[-1].settled == [(0, 10)]
    await alpha.deliver(alpha.batch(12, [1.0]))
    path, headers = "/api/telemetry/devices/alpha/ledger", {"Authorization": f"Bearer {token()}"}
    (epoch,) = (await running_gateway.http.get(path, headers=headers)).json()["epochs"]
    assert not epoch["complete"]
    await alpha.deliver(alpha.batch(10, [1.0, 2.0], lane="backlog"))
    (epoch,) = (await running_gateway.http.get(path, headers=headers)).json()["epochs"]
    assert epoch == {
        "epoch": "7",
        "ord": 1,
        "next": 13,
        "settled": [[0, 13]],
        "stored": 4,
        "refused": 1,
        "dropped": 8,
        "removed": 0,
        "missing": [],
        "counted": True,
        "complete": True,
    }


async def test_two_ids_of_one_series_in_one_batch_are_both_in_the_history(
    servers: Servers, running_gateway: Gateway, database: Database, alpha: Collector
) -> None:
    await alpha.deliver(alpha.batch(0, [1.0, 2.0], series=[1, 1], x=[0, 1]))
    headers = {"Authorization": f"Bearer {token()}"}
    window = {"from": 0, "to": 2**51}
    path = "/api/telemetry/series/1/readings"
    answer = (await running_gateway.http.get(path, params=window, headers=headers)).json()
    assert answer["v"] == [1.0, 2.0]


@pytest.mark.announces_log("broker_connection_failed")
async def test_delivery_continues_after_every_connection_broke(
    servers: Servers, running_gateway: Gateway, alpha: Collector, database: Database
) -> None:
    await alpha.deliver(alpha.batch(0, [1.0]))
    bus = running_gateway.bus
    old = bus._connection
    assert old is not None
    for connection in (old, alpha.bus._connection):
        assert connection is not None
        sock = connection.wire._raw
        assert isinstance(sock, socket.socket)
        sock.shutdown(socket.SHUT_RDWR)
    await eventually(lambda: bus._connection not in {None, old} and bus.state is LinkState.CONNECTED)
    await alpha.bus.wait_connected()
    assert (await alpha.greet(upto=2)).epochs[0].settled == [(0, 1)]
    assert (await alpha.deliver(alpha.batch(1, [2.0]))).settled == [(0, 2)]


async def test_sigterm_publishes_offline_finishes_running_work_and_exits(
    servers: Servers, database_url: str, database: Database
) -> None:
    states: list[str] = []

    async def note(delivery: Delivery[Status]) -> None:
        states.append(delivery.message.state)

    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with collector(servers) as alpha:
        async with gateway(servers, url) as started:
            kind = "telemetry-gateway"
            await started.bus.subscribe(SYSTEM_STATUS, note, kind=kind, id=started.runtime.client_id)
            await eventually(lambda: states[-1:] == ["online"])
            await alpha.declare()
            for seq in range(50):
                await alpha.send(alpha.batch(seq, [1.0]))
        assert started.bus.state is LinkState.CLOSED
        known = {seq for ack in alpha.acks for lo, hi in ack.settled for seq in range(lo, hi)}
    assert known <= {seq for seq, _ in await stored(database)}
    watcher = bus_of(servers, "telemetry-gateway")
    await watcher.subscribe(SYSTEM_STATUS, note, kind="telemetry-gateway", id=started.runtime.client_id)
    states.clear()
    async with running(watcher):
        await eventually(lambda: states == ["offline"])


async def test_a_series_id_that_is_redeclared_within_an_epoch_is_quarantined(
    running_gateway: Gateway, alpha: Collector, database: Database
) -> None:
    other = [SERIES[0].model_copy(update={"name": "cpu.other"})]
    message = SeriesDeclared(catalog=alpha.epoch, digest=series_digest(other), series=other)
    await alpha.bus.publish(TELEMETRY_SERIES, message, device="alpha")

    async def is_away() -> bool:
        return await quarantined(database) == [("telemetry/series/alpha", "series_redeclared")]

    await eventually(is_away)
    await alpha.deliver(alpha.batch(0, [1.0]))
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM series WHERE name = 'cpu.other'") == 0

"""Invalid input over the real broker: refused with a code and a text, counted, and the next valid batch is stored."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.broker import count_quarantined
from pulse_chassis.process.service import now_micros
from pulse_contracts.message import device_name_of
from pulse_contracts.telemetry import Dropped, Hello
from pulse_contracts.topics import TELEMETRY_DROP, TELEMETRY_HELLO
from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.actions.catalogs import Catalogs
from pulse_telemetry_gateway.actions.handshake import Handshake
from pulse_telemetry_gateway.actions.ingest import Ingest, IngestLimits
from pulse_telemetry_gateway.actions.plain import Plain, PlainLimits
from pulse_telemetry_gateway.handlers import Handlers, quarantine
from pulse_telemetry_gateway.model.ingest.credit import CreditLimits
from pulse_telemetry_gateway.model.ingest.grouping import GroupLimits
from pulse_telemetry_gateway.store.handshake import HandshakeStore
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.plain import PlainStore
from pulse_telemetry_gateway.store.quarantine import QuarantineStore
from pulse_telemetry_gateway.store.registry import RegistryStore
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD
from .system import Collector, Gateway, collector, gateway, user

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


async def quarantined(database: Database) -> list[tuple[str, str, str]]:
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT address, code, detail FROM quarantine ORDER BY id")
    return [tuple(row) for row in rows]


async def metric(running: Gateway, line: str) -> float:
    """The value of a metric with its labels; 0 when it does not exist yet."""
    text = (await running.http.get("/metrics")).text
    return next((float(one.split(" ")[-1]) for one in text.splitlines() if one.startswith(f"pulse_{line} ")), 0.0)


BATCH = {"v": 1, "epoch": 7, "ord": 1, "catalog": 7, "lo": 0, "lane": "live", "sent": 0, "series": [1], "t0": 0}
ONE: dict[str, Any] = BATCH | {"dt": [0], "x": [0], "value": [1.0]}
DECLARED = {"v": 1, "catalog": 7, "digest": "0" * 64}
DROPPED = {"v": 1, "epoch": 7, "ord": 1, "reason": "overflow"}
HELLO = {"v": 1, "epoch": 7, "ord": 1, "next": 0, "session": "s", "series": "0" * 64}
BEYOND = "Input should be less than or equal to 4611686018427387904"
UNREADABLE: list[tuple[str, dict[str, Any], str]] = [
    ("data", ONE | {"dt": [0, 1]}, "Value error, columns differ in length: dt 2, x 1, value 1"),
    ("data", ONE | {"value": [1.0, 2.0]}, "Value error, columns differ in length: dt 1, x 1, value 2"),
    ("data", ONE | {"lo": 2**63}, f"lo: {BEYOND}"),
    ("data", ONE | {"lo": 2**64}, f"lo: {BEYOND}"),
    ("data", ONE | {"lo": 2**62}, "Value error, the batch ends at 4611686018427387905, beyond 2^62"),
    ("data", ONE | {"lo": -1}, "lo: Input should be greater than or equal to 0"),
    ("data", ONE | {"lo": 0.5}, "lo: Input should be a valid integer"),
    ("data", ONE | {"dt": [2**63]}, f"dt.0: {BEYOND}"),
    ("data", ONE | {"t0": -(2**63)}, "t0: Input should be greater than or equal to -4611686018427387904"),
    ("data", ONE | {"dt": ["0"]}, "dt.0: Input should be a valid integer"),
    ("data", ONE | {"x": ["0"]}, "x.0: Input should be a valid integer"),
    ("data", ONE | {"t0": float("nan")}, "t0: Input should be a valid integer"),
    ("data", ONE | {"t0": 1e308}, "t0: Input should be a valid integer"),
    ("data", ONE | {"series": list(range(10_000))}, "series: List should have at most 1000 items after validation"),
    ("data", ONE | {"lane": "fast"}, "lane: Input should be 'live' or 'backlog'"),
    (
        "series",
        DECLARED | {"series": [{"id": i, "name": f"s{i}", "type": "int"} for i in range(10_000)]},
        "series: List should have at most 1000 items after validation",
    ),
    ("drop", DROPPED | {"ranges": [[5, 5]]}, "ranges.0: Value error, range [5, 5) is empty or backwards"),
    ("drop", DROPPED | {"ranges": [[9, 5]]}, "ranges.0: Value error, range [9, 5) is empty or backwards"),
    ("drop", DROPPED | {"ranges": [[0, 2**63]]}, f"ranges.0.1: {BEYOND}"),
    ("drop", DROPPED | {"ranges": [[i, i + 1] for i in range(1_025)]}, "ranges: List should have at most 1024 items"),
    ("hello", HELLO | {"pending": [{"epoch": 1, "lo": 0, "hi": 2**63, "n": 1}]}, f"pending.0.hi: {BEYOND}"),
    (
        "hello",
        HELLO | {"pending": [{"epoch": e, "lo": 0, "hi": 1, "n": 1} for e in range(101)]},
        "pending: List should have at most 100 items after validation",
    ),
]
REJECTED: list[tuple[str, dict[str, Any], str, str]] = [
    ("data", ONE | {"device": "beta"}, "foreign_device", "the topic belongs to alpha, but the payload names beta"),
    ("drop", DROPPED | {"ranges": [[0, 1]], "device": "beta"}, "foreign_device", "the topic belongs to alpha"),
    ("hello", HELLO | {"pending": [], "device": "beta"}, "foreign_device", "the topic belongs to alpha"),
    ("data", ONE | {"epoch": 0}, "plain_epoch", "epoch 0 is reserved for plain devices"),
    ("drop", DROPPED | {"ranges": [[0, 1]], "epoch": 0}, "plain_epoch", "epoch 0 is reserved for plain devices"),
]


async def test_invalid_messages_are_quarantined_with_a_text_and_counted_and_valid_ones_are_stored(
    running_gateway: Gateway, alpha: Collector, database: Database
) -> None:
    sent = [(kind, payload, "unreadable", words) for kind, payload, words in UNREADABLE] + REJECTED
    for done, (kind, payload, code, words) in enumerate(sent, 1):
        await alpha.raw(kind, json.dumps(payload).encode())

        async def is_there(n: int = done) -> bool:
            return len(await quarantined(database)) == n

        await eventually(is_there, what=words)
        address, found, detail = (await quarantined(database))[-1]
        assert (address, found) == (f"telemetry/{kind}/alpha", code)
        assert detail.startswith(words)
        ack = await alpha.deliver(alpha.batch(done, [float(done)]))
        assert (ack.settled, ack.refused) == ([(1, done + 1)], [])
    assert await metric(running_gateway, 'bus_quarantined_total{code="unreadable"}') == len(UNREADABLE)
    assert await metric(running_gateway, 'bus_quarantined_total{code="foreign_device"}') == 3
    assert await metric(running_gateway, 'bus_quarantined_total{code="plain_epoch"}') == 2


async def test_values_that_cannot_be_stored_are_refused_one_by_one_and_counted_by_code(
    running_gateway: Gateway, alpha: Collector
) -> None:
    far = 2**62 - 1
    values: list[object] = [1e308, float("nan"), float("inf"), "21.5", 1, 1, 2.5, 2**63, 1, 7, -1e308, 1e308]
    batch = alpha.batch(0, values, series=[1, 2, 99])
    given = json.loads(batch.model_dump_json())
    given |= {"x": [0, 0, 0, 0, 0, 0, 1, 1, 2, 1, 0, 0]}
    given["dt"][4], given["dt"][5] = far, -far
    text = json.dumps(given)
    assert text.count('"NaN"') == text.count('"Infinity"') == 1
    await alpha.raw("data", text.replace('"Infinity"', "1e999").encode())
    await eventually(lambda: any(ack.settled for ack in alpha.acks))
    assert [(r.seq, r.code, r.detail) for r in alpha.acks[-1].refused] == [
        (1, "not_finite", ""),
        (2, "not_finite", ""),
        (3, "wrong_type", "str"),
        (4, "implausible_time", f"t={batch.t0 + far}"),
        (5, "implausible_time", f"t={batch.t0 - far}"),
        (6, "wrong_type", "float"),
        (7, "out_of_range", "more than 64 bits"),
        (8, "unknown_series", "id 99"),
    ]
    assert alpha.acks[-1].settled == [(0, 12)]
    for code, n in (("not_finite", 2), ("wrong_type", 2), ("implausible_time", 2), ("unknown_series", 1)):
        assert await metric(running_gateway, f'ingest_refusals_total{{code="{code}"}}') == n
    assert await metric(running_gateway, 'ingest_readings_total{outcome="stored"}') == 4
    span: dict[str, Any] = {"from": batch.t0 - 1, "to": batch.t0 + 10_000_000}
    answer = await running_gateway.http.get("/api/telemetry/series/1/readings", params=span, headers=user())
    assert answer.json()["v"] == [1e308, -1e308, 1e308]
    answer = await running_gateway.http.get(
        "/api/telemetry/readings", params=span | {"series": "1,2", "points": 1}, headers=user()
    )
    (huge, _) = answer.json()["items"]
    assert (huge["min"], huge["max"], huge["n"]) == ([-1e308], [1e308], [3])


async def test_the_largest_values_add_up_to_an_answer_and_not_to_infinity(
    running_gateway: Gateway, alpha: Collector
) -> None:
    batch = alpha.batch(0, [1e308] * 50)
    await alpha.deliver(batch)
    span: dict[str, Any] = {"from": batch.t0 - 1, "to": batch.t0 + 10_000_000, "series": "1", "points": 1}
    answer = await running_gateway.http.get("/api/telemetry/readings", params=span, headers=user())
    assert (answer.status_code, answer.json()["items"][0]["mean"]) == (200, [1e308])


async def test_overlapping_ranges_are_settled_once(running_gateway: Gateway, alpha: Collector) -> None:
    await alpha.deliver(alpha.batch(0, [1.0] * 6))
    await alpha.deliver(alpha.batch(4, [1.0] * 6))
    before = len(alpha.acks)
    dropped = Dropped(epoch=7, ord=1, ranges=[(8, 14), (12, 20), (12, 13), (8, 20)], reason="overflow")
    await alpha.bus.publish(TELEMETRY_DROP, dropped, device="alpha")
    await eventually(lambda: len(alpha.acks) > before)
    assert alpha.acks[-1].settled == [(0, 20)]
    answer = await running_gateway.http.get("/api/telemetry/devices/alpha/ledger", headers=user())
    (line,) = answer.json()["epochs"]
    assert (line["stored"], line["dropped"], line["complete"]) == (10, 10, True)
    pending = [{"epoch": 7, "lo": lo, "hi": hi, "n": 1} for lo, hi in ((0, 12), (9, 15), (30, 20), (2, 3))]
    hello = Hello.model_validate(HELLO | {"pending": pending})
    await alpha.bus.publish(TELEMETRY_HELLO, hello, device="alpha")
    await eventually(lambda: len(alpha.haves) > 0 and bool(alpha.haves[-1].epochs))
    assert [(one.epoch, one.settled) for one in alpha.haves[-1].epochs] == [(7, [(0, 15)])]


async def test_a_cursor_is_refused_for_another_query_and_accepted_for_its_own(
    running_gateway: Gateway, alpha: Collector
) -> None:
    batch = alpha.batch(0, [float(i) for i in range(30)])
    await alpha.deliver(batch)
    path = "/api/telemetry/series/{}/readings"
    span: dict[str, Any] = {"from": batch.t0, "to": batch.t0 + 10_000_000, "raw": "true", "limit": 20}
    first = (await running_gateway.http.get(path.format(1), params=span, headers=user())).json()
    cursor: dict[str, Any] = {"cursor": first["next"]}
    for number, other in ((2, span), (1, span | {"from": batch.t0 + 1}), (1, span | {"to": batch.t0 + 9_000_000})):
        answer = await running_gateway.http.get(path.format(number), params=other | cursor, headers=user())
        assert (answer.status_code, answer.json()["code"]) == (422, "foreign_cursor")
        assert answer.json()["detail"].startswith("the cursor belongs to another query")
    rest = (await running_gateway.http.get(path.format(1), params=span | cursor, headers=user())).json()
    assert rest["v"] == [float(i) for i in range(20, 30)]
    line = 'http_request_seconds_count{method="GET",route="/series/{series_id}/readings",status="422"}'
    assert await metric(running_gateway, line) == 3


@pytest.mark.parametrize(
    ("params", "code", "words"),
    [
        ({"from": 0, "to": 9, "points": 0}, "invalid_request", "Input should be greater than or equal to 4"),
        ({"from": 9, "to": 5}, "invalid_range", "from must be before to, but from=9 and to=5"),
        (
            {"from": 0, "to": 101 * 366 * 86_400_000_000},
            "invalid_range",
            "the range is longer than 100 years: choose a shorter one",
        ),
        ({"from": 0, "to": "1e308"}, "invalid_request", "Input should be a valid integer"),
        ({"from": "NaN", "to": 5}, "invalid_request", "Input should be a valid integer"),
    ],
    ids=["no points", "backwards", "a century", "1e308", "NaN"],
)
async def test_an_invalid_query_is_refused_with_its_reason(
    running_gateway: Gateway, alpha: Collector, params: dict[str, Any], code: str, words: str
) -> None:
    for path in ("/api/telemetry/series/1/readings", "/api/telemetry/readings"):
        if path.endswith("telemetry/readings") and params.get("points") == 0:
            words = words.replace("4", "1")
        answer = await running_gateway.http.get(path, params=params | {"series": "1"}, headers=user())
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, code)
        assert words in (problem["detail"] if code == "invalid_range" else problem["errors"][0]["msg"])
    assert (await alpha.deliver(alpha.batch(0, [1.0]))).settled == [(0, 1)]


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("telemetry/data", ONE),
        ("telemetry/plain", {"a": 1}),
        ("telemetry/hello", HELLO | {"pending": []}),
        ("telemetry/series", DECLARED | {"series": []}),
        ("telemetry/drop", DROPPED | {"ranges": [[0, 1]]}),
        ("system/status/collector", {"state": "online", "since": 0}),
    ],
)
@pytest.mark.parametrize(
    "device", ["ALPHA", "al pha", "a" * 33, "alpha\n", "älpha", "", "a" * 60_000], ids=lambda name: repr(name[:40])
)
async def test_a_message_with_an_invalid_device_id_is_quarantined_and_registers_no_device(
    database: Database, kind: str, payload: dict[str, Any], device: str
) -> None:
    """The project's broker does not allow such topics; another broker may. The name of a plain device may have another
    form."""
    if kind == "telemetry/plain" and device_name_of(device):
        return
    broker, metrics = MemoryBroker(), Metrics()
    store, ledger, registry = QuarantineStore(database), LedgerStore(database), RegistryStore(database)
    bus = MemoryBus(
        broker, clock=now_micros, rng=random.Random(1), quarantine=count_quarantined(quarantine(store), metrics)
    )
    catalogs = Catalogs(registry)
    limits = IngestLimits(CreditLimits(8, 2, 100, 0.1), GroupLimits(100, 10**6, 0.02, 0.005), 1_024, 10**15)
    ingest = Ingest(ledger, catalogs, bus, limits, metrics)
    handshake = Handshake(HandshakeStore(database), registry, catalogs, ingest, lambda: True)
    plain = Plain(ingest, catalogs, PlainStore(database), PlainLimits(10, 10**15), metrics)
    handlers = Handlers(bus, ingest, plain, handshake, registry)
    await handlers.subscribe()
    await handlers.subscribe_plain(bus)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(bus.run()), group.create_task(ingest.run())]
        await bus.wait_connected()
        bus.inject(f"{kind}/{device}", json.dumps(payload).encode())

        async def is_there() -> bool:
            return [code for _, code, _ in await quarantined(database)] == ["malformed_device"]

        await eventually(is_there)
        for task in tasks:
            task.cancel()
    ((address, _, detail),) = await quarantined(database)
    assert address == f"{kind}/{device}"[:512]
    assert detail.startswith(f"{device[:64]!r} is not a valid device id")
    assert await registry.devices() == []
    assert b'pulse_bus_quarantined_total{code="malformed_device"} 1.0' in metrics.render()


@pytest.mark.parametrize("path", ["quarantine", "quarantine/1"])
async def test_every_quarantine_route_requires_an_administrator(
    running_gateway: Gateway, alpha: Collector, path: str
) -> None:
    await alpha.raw("data", b"a secret of another tenant")
    for headers, status in (({}, 401), ({"Authorization": "Bearer x"}, 401), (user(), 403)):
        for question in ("", "?limit=0", "?cursor=-1", "?limit=1&limit=2"):
            answer = await running_gateway.http.get(f"/api/telemetry/{path}{question}", headers=headers)
            assert answer.status_code == status
            assert b"secret" not in answer.content

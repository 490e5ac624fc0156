"""Hostile plain messages, and plain messages that are retried after an outage."""

from collections.abc import AsyncIterator, Sequence

import pytest

from pulse_contracts.errors import Unavailable
from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.actions.ingest import Ingest
from pulse_telemetry_gateway.model.ledger.arrivals import Arrival
from pulse_telemetry_gateway.model.plain.documents import PAYLOAD_MAX, Document, read_documents
from pulse_telemetry_gateway.model.plain.normalizer import normalize
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD
from .system import Collector, Gateway, collector, gateway, token
from .test_plain import latest, quarantined

NOW, SPAN = 1_790_000_000_000_000, 3653 * 86_400_000_000


@pytest.fixture
async def running_gateway(servers: Servers, database_url: str) -> AsyncIterator[Gateway]:
    async with gateway(servers, with_role(database_url, "pulse_telemetry", PASSWORD)) as started:
        yield started


@pytest.fixture
async def alpha(servers: Servers, running_gateway: Gateway) -> AsyncIterator[Collector]:
    async with collector(servers) as device:
        yield device


@pytest.mark.servers
async def test_text_that_postgresql_cannot_store_affects_neither_the_process_nor_other_values(
    running_gateway: Gateway, alpha: Collector, database: Database
) -> None:
    for payload in (
        b'{"s": "\\ud800"}',
        b'{"a": "x y", "a\\u0000": "z z"}',
        b'{"\\ud801": "x y"}',
        b'{"x\\u0000": 1, "y\\udfff": 2, "ok": 3}',
    ):
        await alpha.raw("plain", payload)
    await alpha.raw("plain", b'{"last": 1, "t": "text here"}')

    async def is_there() -> bool:
        headers = {"Authorization": f"Bearer {token()}"}
        answer = await running_gateway.http.get("/api/telemetry/devices/alpha/plain", headers=headers)
        skipped = {one["name"] for one in answer.json().get("skipped", [])}
        return "t" in skipped and {("last", "float"), ("ok", "float")} <= set(await latest(running_gateway))

    await eventually(is_there)
    assert len(await latest(running_gateway)) == 4, "x and y are stored under names that can be"
    assert await quarantined(database) == []


@pytest.mark.servers
async def test_a_retried_message_keeps_its_time_and_its_refusals(
    running_gateway: Gateway, alpha: Collector, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = Ingest.join, [0]

    async def away_at_first(self: Ingest, arrivals: list[Arrival], size: int) -> Sequence[Exception | None]:
        calls[0] += 1
        if calls[0] == 1:
            raise Unavailable("PostgreSQL is away")
        return await real(self, arrivals, size)

    monkeypatch.setattr(Ingest, "join", away_at_first)
    await alpha.raw("plain", b'{"ts": 1700000000, "timestamp": "rubbish", "x": 1}')

    async def is_there() -> bool:
        return (await latest(running_gateway)).get(("x", "float")) == 1.0 and len(await quarantined(database)) == 1

    await eventually(is_there)
    answer = await running_gateway.http.get("/api/telemetry/series", headers={"Authorization": f"Bearer {token()}"})
    assert [one["latest"]["t"] for one in answer.json()["items"]] == [1_700_000_000_000_000]
    assert "'timestamp': time_not_understood" in (await quarantined(database))[0][1]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b'{"' + b"k" * 10_000 + b'": [' + b"1," * 20_000 + b"1]}", {"name_too_long", "too_many_values"}),
        (b'{"' + b"k " * 50_000 + b'": [' + b"1," * 900 + b"1]}", {"name_too_long"}),
        (b'{"' + "a\u0316\u0317\u0300".encode() * 20_000 + b'": 1}', {"name_too_long"}),
        (b"[" + b"1," * 100_000 + b"1]", {"too_many_values"}),
        (b"[" + b"{}," * 80_000 + b"{}]", {"no_values"}),
        (b"{" + b",".join(b'"k%d":"x"' % i for i in range(20_000)) + b"}", {"too_many_values"}),
    ],
)
def test_an_expensive_message_is_refused_early(payload: bytes, code: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured by the number of names that are cleaned, which does not depend on the machine."""
    cleaned: list[int] = []

    def clean(name: str) -> str:
        cleaned.append(len(name))
        return name[:128]

    monkeypatch.setattr("pulse_telemetry_gateway.model.plain.normalizer.cleaned_name", clean)
    (document,) = read_documents([payload])
    assert isinstance(document, Document)
    found = normalize(document, NOW, SPAN)
    assert set(found.refused.values()) & code
    assert len(cleaned) <= 1_001
    assert max(cleaned, default=0) <= 512


def test_a_message_beyond_the_size_limit_is_unreadable_with_a_reason() -> None:
    (error,) = read_documents([b"[" + b"1," * PAYLOAD_MAX + b"1]"])
    assert isinstance(error, ValueError)
    assert "exceed the limit of 262144" in str(error)

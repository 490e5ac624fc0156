"""The HTTP API of stored readings: history, exports, quarantine, and refused requests."""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pulse_chassis.identity.principal import RULES
from pulse_jose.claims import Claims
from pulse_jose.signing import TokenSigner
from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway import __main__ as program
from pulse_telemetry_gateway.settings import GatewaySettings
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_testkit.locks import lock_waiters
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import NOW, PASSWORD, mixed, three_series
from .system import ACCOUNT, KEY, KEY_TEXT, Gateway, gateway, user

pytestmark = pytest.mark.servers

SPAN: dict[str, Any] = {"from": NOW, "to": NOW + 3_600_000_000}


def administrator() -> dict[str, str]:
    now = int(time.time())
    claims = Claims("precisionpulse", "pulse", ACCOUNT, "j1", "s1", "admin", "a@b.c", "A", now, now + 300)
    return {"Authorization": f"Bearer {TokenSigner(KEY, RULES).sign(claims)}"}


@pytest.fixture
async def stored(servers: Servers, database: Database, database_url: str) -> AsyncIterator[Gateway]:
    """A gateway with 1,500 readings of three series, in chunks and in the log."""
    ledger = await three_series(database)
    await ledger.commit([mixed(0, 1_000)])
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url, compaction_lag=0.05) as running:

        async def is_compacted() -> bool:
            async with database.connection() as connection:
                return bool(await connection.fetchval("SELECT sum(n) = 1000 FROM chunk"))

        await eventually(is_compacted)
        await ledger.commit([mixed(1_000, 1_500)])
        yield running


async def test_http_requests_never_take_the_last_database_connection(
    servers: Servers, database: Database, database_url: str
) -> None:
    await three_series(database)
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url, history_deadline=3) as running, database.transaction() as slow:
        for table in ("removal", "quarantine"):  # simulates a slow count
            await slow.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        paths = ["/api/telemetry/devices/alpha/ledger"] * 10 + ["/api/telemetry/quarantine"] * 10
        async with asyncio.TaskGroup() as group:
            asks = [group.create_task(running.http.get(path, headers=administrator())) for path in paths]
            await eventually(lambda: waiting(database, 2))
            lo = 0
            while not all(ask.done() for ask in asks):
                async with asyncio.timeout(1):
                    await LedgerStore(running.runtime.database).commit([mixed(lo, lo + 10)])
                lo += 10
        assert {(ask.result().status_code, "retry-after" in ask.result().headers) for ask in asks} == {(503, True)}


async def waiting(database: Database, n: int) -> bool:
    return len(await lock_waiters(database)) >= n


async def test_devices_and_epochs_beyond_a_page_are_listed(
    stored: Gateway, database: Database, database_url: str
) -> None:
    async with database.connection() as connection:
        await connection.execute("INSERT INTO device (name) SELECT 'd-' || i FROM generate_series(1, 10000) i")
        await connection.execute(
            "INSERT INTO stream (device_id, epoch, ord, next) SELECT 2, i, i, 0 FROM generate_series(1, 1001) i"
        )
        names = [row["name"] for row in await connection.fetch("SELECT name FROM device ORDER BY name")]
    path = "/api/telemetry/devices"
    assert (await stored.http.get(f"{path}/{names[-1]}/ledger", headers=user())).json()["truncated"] is False
    ledger = (await stored.http.get(f"{path}/beta/ledger", headers=user())).json()
    assert (len(ledger["epochs"]), ledger["truncated"]) == (1_000, True)
    first = (await stored.http.get(path, headers=user())).json()
    rest = (await stored.http.get(path, params={"after": first["next"]}, headers=user())).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == names
    assert rest["next"] is None


async def test_verify_goes_through_every_device(
    database: Database, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with database.connection() as connection:
        await connection.execute("INSERT INTO device (name) SELECT 'd-' || i FROM generate_series(1, 1001) i")
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    settings = GatewaySettings(database_url=url, mqtt_url="mqtt://127.0.0.1:1", mqtt_password="-", audit_key=KEY_TEXT)
    assert await program.verify(settings, argparse.Namespace(device=None)) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1_001
    assert await program.verify(settings, argparse.Namespace(device="d-999")) == 0


async def test_history_answers_samples_pages_and_aligned_series(stored: Gateway) -> None:
    http = stored.http
    path = "/api/telemetry/series/1/readings"
    whole = (await http.get(path, params=SPAN, headers=user())).json()
    assert (whole["n"], whole["sampled"], whole["level"], whole["gaps"], len(whole["t"])) == (
        500,
        False,
        "raw",
        [],
        500,
    )
    sampled = (await http.get(path, params=SPAN | {"points": 40}, headers=user())).json()
    assert (sampled["n"], sampled["sampled"]) == (500, True)
    assert (min(sampled["v"]), max(sampled["v"])) == (min(whole["v"]), max(whole["v"]))
    t: list[int] = []
    late = 0
    page: dict[str, Any] = {"next": None}
    for _ in range(6):
        asked = SPAN | {"raw": "true", "limit": 100} | ({"cursor": page["next"]} if page["next"] else {})
        page = (await http.get(path, params=asked, headers=user())).json()
        t += page["t"]
        late += page["late"]
        assert (page["level"], page["gaps"], page["unreadable"]) == ("raw", [], 0)
        if page["next"] is None:
            break
    assert (t, late) == (whole["t"], whole["late"])
    params = SPAN | {"series": "1,2,3", "points": 12}
    side = (await http.get("/api/telemetry/readings", params=params, headers=user())).json()
    assert len(side["t"]) == 12
    assert [sum(item["n"]) for item in side["items"]] == [500, 500, 500]
    first = side["items"][0]
    assert min(v for v in first["min"] if v is not None) == min(whole["v"])
    assert {type(v) for v in side["items"][2]["max"]} <= {bool, type(None)}


@pytest.mark.parametrize(
    ("path", "params", "code"),
    [
        ("series/1/readings", SPAN | {"points": 0}, "invalid_request"),
        ("series/1/readings", {"from": 2, "to": 1}, "invalid_range"),
        ("series/1/readings", {"from": 0, "to": 2**52}, "invalid_range"),
        ("series/1/readings", {"from": 0, "to": 2**60}, "invalid_request"),
        ("series/1/readings", SPAN | {"raw": "true", "cursor": "AAAA"}, "foreign_cursor"),
        ("series/1/readings", SPAN | {"raw": "true", "cursor": "Ä=="}, "foreign_cursor"),
        ("series/99/readings", SPAN, "not_found"),
        ("readings", SPAN | {"series": "1,x"}, "invalid_series"),
        ("readings", SPAN | {"series": ""}, "invalid_series"),
        ("readings", SPAN | {"series": "99"}, "not_found"),
        ("readings", SPAN | {"series": ",".join(map(str, range(51)))}, "too_much"),
        ("export", SPAN | {"series": "1", "format": "xlsx"}, "invalid_request"),
        ("export", SPAN | {"series": "1", "after": "2,0,0,0"}, "foreign_place"),
        ("export", SPAN | {"series": "1", "after": "1,0,0,0", "format": "parquet"}, "not_continuable"),
        ("devices/nobody/ledger", {}, "not_found"),
        ("quarantine", {}, "forbidden"),
        ("quarantine/1", {}, "forbidden"),
    ],
)
async def test_invalid_requests_are_refused_with_a_code(
    stored: Gateway, path: str, params: dict[str, Any], code: str
) -> None:
    answer = await stored.http.get(f"/api/telemetry/{path}", params=params, headers=user())
    assert 400 <= answer.status_code < 500
    assert answer.json()["code"] == code


async def test_an_export_is_streamed_and_continued(stored: Gateway) -> None:
    path, params = "/api/telemetry/export", SPAN | {"series": "3,1"}
    whole = (await stored.http.get(path, params=params, headers=user())).content
    assert len(whole.splitlines()) == 1_001
    cells = whole.splitlines()[600].decode().split(",")
    after = ",".join((cells[0], cells[-4], cells[-2], cells[-1]))
    rest = (await stored.http.get(path, params=params | {"after": after}, headers=user())).content
    assert whole.endswith(rest)
    assert len(rest.splitlines()) == 400
    parquet = await stored.http.get(path, params=params | {"format": "parquet"}, headers=user())
    assert (parquet.content[:4], parquet.content[-4:]) == (b"PAR1", b"PAR1")


async def test_an_administrator_sees_quarantined_messages(stored: Gateway, database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO quarantine (address, code, detail, payload) "
            "SELECT 'pulse/v1/telemetry/data/alpha', 'unreadable', 'x', '\\x00ff' FROM generate_series(1, 3)"
        )
    path = "/api/telemetry/quarantine"
    page = (await stored.http.get(path, params={"limit": 2}, headers=administrator())).json()
    assert [item["id"] for item in page["items"]] == [3, 2]
    rest = (await stored.http.get(path, params={"cursor": page["next"]}, headers=administrator())).json()
    assert ([item["id"] for item in rest["items"]], rest["next"]) == ([1], None)
    answer = await stored.http.get(f"{path}/2", headers=administrator())
    assert (answer.content, answer.headers["content-type"]) == (b"\x00\xff", "application/octet-stream")
    assert (await stored.http.get(f"{path}/9", headers=administrator())).status_code == 404

"""Browsers on a real socket: sign-in, exact resume, slow clients, ended sessions, gaps; and the HTTP routes."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from pulse_bus.mqtt import MqttBus
from pulse_chassis.process.service import now_micros
from pulse_contracts.auth import SessionRevoked
from pulse_contracts.system import Status
from pulse_contracts.telemetry import LiveBatch
from pulse_contracts.topics import AUTH_EVENT, SYSTEM_STATUS, TELEMETRY_LIVE
from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_testkit.buses import running
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD
from .system import ACCOUNT, Collector, Gateway, browser, bus_of, collector, gateway, token

pytestmark = pytest.mark.servers
QUICK: dict[str, Any] = {
    "viewer_silence_notice": 0.5,
    "viewer_silence_end": 2.5,
    "resume_readings_max": 50,
    "viewer_pending_bytes": 4_800,
}


@pytest.fixture
async def started(servers: Servers, database_url: str) -> AsyncIterator[Gateway]:
    async with gateway(servers, with_role(database_url, "pulse_telemetry", PASSWORD), **QUICK) as opened:
        yield opened


@pytest.fixture
async def alpha(servers: Servers, started: Gateway) -> AsyncIterator[Collector]:
    async with collector(servers) as device:
        await device.declare()
        yield device


def unsigned() -> str:
    """The claims of a valid token under `alg: none`."""
    head, claims, _ = token().split(".")
    parts = json.loads(base64.urlsafe_b64decode(head + "=="))
    none = base64.urlsafe_b64encode(json.dumps(parts | {"alg": "none"}).encode()).decode().rstrip("=")
    return f"{none}.{claims}."


BAD_TOKENS = [None, {}, {"token": 7}, {"token": ""}, {"token": "none"}, {"token": "expired"}, {"token": "x" * 9_000}]


def meant(given: Any) -> Any:
    """Replaces the placeholder by a token that is signed at the call."""
    if isinstance(given, dict) and given.get("token") in {"none", "expired"}:
        return {"token": unsigned() if given["token"] == "none" else token(age=400)}
    return given


@pytest.mark.parametrize("given", BAD_TOKENS, ids=str)
async def test_a_browser_without_a_valid_token_is_refused(started: Gateway, given: Any) -> None:
    async with browser(started.port, meant(given)) as client:
        assert client.refusal == "not_signed_in"


@pytest.mark.parametrize("header", ["", "Bearer", "Basic x", "none", "expired", "Bearer a.b.c"])
async def test_every_route_requires_a_valid_token(started: Gateway, header: str) -> None:
    made = {"none": f"Bearer {unsigned()}", "expired": f"Bearer {token(age=400)}"}.get(header, header)
    for path in ("devices", "series", "series/1/readings?from=0&to=1", "devices/alpha/ledger"):
        answer = await started.http.get(f"/api/telemetry/{path}", headers={"Authorization": made})
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("series/1/readings?from=5&to=5", 422, "invalid_range"),
        ("series/1/readings?from=9&to=5", 422, "invalid_range"),
        ("series/1/readings?from=0", 422, "invalid_request"),
        ("series/1/readings?from=a&to=b", 422, "invalid_request"),
        ("series/1/readings?from=0&to=99999999999999999999", 422, "invalid_request"),
        ("series/1/readings?from=0&to=5&points=5001", 422, "invalid_request"),
        ("series/99/readings?from=0&to=5", 404, "not_found"),
        ("series/99999999999/readings?from=0&to=5", 422, "invalid_request"),
        ("devices/nobody/ledger", 404, "not_found"),
        ("devices/..%2Falpha/ledger", 404, "not_found"),
        ("nothing", 404, "not_found"),
    ],
)
async def test_unknown_things_are_answered_with_a_problem_document(
    started: Gateway, alpha: Collector, path: str, status: int, code: str
) -> None:
    answer = await started.http.get(f"/api/telemetry/{path}", headers={"Authorization": f"Bearer {token()}"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_history_is_whole_when_it_fits_and_keeps_the_extremes_when_it_does_not(
    started: Gateway, alpha: Collector
) -> None:
    values: list[object] = [50.0] * 400
    values[123], values[321] = 99.5, -7.25
    await alpha.deliver(alpha.batch(0, values))
    path, headers = "/api/telemetry/series/1/readings", {"Authorization": f"Bearer {token()}"}
    start = now_micros() - 60_000_000
    window = {"from": start, "to": start + 120_000_000}
    whole = (await started.http.get(path, params=window, headers=headers)).json()
    assert (whole["n"], whole["sampled"], whole["v"]) == (400, False, values)
    assert (whole["from"], whole["to"]) == (window["from"], window["to"])
    sampled = (await started.http.get(path, params=window | {"points": 40}, headers=headers)).json()
    assert (sampled["n"], sampled["sampled"]) == (400, True)
    assert len(sampled["v"]) <= 40
    assert {99.5, -7.25} <= set(sampled["v"])
    assert sampled["t"] == sorted(sampled["t"])
    assert set(zip(sampled["t"], sampled["v"], strict=True)) <= set(zip(whole["t"], whole["v"], strict=True))

    async def is_latest() -> bool:
        items = (await started.http.get("/api/telemetry/series", headers=headers)).json()["items"]
        return bool(items[0]["latest"]) and items[0]["latest"]["v"] == 50.0

    await eventually(is_latest)


async def test_readings_arrive_live_and_a_resume_gets_exactly_what_was_missed(
    started: Gateway, alpha: Collector
) -> None:
    async with browser(started.port, {"token": token()}) as first:
        answer = await first.ask("subscribe", {"series": [1], "rate": 20})
        assert answer == {"ok": True, "pos": {"alpha": 0}, "resumed": {"alpha": "live"}, "unknown": []}
        await alpha.deliver(alpha.batch(0, [1.0, 2.0], series=[1, 2], x=[0, 0]))
        await eventually(lambda: first.values() == [1.0, 2.0])
        pos = first.frames[-1]["pos"]
        assert pos == {"alpha": 1}
        assert first.frames[-1]["series"] == [1]
        assert abs(first.frames[-1]["sent"] - now_micros()) < 10_000_000
    await alpha.deliver(alpha.batch(2, [3.0]))
    await alpha.deliver(alpha.batch(3, [4.0]))
    async with browser(started.port, {"token": token()}) as second:
        answer = await second.ask("subscribe", {"series": [1], "rate": 20, "pos": pos})
        assert answer["resumed"] == {"alpha": "exact"}
        await alpha.deliver(alpha.batch(4, [5.0]))
        await eventually(lambda: set(second.values()) == {3.0, 4.0, 5.0})
        assert second.values("resume") == [3.0, 4.0]
        await eventually(lambda: second.frames[-1]["pos"] == {"alpha": 4})


async def test_a_position_is_sent_only_after_everything_up_to_it(servers: Servers, database_url: str) -> None:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url) as started, collector(servers) as alpha:
        await alpha.declare()
        for part in range(14):
            await alpha.deliver(alpha.batch(part * 1000, [float(i) for i in range(1000)]))
        async with browser(started.port, {"token": token()}, acks=False) as client:
            answer = await client.ask("subscribe", {"series": [1], "pos": {"alpha": 0}, "rate": 20})
            assert answer == {"ok": True, "pos": {"alpha": 0}, "resumed": {"alpha": "exact"}, "unknown": []}
            await eventually(lambda: len(client.frames) == 1)
            assert client.frames[0]["pos"] == {"alpha": len(client.values()) // 1000}
            await alpha.deliver(alpha.batch(14_000, [-1.0]))
            await client.catch_up()
            await eventually(lambda: len(client.values()) == 14_001)
            seen = 0
            for frame in client.frames:
                seen += len(frame["v"])
                assert frame["pos"]["alpha"] <= -(-seen // 1000)
            assert client.frames[-1]["pos"] == {"alpha": 15}


@pytest.mark.parametrize(
    ("pos", "said"), [(0, "history"), (9_999, "ahead"), (2**53, "ahead")], ids=["too much", "future", "far future"]
)
async def test_each_device_reports_how_it_was_resumed(started: Gateway, alpha: Collector, pos: int, said: str) -> None:
    await alpha.deliver(alpha.batch(0, [1.0] * 51))
    async with browser(started.port, {"token": token()}) as client:
        answer = await client.ask("subscribe", {"series": [1], "pos": {"alpha": pos}})
        assert answer == {"ok": True, "pos": {"alpha": 1}, "resumed": {"alpha": said}, "unknown": []}
        await alpha.deliver(alpha.batch(51, [2.0]))
        await eventually(lambda: client.values() == [2.0])
    metrics = (await started.http.get("/metrics")).text
    assert f'pulse_live_resumes_total{{outcome="{said}"}} 1.0' in metrics


async def test_an_incomplete_log_is_reported_as_history(started: Gateway, alpha: Collector, database: Database) -> None:
    for seq in range(3):
        await alpha.deliver(alpha.batch(seq, [1.0]))
    async with database.connection() as connection:
        await connection.execute("DELETE FROM batch WHERE pos = 2")
    async with browser(started.port, {"token": token()}) as client:
        answer = await client.ask("subscribe", {"series": [1], "pos": {"alpha": 1}})
        assert answer["resumed"] == {"alpha": "history"}


async def test_a_browser_that_never_acknowledges_is_conflated_notified_and_disconnected_without_affecting_others(
    started: Gateway, alpha: Collector
) -> None:
    async with (
        browser(started.port, {"token": token()}, acks=False) as slow,
        browser(started.port, {"token": token(sid="s2")}) as quick,
    ):
        for client in (slow, quick):
            await client.ask("subscribe", {"series": [1], "rate": 20})
        for round_ in range(20):
            await alpha.deliver(alpha.batch(round_ * 50, [float(round_)] * 50))
            await eventually(lambda round_=round_: quick.values()[-1:] == [float(round_)], seconds=10)  # type: ignore[misc]
        assert len(slow.frames) == 2
        assert not any(frame["conflated"] for frame in quick.frames)
        assert len(quick.values()) == 1_000
        await eventually(lambda: [name for name, _ in slow.events] == ["notice"])
        assert slow.events[0][1]["code"] == "slow_client"
        await slow.catch_up()
        await eventually(lambda: len(slow.frames) > 2)
        assert slow.frames[2]["conflated"]
        assert len(slow.frames[2]["v"]) <= 100
        assert slow.values()[-1] == 19.0
        slow.acks = False
        await alpha.deliver(alpha.batch(1_000, [1.0]))
        await eventually(lambda: slow.is_over, seconds=6)
        await alpha.deliver(alpha.batch(1_001, [77.0]))
        await eventually(lambda: quick.values()[-1] == 77.0)


async def test_an_expiring_token_is_announced_and_renewed_or_ends_the_socket(started: Gateway) -> None:
    async with (
        browser(started.port, {"token": token(lifetime=3, age=1)}) as stays,
        browser(started.port, {"token": token(lifetime=3, age=1, sid="s2")}) as goes,
    ):
        await eventually(lambda: all(c.events and c.events[0][0] == "token_expiring" for c in (stays, goes)))
        assert not (await stays.ask("authenticate", {"token": "a.b.c"}))["ok"]
        assert (await stays.ask("authenticate", {"token": token()}))["ok"]
        await eventually(lambda: goes.is_over)
        assert not stays.is_over
        assert abs((await stays.ask("probe", {}))["t"] - now_micros()) < 5_000_000


async def test_another_accounts_token_ends_the_socket(started: Gateway) -> None:
    async with browser(started.port, {"token": token()}) as client:
        other = token(account="00000000-0000-0000-0000-000000000002")
        await client.ask("subscribe", {"series": []})
        client._answers[99] = asyncio.get_running_loop().create_future()
        await client._wire.send("42/live,99" + json.dumps(["authenticate", {"token": other}]))
        await eventually(lambda: client.is_over)


@pytest.mark.parametrize("origin", ["http://127.0.0.1:1", "http://localhost:1"])
async def test_pages_of_every_allowed_origin_may_connect(started: Gateway, origin: str) -> None:
    async with browser(started.port, {"token": token()}, origin=origin) as client:
        assert client.refusal is None


@pytest.mark.parametrize("query", ["EIO=4&transport=websocket", "EIO=4&transport=carrier-pigeon"])
async def test_a_foreign_origin_or_an_invalid_client_is_refused_without_an_error_log(
    started: Gateway, caplog: pytest.LogCaptureFixture, query: str
) -> None:
    caplog.set_level("DEBUG")
    headers = {"Origin": "http://evil.example", "Connection": "Upgrade", "Upgrade": "websocket"}
    headers |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw=="}
    if "pigeon" in query:
        headers = {}
    answer = await started.http.get(f"/socket.io/?{query}", headers=headers)
    assert answer.status_code in {400, 403}
    said = [record for record in caplog.records if record.name == "pulse.live.engineio"]
    assert [record.levelname for record in said] == ["DEBUG"]


@pytest.fixture
async def auth(servers: Servers) -> AsyncIterator[MqttBus]:
    bus = bus_of(servers, "auth")
    async with running(bus):
        yield bus


async def test_a_revoked_session_is_disconnected_and_others_of_the_account_stay(
    started: Gateway, auth: MqttBus
) -> None:
    async with (
        browser(started.port, {"token": token(sid="s1")}) as one,
        browser(started.port, {"token": token(sid="s2")}) as two,
        browser(started.port, {"token": token(account="00000000-0000-0000-0000-000000000002")}) as stranger,
    ):
        await auth.publish(AUTH_EVENT, SessionRevoked(account=ACCOUNT, sid="s1", at=1), account=ACCOUNT)
        await eventually(lambda: one.is_over)
        assert not two.is_over
        everything = SessionRevoked(account=ACCOUNT, sid=None, at=now_micros())
        await auth.publish(AUTH_EVENT, everything, account=ACCOUNT)
        await eventually(lambda: two.is_over)
        assert not stranger.is_over


async def test_the_token_of_a_revoked_session_is_refused(started: Gateway, auth: MqttBus) -> None:
    ended, other = token(sid="s1"), token(sid="s2")
    async with browser(started.port, {"token": ended}) as client, browser(started.port, {"token": other}) as stays:
        await auth.publish(AUTH_EVENT, SessionRevoked(account=ACCOUNT, sid="s1", at=1), account=ACCOUNT)
        await eventually(lambda: client.is_over)
        assert not (await stays.ask("authenticate", {"token": ended}))["ok"]
    async with browser(started.port, {"token": ended}) as again:
        assert again.refusal == "not_signed_in"
    for bearer, status in ((ended, 401), (other, 200)):
        headers = {"Authorization": f"Bearer {bearer}"}
        assert (await started.http.get("/api/telemetry/devices", headers=headers)).status_code == status


async def test_every_browser_is_told_when_a_device_connects_or_disconnects(started: Gateway, alpha: Collector) -> None:
    async with browser(started.port, {"token": token()}) as client:
        status = Status(state="online", since=1, name="Alpha", waiting=3)
        await alpha.bus.publish(SYSTEM_STATUS, status, kind="collector", id="alpha")
        await eventually(
            lambda: [(d["id"], d["online"], d["waiting"]) for d in client.devices()] == [("alpha", True, 3)]
        )
    headers = {"Authorization": f"Bearer {token()}"}

    async def is_noted() -> bool:
        items = (await started.http.get("/api/telemetry/devices", headers=headers)).json()["items"]
        return (items[0]["name"], items[0]["online"], items[0]["waiting"]) == ("Alpha", True, 3)

    await eventually(is_noted)
    await alpha.bus.clear(SYSTEM_STATUS, kind="collector", id="alpha")  # other tests share the broker


def live(after: int, pos: int, value: float) -> LiveBatch:
    return LiveBatch(after=after, pos=pos, lane="live", series=[1], t0=now_micros(), dt=[0], x=[0], value=[value])


@pytest.mark.parametrize("seen_before", [True, False], ids=["in the middle", "before the first"])
async def test_a_gap_in_the_feed_is_filled_from_the_log(
    started: Gateway, alpha: Collector, database: Database, seen_before: bool
) -> None:
    await alpha.deliver(alpha.batch(0, [0.0]))
    async with browser(started.port, {"token": token()}) as client:
        await client.ask("subscribe", {"series": [1], "rate": 20})
        if seen_before:
            await alpha.deliver(alpha.batch(1, [1.0]))
            await eventually(lambda: client.values() == [1.0])
        async with database.connection() as connection:  # committed, but its live message was lost
            row = await connection.fetchrow("UPDATE device SET pos = pos + 1 WHERE name = 'alpha' RETURNING pos")
            lost = row["pos"] if row else 0
            await connection.execute(
                "INSERT INTO batch SELECT device_id, $1, 8, ord, lo, hi, n, lane, t_min, t_max, sent, received, "
                "payload FROM batch WHERE pos = 1",
                lost,
            )
        await started.bus.publish(TELEMETRY_LIVE, live(lost, lost + 1, 9.0), device="alpha")
        await eventually(lambda: 9.0 in client.values("live"))
        await eventually(lambda: client.values("backlog") == [0.0])
        assert not any(frame["conflated"] for frame in client.frames)


async def test_readings_too_many_to_be_live_come_from_the_log(
    started: Gateway, alpha: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulse_telemetry_gateway.actions.ingest._LIVE_READINGS", 2)
    await alpha.deliver(alpha.batch(0, [0.0]))
    async with browser(started.port, {"token": token()}) as client:
        await client.ask("subscribe", {"series": [1], "rate": 20})
        await alpha.deliver(alpha.batch(1, [1.0, 2.0, 3.0]))
        await eventually(lambda: client.values("backlog") == [1.0, 2.0, 3.0])


async def test_a_gap_that_cannot_be_filled_is_reported(started: Gateway, alpha: Collector) -> None:
    await alpha.deliver(alpha.batch(0, [0.0]))
    async with browser(started.port, {"token": token()}) as client:
        await client.ask("subscribe", {"series": [1], "rate": 20})
        await started.bus.publish(TELEMETRY_LIVE, live(5, 6, 9.0), device="alpha")
        await eventually(lambda: 9.0 in client.values("live"))
        await eventually(lambda: any(f["conflated"] and f["lane"] == "backlog" for f in client.frames))


@pytest.mark.parametrize(
    "wish",
    [None, 7, [], {"series": "1"}, {"series": [-1]}, {"series": [1] * 501}, {"series": [1], "rate": 0},
     {"series": [1], "rate": 21}, {"series": [1], "pos": {"a/b": 1}}, {"series": [1], "pos": {"alpha": -1}}],
    ids=str,
)  # fmt: skip
async def test_an_invalid_request_is_refused_and_the_socket_stays(started: Gateway, wish: object) -> None:
    async with browser(started.port, {"token": token()}) as client:
        assert (await client.ask("subscribe", wish))["code"] == "invalid_request"
        assert (await client.ask("subscribe", {"series": [2**40]}))["ok"]


async def test_browsers_that_leave_while_they_subscribe_leave_nothing_behind(
    started: Gateway, alpha: Collector
) -> None:
    before = len(started.bus._routes.subscriptions)
    for _ in range(10):
        async with browser(started.port, {"token": token()}) as client:
            await client._wire.send("42/live,1" + json.dumps(["subscribe", {"series": [1]}]))
    await eventually(lambda: len(started.bus._routes.subscriptions) == before)

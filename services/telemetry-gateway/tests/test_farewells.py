"""How a browser's connection ends (the gateway stops, the session is revoked, the token expires), and invalid
requests."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from pulse_chassis.process.service import now_micros
from pulse_contracts.auth import SessionRevoked
from pulse_contracts.topics import AUTH_EVENT
from pulse_postgres.admin import with_role
from pulse_testkit.buses import running
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD
from .system import ACCOUNT, Browser, Collector, Gateway, browser, bus_of, collector, gateway, token

pytestmark = pytest.mark.servers


@pytest.fixture
def url(database_url: str) -> str:
    return with_role(database_url, "pulse_telemetry", PASSWORD)


@pytest.fixture
async def started(servers: Servers, url: str) -> AsyncIterator[Gateway]:
    async with gateway(servers, url, viewers_max=3) as opened:
        yield opened


@pytest.fixture
async def alpha(servers: Servers, started: Gateway) -> AsyncIterator[Collector]:
    async with collector(servers) as device:
        await device.declare()
        yield device


def told(client: Browser, event: str) -> list[dict[str, object]]:
    return [content for name, content in client.events if name == event]


async def test_browsers_of_a_stopping_gateway_resume_on_another_without_a_gap(servers: Servers, url: str) -> None:
    async with contextlib.AsyncExitStack() as browsers:
        async with gateway(servers, url) as first, collector(servers) as alpha:
            await alpha.declare()
            clients = [
                await browsers.enter_async_context(browser(first.port, {"token": token(sid=f"s{n}")})) for n in range(5)
            ]
            silent = await browsers.enter_async_context(browser(first.port, {"token": token()}, acks=False))
            for client in (*clients, silent):
                await client.ask("subscribe", {"series": [1], "rate": 20})
            await alpha.deliver(alpha.batch(0, [0.0, 1.0]))
            await eventually(lambda: all(client.values() == [0.0, 1.0] for client in clients))
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 2.5, "nobody waited until a patience ended"
        delays = [told(client, "drain")[0]["after_ms"] for client in (*clients, silent)]
        assert len(set(delays)) > 1, "they do not all come back at once"
        assert all(isinstance(delay, int) and 0 <= delay <= 3_000 for delay in delays)
        assert all(client.is_over for client in clients)
    pos = clients[0].frames[-1]["pos"]
    async with gateway(servers, url) as second, collector(servers) as alpha:
        await alpha.greet(upto=0)
        await alpha.deliver(alpha.batch(2, [2.0]))
        async with browser(second.port, {"token": token()}) as client:
            answer = await client.ask("subscribe", {"series": [1], "rate": 20, "pos": pos})
            assert answer["resumed"] == {"alpha": "exact"}
            await alpha.deliver(alpha.batch(3, [3.0]))
            await eventually(lambda: client.values() == [2.0, 3.0])


async def test_the_shutdown_does_not_wait_for_browsers_that_disconnected(servers: Servers, url: str) -> None:
    async with contextlib.AsyncExitStack() as browsers:
        async with gateway(servers, url) as started:
            client = await browsers.enter_async_context(browser(started.port, {"token": token()}))

            async def hang_up() -> None:
                await eventually(lambda: told(client, "drain") != [])
                await client._wire.close()

            leaving = asyncio.gather(hang_up())
        await leaving
        assert client.is_over


async def test_a_revoked_session_gets_the_reason_within_two_seconds_and_no_frame_after_it(
    servers: Servers, started: Gateway, alpha: Collector
) -> None:
    auth = bus_of(servers, "auth")
    async with running(auth), browser(started.port, {"token": token()}) as client:
        await client.ask("subscribe", {"series": [1], "rate": 20})
        await auth.publish(AUTH_EVENT, SessionRevoked(account=ACCOUNT, sid="s1", at=now_micros()), account=ACCOUNT)
        await eventually(lambda: client.is_over, seconds=10)
        assert [content["code"] for content in told(client, "ended")] == ["session_ended"]
        await alpha.deliver(alpha.batch(0, [1.0]))
        assert client.frames == []


async def test_an_expired_token_ends_the_socket_with_a_reason(started: Gateway) -> None:
    async with browser(started.port, {"token": token(lifetime=2, age=1)}) as client:
        await eventually(lambda: client.is_over)
        assert [content["code"] for content in told(client, "ended")] == ["token_expired"]


async def test_a_subscription_checks_the_permission_again(
    started: Gateway, alpha: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with browser(started.port, {"token": token()}) as client:
        assert (await client.ask("subscribe", {"series": [1], "rate": 20}))["ok"]
        # the revocation has reached the principals but not yet the socket
        started.runtime.principals._revocations.add(SessionRevoked(account=ACCOUNT, sid="s1", at=now_micros()))
        answer = await client.ask("subscribe", {"series": [1], "rate": 20})
        assert (answer["ok"], answer["code"]) == (False, "not_signed_in")
        await alpha.deliver(alpha.batch(0, [1.0]))
        assert client.frames == []


async def test_the_number_of_browsers_is_limited(started: Gateway) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(browser(started.port, {"token": token()}))
        async with browser(started.port, {"token": token()}) as fourth:
            assert fourth.refusal == "too_many_viewers"


async def test_the_number_of_browsers_of_one_account_is_limited(servers: Servers, url: str) -> None:
    other = "00000000-0000-4000-8000-00000000000b"
    async with gateway(servers, url, viewers_of_account_max=2) as started:

        async def refusal(account: str = ACCOUNT) -> str | None:
            async with browser(started.port, {"token": token(account=account, sid="s3")}) as one_more:
                return one_more.refusal

        async def is_let_in() -> bool:
            return await refusal() is None

        async with browser(started.port, {"token": token(sid="s1")}), browser(started.port, {"token": token(sid="s2")}):
            assert await refusal() == "too_many_viewers_of_account"
            assert await refusal(other) is None
        await eventually(is_let_in)


async def test_sockets_without_sign_in_neither_block_browsers_nor_fill_the_log(
    started: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    address = f"ws://127.0.0.1:{started.port}/socket.io/?EIO=4&transport=websocket"
    async with contextlib.AsyncExitStack() as stack:
        wires = [await stack.enter_async_context(connect(address, origin="http://127.0.0.1:1")) for _ in range(5)]  # type: ignore[arg-type]
        for wire in wires[:2]:  # three have room: the oldest were closed
            async with asyncio.timeout(5):  # well before the limit of 10 s without sign-in
                with contextlib.suppress(ConnectionClosed):
                    while True:
                        await wire.recv()
        async with browser(started.port, {"token": token()}) as client:
            assert client.refusal is None
    assert [record.getMessage() for record in caplog.records if record.name.startswith(("uvicorn", "pulse.live"))] == []


@pytest.mark.parametrize(
    ("wish", "detail"),
    [
        ({"series": list(range(10_000))}, "series: List should have at most 500 items after validation, not 10000"),
        ({"series": [1], "rate": 21}, "rate: Input should be less than or equal to 20"),
        ({"series": [1], "pos": {"alpha": -1}}, "pos.alpha: Input should be greater than or equal to 0"),
        ({"series": [1], "pos": {"alpha": 2**63}}, "pos.alpha: Input should be less than or equal to"),
    ],
    ids=["10,000 series", "rate", "negative pos", "pos beyond 2^62"],
)
async def test_an_invalid_request_is_refused_with_its_error_and_counted(
    started: Gateway, alpha: Collector, wish: object, detail: str
) -> None:
    async with browser(started.port, {"token": token()}) as client:
        answer = await client.ask("subscribe", wish)
        assert (answer["ok"], answer["code"]) == (False, "invalid_request")
        assert answer["detail"].startswith(detail)
        assert (await client.ask("subscribe", {"series": [1]}))["ok"], "the socket stays"
    metrics = (await started.http.get("/metrics")).text
    assert 'pulse_live_refused_total{code="invalid_request"} 1.0' in metrics


async def test_a_duplicate_position_is_refused(started: Gateway, alpha: Collector) -> None:
    async with browser(started.port, {"token": token()}) as client:
        answer = client._answers[1] = asyncio.get_running_loop().create_future()
        client._next = 1
        await client._wire.send('42/live,1["subscribe",{"series":[1],"pos":{"alpha":0,"alpha":5}}]')
        async with asyncio.timeout(5):
            said = await answer
        assert (said["ok"], said["code"]) == (False, "invalid_request")
        assert "alpha" in said["detail"]
        assert (await client.ask("subscribe", {"series": [1]}))["ok"]


BROKEN = [
    '42/live,1["subscribe"', "42/live,1", "42/live,1{}", "42/live,1[]", "42/live,1[[]]", "42/live,1[7]", "42", "4", "",
    '42/live,1["connect",{"asgi.scope":{"pulse.wire":{}}},{"token":"x"}]', '42/live,["disconnect"]', "43/live,",
    "43/live", "43/live,99[]", "4z", "49/live,[]", '451-/live,["subscribe",{"_placeholder":true,"num":0}]',
    '42/other,["subscribe"]', "42/live," + "9" * 200 + '["subscribe"]', "42/live,1" + "[" * 30_000,
    '42/live,1["subscribe",1,2,3]', "7", "x", '42/live,1["unheard of",1]', "44/live,{}", "40/live,", "40/live,[1]",
    "40/elsewhere,{}", "41/live,",
]  # fmt: skip


@pytest.mark.parametrize("packet", BROKEN, ids=range(len(BROKEN)))
async def test_no_packet_causes_an_error_or_affects_other_browsers(
    started: Gateway, packet: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with browser(started.port, {"token": token()}) as steady:
        async with connect(f"ws://127.0.0.1:{started.port}/socket.io/?EIO=4&transport=websocket") as rude:
            await rude.recv()
            await rude.send("40/live," + json.dumps({"token": token()}))
            assert str(await rude.recv()).startswith("40/live,")
            await rude.send(packet)
            await rude.send('42/live,5["probe",{}]')
        assert (await steady.ask("subscribe", {"series": []}))["ok"]
    assert [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}] == []


async def test_a_socket_without_sign_in_is_closed(started: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pulse_telemetry_gateway.live.sockets._SIGN_IN_WITHIN", 0.2)
    async with connect(f"ws://127.0.0.1:{started.port}/socket.io/?EIO=4&transport=websocket") as wire:
        assert (await wire.recv())[0] == "0"
        async with asyncio.timeout(5):
            await wire.wait_closed()
        assert wire.close_code == 1008


async def test_unknown_series_ids_are_returned_and_the_others_are_subscribed(
    started: Gateway, alpha: Collector
) -> None:
    async with browser(started.port, {"token": token()}) as client:
        answer = await client.ask("subscribe", {"series": [1, 77, 1, 99], "rate": 20})
        assert (answer["ok"], answer["unknown"]) == (True, [77, 99])
        await alpha.deliver(alpha.batch(0, [1.0]))
        await eventually(lambda: client.values() == [1.0])


async def test_browsers_with_equal_subscriptions_share_one_encoding(started: Gateway, alpha: Collector) -> None:
    async with contextlib.AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(browser(started.port, {"token": token()})) for _ in range(3)]
        for client in clients:
            await client.ask("subscribe", {"series": [1, 2], "rate": 20})
        for seq in range(5):
            await alpha.deliver(alpha.batch(seq, [float(seq)]))
            await eventually(lambda seq=seq: all(c.values()[-1:] == [float(seq)] for c in clients))  # type: ignore[misc]
        assert clients[0].frames == clients[1].frames == clients[2].frames
        metrics = (await started.http.get("/metrics")).text
        assert 'pulse_live_frames_total{conflated="false",lane="live"} 5.0' in metrics
        assert "pulse_live_groups 1.0" in metrics
    assert json.dumps(clients[0].frames[0]["pos"]) == '{"alpha": 1}'

"""The cost of signing in and of being signed in: sign-ins per second beside bare argon2, the latency at low load,
authorised requests beside a route without authorisation, and the time from the end of a session until it opens
nothing."""

import asyncio
import base64
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import cast

import httpx
import numpy as np
import uvloop

from benchmarks.browser_load import Ages, Browser
from benchmarks.report import Result
from pulse_passwords import LOGIN_POLICY, PasswordHasher
from pulse_standalone.ports import free_port
from tests.system import System, running_system

SIGN_IN_ROUNDS = 40
SIGN_IN_SECONDS = 2
"""Many short rounds, because the speed of a core changes within seconds on a shared machine."""
SETTLED = 0.25
AT_ONCE = 16
"""Concurrent sign-ins, each of another account, and the same number of concurrent argon2 verifications. Concurrent
sign-ins of one account would count as failures until they are done and would wait for each other."""
RATE = 20
RATE_SECONDS = 20
CONNECTIONS = 16
REQUEST_ROUNDS = 10
REQUEST_SECONDS = 2
REVOCATIONS = 100
_BARE = """
import sys, uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
class View(BaseModel):
    id: str; email: str; name: str; role: str; active: bool; version: int; created: str
app = FastAPI()
@app.get("/bare")
async def bare() -> View:
    return View(id="0" * 36, email="a@b.c", name="Ada", role="admin", active=True, version=1, created="x" * 24)
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False, loop="uvloop")
"""


def measure() -> list[Result]:
    """All four measurements, against one whole system without collectors."""
    alone = {"PULSE_FIRST_COLLECTOR": "off"}
    with (
        tempfile.TemporaryDirectory(prefix="pulse-auth-") as folder,
        running_system(Path(folder) / "state", alone) as system,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as light,
    ):
        return [
            *light.run(_sign_ins(system)),
            *asyncio.run(_requests(system)),
            *asyncio.run(_revocations(system)),
        ]


def _url(system: System, service: str) -> str:
    return f"http://127.0.0.1:{system.child(service)['port']}"


async def _sign_ins(system: System) -> list[Result]:
    """Measures both rates in turn, so that other load on the machine affects both."""
    bare, whole = [], []
    people = await _people(system)
    async with httpx.AsyncClient(base_url=_url(system, "auth"), timeout=30) as http:
        async with PasswordHasher(LOGIN_POLICY) as hasher:
            digest = await hasher.hash(people[0]["password"])

            async def hash_once() -> None:
                await hasher.verify(people[0]["password"], digest)

            async with _visitors(system, people) as visitors:
                await _rate(
                    [visitor.sign_in for visitor in visitors], SIGN_IN_SECONDS
                )  # earlier ones include one-time initialisation
                for _ in range(SIGN_IN_ROUNDS):
                    bare.append(await _rate([hash_once] * AT_ONCE, SIGN_IN_SECONDS))
                    whole.append(await _rate([visitor.sign_in for visitor in visitors], SIGN_IN_SECONDS))
        waits = await _at_a_rate(lambda: _sign_in(http, system))
    value, peer = statistics.median(whole), statistics.median(bare)
    low, high = np.percentile(np.divide(whole, bare), [25, 75])
    p95 = float(np.percentile(waits, 95)) * 1e3
    return [
        Result(
            "sign-ins",
            round(value, 1),
            "sign-ins/s",
            "argon2 alone",
            round(peer, 1),
            "0.75 of it",
            value >= 0.75 * peer,
        ),
        Result("sign-ins beside argon2: a quarter of the turns is below", round(float(low), 3), "of it"),
        Result("sign-ins beside argon2: a quarter of the turns is above", round(float(high), 3), "of it"),
        Result(f"sign-in at {RATE}/s: p95", round(p95, 1), "ms", target="p95 < 100 ms", met=p95 < 100),
        Result(f"sign-in at {RATE}/s: median", round(statistics.median(waits) * 1e3, 1), "ms"),
    ]


async def _sign_in(http: httpx.AsyncClient, system: System) -> str:
    """Signs in. When the server is busy it waits and retries, and the wait counts."""
    http.cookies.clear()
    answer = await http.post("/api/auth/login", json=system.admin)
    while answer.status_code in {429, 503}:
        await asyncio.sleep(float(answer.headers["retry-after"]))
        answer = await http.post("/api/auth/login", json=system.admin)
    answer.raise_for_status()
    return str(answer.json()["access_token"])


async def _people(system: System) -> list[dict[str, str]]:
    """Creates accounts as an administrator. Returns e-mail and password of each, once auth knows it."""
    headers, users, auth = {"Authorization": f"Bearer {system.token()}"}, _url(system, "users"), _url(system, "auth")
    made = [{"email": f"p{n}@example.org", "password": f"violet-harbour-candle-{n}"} for n in range(AT_ONCE)]
    async with httpx.AsyncClient(headers=headers, timeout=30) as http:
        for person in made:
            account = person | {"name": person["email"]}
            (await http.post(f"{users}/api/users", json=account)).raise_for_status()
        for person in made:
            while (await http.post(f"{auth}/api/auth/login", json=person)).status_code == 401:  # noqa: ASYNC110  # polled from outside
                await asyncio.sleep(0.1)
    return made


class _Visitor(asyncio.Protocol):
    """One client on one connection with minimal parsing, so that the load generator leaves the cores to the service."""

    def __init__(self, person: dict[str, str]) -> None:
        body = json.dumps(person)
        head = "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        self._request = f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()
        self._got, self._answered = b"", asyncio.get_running_loop().create_future()

    async def connect(self, port: int) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", port)

    async def sign_in(self) -> None:
        """Signs in with retries, like `_sign_in`."""
        while True:
            self._got, self._answered = b"", asyncio.get_running_loop().create_future()
            self._transport.write(self._request)
            head, body = await self._answered
            if head.startswith(b"HTTP/1.1 200") and b'"access_token"' in body:
                return
            if head[9:12] not in {b"429", b"503"}:
                raise RuntimeError((head + body).decode(errors="replace"))
            await asyncio.sleep(float(_field(head, b"retry-after")))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        if end and len(body) == int(_field(head, b"content-length")):
            self._answered.set_result((head, body))

    def connection_lost(self, error: Exception | None) -> None:
        if not self._answered.done():
            self._answered.set_exception(error or ConnectionResetError("auth closed the connection"))

    def close(self) -> None:
        self._answered.cancel()
        self._transport.close()


@contextlib.asynccontextmanager
async def _visitors(system: System, people: list[dict[str, str]]) -> AsyncIterator[list[_Visitor]]:
    visitors = [_Visitor(person) for person in people]
    for visitor in visitors:
        await visitor.connect(int(system.child("auth")["port"]))
    try:
        yield visitors
    finally:
        for visitor in visitors:
            visitor.close()


def _field(head: bytes, name: bytes) -> bytes:
    """Returns a response header. uvicorn writes their names in lower case."""
    return head.split(b"\r\n" + name + b": ", 1)[1].split(b"\r\n", 1)[0]


async def _rate(ways: Sequence[Callable[[], Awaitable[object]]], seconds: float) -> float:
    """Completed calls per second with one in flight for each worker. Counts from the first to the last completion
    between a quarter of a second after the start and the end. Outside that time not all workers are busy."""
    began = time.perf_counter()
    ends: list[float] = []

    async def again(once: Callable[[], Awaitable[object]]) -> None:
        while time.perf_counter() - began < seconds:
            await once()
            ends.append(time.perf_counter())

    await asyncio.gather(*(again(once) for once in ways))
    counted = [end for end in ends if began + SETTLED <= end <= began + seconds]
    return (len(counted) - 1) / (counted[-1] - counted[0])


async def _at_a_rate(once: Callable[[], Awaitable[object]]) -> list[float]:
    """Seconds from the scheduled start of each call, so that a slow response also delays the calls after it."""
    began, waits = time.perf_counter(), []

    async def one(at: float) -> None:
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        await once()
        waits.append(time.perf_counter() - at)

    await asyncio.gather(*(one(began + number / RATE) for number in range(RATE * RATE_SECONDS)))
    return waits


async def _requests(system: System) -> list[Result]:
    port, token = int(system.child("users")["port"]), system.token()
    profile, bare = [], []
    with _bare_server() as other:
        for _ in range(REQUEST_ROUNDS):
            bare.append(await _answers(other, "/bare", ""))
            profile.append(await _answers(port, "/api/profile", token))
    value, peer = statistics.median(profile), statistics.median(bare)
    met = value >= 0.5 * peer
    return [Result("GET /api/profile", round(value), "requests/s", "a bare route", round(peer), "0.5 of it", met)]


@contextlib.contextmanager
def _bare_server() -> Iterator[int]:
    port = free_port()
    with subprocess.Popen([sys.executable, "-c", _BARE, str(port)]) as process:
        try:
            for _ in range(200):
                with contextlib.suppress(httpx.TransportError):
                    httpx.get(f"http://127.0.0.1:{port}/bare").raise_for_status()
                    break
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


async def _answers(port: int, path: str, token: str) -> float:
    """Responses per second over keep-alive connections with minimal parsing."""
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n" + (f"Authorization: Bearer {token}\r\n" if token else "")
    request, began, done = f"{head}\r\n".encode(), time.perf_counter(), 0

    async def client() -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() - began < REQUEST_SECONDS:
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            if not answer.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(answer.decode(errors="replace"))
            await reader.readexactly(int(_field(answer.lower(), b"content-length")))
            done += 1
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    return done / (time.perf_counter() - began)


class _Socket(Browser):
    """Records when the gateway closes the connection."""

    def __init__(self, token: str) -> None:
        super().__init__(token, {"series": []}, Ages())
        self.ended = asyncio.Event()

    def _message(self, payload: bytes) -> None:
        if payload.startswith((b"41", b'42/live,["ended"')):
            self.ended.set()
        super()._message(payload)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.ended.set()


async def _revocations(system: System) -> list[Result]:
    """Time from the request that ends a session until users and the gateway reject its token and its socket is
    closed."""
    urls = {"users": f"{_url(system, 'users')}/api/profile"}
    urls["gateway"] = f"{_url(system, 'telemetry-gateway')}/api/telemetry/devices"
    gateway = int(system.child("telemetry-gateway")["port"])
    took: dict[str, list[float]] = {"users": [], "gateway": [], "an open socket": []}
    async with httpx.AsyncClient(base_url=_url(system, "auth"), timeout=30) as http:
        for _ in range(REVOCATIONS):
            token = await _sign_in(http, system)
            headers = {"Authorization": f"Bearer {token}"}
            async with _socket(gateway, token) as socket:
                sid = json.loads(_payload(token))["sid"]
                began = time.perf_counter()
                (await http.delete(f"/api/auth/sessions/{sid}", headers=headers)).raise_for_status()

                async def refused(name: str, since: float = began, bearer: dict[str, str] = headers) -> None:
                    while (await http.get(urls[name], headers=bearer)).status_code != 401:  # noqa: ASYNC110  # polled from outside
                        await asyncio.sleep(0.002)
                    took[name].append(time.perf_counter() - since)

                async def closed(since: float = began, one: _Socket = socket) -> None:
                    await asyncio.wait_for(one.ended.wait(), 30)
                    took["an open socket"].append(time.perf_counter() - since)

                await asyncio.gather(refused("users"), refused("gateway"), closed())
    found = {name: (float(np.percentile(seconds, 99)), statistics.median(seconds)) for name, seconds in took.items()}
    return [
        result
        for name, (p99, median) in found.items()
        for result in (
            Result(f"revoked at {name}: p99", round(p99 * 1e3), "ms", target="p99 < 2,000 ms", met=p99 < 2),
            Result(f"revoked at {name}: median", round(median * 1e3), "ms"),
        )
    ]


def _payload(token: str) -> bytes:
    part = token.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@contextlib.asynccontextmanager
async def _socket(port: int, token: str) -> AsyncIterator[_Socket]:
    _, socket = await asyncio.get_running_loop().create_connection(lambda: _Socket(token), "127.0.0.1", port)
    try:
        await asyncio.wait_for(socket.subscribed.wait(), 10)
        yield socket
    finally:
        socket.close()

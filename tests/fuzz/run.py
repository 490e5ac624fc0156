"""Sends mutants to one gateway, beside a healthy device and a browser, and checks the outcome of everything."""

import asyncio
import json
import random
import struct
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import asyncpg
import httpx

from benchmarks import stage
from pulse_contracts.access import PLAIN_SESSION as _PLAIN
from pulse_contracts.series_digest import series_digest
from pulse_contracts.telemetry import ReadingBatch, SeriesDeclaration, SeriesDeclared
from pulse_contracts.topics import (
    TELEMETRY_DATA,
    TELEMETRY_SERIES,
)
from pulse_testkit.waiting import eventually
from tests.fuzz.browser import Browser, opened
from tests.fuzz.device import Device, connected
from tests.fuzz.judge import Judge, Sent
from tests.fuzz.mutation import Mutator, Samples
from tests.fuzz.questions import Questions

DEVICES = ("alpha", "beta", "gamma")
"""The device that sends mutants, the device that sends plain messages, and the healthy device."""
_ROUND = 1_000
_MQTT, _HTTP, _LIVE = 0.86, 0.1, 0.04
_AT_ONCE = 60
_LINE = 16_000
"""Maximum bytes of a path. The server rejects a longer request before any code of this project reads it."""
_HEALTHY = 50
_SERIES = [SeriesDeclaration(id=1, name="steady", type="int")]


@dataclass
class Report:
    """Number of messages and their outcomes. `problems` is empty when every check passed."""

    seed: int
    count: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    healthy: int = 0
    seconds: float = 0.0
    memory: tuple[float, float] = (0.0, 0.0)

    def as_text(self) -> str:
        """A summary for people."""
        lines = [f"seed {self.seed}: {self.count:,} mutants in {self.seconds:.0f} s"]
        lines += [f"{n:>9,}  {what}" for what, n in sorted(self.outcomes.items())]
        lines.append(f"a healthy device beside them: {self.healthy:,} readings, each stored once and shown live")
        lines.append(
            f"the gateway's memory: {self.memory[0]:.0f} MB at the beginning, {self.memory[1]:.0f} MB at the end"
        )
        lines += [f"WRONG: {text}" for text in self.problems[:50]]
        if not self.problems:
            lines.append("no crash, no unhandled exception, no 5xx, nothing without an outcome")
        return "\n".join(lines)


class Fuzz:
    """One run. `url`: the database, as its superuser."""

    def __init__(self, backend: stage.Servers, one: stage.Gateway, url: str, seed: int) -> None:
        rng = random.Random(seed)
        self._backend, self._gateway, self._url, self._rng = backend, one, url, rng
        self._mutator = Mutator(rng)
        self._samples = Samples(rng, stage.now_micros)
        self._questions = Questions(rng, self._mutator, stage.now_micros)
        self.report = Report(seed)
        self._healthy_sent = self._fences = 0

    async def run(self, count: int, on_progress: Callable[[int], None]) -> Report:
        """Sends the mutants. Calls `report` with the number of finished ones."""
        began = time.monotonic()
        before = self._gateway.memory_mb
        devices = [Device(self._backend, name, self.report.problems) for name in DEVICES]
        base = f"http://127.0.0.1:{self._gateway.port}"
        connection = await asyncpg.connect(self._url)
        judge = Judge(connection, stage.now_micros, self.report.outcomes, self.report.problems)
        try:
            async with connected(devices), httpx.AsyncClient(base_url=base, timeout=60) as http:
                healthy = devices[-1]
                await self._declare(healthy)
                await self._plain_fence(connection, devices[1])
                series = await connection.fetchval("SELECT id FROM telemetry.series WHERE name = 'steady'")
                async with opened(self._gateway.port, stage.token(1)) as browser:
                    assert (await browser.ask("subscribe", {"series": [series], "rate": 20}))["ok"]
                    while self.report.count < count:
                        await self._round(devices, http, judge, browser, min(_ROUND, count - self.report.count))
                        on_progress(self.report.count)
                        if len(self.report.problems) > 200:
                            break
                    await self._check_healthy(http, browser, series)
        finally:
            await connection.close()
        if not self._gateway.process.is_running():
            self.report.problems.append("the gateway is gone")
        self.report.memory = before, self._gateway.memory_mb
        self.report.seconds = time.monotonic() - began
        return self.report

    async def _declare(self, device: Device) -> None:
        declared = SeriesDeclared(catalog=1, digest=series_digest(_SERIES), series=_SERIES)
        await device.bus.publish(TELEMETRY_SERIES, declared, device=device.name)
        await device.fence("declared")

    async def _round(
        self, devices: list[Device], http: httpx.AsyncClient, judge: Judge, browser: Browser, count: int
    ) -> None:
        declarations = self._samples.turn()
        requests, events = int(count * _HTTP), int(count * _LIVE)
        sent = [self._sent() for _ in range(count - requests - events)]
        alpha, beta, healthy = devices
        limit = asyncio.Semaphore(_AT_ONCE)
        for declared in declarations:
            await alpha.say("telemetry/series", json.dumps(declared).encode())
        await alpha.fence(f"declared-{self.report.count}")

        async def say(one: Sent) -> None:
            async with limit:
                await (beta if one.device == beta.name else alpha).say(one.kind, one.payload)

        async with asyncio.TaskGroup() as group:
            group.create_task(self._ask(http, [self._questions.path() for _ in range(requests)]))
            group.create_task(self._emit([self._questions.event(n) for n in range(1, events + 1)]))
            group.create_task(self._deliver(healthy))
            for one in sent:
                group.create_task(say(one))
        for device in (alpha, beta):
            await device.fence(f"sent-{self.report.count}")
        await self._plain_fence(judge.connection, beta)
        await eventually(lambda: self._is_idle(http), seconds=120, what="the gateway has worked everything off")
        await alpha.fence(f"done-{self.report.count}")  # and its messages up to then have arrived
        await judge.judge(sent, alpha.replies)
        for device in devices:
            device.replies.declare.clear()
            device.replies.sessions.clear()
        await browser.ask("authenticate", {"token": stage.token(1)})
        await eventually(lambda: len(browser.values) >= self._healthy_sent, seconds=30, what="all is shown live")
        self.report.count += count

    def _sent(self) -> Sent:
        kind = self._rng.choices(tuple(self._samples.uplinks), (10, 4, 2, 3, 3, 1))[0]
        device = "beta" if kind == "telemetry/plain" else "alpha"
        return Sent(kind, device, self._mutator.payload(self._samples.uplinks[kind]()))

    async def _is_idle(self, http: httpx.AsyncClient) -> bool:
        text = (await http.get("/metrics")).text
        return all(
            f"{name} 0.0" in text
            for name in ("pulse_bus_in_flight_messages", f'pulse_bus_session_in_flight_messages{{session="{_PLAIN}"}}')
        )

    async def _plain_fence(self, connection: asyncpg.Connection, beta: Device) -> None:
        """Returns when the earlier messages of plain devices have reached the gateway. Their session keeps the
        order."""
        self._fences += 1
        expected = struct.unpack("<q", struct.pack("<d", self._fences))[0]
        await beta.say("telemetry/plain", b'{"fence": %d}' % self._fences)

        async def is_there() -> bool:
            query = (
                "SELECT word FROM telemetry.latest l JOIN telemetry.series s ON s.id = l.series_id WHERE name = 'fence'"
            )
            return bool(await connection.fetchval(query) == expected)

        await eventually(is_there, seconds=120, what="the plain messages have arrived")

    async def _ask(self, http: httpx.AsyncClient, paths: list[str]) -> None:
        for number, path in enumerate(paths):
            if len(path) > _LINE:
                self.report.outcomes["http: path too long"] += 1
                continue
            headers = {"Authorization": f"Bearer {stage.token(2, role='admin' if number % 2 else 'user')}"}
            try:
                answer = await http.get(path, headers=headers)
            except (httpx.TransportError, httpx.InvalidURL) as error:
                self.report.problems.append(f"GET {path[:600]}: {type(error).__name__} {error}")
                continue
            code = answer.json().get("code", "no code") if answer.status_code >= 400 else ""
            self.report.outcomes[f"http: {answer.status_code} {code}".rstrip()] += 1
            if answer.status_code >= 500 or code == "no code":
                self.report.problems.append(f"GET {path[:600]}: {answer.status_code} {answer.text[:300]}")

    async def _emit(self, events: list[tuple[str, bool]]) -> None:
        left = list(enumerate(events, 1))
        while left:
            async with opened(self._gateway.port, stage.token(3)) as browser:
                while left and not browser.is_over.is_set():
                    number, (text, is_event) = left.pop(0)
                    outcome = await browser.try_out(text, number if is_event else None)
                    self.report.outcomes[f"live: {outcome}"] += 1
                    if outcome == "no answer":
                        self.report.problems.append(f"no answer to {text[:600]!r}")

    async def _deliver(self, device: Device) -> None:
        lo = self._healthy_sent
        now = stage.now_micros()
        batch = ReadingBatch(
            epoch=1,
            ord=1,
            catalog=1,
            lo=lo,
            lane="live",
            sent=now,
            series=[1],
            t0=now,
            dt=list(range(_HEALTHY)),
            x=[0] * _HEALTHY,
            value=list(range(lo, lo + _HEALTHY)),
        )
        await device.bus.publish(TELEMETRY_DATA, batch, device=device.name)
        await eventually(lambda: device.settled >= lo + _HEALTHY, seconds=60, what="a healthy batch is acknowledged")
        self._healthy_sent += _HEALTHY

    async def _check_healthy(self, http: httpx.AsyncClient, browser: Browser, series: int) -> None:
        headers = {"Authorization": f"Bearer {stage.token(2)}"}
        answer = await http.get("/api/telemetry/devices/gamma/ledger", headers=headers)
        line = answer.json()["epochs"][0]
        n = self.report.healthy = self._healthy_sent
        if (line["stored"], line["next"], line["complete"]) != (n, n, True):
            self.report.problems.append(f"the healthy device's ledger: {line}, {n} were sent")
        found: list[int] = []
        cursor: dict[str, str] = {}
        span = {"from": "0", "to": str(stage.now_micros() + 10**7), "raw": "true"}
        while True:
            answer = await http.get(f"/api/telemetry/series/{series}/readings", params=span | cursor, headers=headers)
            page = answer.json()
            found += page["v"]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        if found != list(range(n)):
            self.report.problems.append(f"the healthy device's readings: {len(found)} of {n} are stored")
        if sorted(browser.values) != list(range(n)):
            self.report.problems.append(f"the healthy browser saw {len(browser.values)} of {n}")

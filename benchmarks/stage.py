"""The set-up of benchmarks of the live view: servers, one gateway, a key that it accepts, and cheap devices. PostgreSQL
is durable. The load shares the gateway's cores."""

import asyncio
import contextlib
import json
import os
import random
import ssl
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.mqtt_load import connect_packets, publish_packet
from pulse_bus.mqtt import MqttBus, MqttSettings
from pulse_chassis.identity.principal import RULES
from pulse_contracts.auth import Revocations, VerificationKeyRecord, VerificationKeys
from pulse_contracts.errors import Unavailable
from pulse_contracts.series_digest import series_digest
from pulse_contracts.shards import shard_of
from pulse_contracts.telemetry import ReadingBatch, SeriesDeclaration, SeriesDeclared
from pulse_contracts.topics import AUTH_KEYS, AUTH_REVOCATIONS
from pulse_jose import SigningKey
from pulse_jose.claims import Claims
from pulse_jose.signing import TokenSigner
from pulse_postgres.admin import create_database, provision, with_role
from pulse_standalone.children import http_ok
from pulse_standalone.ports import free_port
from tests.system import open_path, wait_until

ROOT = Path(__file__).parents[1]
PASSWORD = "benchmark-benchmark-benchmark"  # noqa: S105  # of a server that lives for a minute
_KEY = SigningKey.generate(kid="bench")


def now_micros() -> int:
    return time.time_ns() // 1_000


@dataclass(frozen=True)
class Servers:
    """PostgreSQL and the broker. `passwords` by account."""

    database_url: str
    mqtt_url: str
    passwords: dict[str, str]
    ca_file: Path | None = None

    @property
    def broker(self) -> tuple[str, int]:
        host, _, port = self.mqtt_url.partition("://")[2].partition(":")
        return host, int(port)

    @property
    def tls(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None


@dataclass(frozen=True)
class Gateway:
    """A running gateway."""

    port: int
    process: psutil.Process

    @property
    def memory_mb(self) -> float:
        return float(self.process.memory_info().rss) / 1e6

    @property
    def cpu_seconds(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)


@contextlib.contextmanager
def servers(folder: Path, devices: list[str]) -> Iterator[Servers]:
    """Starts the servers and stops them at the end."""
    open_path(folder)
    command = [sys.executable, "-m", "pulse_standalone", "servers", "--state-dir", str(folder / "servers")]
    for name in devices:
        command += ["--device", name]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("no pipes")
        details: dict[str, Any] = json.loads(process.stdout.readline())
        try:
            yield Servers(details["database_url"], details["mqtt_url"], details["passwords"])
        finally:
            process.stdin.close()


@contextlib.contextmanager
def gateway(backend: Servers, folder: Path, url: str | None = None) -> Iterator[Gateway]:
    """A separate gateway with a new database (or the one at the superuser's `url`). It is ready and has the key."""
    url = url or asyncio.run(new_database(backend))
    port = free_port()
    env = {
        **os.environ,
        "PULSE_DATABASE_URL": with_role(url, "pulse_telemetry", PASSWORD),
        "PULSE_MQTT_URL": backend.mqtt_url,
        "PULSE_MQTT_PASSWORD": backend.passwords["telemetry-gateway"],
        "PULSE_MQTT_SESSION_EXPIRY": "PT0S",
        "PULSE_PLAIN_SESSION_EXPIRY": "PT0S",
        "PULSE_QUARANTINE_ROWS_EACH": "10000000",  # the judge of mutants counts each message
        "PULSE_HTTP_PORT": str(port),
        "PULSE_MIGRATE_ON_START": "true",
        "PULSE_AUDIT_KEY": "A" * 43,  # of a database that lives for a minute
        "PULSE_LOG_LEVEL": "warning",
        "PULSE_DEVICE_PACE": "100000",  # the judge of mutants looks for them in the log
    }
    command = [sys.executable, "-m", "pulse_telemetry_gateway", "serve"]
    with (folder / "gateway.log").open("ab") as log, subprocess.Popen(command, env=env, stderr=log, stdout=log) as one:
        try:
            wait_until(lambda: asyncio.run(http_ok(port, "/readyz")), seconds=30, what="the gateway is ready")
            with _auth(backend):
                yield Gateway(port, psutil.Process(one.pid))
        finally:
            one.terminate()
            one.wait(15)


async def new_database(backend: Servers) -> str:
    """Creates a database with the gateway's role and schema, not migrated. Returns the superuser's URL."""
    name = f"bench_{uuid.uuid4().hex[:8]}"
    url = await create_database(backend.database_url, name)
    await provision(url, "telemetry", "pulse_telemetry", PASSWORD)
    return url


@contextlib.contextmanager
def _auth(backend: Servers) -> Iterator[None]:
    """Publishes the messages of auth: its keys, and its revocations every few seconds."""
    ready, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_simulate_auth(backend, ready, stop)), daemon=True)
    thread.start()
    try:
        if not ready.wait(30):
            raise RuntimeError("the broker did not accept auth's keys")
        yield
    finally:
        stop.set()
        thread.join(15)


async def _simulate_auth(backend: Servers, ready: threading.Event, stop: threading.Event) -> None:
    jwk = _KEY.verification_key().to_jwk()
    record = VerificationKeyRecord(kid="bench", x=str(jwk["x"]), y=str(jwk["y"]), not_before=0)
    settings = MqttSettings(backend.mqtt_url, "auth", backend.passwords["auth"], "auth")
    bus = MqttBus(settings, clock=now_micros, rng=random.Random(1))  # noqa: S311  # jitter
    async with asyncio.TaskGroup() as group:
        running = group.create_task(bus.run())
        await bus.wait_connected()
        await bus.publish(AUTH_KEYS, VerificationKeys(keys=[record]))
        while not stop.is_set():
            with contextlib.suppress(Unavailable):  # some callers restart the broker
                await bus.publish(AUTH_REVOCATIONS, Revocations(at=now_micros(), recent=[]))
                ready.set()
            await asyncio.to_thread(stop.wait, 5)
        running.cancel()


def token(number: int, role: str = "user") -> str:
    """Returns an access token of a new account, signed like auth does."""
    now = int(time.time())
    claims = Claims(
        "precisionpulse", "pulse", str(uuid.UUID(int=number)), "j", f"s{number}", role, "a@b.c", "A", now, now + 300
    )
    return TokenSigner(_KEY, RULES).sign(claims)


class Device:
    """A collector from the gateway's point of view: it declares series, sends live batches, and ignores its acks."""

    def __init__(self, name: str, series: int, epoch: int) -> None:
        self.name, self.series, self._epoch = name, series, epoch
        self._lo, self._number = 0, 0
        self._writer: asyncio.StreamWriter | None = None

    async def open(self, backend: Servers) -> asyncio.StreamReader:
        """Connects and declares. The caller must read from the reader, or the broker stops reading."""
        reader, self._writer = await asyncio.open_connection(*backend.broker, ssl=backend.tls)
        for packet in connect_packets(self.name, backend.passwords[self.name]):
            self._writer.write(packet)
        series = [SeriesDeclaration(id=i, name=f"bench.{i}", type="float", unit="%") for i in range(self.series)]
        declared = SeriesDeclared(catalog=self._epoch, digest=series_digest(series), series=series)
        self._publish("series", declared.model_dump_json().encode())
        return reader

    def send(self, n: int) -> None:
        """Sends `n` readings of this moment, one series after the other."""
        self.send_taken([now_micros()] * n)

    def send_taken(self, times: Sequence[int]) -> None:
        """Sends readings of these times, one series after the other."""
        n = len(times)
        batch = ReadingBatch.model_construct(
            v=1,
            device=None,
            epoch=self._epoch,
            ord=1,
            catalog=self._epoch,
            lo=self._lo,
            lane="live",
            sent=now_micros(),
            series=list(range(self.series)),
            t0=times[0],
            dt=[t - times[0] for t in times],
            x=[(self._lo + i) % self.series for i in range(n)],
            value=[20.0 + (self._lo + i) % 977 / 100 for i in range(n)],
        )
        self._lo += n
        self._publish(f"shard/{shard_of(self.name)}", batch.model_dump_json(exclude_none=True).encode())

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _publish(self, kind: str, payload: bytes) -> None:
        if self._writer is None:
            raise RuntimeError("not connected")
        self._number = self._number % 65_000 + 1
        self._writer.write(publish_packet(f"telemetry/{kind}/{self.name}", payload, self._number))


@contextlib.asynccontextmanager
async def devices(backend: Servers, members: list[Device]) -> AsyncIterator[None]:
    """Connects the devices. Data from the broker is read and discarded."""

    async def read(reader: asyncio.StreamReader) -> None:
        while await reader.read(65_536):
            pass

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(read(await device.open(backend))) for device in members]
        try:
            yield
        finally:
            for device in members:
                device.close()
            for task in tasks:
                task.cancel()

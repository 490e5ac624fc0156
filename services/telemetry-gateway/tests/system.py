"""A whole gateway in this process (real bus, database, HTTP and Socket.IO), and its clients: devices and browsers."""

import asyncio
import contextlib
import json
import random
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError

from pulse_bus import Delivery
from pulse_bus.mqtt import MqttBus, MqttSettings
from pulse_chassis.http.rate_limits import RateLimits
from pulse_chassis.identity.principal import RULES, Principals
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process import broker
from pulse_chassis.process import service as process
from pulse_chassis.process.background import Job
from pulse_chassis.process.service import Runtime, now_micros
from pulse_contracts.auth import Revocations, VerificationKeyRecord, VerificationKeys
from pulse_contracts.series_digest import series_digest
from pulse_contracts.telemetry import BatchAck, Have, Hello, ReadingBatch, SeriesDeclaration, SeriesDeclared
from pulse_contracts.topics import (
    AUTH_KEYS,
    TELEMETRY_ACK,
    TELEMETRY_DATA,
    TELEMETRY_HAVE,
    TELEMETRY_HELLO,
    TELEMETRY_SERIES,
)
from pulse_jose import SigningKey
from pulse_jose.claims import Claims
from pulse_jose.signing import TokenSigner
from pulse_postgres import Audit, Database, Outbox
from pulse_postgres.database import PoolSettings
from pulse_telemetry_gateway import assembly
from pulse_telemetry_gateway.handlers import quarantine
from pulse_telemetry_gateway.settings import GatewaySettings
from pulse_telemetry_gateway.store.quarantine import QuarantineStore
from pulse_testkit.buses import running
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

KEY_TEXT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

KEY = SigningKey.generate(kid="test")
SERIES = [
    SeriesDeclaration(id=1, name="cpu.total", display_name="CPU", type="float", unit="%"),
    SeriesDeclaration(id=2, name="memory.used", type="int"),
]
ACCOUNT = "00000000-0000-0000-0000-000000000001"


def token(*, lifetime: int = 300, account: str = ACCOUNT, sid: str = "s1", age: int = 0, role: str = "user") -> str:
    """An access token as auth would sign it, `age` seconds ago."""
    now = int(time.time()) - age
    claims = Claims("precisionpulse", "pulse", account, "j1", sid, role, "a@b.c", "A", now, now + lifetime)
    return TokenSigner(KEY, RULES).sign(claims)


def user() -> dict[str, str]:
    """The header of a user with read permission. Signed at the call, because a test run takes longer than a token is
    valid."""
    return {"Authorization": f"Bearer {token()}"}


def bus_of(servers: Servers, party: str) -> MqttBus:
    """A bus with this account, not running yet."""
    settings = MqttSettings(servers.mqtt_url, party, servers.passwords[party], party)
    return MqttBus(settings, clock=now_micros, rng=random.Random(1))


@dataclass
class Gateway:
    """The gateway's port and parts."""

    port: int
    runtime: Runtime
    bus: MqttBus
    http: httpx.AsyncClient
    jobs: dict[str, Job]


@asynccontextmanager
async def gateway(servers: Servers, url: str, *, has_intake: bool = True, **changed: Any) -> AsyncIterator[Gateway]:
    """The gateway, connected and with the verification keys. Stopped in order at the end. `has_intake`: wait until
    plain devices reach it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options: dict[str, Any] = {"mqtt_session_expiry": 0, "latest_every": 0.05, "public_url": "http://127.0.0.1:1"}
    options["allowed_origins"] = ("http://localhost:1",)
    # all tests share the broker: a session that outlives its gateway would deliver another test's messages
    options |= {"plain_session": f"plain-{port}", "plain_session_expiry": 0}
    options |= changed
    settings = GatewaySettings(
        http_port=port,
        database_url=url,
        mqtt_url=servers.mqtt_url,
        mqtt_password=servers.passwords["telemetry-gateway"],
        audit_key=KEY_TEXT,
        **options,
    )
    keys = bus_of(servers, "auth")
    async with running(keys):
        jwk = KEY.verification_key().to_jwk()
        record = VerificationKeyRecord(kid="test", x=str(jwk["x"]), y=str(jwk["y"]), not_before=0)
        await keys.publish(AUTH_KEYS, VerificationKeys(keys=[record]))
    async with Database(PoolSettings(url, None, settings.database_pool_size)) as database:
        metrics = Metrics()
        mqtt = broker.mqtt_settings(assembly.IDENTITY.name, settings, now_micros())
        budget = assembly.budget_of(settings)
        put_away = broker.count_quarantined(quarantine(QuarantineStore(database), budget, metrics), metrics)
        bus = MqttBus(mqtt, clock=now_micros, rng=random.Random(1), quarantine=put_away)
        runtime = Runtime(
            assembly.IDENTITY,
            database,
            bus,
            Outbox(),
            Principals(time.time),
            metrics,
            RateLimits(),
            Audit(bytes(32)),
            random.Random(1),
        )
        runtime.client_id = mqtt.client_id
        runtime.open_session = broker.session_opener(mqtt, now_micros, random.Random(1), put_away, metrics)
        runtime.principals.apply_revocations(Revocations(at=now_micros(), recent=[]))
        parts = await assembly._assemble(runtime, settings)
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(process._run(runtime, settings, parts, now_micros(), stop))
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
                await bus.wait_connected()
                await eventually(lambda: runtime.principals.has_keys)

                async def answers() -> bool:
                    try:
                        return (await http.get("/livez")).status_code == 200
                    except httpx.TransportError:
                        return False

                await eventually(answers)
                connected = "pulse_plain_intake_connected"
                await eventually(lambda: not has_intake or metrics.registry.get_sample_value(connected) == 1)
                yield Gateway(port, runtime, bus, http, {job.name: job for job in parts.jobs})
            stop.set()


@dataclass
class Collector:
    """A device that sends what the test asks for, and records the answers."""

    name: str
    bus: MqttBus
    epoch: int = 7
    ord: int = 1
    acks: list[BatchAck] = field(default_factory=list)
    haves: list[Have] = field(default_factory=list)

    async def greet(self, *, upto: int = 0, **more: Any) -> Have:
        """Sends a hello and returns the answer."""
        before = len(self.haves)
        pending = [{"epoch": self.epoch, "lo": 0, "hi": upto, "n": upto}] if upto else []
        hello = {"epoch": self.epoch, "ord": self.ord, "next": upto, "session": "s", "series": series_digest(SERIES)}
        await self.bus.publish(
            TELEMETRY_HELLO, Hello.model_validate(hello | {"pending": pending} | more), device=self.name
        )
        await eventually(lambda: len(self.haves) > before)
        return self.haves[-1]

    async def declare(self) -> None:
        """Declares the catalog of this epoch, like a collector again after each answer that does not name it: the
        broker may deal a message to a gateway of the test before that has just ended. Returns when the gateway has
        it."""
        declared = SeriesDeclared(catalog=self.epoch, digest=series_digest(SERIES), series=SERIES)

        async def is_known() -> bool:
            await self.bus.publish(TELEMETRY_SERIES, declared, device=self.name)
            try:
                async with asyncio.timeout(3):
                    return (await self.greet()).series == series_digest(SERIES)
            except TimeoutError:
                return False

        await eventually(is_known)

    def batch(self, lo: int, values: list[object], **changed: Any) -> ReadingBatch:
        """Readings of series 1 from `lo` on, a millisecond apart; their time follows from their number."""
        start = now_micros() // 10_000_000 * 10_000_000
        given: dict[str, Any] = {
            "epoch": self.epoch,
            "ord": self.ord,
            "catalog": self.epoch,
            "lo": lo,
            "lane": "live",
            "sent": now_micros(),
            "series": [1],
            "t0": start,
            "dt": [(lo + i) * 1000 for i in range(len(values))],
            "x": [0] * len(values),
            "value": values,
        }
        return ReadingBatch.model_validate(given | changed)

    async def send(self, batch: ReadingBatch) -> None:
        """Publishes a batch without waiting for the ack."""
        await self.bus.publish(TELEMETRY_DATA, batch, device=self.name)

    async def deliver(self, batch: ReadingBatch) -> BatchAck:
        """Publishes a batch and waits for the ack that covers it."""
        before = len(self.acks)
        await self.send(batch)
        lo, hi = batch.lo, batch.lo + len(batch.value)
        await eventually(lambda: any(a <= lo and hi <= b for k in self.acks[before:] for a, b in k.settled))
        return self.acks[-1]

    async def raw(self, kind: str, payload: bytes, *, is_retained: bool = False) -> None:
        """Publishes bytes that no program of this project would send."""
        connection = self.bus._connection
        assert connection is not None
        await connection.client.publish(f"pulse/v1/telemetry/{kind}/{self.name}", payload, qos=1, retain=is_retained)


@asynccontextmanager
async def collector(servers: Servers, name: str = "alpha", **changed: Any) -> AsyncIterator[Collector]:
    """A connected device."""
    device = Collector(name, bus_of(servers, name), **changed)

    async def ack(delivery: Delivery[BatchAck]) -> None:
        device.acks.append(delivery.message)

    async def have(delivery: Delivery[Have]) -> None:
        device.haves.append(delivery.message)

    await device.bus.subscribe(TELEMETRY_ACK, ack, device=name)
    await device.bus.subscribe(TELEMETRY_HAVE, have, device=name)
    async with running(device.bus):
        yield device


class Browser:
    """The Socket.IO protocol by hand (Engine.IO 4, websocket), so that a test may violate it."""

    def __init__(self, wire: ClientConnection, *, acks: bool) -> None:
        self._wire, self.acks = wire, acks
        self.frames: list[dict[str, Any]] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.refusal: str | None = None
        self.is_over = False
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._unanswered: list[str] = []
        self._next = 0
        self.welcome = asyncio.Event()
        self.changes: list[tuple[str, str, dict[str, Any]]] = []
        """Events of the other namespaces: namespace, name, content."""
        self.left: set[str] = set()
        """Other namespaces that the gateway has ended."""
        self._joins: dict[str, asyncio.Future[str | None]] = {}

    async def read(self) -> None:
        """Reads until the connection ends."""
        with contextlib.suppress(ConnectionClosedError):
            async for text in self._wire:
                await self._take(str(text))
        self.is_over = True

    async def _take(self, text: str) -> None:
        if text == "2":
            await self._wire.send("3")
        elif text.startswith("4") and not text.startswith("/live,", 2):
            self._take_change(text)
        elif text.startswith("40/live,"):
            self.welcome.set()
        elif text.startswith("44"):
            self.refusal = json.loads(text[len("44/live,") :])["message"]
            self.welcome.set()
        elif text.startswith("41"):
            self.is_over = True
        elif text.startswith(("42", "43")):
            start = text.index("[")
            number, content = text[len("42/live,") : start], json.loads(text[start:])
            if text.startswith("43"):
                self._answers.pop(int(number)).set_result(content[0])
            elif content[0] == "frame":
                self.frames.append(content[1])
                await self._answer(f"43/live,{number}[]")
            else:
                self.events.append((content[0], content[1]))

    def _take_change(self, text: str) -> None:
        name, _, content = text[2:].partition(",")
        if text[1] in "04":
            self._joins.pop(name).set_result(None if text[1] == "0" else json.loads(content)["message"])
        elif text[1] == "1":
            self.left.add(name)
        else:
            self.changes.append((name, *json.loads(content)))

    async def join(self, namespace: str) -> str | None:
        """Joins another namespace. Returns the refusal, if any."""
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._joins[namespace] = answer
        await self._wire.send(f"40{namespace},")
        async with asyncio.timeout(5):
            return await answer

    def changed(self, namespace: str) -> list[str]:
        """The ids that were sent in this namespace, in order."""
        return [
            id_ for name, kind, sent in self.changes if (name, kind) == (namespace, "changed") for id_ in sent["ids"]
        ]

    async def _answer(self, text: str) -> None:
        if self.acks:
            await self._wire.send(text)
        else:
            self._unanswered.append(text)

    async def catch_up(self) -> None:
        """Acknowledges everything that is unacknowledged, and from now on each frame at once."""
        self.acks = True
        while self._unanswered:
            await self._wire.send(self._unanswered.pop(0))

    async def ask(self, event: str, content: object) -> Any:
        """Emits an event and returns the answer."""
        self._next += 1
        answer = self._answers[self._next] = asyncio.get_running_loop().create_future()
        await self._wire.send(f"42/live,{self._next}{json.dumps([event, content])}")
        async with asyncio.timeout(5):
            return await answer

    def devices(self) -> list[dict[str, Any]]:
        """The newest state of each device that was received."""
        told = {item["id"]: item for name, event in self.events if name == "devices" for item in event["items"]}
        return list(told.values())

    def values(self, lane: str | None = None) -> list[object]:
        """All values that were received, in order."""
        return [v for frame in self.frames if lane in {None, frame["lane"]} for v in frame["v"]]


@asynccontextmanager
async def browser(
    port: int, given: object, *, acks: bool = True, origin: str = "http://127.0.0.1:1"
) -> AsyncIterator[Browser]:
    """A browser that is connected or refused (see `refusal`)."""
    url = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
    async with connect(url, origin=origin) as wire, asyncio.TaskGroup() as group:  # type: ignore[arg-type]
        opened = await wire.recv()
        assert str(opened).startswith("0")
        client = Browser(wire, acks=acks)
        reading = group.create_task(client.read())
        await wire.send("40/live," + json.dumps(given))
        async with asyncio.timeout(5):
            await client.welcome.wait()
        yield client
        reading.cancel()

"""Browsers that watch devices while gateways come and go. Each keeps its feed positions, connects to another gateway
when one is silent, and records every reading, so that the judge can compare them with what is stored."""

import asyncio
import contextlib
import json
import random
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from pulse_bus.mqtt import MqttBus, MqttSettings
from pulse_chassis.identity.principal import RULES
from pulse_contracts.auth import Revocations, VerificationKeyRecord, VerificationKeys
from pulse_contracts.errors import Unavailable
from pulse_contracts.topics import AUTH_KEYS, AUTH_REVOCATIONS
from pulse_jose import SigningKey
from pulse_jose.claims import Claims
from pulse_jose.signing import TokenSigner

ORIGIN = "http://127.0.0.1:8080"
"""The default of PULSE_PUBLIC_URL."""
_KEY = SigningKey.generate(kid="viewers")
_SILENT = 4.0
"""Seconds without a frame after which a browser connects to another gateway: a paused one keeps its sockets open."""
_LIFETIME = 300


def _micros() -> int:
    return time.time_ns() // 1_000


def _token(number: int) -> str:
    now = int(time.time())
    account = str(uuid.UUID(int=number + 1))
    claims = Claims("precisionpulse", "pulse", account, "j", f"s{number}", "user", "a@b.c", "A", now, now + _LIFETIME)
    return TokenSigner(_KEY, RULES).sign(claims)


@contextlib.asynccontextmanager
async def auth(mqtt_url: str, secret: str) -> AsyncIterator[None]:
    """Publishes the messages of auth that gateways need: its keys, and its revocations every few seconds."""
    bus = MqttBus(MqttSettings(mqtt_url, "auth", secret, "auth"), clock=_micros, rng=random.Random(1))
    jwk = _KEY.verification_key().to_jwk()
    record = VerificationKeyRecord(kid="viewers", x=str(jwk["x"]), y=str(jwk["y"]), not_before=0)

    async def publish() -> None:
        await bus.wait_connected()
        while True:
            with contextlib.suppress(Unavailable):
                await bus.publish(AUTH_KEYS, VerificationKeys(keys=[record]))
                await bus.publish(AUTH_REVOCATIONS, Revocations(at=_micros(), recent=[]))
            await asyncio.sleep(3)

    tasks = [asyncio.create_task(bus.run()), asyncio.create_task(publish())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@dataclass
class Viewer:
    """One browser. `ports` returns the gateways that run. `received`: how often each (series, time, value) arrived."""

    number: int
    series: Sequence[int]
    ports: Callable[[], Sequence[int]]
    start: dict[str, int] = field(default_factory=dict)
    pos: dict[str, int] = field(default_factory=dict)
    received: dict[int, Counter[tuple[int, float]]] = field(default_factory=lambda: defaultdict(Counter))
    connects: int = 0
    conflated: int = 0
    inexact: list[str] = field(default_factory=list)

    async def run(self, rng: random.Random) -> None:
        """Watches until cancelled."""
        while True:
            port = rng.choice(list(self.ports()))
            with contextlib.suppress(OSError, WebSocketException, TimeoutError, EOFError):
                await self._watch(port)
            await asyncio.sleep(rng.uniform(0.1, 0.5))

    async def _watch(self, port: int) -> None:
        url = f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket"
        async with connect(url, origin=ORIGIN, open_timeout=3, close_timeout=1) as wire:  # type: ignore[arg-type]
            await self._text(wire)
            await wire.send("40/live," + json.dumps({"token": _token(self.number)}))
            while not (text := await self._text(wire)).startswith("40/live,"):
                if text.startswith(("41", "44")):
                    raise EOFError(text)
            question = {"series": list(self.series), "rate": 5, "pos": self.pos}
            await wire.send("42/live,1" + json.dumps(["subscribe", question]))
            self.connects += 1
            while True:
                await self._take(wire, await self._text(wire))

    async def _text(self, wire: ClientConnection) -> str:
        """The next message that is no ping. Raises TimeoutError after four silent seconds."""
        async with asyncio.timeout(_SILENT):
            while (text := str(await wire.recv())) == "2":
                await wire.send("3")
        return text

    async def _take(self, wire: ClientConnection, text: str) -> None:
        if text.startswith("43/live,1["):
            self._subscribed(json.loads(text[len("43/live,1") :])[0])
        elif text.startswith("42"):
            at = text.index("[")
            name, content = json.loads(text[at:])
            if name == "frame":
                self._frame(content)
                await wire.send(f"43/live,{text[len('42/live,') : at]}[]")
            elif name in {"drain", "ended", "token_expiring"}:
                raise EOFError(name)

    def _subscribed(self, answer: dict[str, Any]) -> None:
        for device, how in answer["resumed"].items():
            if device not in self.pos:
                self.pos[device] = self.start[device] = answer["pos"][device]
            elif how != "exact":
                self.inexact.append(f"{device}: {how}")

    def _frame(self, frame: dict[str, Any]) -> None:
        self.conflated += bool(frame["conflated"])
        for x, t, value in zip(frame["x"], frame["t"], frame["v"], strict=True):
            self.received[frame["series"][x]][t, float(value)] += 1
        for device, pos in frame["pos"].items():
            self.pos[device] = max(pos, self.pos.get(device, 0))

"""A collector with a real mirror on disk, filled through the real messages, and a fake of auth's sign-in."""

import asyncio
import json
import ssl
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import trustme

from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_contracts.mirror import MirrorRecord
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.identity.enrolled import Enrolled
from pulse_desktop.core.mirror.driver import Mirror
from pulse_passwords import MIRROR_POLICY, PasswordHasher
from pulse_testkit.buses import running
from pulse_testkit.waiting import eventually

from .publisher import FakePublisher, account

PASSWORD = "correct horse battery"


class WorldClock:
    """Wall and monotonic clock. `ahead` shifts the wall clock, `passed` both. After `freeze`, only the
    test moves them."""

    def __init__(self) -> None:
        self.passed = self.ahead = 0.0
        self._frozen: tuple[float, float] | None = None
        self.clock = Clock(
            lambda: int((self._now()[0] + self.passed + self.ahead) * 1e6), lambda: self._now()[1] + self.passed
        )

    def freeze(self) -> None:
        """Stops the clocks."""
        self._frozen = self._now()

    def _now(self) -> tuple[float, float]:
        return self._frozen or (time.time(), time.monotonic())


@dataclass
class Desk:
    """A collector with a running mirror, and its publisher."""

    publisher: FakePublisher
    broker: MemoryBroker
    bus: MemoryBus
    mirror: Mirror
    answered: str | None = None

    async def listens(self) -> None:
        """Waits for the first hello: the collector has subscribed."""
        await eventually(lambda: self.publisher.nonce(self.broker) is not None, what=lambda: self.mirror.view)

    async def answer_hello(self) -> None:
        """Waits for a new hello and answers it."""
        await eventually(
            lambda: self.publisher.nonce(self.broker) not in {None, self.answered}, what=lambda: self.mirror.view
        )
        self.answered = self.publisher.nonce(self.broker)
        self.publisher.send(self.broker, self.publisher.heartbeat(self.answered))

    async def reaches(self, state: str, seq: int | None = None) -> None:
        """Waits until the mirror has this state and position."""
        await eventually(
            lambda: self.mirror.view.state == state and (seq is None or self.mirror.view.seq == seq),
            what=lambda: self.mirror.view,
        )

    async def refuses(self, total: int) -> None:
        """Waits until so many messages were refused."""
        await eventually(lambda: self.mirror.view.refused >= total, what=lambda: self.mirror.view)


@asynccontextmanager
async def desk(folder: Path, publisher: FakePublisher, clock: Clock | None = None) -> AsyncIterator[Desk]:
    """Runs the mirror of a collector; enrols it first if it is not."""
    enrolled = Enrolled(folder, None, None)
    identity = enrolled.read() or publisher.enrol(enrolled)
    broker, clock = MemoryBroker(), clock or Clock()
    bus = MemoryBus(broker, clock=clock.micros)
    publisher.publish_keys(broker)
    mirror = Mirror(bus, enrolled, identity, clock, Random(1))
    async with running(bus), _running(mirror):
        yield Desk(publisher, broker, bus, mirror)


@asynccontextmanager
async def _running(mirror: Mirror) -> AsyncIterator[None]:
    """Runs a mirror within the block."""

    task = asyncio.ensure_future(mirror.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


@asynccontextmanager
async def synced_desk(
    folder: Path, *records: MirrorRecord, publisher: FakePublisher | None = None, clock: Clock | None = None
) -> AsyncIterator[Desk]:
    """A collector whose mirror is synced and holds these records."""
    publisher = publisher or FakePublisher()
    publisher.change(*records)
    async with desk(folder, publisher, clock) as one:
        await one.answer_hello()
        publisher.send(one.broker, *publisher.snapshot())
        await one.reaches("synced", publisher.seq)
        yield one


async def verifier(password: str = PASSWORD) -> str:
    """A verifier as users makes it."""
    async with PasswordHasher(MIRROR_POLICY, workers=1, queue=1) as hasher:
        return await hasher.hash(password)


@dataclass
class FakeAuth:
    """auth's sign-in endpoints. `status`: answers every login with this instead. `code`: of the second factor."""

    url: str = ""
    password: str = PASSWORD
    role: str = "user"
    status: int = 200
    code: str | None = None
    requests: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)

    def answer(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, object], list[str]]:
        self.requests.append(path)
        if path == "/api/auth/logout":
            self.cookies.append(headers.get("Cookie", ""))
            return (204 if headers.get("X-Pulse-CSRF") == "1" else 403), {}, []
        if self.status != 200:
            return self.status, {"code": "made_up" if self.status < 500 else "", "detail": "Not now."}, []
        sent = json.loads(body)
        if path == "/api/auth/login/second-factor":
            if sent["code"] != self.code:
                return 401, {"code": "wrong_code", "detail": "The code is wrong."}, []
        elif sent["password"] != self.password:
            return 401, {"code": "invalid_credentials", "detail": "Wrong."}, []
        elif self.code is not None:
            return 401, {"code": "second_factor_required", "challenge": "c" * 43}, []
        view = {"id": account(1), "email": sent.get("email", "x@example.org"), "name": "Ada", "role": self.role}
        return 200, {"account": view, "access_token": "t"}, ["refresh=secret; Path=/api/auth; Secure; HttpOnly"]


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, fake: FakeAuth, *args: object) -> None:
        self.fake = fake
        super().__init__(*args)  # type: ignore[arg-type]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        status, answer, cookies = self.fake.answer(self.path, body, dict(self.headers.items()))
        text = b"" if status == 204 else json.dumps(answer).encode()
        self.send_response(status)
        for cookie in cookies:
            self.send_header("set-cookie", cookie)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        """Writes no log."""


@contextmanager
def fake_auth(certificate: trustme.LeafCert | None = None) -> Iterator[FakeAuth]:
    """auth on the loopback. `certificate`: with TLS."""
    fake = FakeAuth()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, fake)) as http:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            http.socket = context.wrap_socket(http.socket, server_side=True)
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        fake.url = f"{'http' if certificate is None else 'https'}://127.0.0.1:{http.server_address[1]}"
        try:
            yield fake
        finally:
            http.shutdown()
            thread.join()

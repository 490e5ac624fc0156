"""The set-up of the benchmark of the credential mirror: the real sync-publisher, broker and PostgreSQL. users and auth
are simulated: they publish the same sealed messages. The collectors are real mirrors, some in each process.
"""

import asyncio
import base64
import contextlib
import json
import os
import random
import secrets
import subprocess
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
import psutil
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pydantic import SecretStr

from benchmarks.mirror_collectors import STARTS, Member, Plan, Progress
from benchmarks.stage import PASSWORD, ROOT, Servers, now_micros
from pulse_bus import Delivery
from pulse_bus.mqtt import MqttBus, MqttSettings
from pulse_contracts.accounts import (
    DIGEST_CONTEXT,
    AccountChanged,
    AccountsDigest,
    DigestSeal,
    MirroredAccount,
    set_digest,
    version_hash,
)
from pulse_contracts.accounts import ReplayRequested as Replay
from pulse_contracts.auth import VerificationKeyRecord
from pulse_contracts.collectors import AccessRecord, CollectorChanged, CollectorRecord
from pulse_contracts.permissions import Role
from pulse_contracts.topics import AUTH_COLLECTOR, AUTH_TRUSTED_KEYS, SYSTEM_KEY, USERS_DIGEST, USERS_EVENT
from pulse_contracts.topics import USERS_REPLAY as REPLAY
from pulse_contracts.trust import TRUSTED_KEYS_TYPE, AnnouncedKey, KeyAnnounced, TrustedKey, TrustedKeys, TrustedKeySet
from pulse_desktop.core.identity.enrolled import Enrolled
from pulse_desktop.core.identity.model import Identity, Secrets
from pulse_jose import KeySet, MessageSigner, SealingKey, SigningKey, seal, unseal
from pulse_postgres.admin import create_database, provision, with_role
from pulse_standalone.children import http_ok
from pulse_standalone.ports import free_port

_KEY = secrets.token_bytes(32)
_ACCOUNTS_KEY, _COLLECTORS_KEY = SealingKey("mirror-accounts", _KEY), SealingKey("collectors", _KEY)
_PATIENCE = 100.0


def text_of(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def new_bus(backend: Servers, party: str, client_id: str = "") -> MqttBus:
    """A connection with the broker account of a service."""
    settings = MqttSettings(backend.mqtt_url, party, backend.passwords[party], client_id or f"bench-{party}")
    return MqttBus(settings, clock=now_micros, rng=random.Random(1))  # noqa: S311  # jitter


@dataclass
class People:
    """users: it publishes each change of an account, and the digest of all accounts behind it. `verifier`: of every
    account."""

    bus: MqttBus
    verifier: str
    versions: dict[str, int] = field(default_factory=dict)
    replays: int = 0
    """How often sync-publisher requested all accounts."""
    _version: int = 0
    _sum: int = 0

    def event(self, number: int, role: Role = "user", *, active: bool = True) -> AccountChanged:
        """A new version of an account, sealed."""
        self._version += 1
        account = account_id(number)
        record = MirroredAccount(
            account=account,
            version=self._version,
            email=email_of(number),
            name=f"Person {number}, version {self._version}",
            role=role,
            active=active,
            verifier=self.verifier,
            changed=now_micros(),
            state_version=self._version,
        )
        context: dict[str, str | int] = {"account": account, "version": self._version}
        sealed = seal(record.model_dump_json().encode(), _ACCOUNTS_KEY, time.time, context)
        return AccountChanged(account=account, version=self._version, sealed=sealed, mirrored=sealed)

    async def publish(self, events: Sequence[AccountChanged]) -> None:
        """Publishes changes, and then one digest."""
        await asyncio.gather(*(self.bus.publish(USERS_EVENT, event, account=event.account) for event in events))
        for event in events:
            old = self.versions.get(event.account)
            self._sum += version_hash(event.account, event.version)
            self._sum -= version_hash(event.account, old) if old is not None else 0
            self.versions[event.account] = event.version
        await self.announce()

    async def announce(self) -> None:
        """Publishes the digest of all accounts."""
        digest = set_digest(self.versions.items())
        total = f"{self._sum % 2**256:064x}"
        seal_of_sum = DigestSeal(sum=total, at=now_micros()).model_dump_json().encode()
        sealed = seal(seal_of_sum, _ACCOUNTS_KEY, time.time, DIGEST_CONTEXT)
        message = AccountsDigest(count=len(self.versions), version=self._version, set=digest, sum=total, sealed=sealed)
        await self.bus.publish(USERS_DIGEST, message)

    async def note_replay(self, delivery: Delivery[Replay]) -> None:
        """The accounts are not published again: nothing is lost here, so no request is needed."""
        self.replays += delivery.levels["service"] == "sync-publisher"


def account_id(number: int) -> str:
    """The id of an account."""
    return str(uuid.UUID(int=(number * 0x9E3779B97F4A7C15) % 2**128, version=4))


def email_of(number: int) -> str:
    """The e-mail of an account."""
    return f"person-{number}@example.org"


class Trust:
    """auth: it signs sync-publisher's key and enrols collectors."""

    def __init__(self, bus: MqttBus) -> None:
        self._bus, self._root = bus, SigningKey.generate()
        self.key: dict[str, str | int] = {}
        """The JWK of sync-publisher's key."""

    async def certify(self, delivery: Delivery[KeyAnnounced]) -> None:
        """Publishes the announced key in the signed list."""
        opened = unseal(delivery.message.sealed, KeySet([_COLLECTORS_KEY]), time.time, dict(delivery.levels))
        key = AnnouncedKey.model_validate_json(opened).key
        content = TrustedKeySet(n=1, at=now_micros(), keys=[TrustedKey(purpose="mirror", key=key)])
        signer = MessageSigner(self._root, TRUSTED_KEYS_TYPE, time.time)
        message = TrustedKeys(signed=signer.sign(content.model_dump_json().encode()))
        await self._bus.publish(AUTH_TRUSTED_KEYS, message)
        self.key = {"kty": "EC", "crv": "P-256", "kid": key.kid, "x": key.x, "y": key.y}

    async def enrol(self, member: Member, roles: Sequence[Role]) -> None:
        """Writes the identity and the secrets into the collector's folder, and publishes the collector."""
        private, seal_key = X25519PrivateKey.generate(), secrets.token_bytes(32)
        jwk = self._root.verification_key().to_jwk()
        root = VerificationKeyRecord(kid=self._root.kid, x=str(jwk["x"]), y=str(jwk["y"]), not_before=0)
        identity = Identity(
            device=member.device,
            name=member.device,
            gen=1,
            broker_url="mqtt://127.0.0.1",
            prefix="pulse/v1",
            roots=[root],
            server=f"http://127.0.0.1:{free_port()}",
            enrolled=0,
            place="file",
        )
        kept = Secrets(
            gen=1,
            password=SecretStr(member.password),
            private_key=SecretStr(text_of(private.private_bytes_raw())),
            seal_key=SecretStr(text_of(seal_key)),
        )
        Path(member.folder).mkdir(parents=True)
        Enrolled(Path(member.folder), None, None).save(identity, kept, None)
        record = CollectorRecord(
            device=member.device,
            version=1,
            name=member.device,
            site="",
            tags=[],
            state="enabled",
            gen=1,
            public_key=text_of(private.public_key().public_bytes_raw()),
            seal_key=text_of(seal_key),
            access=[AccessRecord(subject=f"role:{role}", is_allowed=True) for role in roles],
        )
        context: dict[str, str | int] = {"device": member.device, "version": 1}
        sealed = seal(record.model_dump_json().encode(), _COLLECTORS_KEY, time.time, context)
        message = CollectorChanged(device=member.device, version=1, sealed=sealed)
        await self._bus.publish(AUTH_COLLECTOR, message, device=member.device)


@dataclass(frozen=True)
class Publisher:
    """The running sync-publisher. `url`: superuser's of its database."""

    port: int
    url: str
    process: psutil.Process

    async def knows(self, collectors: int) -> None:
        """Returns when it has applied so many collectors. Earlier reports are refused, and repeated after a minute."""
        connection = await asyncpg.connect(self.url)
        try:
            async with asyncio.timeout(_PATIENCE):
                query = "SELECT count(*) FROM sync.collector WHERE gen > 0"
                while await connection.fetchval(query) < collectors:  # noqa: ASYNC110  # polled from outside
                    await asyncio.sleep(0.05)
        finally:
            await connection.close()

    @property
    def cpu_seconds(self) -> float:
        """Processor time of the process."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    async def metrics(self) -> dict[str, float]:
        """The sums of its metrics, by name."""
        async with httpx.AsyncClient() as http:
            text = (await http.get(f"http://127.0.0.1:{self.port}/metrics")).raise_for_status().text
        found: dict[str, float] = defaultdict(float)
        for line in text.splitlines():
            if not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                found[name.partition("{")[0]] += float(value)
        return found


@contextlib.asynccontextmanager
async def publisher(backend: Servers, log: Path) -> AsyncIterator[Publisher]:
    """sync-publisher as a process, with a new database."""
    url = await create_database(backend.database_url, f"bench_{secrets.token_hex(4)}")
    await provision(url, "sync", "pulse_sync", PASSWORD)
    port, names = free_port(), ("AUDIT_KEY", "MIRROR_ACCOUNTS_KEY", "COLLECTORS_KEY", "KEY_ENCRYPTION_KEY")
    env = {
        **os.environ,
        "PULSE_DATABASE_URL": with_role(url, "pulse_sync", PASSWORD),
        "PULSE_MQTT_URL": backend.mqtt_url,
        "PULSE_MQTT_PASSWORD": backend.passwords["sync-publisher"],
        "PULSE_HTTP_PORT": str(port),
        "PULSE_MIGRATE_ON_START": "true",
        "PULSE_LOG_LEVEL": "info",
        **{f"PULSE_{name}": text_of(_KEY) for name in names},
    }
    command = [sys.executable, "-m", "pulse_sync_publisher", "serve"]
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(*command, env=env, stdout=output, stderr=output)
        try:
            async with asyncio.timeout(_PATIENCE):
                while not await http_ok(port, "/readyz"):  # noqa: ASYNC110  # polled from outside
                    await asyncio.sleep(0.1)
            yield Publisher(port, url, psutil.Process(process.pid))
        finally:
            process.terminate()
            await process.wait()


class Watch:
    """The progress of all collectors, from the output of their processes."""

    def __init__(self) -> None:
        self.newest: dict[str, Progress] = {}
        self.history: dict[str, list[Progress]] = defaultdict(list)
        self._changed = asyncio.Condition()

    async def follow(self, output: asyncio.StreamReader) -> None:
        """Reads lines until the process ends."""
        while line := await output.readline():
            one = Progress(**json.loads(line))
            async with self._changed:
                self.newest[one.device] = one
                self.history[one.device].append(one)
                self._changed.notify_all()

    async def reached(self, devices: Sequence[str], seq: int, state: str = "") -> list[float]:
        """When each collector reached this position (and state), in monotonic seconds. Raises TimeoutError."""

        def reached(one: Progress) -> bool:
            return one.seq >= seq and one.state != STARTS and state in {"", one.state}

        async with asyncio.timeout(_PATIENCE), self._changed:
            await self._changed.wait_for(
                lambda: all(device in self.newest and reached(self.newest[device]) for device in devices)
            )
        return [next(one.at for one in self.history[device] if reached(one)) for device in devices]


@contextlib.asynccontextmanager
async def process(plan: Plan, folder: Path, watch: Watch) -> AsyncIterator[int]:
    """Runs collectors. Yields the process id."""
    file = folder / f"plan-{secrets.token_hex(4)}.json"
    file.write_text(plan.dumped())
    command = [sys.executable, "-m", "benchmarks.mirror_collectors", str(file)]
    running = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE, limit=2**20)
    if running.stdout is None:
        raise RuntimeError("no pipe")
    async with asyncio.TaskGroup() as group:
        group.create_task(watch.follow(running.stdout))
        try:
            yield running.pid
        finally:
            with contextlib.suppress(ProcessLookupError):
                running.terminate()
            await running.wait()


def split(members: Sequence[Member], parts: int) -> Iterator[list[Member]]:
    """Divides collectors among processes."""
    for part in range(parts):
        yield list(members[part::parts])


@contextlib.asynccontextmanager
async def world(backend: Servers, folder: Path, verifier: str) -> AsyncIterator[tuple[Publisher, People, Trust]]:
    """sync-publisher, users and auth, connected."""
    users, auth = new_bus(backend, "users"), new_bus(backend, "auth")
    people, trust = People(users, verifier), Trust(auth)
    await auth.subscribe(SYSTEM_KEY, trust.certify, service="sync-publisher")
    await users.subscribe(REPLAY, people.note_replay)
    async with publisher(backend, folder / "sync-publisher.log") as running, asyncio.TaskGroup() as group:
        tasks = [group.create_task(bus.run()) for bus in (users, auth)]
        try:
            async with asyncio.timeout(_PATIENCE):
                while not trust.key:  # noqa: ASYNC110  # set by the handler
                    await asyncio.sleep(0.05)
            yield running, people, trust
        finally:
            for task in tasks:
                task.cancel()

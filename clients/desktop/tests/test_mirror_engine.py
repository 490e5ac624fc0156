"""The mirror inside the running collector, and its keystore in each place."""

import asyncio
import base64
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest

from pulse_bus.memory import MemoryBroker, MemoryBus
from pulse_contracts.commands import COMMAND_TYPE, Command, CommandMessage
from pulse_contracts.system import Status
from pulse_contracts.topics import AUTH_TRUSTED_KEYS, SYSTEM_COMMAND, SYSTEM_STATUS
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.engine import Engine, World
from pulse_desktop.core.identity.enrolled import Enrolled
from pulse_desktop.core.identity.model import CREDENTIAL, Identity
from pulse_desktop.core.mirror.driver import Mirror
from pulse_desktop.core.mirror.keystore import Keystore, KeystoreError
from pulse_desktop.core.settings import Settings
from pulse_desktop.core.status import snapshot
from pulse_jose import MessageSigner, SigningKey
from pulse_testkit.waiting import eventually

from .mirror_desk import synced_desk
from .publisher import DEVICE, FakePublisher, account, live


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_SECRETS", "file")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


@asynccontextmanager
async def engine(folder: Path, broker: MemoryBroker) -> AsyncIterator[Engine]:
    """A running collector with simulated readings."""
    settings = Settings.load(
        {"state_dir": folder, "device": DEVICE, "host_metrics": False, "simulator_rate": 50.0, "simulator_series": 1}
    )
    bus = MemoryBus(broker, clock=Clock().micros)
    one = Engine(settings, bus, World(rng=Random(1), report_every=0.05))
    stop = asyncio.Event()
    task = asyncio.ensure_future(one.run(stop))
    try:
        yield one
    finally:
        stop.set()
        await task


def collects(one: Engine, more_than: int = 0) -> bool:
    return one.snapshot is not None and one.snapshot.produced > more_than


async def test_an_enrolled_collector_runs_and_shows_its_mirror(tmp_path: Path) -> None:
    publisher, broker = FakePublisher(), MemoryBroker()
    publisher.enrol(Enrolled(tmp_path, None, None))
    publisher.publish_keys(broker)
    publisher.change(live(1, 1))
    async with engine(tmp_path, broker) as one:
        await eventually(lambda: publisher.nonce(broker) is not None)
        publisher.send(broker, publisher.heartbeat(publisher.nonce(broker)), *publisher.snapshot())
        await eventually(lambda: bool(one.snapshot and one.snapshot.mirror and one.snapshot.mirror.state == "synced"))
        address = SYSTEM_STATUS.address(kind="collector", id=DEVICE)
        await eventually(
            lambda: Status.model_validate_json(broker.retained[address]).mirror is not None, what="no mirror in status"
        )
        fields = await asyncio.to_thread(snapshot.read, tmp_path)
        assert "mirror          synced, 1 accounts, confirmed 0 s ago" in snapshot.table(fields)


async def test_an_executed_command_reaches_the_audit_trail_of_the_server(tmp_path: Path) -> None:
    publisher, broker, commands = FakePublisher(), MemoryBroker(), SigningKey.generate()
    publisher.enrol(Enrolled(tmp_path, None, None))
    publisher.change(live(1, 1))
    keys = publisher.trusted_keys(purpose="command", mirror=publisher.signing, other=commands)
    broker.retained[AUTH_TRUSTED_KEYS.address()] = keys.model_dump_json().encode()
    now = time.time_ns() // 1_000
    times = {"n": now // 1_000_000, "at": now, "expires": now + 60_000_000}
    one = Command(to=DEVICE, id=account(5), action="pause_replay", by=account(9), **times)
    signed = MessageSigner(commands, COMMAND_TYPE, time.time).sign(one.model_dump_json(exclude_none=True).encode())
    async with engine(tmp_path, broker):
        await eventually(lambda: publisher.nonce(broker) is not None)
        publisher.send(broker, publisher.heartbeat(publisher.nonce(broker)), *publisher.snapshot())
        await eventually(lambda: any(r.n > 0 for r in publisher.reports(broker)))  # the keys are trusted
        payload = CommandMessage(signed=signed).model_dump_json().encode()
        broker.deliver(SYSTEM_COMMAND.address(device=DEVICE), payload, 0)
        await eventually(lambda: bool(publisher.audit_entries(broker)))
    entries = [(e.kind, e.account, e.reason, e.detail) for e in publisher.audit_entries(broker)]
    assert entries == [("command_run", account(9), "done", f"pause_replay (command {one.n})")]


async def test_a_collector_without_an_enrolment_has_no_mirror(tmp_path: Path) -> None:
    broker = MemoryBroker()
    async with engine(tmp_path, broker) as one:
        await eventually(lambda: collects(one))
        assert one.snapshot is not None
        assert one.snapshot.mirror is None
    assert not (tmp_path / "state.db").exists()


@pytest.mark.announces_log("mirror_failed")
async def test_a_lost_keystore_never_stops_the_readings(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)):
        pass
    (tmp_path / "mirror-keys.json").unlink()
    async with engine(tmp_path, MemoryBroker()) as one:
        await eventually(lambda: bool(one.snapshot and one.snapshot.mirror and one.snapshot.mirror.problem))
        produced = one.snapshot.produced if one.snapshot else 0
        await eventually(lambda: collects(one, produced))
        fields = await asyncio.to_thread(snapshot.read, tmp_path)
        assert "not available: the mirror's keys are missing" in snapshot.table(fields)


@pytest.mark.announces_log("mirror_crashed")
async def test_a_bug_in_the_mirror_never_stops_the_readings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(self: Mirror) -> None:
        raise ZeroDivisionError

    FakePublisher().enrol(Enrolled(tmp_path, None, None))
    monkeypatch.setattr(Mirror, "run", broken)
    async with engine(tmp_path, MemoryBroker()) as one:
        await eventually(lambda: collects(one, 5))


@pytest.mark.announces_log("mirror_disabled")
async def test_an_unreadable_identity_never_stops_the_readings(tmp_path: Path) -> None:
    (tmp_path / "identity.json").write_text("{")
    async with engine(tmp_path, MemoryBroker()) as one:
        await eventually(lambda: collects(one, 5))


# -- the keystore


class FakeKeyring:
    """A keyring that can be locked."""

    def __init__(self) -> None:
        self.stored: dict[str, str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.stored.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.stored[username] = password

    def _check(self) -> None:
        if self.is_locked:
            raise RuntimeError("locked")


def created(enrolled: Enrolled, place: str) -> tuple[Keystore, Identity]:
    publisher = FakePublisher()
    identity = publisher.enrol(enrolled, place)  # type: ignore[arg-type]
    keystore = Keystore(enrolled, identity)
    keystore.create(enrolled.secrets(identity), 5, may_be_missing=True)
    return keystore, identity


def test_the_keyring_holds_the_keys_and_a_locked_one_says_so(tmp_path: Path) -> None:
    keyring = FakeKeyring()
    keystore, _ = created(Enrolled(tmp_path, keyring, None), "keyring")
    kept = keystore.update(lambda kept: kept.raised(max_seq=7))
    assert keystore.read() == kept
    assert kept.seal_key is not None
    secret = kept.seal_key.get_secret_value()
    assert not any(secret.encode() in path.read_bytes() for path in tmp_path.iterdir())
    assert secret not in repr(kept)
    keyring.is_locked = True
    with pytest.raises(KeystoreError, match="unlock the keyring") as raised:
        keystore.read()
    assert raised.value.reason == "locked"
    with pytest.raises(KeystoreError):
        keystore.update(lambda kept: kept.raised(max_seq=9))


def test_a_service_credential_encrypts_the_keys(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / CREDENTIAL).write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
    folder = tmp_path / "state"
    folder.mkdir()
    keystore, identity = created(Enrolled(folder, None, credentials), "credential")
    assert keystore.read().elapsed == 5
    assert "seal_key" not in (folder / "mirror-keys.jwe").read_text()
    (credentials / CREDENTIAL).write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
    with pytest.raises(KeystoreError, match="damaged or of another installation"):
        Keystore(Enrolled(folder, None, credentials), identity).read()
    with pytest.raises(KeystoreError, match="credential pulse-collector-key is missing"):
        Keystore(Enrolled(folder, None, None), identity).read()


def test_a_file_of_another_user_or_enrolment_is_refused(tmp_path: Path) -> None:
    keystore, identity = created(Enrolled(tmp_path, None, None), "file")
    other = Keystore(Enrolled(tmp_path, None, None), identity.model_copy(update={"gen": 2}))
    with pytest.raises(KeystoreError, match="belong to press-4, generation 1, but this collector is press-4, gen"):
        other.read()
    assert (tmp_path / "mirror-keys.json").stat().st_mode & 0o077 == 0
    (tmp_path / "mirror-keys.json").unlink()
    (tmp_path / "mirror-keys.json").mkdir()
    with pytest.raises(KeystoreError) as raised:
        keystore.read()
    assert raised.value.reason == "locked"


def test_counters_never_go_back_when_two_processes_write(tmp_path: Path) -> None:
    keystore, identity = created(Enrolled(tmp_path, None, None), "file")
    command = Keystore(Enrolled(tmp_path, None, None), identity)
    keystore.update(lambda kept: kept.raised(max_seq=9, n=4))
    command.update(lambda kept: kept.raised(elapsed=99))
    kept = keystore.update(lambda kept: kept.raised(max_seq=3, n=2, elapsed=1))
    assert (kept.max_seq, kept.n, kept.elapsed) == (9, 4, 99)


def test_a_new_enrolment_keeps_the_elapsed_time(tmp_path: Path) -> None:
    enrolled = Enrolled(tmp_path, None, None)
    publisher = FakePublisher()
    for gen in (1, 2):
        publisher.gen = gen
        identity = publisher.enrol(enrolled)
        keystore = Keystore(enrolled, identity)
        kept = keystore.create(enrolled.secrets(identity), 5, may_be_missing=True)
        assert (kept.gen, kept.max_seq) == (gen, 0)
        assert kept.elapsed == (5 if gen == 1 else 88)
        keystore.update(lambda kept: kept.raised(max_seq=9, elapsed=88, trusted_n=3))
    publisher.gen, publisher.root = 3, FakePublisher().root
    identity = publisher.enrol(enrolled)
    kept = Keystore(enrolled, identity).create(enrolled.secrets(identity), 5, may_be_missing=True)
    assert kept.trusted_n == 0  # another server
    assert json.loads((tmp_path / "mirror-keys.json").read_text())["gen"] == 3

"""The broker's TLS listener with real clients, and certificates that are renewed while clients are connected."""

import asyncio
import contextlib
import random
import socket
import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from pulse_bus.mqtt import MqttBus, MqttSettings
from pulse_bus.port import Delivery, LinkState
from pulse_contracts.telemetry import Dropped
from pulse_contracts.topics import TELEMETRY_DROP
from pulse_standalone.certificates import Authority, TlsFiles, expiry, is_due, now
from pulse_standalone.files import SetupError
from pulse_standalone.settings import BadSettingsError, Settings
from pulse_testkit.waiting import eventually
from tests.brokers import Broker, running_broker

pytestmark = pytest.mark.servers
MESSAGE = Dropped(epoch=1, ord=1, ranges=[(n, n + 1) for n in range(2**60, 2**60 + 2_000, 2)], reason="overflow")
"""40,000 bytes are several TLS records."""


async def refused(bus: MqttBus) -> str:
    """Returns the bus's reason when it cannot connect."""
    task = asyncio.ensure_future(bus.run())
    await eventually(lambda: bus.state is not LinkState.CONNECTING and bool(bus.detail))
    assert bus.state is not LinkState.CONNECTED
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return bus.detail


async def test_large_messages_pass_over_tls_in_both_directions(tmp_path: Path) -> None:
    got: list[int] = []

    async def take(delivery: Delivery[Dropped]) -> None:
        assert delivery.message.ranges == MESSAGE.ranges
        got.append(delivery.message.epoch)

    async with running_broker(tmp_path, ("press-4",)) as broker, asyncio.TaskGroup() as group:
        device, gateway = broker.bus("press-4"), broker.bus("telemetry-gateway")
        await gateway.subscribe(TELEMETRY_DROP, take, shared=True)
        for bus in (device, gateway):
            group.create_task(bus.run())
            await bus.wait_connected()
        messages = [MESSAGE.model_copy(update={"epoch": n}) for n in range(60)]
        await asyncio.gather(*(device.publish(TELEMETRY_DROP, one, device="press-4") for one in messages))
        await eventually(lambda: len(got) == len(messages))
        assert sorted(got) == list(range(60))
        for bus in (device, gateway):
            await bus.drain()


@pytest.mark.announces_log("broker_connection_failed")
async def test_a_certificate_of_another_authority_or_host_is_rejected(tmp_path: Path) -> None:
    async with running_broker(tmp_path, ("press-4",)) as broker:
        other = Authority(tmp_path / "other")
        other.ensure(now())
        settings = replace(broker.settings("press-4"), ca_file=other.files.authority)
        assert "certificate verify failed" in await refused(_bus(settings))
        without = replace(broker.settings("press-4"), ca_file=None)
        assert "certificate verify failed" in await refused(_bus(without))
        context = broker.settings("press-4").tls_context()
        assert context is not None
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            await asyncio.to_thread(_serial, broker, context, "other.example")
        plain = replace(broker.settings("press-4"), url=broker.server.url.replace("mqtts", "mqtt"))
        assert await refused(_bus(plain))


async def test_tls_1_2_is_rejected(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        assert await asyncio.to_thread(_handshake, broker, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
        with pytest.raises(ssl.SSLError):
            await asyncio.to_thread(_handshake, broker, ssl.TLSVersion.TLSv1_2)


async def test_a_renewed_certificate_is_used_and_no_connection_is_lost(tmp_path: Path) -> None:
    async with running_broker(tmp_path, ("press-4",)) as broker, asyncio.TaskGroup() as group:
        bus = broker.bus("press-4")
        connects: list[None] = []

        async def note() -> None:
            connects.append(None)

        bus.on_connected(note)
        group.create_task(bus.run())
        await bus.wait_connected()
        before = await asyncio.to_thread(_serial, broker)
        assert Authority(tmp_path / "tls", ["another.name"]).ensure(now())
        assert broker.server.copy_certificates()
        broker.server.reload_certificates()

        async def is_new() -> bool:
            return await asyncio.to_thread(_serial, broker) != before

        await eventually(is_new)
        await bus.publish(TELEMETRY_DROP, MESSAGE, device="press-4")
        other = broker.bus("users")  # the rules are unchanged, and new connections are accepted
        group.create_task(other.run())
        await other.wait_connected()
        assert len(connects) == 1
        for one in (bus, other):
            await one.drain()


def test_a_certificate_is_created_once_and_renewed_thirty_days_before_it_expires(tmp_path: Path) -> None:
    authority, start = Authority(tmp_path), now()
    assert authority.ensure(start)
    assert not authority.ensure(start)
    ends = expiry(authority.files.certificate)
    assert not authority.ensure(ends - timedelta(days=30, seconds=1))
    assert is_due(authority.files.certificate, ends - timedelta(days=30) + timedelta(seconds=1))
    assert authority.ensure(ends - timedelta(days=29))
    assert expiry(authority.files.certificate) > ends


def test_a_changed_host_name_gives_a_new_certificate_of_the_same_authority(tmp_path: Path) -> None:
    first = Authority(tmp_path)
    first.ensure(now())
    pinned = first.files.authority.read_bytes()
    assert Authority(tmp_path, ["pulse.example.org", "10.0.0.7"]).ensure(now())
    assert first.files.authority.read_bytes() == pinned
    assert not Authority(tmp_path, ["pulse.example.org", "10.0.0.7"]).ensure(now())


def test_the_pinned_file_keeps_the_old_authority_beside_a_new_one(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.ensure(now())
    old = authority.files.authority.read_text()
    authority.ensure(expiry(authority.files.authority) - timedelta(days=1))
    assert authority.files.authority.read_text().endswith(old)


def test_keys_are_private(tmp_path: Path) -> None:
    Authority(tmp_path / "tls").ensure(now())
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "tls").iterdir()} == {0o600}


def test_an_incomplete_certificate_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_BROKER_CERT", str(tmp_path / "none.pem"))
    with pytest.raises(BadSettingsError, match="must all be set, or none"):
        Settings.load()
    with pytest.raises(SetupError, match="has no certificate"):
        TlsFiles(tmp_path / "ca.pem", tmp_path / "none.pem", tmp_path / "none.key").check()


def _bus(settings: MqttSettings) -> MqttBus:
    return MqttBus(settings, clock=lambda: 0, rng=random.Random(1))


def _handshake(broker: Broker, version: ssl.TLSVersion) -> str | None:
    context = ssl.create_default_context(cafile=broker.files.authority)
    context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", broker.server.port)) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
    ):
        return wrapped.version()


def _serial(broker: Broker, context: ssl.SSLContext | None = None, name: str = "127.0.0.1") -> object:
    context = context or ssl.create_default_context(cafile=broker.files.authority)
    with (
        socket.create_connection(("127.0.0.1", broker.server.port)) as plain,
        context.wrap_socket(plain, server_hostname=name) as wrapped,
    ):
        return (wrapped.getpeercert() or {}).get("serialNumber")

"""Messages that the broker acknowledged to a plain device are kept until a gateway has received them, also over
restarts and with full queues."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from pulse_auth.actions.guard import GuardLimits, IntakeGuard
from pulse_bus import Delivery, Disconnected, PublishRefused
from pulse_bus.credentials import BrokerAccount
from pulse_bus.mqtt import NEVER, MqttBus, MqttSettings
from pulse_bus.mqtt.dynsec import DynamicSecurity
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.access import PLAIN_SESSION
from pulse_contracts.telemetry import PlainReadings
from pulse_contracts.topics import ROOT, TELEMETRY_PLAIN
from pulse_standalone.files import SetupError
from pulse_testkit.buses import running
from pulse_testkit.waiting import eventually
from tests.brokers import Broker, bus_of, running_broker

pytestmark = pytest.mark.servers
SECRET = "s" * 43


def plain_account(name: str, *, has_free_client_id: bool = False) -> BrokerAccount:
    return BrokerAccount(name, "plain-device", SECRET, has_free_client_id=has_free_client_id)


def intake_settings(broker: Broker) -> MqttSettings:
    found = broker.settings("telemetry-gateway")
    return MqttSettings(
        found.url, found.username, found.password, PLAIN_SESSION, session_expiry=NEVER, ca_file=found.ca_file
    )


@asynccontextmanager
async def intake(broker: Broker) -> AsyncIterator[list[object]]:
    """Collects the values that reach a gateway's intake."""
    found: list[object] = []

    async def take(delivery: Delivery[PlainReadings]) -> None:
        found.append(delivery.message.values["a"])

    bus = bus_of(intake_settings(broker))
    await bus.subscribe(TELEMETRY_PLAIN, take)
    async with running(bus):
        yield found


async def publish(bus: MqttBus, name: str, values: range) -> None:
    for value in values:
        await bus.publish(TELEMETRY_PLAIN, PlainReadings(values={"a": value}), device=name)


async def test_messages_acknowledged_before_the_first_gateway_and_over_a_restart_arrive_once(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker:
        async with DynamicSecurity.open(broker.admin) as security:
            await security.put(plain_account("esp-1"), None)
        async with running(device := broker.bus("esp-1", SECRET)):
            await publish(device, "esp-1", range(5))
        await broker.server.stop()
        await broker.server.start()
        async with running(device := broker.bus("esp-1", SECRET)):
            await publish(device, "esp-1", range(5, 10))
        async with intake(broker) as found:
            await eventually(lambda: len(found) >= 10)
        async with intake(broker) as again, running(device := broker.bus("esp-1", SECRET)):
            await publish(device, "esp-1", range(10, 11))
            await eventually(lambda: bool(again))
        assert (found, again) == (list(range(10)), [10])


@pytest.mark.announces_log("broker_connection_failed")
@pytest.mark.announces_log("devices_refused")
async def test_devices_are_refused_before_the_broker_discards_acknowledged_messages(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker, DynamicSecurity.open(broker.admin) as security:
        await security.put(plain_account("esp-1"), None)
        guard = IntakeGuard(GuardLimits(300, 10**9, every=0.2), ROOT, Metrics())
        admitted = asyncio.Event()
        guard.on_admitted = admitted.set
        watching = asyncio.ensure_future(guard.watch(lambda: DynamicSecurity.open(broker.admin)))
        acknowledged: list[int] = []
        device = broker.bus("esp-1", SECRET)
        try:
            async with running(device):
                for value in range(100_000):
                    try:
                        await publish(device, "esp-1", range(value, value + 1))
                    except (Disconnected, PublishRefused):
                        break
                    acknowledged.append(value)
                await eventually(lambda: "authori" in device.detail.lower())
                assert guard.refuses("plain-device")
                admitted.clear()  # it was set at the first check
            assert 100 < len(acknowledged) < 100_000
            async with intake(broker) as found:
                await eventually(lambda: len(found) >= len(acknowledged), seconds=30)
                await asyncio.wait_for(admitted.wait(), 10)
            assert set(acknowledged) <= set(found)
            assert not guard.refuses("plain-device")
        finally:
            watching.cancel()
            await asyncio.wait([watching])


async def test_a_device_with_a_free_name_and_client_id_may_use_only_its_own_topic(
    tmp_path: Path,
) -> None:
    async with running_broker(tmp_path) as broker, DynamicSecurity.open(broker.admin) as security:
        await security.put(plain_account("AA:BB:CC:00:11:22", has_free_client_id=True), None)
        found = broker.settings("AA:BB:CC:00:11:22", SECRET)
        settings = MqttSettings(found.url, found.username, SECRET, "DVES_123456", ca_file=found.ca_file)
        async with running(device := bus_of(settings)):
            await publish(device, "AA:BB:CC:00:11:22", range(1))
            with pytest.raises(PublishRefused):
                await publish(device, "esp-1", range(1))
        async with intake(broker) as values:
            await eventually(lambda: values == [0])


async def test_only_the_port_for_small_devices_accepts_tls_1_2(tmp_path: Path) -> None:
    async with running_broker(tmp_path, has_tls12=True) as broker:
        for port, is_taken in ((broker.server.tls12_port, True), (broker.server.port, False)):
            context = ssl.create_default_context(cafile=broker.files.authority)
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            try:
                async with asyncio.timeout(timedelta(seconds=5).total_seconds()):
                    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
            except ssl.SSLError:
                assert not is_taken
            else:
                assert is_taken
                writer.transport.abort()


async def test_the_broker_queues_more_messages_than_arrive_during_a_restart(tmp_path: Path) -> None:
    """A database that is unavailable while 22,000 messages are sent, as in a real incident."""
    n = 22_000
    async with running_broker(tmp_path) as broker, DynamicSecurity.open(broker.admin) as security:
        await security.put(plain_account("esp-1"), None)
        async with running(device := broker.bus("esp-1", SECRET)):
            for start in range(0, n, 1_000):
                async with asyncio.TaskGroup() as group:
                    for value in range(start, start + 1_000):
                        group.create_task(publish(device, "esp-1", range(value, value + 1)))
        async with intake(broker) as found:
            await eventually(lambda: len(found) >= n, seconds=60)
        assert sorted(found, key=str) == sorted(range(n), key=str)


@pytest.mark.announces_log("broker_connection_failed")
async def test_a_wrong_topic_and_a_wrong_client_id_are_in_the_brokers_log(tmp_path: Path) -> None:
    async with running_broker(tmp_path, is_traced=True) as broker, DynamicSecurity.open(broker.admin) as security:
        await security.put(plain_account("esp-1"), None)
        async with running(device := broker.bus("esp-1", SECRET)):
            with pytest.raises(PublishRefused):
                await publish(device, "esp-2", range(1))
        found = broker.settings("esp-1", SECRET)
        stranger = bus_of(MqttSettings(found.url, "esp-1", SECRET, "DVES_123456", ca_file=found.ca_file))
        trying = asyncio.ensure_future(stranger.run())
        await eventually(lambda: "authori" in stranger.detail.lower())
        trying.cancel()
        await asyncio.wait([trying])

        def lines(*words: str) -> list[str]:
            text = broker.server.log.read_text(errors="replace")
            return [line for line in text.splitlines() if all(word in line for word in words)]

        await eventually(lambda: bool(lines("Denied PUBLISH from esp-1", "telemetry/plain/esp-2")))
        await eventually(lambda: bool(lines("not authorised")))


async def test_a_missing_session_is_created_at_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store of an interrupted first start, or of an older release."""

    async def fails(*_: object) -> None:
        raise TimeoutError

    with monkeypatch.context() as patch:
        patch.setattr("pulse_standalone.mosquitto.create_session", fails)
        with pytest.raises(SetupError):
            await running_broker(tmp_path).__aenter__()
    async with running_broker(tmp_path) as broker:
        async with DynamicSecurity.open(broker.admin) as security:
            await security.put(plain_account("esp-1"), None)
        async with running(device := broker.bus("esp-1", SECRET)):
            await publish(device, "esp-1", range(5))
        async with intake(broker) as found:
            await eventually(lambda: found == list(range(5)))

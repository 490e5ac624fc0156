"""The reconciler's commands on a real broker: accounts are created, changed, disabled, disconnected and restored."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pulse_bus.credentials import BrokerAccount, BrokerUnreachable
from pulse_bus.mqtt import MqttBus, MqttSettings
from pulse_bus.mqtt.dynsec import DynamicSecurity
from pulse_bus.port import LinkState
from pulse_contracts.access import SERVICES
from pulse_contracts.telemetry import Dropped
from pulse_contracts.topics import TELEMETRY_DROP
from pulse_standalone.certificates import expiry
from pulse_testkit.waiting import eventually
from tests.brokers import Broker, running_broker

pytestmark = pytest.mark.servers
MESSAGE = Dropped(epoch=1, ord=1, ranges=[(0, 1)], reason="overflow")
SECRET, OTHER = "s" * 43, "t" * 43


@contextlib.asynccontextmanager
async def running(bus: MqttBus) -> AsyncIterator[MqttBus]:
    """Runs a bus within the block. It need not connect."""
    task = asyncio.ensure_future(bus.run())
    try:
        yield bus
    finally:
        task.cancel()
        await asyncio.wait([task])


async def make(security: DynamicSecurity, account: BrokerAccount) -> None:
    await security.put(account, (await security.observe([account.name])).get(account.name))


async def test_a_created_account_is_observed_and_can_publish(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker, DynamicSecurity.open(broker.admin) as security:
        assert await security.certificate_expiry() == expiry(broker.files.certificate)
        account = BrokerAccount("press-4", "collector", SECRET)
        assert await security.observe(["press-4"]) == {}
        await make(security, account)
        assert await security.observe(["press-4"]) == {"press-4": account.observed()}
        async with running(broker.bus("press-4", SECRET)) as bus:
            await bus.wait_connected()
            await bus.publish(TELEMETRY_DROP, MESSAGE, device="press-4")


async def test_every_account_is_listed_over_several_pages(tmp_path: Path) -> None:
    devices = tuple(f"press-{number}" for number in range(450))
    async with running_broker(tmp_path, devices) as broker, DynamicSecurity.open(broker.admin) as security:
        seen = await security.observe()
        assert set(seen) == {*devices, *SERVICES}
        account = BrokerAccount("press-449", "collector", broker.passwords["press-449"])
        assert seen["press-449"] == account.observed()


@pytest.mark.announces_log("broker_connection_failed")
async def test_disabled_rotated_and_removed_accounts_are_disconnected_at_once(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker, DynamicSecurity.open(broker.admin) as security:
        await make(security, BrokerAccount("press-4", "collector", SECRET))
        async with running(broker.bus("press-4", SECRET)) as bus:
            await bus.wait_connected()
            await make(security, BrokerAccount("press-4", "collector", SECRET, is_enabled=False))
            await eventually(lambda: bus.state is LinkState.REFUSED, seconds=30)
            await make(security, BrokerAccount("press-4", "collector", SECRET))
            await eventually(lambda: bus.state is LinkState.CONNECTED)
            await make(security, BrokerAccount("press-4", "collector", OTHER))
            await eventually(lambda: bus.state is LinkState.REFUSED, seconds=30)
        async with running(broker.bus("press-4", OTHER)) as bus:
            await bus.wait_connected()
            await security.remove("press-4")
            await security.remove("press-4")  # a repetition changes nothing
            await eventually(lambda: bus.state is LinkState.REFUSED, seconds=30)
        assert "press-4" not in await security.observe()


@pytest.mark.announces_log("broker_connection_failed")
async def test_another_client_id_cannot_use_a_devices_account(tmp_path: Path) -> None:
    async with running_broker(tmp_path, ("press-4", "press-5")) as broker:
        stolen = broker.settings("press-4")
        thief = type(stolen)(**{**vars(stolen), "client_id": "press-5"})
        bus = broker.bus("press-4")
        bus._settings = thief
        async with running(bus):
            await eventually(lambda: bus.state is LinkState.REFUSED)


async def test_changed_rules_are_restored(tmp_path: Path) -> None:
    async with running_broker(tmp_path, ("press-4",)) as broker, DynamicSecurity.open(broker.admin) as security:
        account = BrokerAccount("press-4", "collector", broker.passwords["press-4"])
        command: dict[str, object] = {"command": "modifyRole", "rolename": "is-press-4"}
        everything = {"acltype": "subscribePattern", "topic": "#", "allow": True}
        await security._change([{**command, "acls": [everything]}])
        seen = (await security.observe())["press-4"]
        assert seen != account.observed()
        await security.put(account, seen)
        assert (await security.observe())["press-4"] == account.observed()


async def test_the_end_of_the_connection_is_reported(tmp_path: Path) -> None:
    async with running_broker(tmp_path) as broker, DynamicSecurity.open(broker.admin) as security:
        await broker.server.stop()
        await asyncio.wait_for(security.ended.wait(), 5)
        with pytest.raises(BrokerUnreachable):
            await security.observe()
        with pytest.raises(BrokerUnreachable):
            await _open(broker)


async def test_unreadable_certificate_authorities_are_an_outage(tmp_path: Path) -> None:
    settings = MqttSettings("mqtts://127.0.0.1:1", "broker-admin", "a", "broker-admin", ca_file=tmp_path / "none.pem")
    with pytest.raises(BrokerUnreachable):
        async with DynamicSecurity.open(settings):
            pass


async def _open(broker: Broker) -> None:
    async with DynamicSecurity.open(broker.admin):
        pass

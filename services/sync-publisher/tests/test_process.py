"""The service as a process, with the real broker, its access rules, and PostgreSQL."""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from pulse_bus import Delivery
from pulse_bus.mqtt import MqttBus, MqttSettings
from pulse_contracts.accounts import AccountChanged, MirroredAccount
from pulse_contracts.collectors import CollectorChanged
from pulse_contracts.topics import AUTH_COLLECTOR, SYSTEM_KEY, USERS_DIGEST, USERS_EVENT
from pulse_contracts.trust import AnnouncedKey, KeyAnnounced
from pulse_jose import KeySet, VerificationKey, seal, unseal
from pulse_testkit.buses import running
from pulse_testkit.clock import FakeClock
from pulse_testkit.plugin import DEVICES
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import ACCOUNTS_KEY, COLLECTORS_KEY, KEY_TEXT, VERIFIER, announced
from .device import Device

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]
_ADA = "6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c"
_FIRST, _SECOND = 1_000_001, 1_000_002
"""Versions above those of other tests, whose retained digest the broker may still have."""
_KEYS = ("AUDIT_KEY", "MIRROR_ACCOUNTS_KEY", "COLLECTORS_KEY", "KEY_ENCRYPTION_KEY")


class WallClock(FakeClock):
    """The real time, in the form that `Device` needs."""

    def __call__(self) -> int:
        return time.time_ns() // 1_000

    def seconds(self) -> int:
        return int(time.time())


def bus_of(servers: Servers, name: str, party: str) -> MqttBus:
    settings = MqttSettings(servers.mqtt_url, name, servers.passwords[party], name)
    return MqttBus(settings, clock=WallClock(), rng=random.Random(1))


@asynccontextmanager
async def serving(environment: dict[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """The service, killed at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pulse_sync_publisher", "serve", env=environment
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()


async def command(environment: dict[str, str], *words: str) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "pulse_sync_publisher", *words, env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    return await process.wait()


async def test_a_change_survives_a_kill_and_reaches_the_collector(servers: Servers, own_url: str) -> None:
    name = DEVICES[0]
    environment = {
        **os.environ,
        "PULSE_DATABASE_URL": own_url,
        "PULSE_MQTT_URL": servers.mqtt_url,
        "PULSE_MQTT_PASSWORD": servers.passwords["sync-publisher"],
        "PULSE_LOG_FORMAT": "json",
        "PULSE_LOG_LEVEL": "error",
        **{f"PULSE_{key}": KEY_TEXT for key in _KEYS},
    }
    auth, users = bus_of(servers, "auth", "auth"), bus_of(servers, "users", "users")
    collector = bus_of(servers, name, name)
    clock, keys = WallClock(), list[VerificationKey]()

    async def take_key(delivery: Delivery[KeyAnnounced]) -> None:
        context: dict[str, str | int] = {"service": delivery.levels["service"]}
        raw = unseal(delivery.message.sealed, KeySet([COLLECTORS_KEY]), clock.seconds, context)
        key = AnnouncedKey.model_validate_json(raw).key
        jwk = {"kty": "EC", "crv": "P-256", "x": key.x, "y": key.y, "kid": key.kid}
        keys.append(VerificationKey.from_jwk(jwk))

    async def tell(version: int, person: str) -> None:
        record = MirroredAccount(
            account=_ADA,
            version=version,
            email="ada@example.org",
            name=person,
            role="user",
            active=True,
            verifier=VERIFIER,
            changed=1,
        )
        context: dict[str, str | int] = {"account": _ADA, "version": version}
        mirrored = seal(record.model_dump_json().encode(), ACCOUNTS_KEY, clock.seconds, context)
        event = AccountChanged(account=_ADA, version=version, sealed="x", mirrored=mirrored)
        await users.publish(USERS_EVENT, event, account=_ADA)
        await users.publish(USERS_DIGEST, announced({_ADA: version}, clock()))

    await auth.subscribe(SYSTEM_KEY, take_key, service="sync-publisher")
    async with running(auth, users, collector):
        async with serving(environment):
            await eventually(lambda: bool(keys), seconds=30, what="the key is announced")
            device = Device(name, collector, clock, keys[-1])
            device.enrol(1)
            record = device.described()
            context: dict[str, str | int] = {"device": name, "version": record.version}
            sealed = seal(record.model_dump_json().encode(), COLLECTORS_KEY, clock.seconds, context)
            await device.connect()
            await auth.publish(
                AUTH_COLLECTOR, CollectorChanged(device=name, version=record.version, sealed=sealed), device=name
            )
            await tell(_FIRST, "Ada")

            async def is_allowed() -> bool:
                return await command(environment, "allow", "--email", "ada@example.org", "--device", name) == 0

            await eventually(is_allowed, seconds=30, what="account and collector are known")
            await device.hello()
            await eventually(lambda: _ADA in device.live, seconds=30, what="the account is mirrored")
            device.is_deaf = True
            seq = device.seq
            await tell(_SECOND, "Ada the Second")

            async def is_logged() -> bool:
                connection = await asyncpg.connect(own_url)
                try:
                    return bool(await connection.fetchval("SELECT src = $1 FROM entry", _SECOND))
                finally:
                    await connection.close()

            await eventually(is_logged, seconds=30, what="the change is in the log")
        device.is_deaf = False
        async with serving(environment):
            await eventually(
                lambda: device.seq > seq and device.live[_ADA].name == "Ada the Second", seconds=40, what="the repeat"
            )
        assert len({key.kid for key in keys}) == 1, "the signing key is stored"

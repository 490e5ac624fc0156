"""Reconciliation: the broker's accounts follow the database; adoption; the broker's certificate."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from pulse_auth.actions.adoption import Adoption
from pulse_auth.actions.broker import ReconcileIntervals, Reconciler
from pulse_bus.credentials import BrokerAccount, MemoryCredentials
from pulse_chassis.identity.caller import SYSTEM
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.background import Background, Job
from pulse_jose.enrolment import Code
from pulse_jose.vault import Vault
from pulse_testkit.waiting import eventually

from .conftest import World
from .test_collectors import create, enrol, post

pytestmark = pytest.mark.servers


@pytest.fixture
def reconciler(admin: World) -> Reconciler:
    return Reconciler(admin.database, Vault(bytes(32), admin.clock), "pulse/v1", Metrics())


async def test_the_broker_gets_every_change(admin: World, reconciler: Reconciler) -> None:
    broker = MemoryCredentials()
    device = await enrol(admin, await create(admin))
    assert await reconciler.apply_pending(broker)
    assert not await reconciler.apply_pending(broker)
    account = broker.accounts["press-4"]
    assert (account.is_enabled, account.client_id) == (True, "press-4")
    await post(admin, "/press-4/disable")
    await reconciler.apply_pending(broker)
    assert not broker.accounts["press-4"].is_enabled
    await post(admin, "/press-4/enable")
    await reconciler.apply_pending(broker)
    assert broker.accounts["press-4"] == account
    code = Code.read((await post(admin, "/press-4/rotate", {})).json()["code"])
    await reconciler.apply_pending(broker)
    assert broker.accounts["press-4"] == account  # until the code is used
    assert (await enrol(admin, code)).password != device.password
    await reconciler.apply_pending(broker)
    assert broker.accounts["press-4"].fingerprint != account.fingerprint
    before = broker.accounts["press-4"].fingerprint
    await post(admin, "/press-4/rotate", {"cut_off": True})
    await reconciler.apply_pending(broker)
    assert broker.accounts["press-4"].fingerprint != before
    await post(admin, "/press-4/lost")
    await reconciler.apply_pending(broker)
    assert broker.accounts == {}
    assert broker.disconnected == ["press-4"] * 5


async def test_enrolment_does_not_enable_a_disabled_collector(admin: World, reconciler: Reconciler) -> None:
    broker, code = MemoryCredentials(), await create(admin)
    await post(admin, "/press-4/disable")
    await enrol(admin, code)
    await reconciler.check(broker)
    assert not broker.accounts["press-4"].is_enabled


async def test_a_wiped_broker_gets_all_accounts_back_and_loses_stray_ones(admin: World, reconciler: Reconciler) -> None:
    broker = MemoryCredentials()
    for number in range(7):
        await enrol(admin, await create(admin, id=f"press-{number}"))
    assert await reconciler.check(broker) == 7
    expected = dict(broker.accounts)
    broker.accounts.clear()
    assert await reconciler.check(broker) == 7
    assert broker.accounts == expected
    tampered = broker.accounts["press-3"]
    broker.accounts["press-3"] = type(tampered)("press-3", tampered.fingerprint, True, frozenset(), None)
    broker.accounts["stray"] = type(tampered)("stray", "mark", True, frozenset(), "stray")
    broker.accounts["theirs"] = type(tampered)("theirs", None, True, frozenset(), "theirs")
    assert await reconciler.check(broker) == 2
    assert set(broker.accounts) == {*expected, "theirs"}
    assert broker.accounts["press-3"] == tampered


@pytest.mark.announces_log("background_job_failed")
async def test_reconciliation_continues_after_an_outage_of_the_broker(admin: World, reconciler: Reconciler) -> None:
    broker, tries = MemoryCredentials(), 0
    broker.is_down = True

    @asynccontextmanager
    async def connect() -> AsyncIterator[MemoryCredentials]:
        nonlocal tries
        tries += 1
        yield broker

    await enrol(admin, await create(admin))
    soon = timedelta(milliseconds=10)
    job = Job(
        "broker_accounts", partial(reconciler.reconcile, connect, ReconcileIntervals(soon)), soon, retry_floor=soon
    )
    task = asyncio.ensure_future(Background(Metrics(), random.Random(1)).run(job))
    await eventually(lambda: tries > 1)
    broker.is_down = False
    await eventually(lambda: "press-4" in broker.accounts)
    task.cancel()


async def test_a_device_with_a_secret_is_adopted_unless_it_is_enrolled(admin: World, reconciler: Reconciler) -> None:
    broker, adoption = MemoryCredentials(), Adoption(admin.routes.collectors._deps)
    assert await adoption.device("press-4", "a" * 43, SYSTEM)
    assert not await adoption.device("press-4", "a" * 43, SYSTEM)
    await adoption.all({"users": "u" * 43, "press-5": "b" * 43})
    await reconciler.check(broker)
    assert broker.accounts == {
        one.name: one.observed()
        for one in (
            BrokerAccount("press-4", "collector", "a" * 43),
            BrokerAccount("press-5", "collector", "b" * 43),
            BrokerAccount("users", "users", "u" * 43),
        )
    }
    assert await adoption.device("press-4", "c" * 43, SYSTEM)  # the file has another secret
    await reconciler.apply_pending(broker)
    assert broker.accounts["press-4"] == BrokerAccount("press-4", "collector", "c" * 43).observed()
    code = Code.read((await post(admin, "/press-4/rotate", {})).json()["code"])
    device = await enrol(admin, code)
    assert not await adoption.device("press-4", "c" * 43, SYSTEM)
    await reconciler.apply_pending(broker)
    assert broker.accounts["press-4"] == BrokerAccount("press-4", "collector", device.password).observed()
    await post(admin, "/press-5/lost")
    assert not await adoption.device("press-5", "b" * 43, SYSTEM)


@pytest.mark.announces_log("broker_certificate_expires_soon")
async def test_a_certificate_that_expires_soon_is_logged_as_a_warning(reconciler: Reconciler) -> None:
    broker = MemoryCredentials()
    broker.expiry = datetime.now(UTC) + timedelta(days=13)
    await reconciler.check_certificate(broker)
    assert reconciler._expiry._value.get() == broker.expiry.timestamp()


async def test_a_renewed_certificate_is_measured_without_a_new_connection(admin: World, reconciler: Reconciler) -> None:
    broker = MemoryCredentials()
    broker.expiry = datetime.now(UTC) + timedelta(days=20)

    @asynccontextmanager
    async def connect() -> AsyncIterator[MemoryCredentials]:
        yield broker

    intervals = ReconcileIntervals(timedelta(milliseconds=10), look=timedelta(0))
    task = asyncio.ensure_future(reconciler.reconcile(connect, intervals))
    await eventually(lambda: reconciler._expiry._value.get() > 0)
    broker.expiry = datetime.now(UTC) + timedelta(days=397)
    await eventually(lambda: reconciler._expiry._value.get() == (broker.expiry or datetime.now(UTC)).timestamp())
    task.cancel()

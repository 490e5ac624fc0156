"""The history of a device's connections: what is written, what is kept, and how it is read."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from pulse_bus.mqtt import MqttBus
from pulse_contracts.system import Status
from pulse_contracts.topics import SYSTEM_STATUS
from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.actions import connections as actions
from pulse_telemetry_gateway.actions.connections import ConnectionHistory
from pulse_telemetry_gateway.store import connections
from pulse_telemetry_gateway.store.connections import ConnectionStore
from pulse_telemetry_gateway.store.registry import RegistryStore
from pulse_telemetry_gateway.store.registry_rows import DeviceReport
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD
from .system import Gateway, browser, collector, gateway, token, user

pytestmark = pytest.mark.servers
PATH = "/api/telemetry/devices/alpha/connections"


@pytest.fixture
async def started(servers: Servers, database_url: str) -> AsyncIterator[Gateway]:
    async with gateway(servers, with_role(database_url, "pulse_telemetry", PASSWORD), has_intake=False) as opened:
        yield opened


@pytest.fixture
def store(database: Database) -> ConnectionStore:
    return ConnectionStore(database)


async def say(database: Database, *, online: bool, device: str = "alpha") -> None:
    await RegistryStore(database).note_status(device, DeviceReport(online))


async def states(store: ConnectionStore, device_id: int = 1) -> list[bool]:
    """The states of a device, oldest first."""
    return [one.online for one in reversed(await store.page(device_id, None, 100))]


async def test_each_change_of_the_state_is_one_event(database: Database, store: ConnectionStore) -> None:
    for online in (True, True, False, False, True):
        await say(database, online=online)
        await store.note_changes()
    assert await states(store) == [True, False, True]


async def test_an_event_has_the_time_of_the_change_and_not_of_its_writing(
    database: Database, store: ConnectionStore
) -> None:
    await say(database, online=True)
    async with database.connection() as connection:
        await connection.execute("UPDATE device SET online_since = '2026-01-01T00:00:00Z'")
    await say(database, online=True)
    await store.note_changes()
    (event,) = await store.page(1, None, 10)
    assert event.at.isoformat() == "2026-01-01T00:00:00+00:00"


async def test_a_change_by_a_gateway_of_an_older_release_has_the_time_of_its_writing(
    database: Database, store: ConnectionStore
) -> None:
    """The older release changes `online` and not `online_since`."""
    await say(database, online=True)
    async with database.connection() as connection:
        await connection.execute("UPDATE device SET online_since = '2026-01-01T00:00:00Z'")
        await store.note_changes()
        await connection.execute("UPDATE device SET online = false")
        before = await connection.fetchval("SELECT now()")
        await store.note_changes()
    offline, online = await store.page(1, None, 10)
    assert (offline.online, online.online) == (False, True)
    assert offline.at >= before


async def test_several_gateways_write_one_event(database: Database, store: ConnectionStore) -> None:
    await say(database, online=True)
    told = await asyncio.gather(*(store.note_changes() for _ in range(5)))
    assert [name for names in told for name in names] == ["alpha"]
    assert await states(store) == [True]


async def test_a_device_that_ingest_has_locked_waits_for_the_next_round(
    database: Database, store: ConnectionStore
) -> None:
    await say(database, online=True)
    async with database.transaction() as connection:
        await connection.execute("SELECT 1 FROM device FOR UPDATE")
        assert await store.note_changes() == []
    assert await store.note_changes() == ["alpha"]


async def test_only_the_newest_events_of_a_device_are_kept(
    database: Database, store: ConnectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "EVENTS_MAX", 3)
    await say(database, online=True, device="beta")
    for turn in range(6):
        await say(database, online=turn % 2 == 0)
        await store.note_changes()
    found = {name: await RegistryStore(database).find(name) for name in ("alpha", "beta")}
    assert len(await states(store, found["alpha"] or 0)) == 6
    monkeypatch.setattr(connections, "DEVICES_MAX", 1)
    await ConnectionHistory(store, timedelta(days=90), on_change=print).trim()
    assert await states(store, found["alpha"] or 0) == [False, True, False]
    assert await states(store, found["beta"] or 0) == [True]


async def test_one_transaction_locks_few_devices_and_a_round_reaches_all(
    database: Database, store: ConnectionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (connections, actions):
        monkeypatch.setattr(module, "DEVICES_MAX", 2)
    names = ["alpha", "beta", "gamma", "press-4", "press-5"]
    for name in names:
        await say(database, online=True, device=name)
    told = await store.note_changes()
    assert len(told) == 2
    await ConnectionHistory(store, timedelta(days=90), on_change=told.append).write()
    assert sorted(told) == names


async def test_old_events_are_deleted(database: Database, store: ConnectionStore) -> None:
    for online in (True, False):
        await say(database, online=online)
        await store.note_changes()
    async with database.connection() as connection:
        await connection.execute("UPDATE connection_event SET at = now() - interval '91 days' WHERE online")
    await store.forget(timedelta(days=90))
    assert await states(store) == [False]


async def test_a_disconnected_collector_appears_in_the_history_and_pages_are_told(
    servers: Servers, started: Gateway
) -> None:
    async with browser(started.port, {"token": token()}) as watching, collector(servers) as alpha:
        assert await watching.join("/devices") is None
        await alpha.declare()
        await publish(alpha.bus, "online")
        await eventually(lambda: _history(started, [True]))
        watching.changes.clear()
        await publish(alpha.bus, "offline")
        await eventually(lambda: _history(started, [False, True]))
        await eventually(lambda: "alpha" in watching.changed("/devices"))
        await alpha.bus.clear(SYSTEM_STATUS, kind="collector", id="alpha")


async def publish(bus: MqttBus, state: str) -> None:
    status = Status.model_validate({"state": state, "since": 1})
    await bus.publish(SYSTEM_STATUS, status, kind="collector", id="alpha")


async def _history(started: Gateway, expected: list[bool]) -> bool:
    answer = await started.http.get(PATH, headers=user())
    return answer.is_success and [one["online"] for one in answer.json()["items"]] == expected


async def test_pages_have_every_event_once(started: Gateway, database: Database, store: ConnectionStore) -> None:
    for turn in range(5):
        await say(database, online=turn % 2 == 0)
        await store.note_changes()
    found: list[bool] = []
    query: dict[str, str] = {"limit": "2"}
    while True:
        page = (await started.http.get(PATH, params=query, headers=user())).json()
        found += [one["online"] for one in page["items"]]
        if page["next"] is None:
            break
        query["before"] = page["next"]
    assert found == [True, False, True, False, True]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{PATH}?before=x", 422),
        (f"{PATH}?limit=501", 422),
        (f"{PATH}?before=9999999999999999999", 422),
        ("/api/telemetry/devices/nobody/connections", 404),
    ],
)
async def test_an_invalid_question_is_refused(started: Gateway, database: Database, path: str, status: int) -> None:
    await say(database, online=True)
    assert (await started.http.get(path, headers=user())).status_code == status


async def test_a_deleted_device_has_no_history(started: Gateway, database: Database, store: ConnectionStore) -> None:
    # Other tests leave retained states of other devices on the shared broker.
    device = "gone-press"
    await say(database, online=True, device=device)
    await store.note_changes()
    id_ = await RegistryStore(database).find(device)
    assert id_ is not None
    assert await states(store, id_) == [True]
    headers = {"Authorization": f"Bearer {token(role='admin')}"}
    answer = await started.http.delete(f"/api/telemetry/devices/{device}", headers=headers)
    assert answer.is_success, answer.text
    assert await states(store, id_) == []

"""Changes for pages: who may follow them, what they carry, and what a browser that missed some is told."""

import socket
from collections.abc import AsyncIterator

import pytest

from pulse_bus.mqtt import MqttBus
from pulse_bus.mqtt.subscriptions import MqttSubscription
from pulse_chassis.identity.principal import Principals
from pulse_chassis.process.service import now_micros
from pulse_contracts.auth import SessionRevoked
from pulse_contracts.changes import Changed
from pulse_contracts.live import CHANGE_NAMESPACES, MAX_CHANGED
from pulse_contracts.mirror import MirrorStatus
from pulse_contracts.permissions import ROLES
from pulse_contracts.topics import (
    AUTH_EVENT,
    CHANGES_COLLECTORS,
    CHANGES_ENTITLEMENT,
    CHANGES_PEOPLE,
    USERS_MIRROR,
)
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.live.changes import ChangeChannels
from pulse_telemetry_gateway.live.wire import Wire
from pulse_testkit.buses import running
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD
from .system import ACCOUNT, Browser, Gateway, browser, bus_of, collector, gateway, token

pytestmark = pytest.mark.servers
OTHER = "00000000-0000-0000-0000-000000000002"


@pytest.fixture(autouse=True)
def _revocations_are_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No auth service runs that would repeat them."""
    monkeypatch.setattr(Principals, "revocations_age", property(lambda _self: 0.0))


@pytest.fixture
async def started(servers: Servers, database_url: str) -> AsyncIterator[Gateway]:
    async with gateway(servers, with_role(database_url, "pulse_telemetry", PASSWORD), has_intake=False) as opened:
        yield opened


@pytest.fixture
async def auth(servers: Servers) -> AsyncIterator[MqttBus]:
    bus = bus_of(servers, "auth")
    async with running(bus):
        yield bus


@pytest.fixture
async def admin(started: Gateway) -> AsyncIterator[Browser]:
    """A browser of an administrator that follows everything."""
    async with browser(started.port, {"token": token(role="admin", sid="admin")}) as client:
        for namespace in CHANGE_NAMESPACES:
            assert await client.join(namespace) is None
        yield client


def notice() -> Changed:
    return Changed(at=now_micros())


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_a_role_follows_only_what_it_may_read(started: Gateway, role: str) -> None:
    async with browser(started.port, {"token": token(role=role)}) as client:
        found = {name: await client.join(name) for name in CHANGE_NAMESPACES}
    allowed = {name: permission in ROLES[role] for name, permission in CHANGE_NAMESPACES.items()}  # type: ignore[index]
    assert found == {name: None if is_allowed else "forbidden" for name, is_allowed in allowed.items()}


@pytest.mark.parametrize("namespace", CHANGE_NAMESPACES)
async def test_a_socket_without_a_session_follows_nothing(started: Gateway, namespace: str) -> None:
    async with browser(started.port, {"token": "none"}) as client:
        assert client.refusal == "not_signed_in"
        assert await client.join(namespace) == "not_signed_in"


async def test_each_topic_reaches_its_namespace_with_ids_only(servers: Servers, admin: Browser, auth: MqttBus) -> None:
    users, sync = bus_of(servers, "users"), bus_of(servers, "sync-publisher")
    async with running(users), running(sync):
        await users.publish(CHANGES_PEOPLE, notice(), account=OTHER)
        await auth.publish(CHANGES_COLLECTORS, notice(), device="press-4")
        status = MirrorStatus(device="press-5", state="behind", behind=3, seq=1, since=1, seen=None)
        await sync.publish(USERS_MIRROR, status, device="press-5")
        await sync.publish(CHANGES_ENTITLEMENT, notice())
        await eventually(lambda: {name for name, *_ in admin.changes} >= {"/people", "/collectors", "/mirror"})
        await eventually(lambda: any(sent.get("rules") for name, _, sent in admin.changes if name == "/mirror"))
        await sync.clear(USERS_MIRROR, device="press-5")
    assert admin.changed("/people") == [OTHER]
    assert admin.changed("/collectors") == ["press-4"]
    assert admin.changed("/mirror") == ["press-5"]
    assert all(set(sent) <= {"ids", "rules"} for _, _, sent in admin.changes)


async def test_the_gateway_announces_what_it_changes_itself(servers: Servers, started: Gateway, admin: Browser) -> None:
    async with collector(servers) as alpha:
        await alpha.declare()
        await eventually(lambda: "alpha" in admin.changed("/devices"))
        admin.changes.clear()
        headers = {"Authorization": f"Bearer {token(role='admin')}"}
        answer = await started.http.patch("/api/telemetry/devices/alpha", json={"name": "Press"}, headers=headers)
        assert answer.is_success, answer.text
        await eventually(lambda: admin.changed("/devices") == ["alpha"])


async def test_changes_of_one_object_in_quick_succession_are_one_message(
    started: Gateway, admin: Browser, auth: MqttBus
) -> None:
    del started
    await auth.publish(CHANGES_COLLECTORS, notice(), device="first")
    await eventually(lambda: admin.changed("/collectors") == ["first"])
    for _ in range(20):
        await auth.publish(CHANGES_COLLECTORS, notice(), device="press-4")
    await auth.publish(CHANGES_COLLECTORS, notice(), device="last")
    await eventually(lambda: "last" in admin.changed("/collectors"))
    for _, _, sent in admin.changes:
        assert len(sent["ids"]) == len(set(sent["ids"]))


async def test_a_follower_of_an_ended_session_is_disconnected(started: Gateway, admin: Browser, auth: MqttBus) -> None:
    del started
    await auth.publish(AUTH_EVENT, SessionRevoked(account=ACCOUNT, sid="admin", at=1), account=ACCOUNT)
    await eventually(lambda: admin.is_over)


async def test_an_ended_session_of_another_person_is_a_change_of_that_person(
    started: Gateway, admin: Browser, auth: MqttBus
) -> None:
    del started
    await auth.publish(AUTH_EVENT, SessionRevoked(account=OTHER, sid="theirs", at=1), account=OTHER)
    await eventually(lambda: admin.changed("/people") == [OTHER])


async def test_a_lost_permission_ends_the_namespace_and_keeps_the_socket(
    started: Gateway, admin: Browser, auth: MqttBus
) -> None:
    del started
    assert (await admin.ask("authenticate", {"token": token(role="user", sid="admin")}))["ok"]
    await eventually(lambda: admin.left == {"/people", "/collectors", "/mirror"})
    await auth.publish(CHANGES_COLLECTORS, notice(), device="press-4")
    assert (await admin.ask("probe", {}))["t"]
    assert admin.changed("/collectors") == []


async def test_more_changes_than_fit_in_a_message_are_a_reload(started: Gateway, admin: Browser) -> None:
    changes = _channels(started)
    for number in range(MAX_CHANGED + 1):
        changes.note("/devices", f"press-{number}")
    await eventually(lambda: ("/devices", "reload", {}) in admin.changes)
    assert admin.changed("/devices") == []


async def test_a_browser_that_could_not_take_a_change_is_told_to_reload(
    started: Gateway, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_full = True
    tell = Wire.tell

    async def full(self: Wire, text: str) -> bool:
        return False if is_full and text.startswith("42/devices") else await tell(self, text)

    monkeypatch.setattr(Wire, "tell", full)
    changes = _channels(started)
    changes.note("/devices", "press-4")
    await eventually(lambda: any(one.must_reload for one in changes._channels["/devices"].members.values()))
    is_full = False
    await eventually(lambda: admin.changes == [("/devices", "reload", {})])


@pytest.mark.announces_log("broker_connection_failed")
async def test_a_new_connection_to_the_broker_makes_pages_reload(started: Gateway, admin: Browser) -> None:
    connection = started.bus._connection
    assert connection is not None
    sock = connection.wire._raw
    assert isinstance(sock, socket.socket)
    sock.shutdown(socket.SHUT_RDWR)
    await eventually(lambda: {name for name, kind, _ in admin.changes if kind == "reload"} == set(CHANGE_NAMESPACES))


async def test_nobody_follows_a_namespace_whose_topic_the_broker_refuses(started: Gateway, admin: Browser) -> None:
    changes = _channels(started)
    (_, rules) = changes._channels["/mirror"].topics
    assert isinstance(rules, MqttSubscription)
    rules.is_refused = True
    await eventually(lambda: admin.left == {"/mirror"})
    async with browser(started.port, {"token": token(role="admin", sid="other")}) as client:
        assert await client.join("/mirror") == "unavailable"
        assert await client.join("/people") is None
        rules.is_refused = False
        assert await client.join("/mirror") is None


async def test_nothing_of_administrators_is_sent_while_revocations_are_out_of_date(
    started: Gateway, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = _channels(started)
    with monkeypatch.context() as patched:
        patched.setattr(Principals, "revocations_age", property(lambda _self: 60.0))
        changes.note("/collectors", "press-4")
        changes.note("/devices", "press-4")
        await eventually(lambda: admin.changed("/devices") == ["press-4"])
        await eventually(lambda: any(one.must_reload for one in changes._channels["/collectors"].members.values()))
        assert admin.changed("/collectors") == []
    await eventually(lambda: ("/collectors", "reload", {}) in admin.changes)


def _channels(started: Gateway) -> ChangeChannels:
    """The channels of a running gateway."""
    found = started.jobs["live_changes"].step.__self__  # type: ignore[attr-defined]
    assert isinstance(found, ChangeChannels)
    return found

"""When devices are disabled because the broker stores too much, and when they are admitted again."""

import pytest

from pulse_auth.actions.guard import GuardLimits, IntakeGuard
from pulse_bus.credentials import BrokerAccount, MemoryCredentials, Stored
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.topics import ROOT

REFUSES = pytest.mark.announces_log("devices_refused")
ACCOUNTS = (
    BrokerAccount("esp-1", "plain-device", "s" * 43),
    BrokerAccount("press-4", "collector", "s" * 43),
    BrokerAccount("users", "users", "s" * 43),
)


async def enabled_after(looks: list[Stored]) -> tuple[list[str], IntakeGuard, list[str]]:
    broker, guard, admitted = MemoryCredentials(), IntakeGuard(GuardLimits(100, 1_000), ROOT, Metrics()), list[str]()
    guard.on_admitted = lambda: admitted.append("admitted")
    for account in ACCOUNTS:
        await broker.put(account, None)
    for stored in looks:
        broker.stored = stored
        await guard.look(broker)
    return [name for name, one in broker.accounts.items() if one.is_enabled], guard, admitted


@REFUSES
@pytest.mark.parametrize(
    ("stored", "left"),
    [
        (Stored(100, 10), ["press-4", "users"]),
        (Stored(10, 1_000), ["press-4", "users"]),
        (Stored(200, 10), ["users"]),
        (Stored(None, 2_000), ["users"]),
    ],
)
async def test_plain_devices_are_disabled_first_then_collectors_but_never_services(
    stored: Stored, left: list[str]
) -> None:
    names, guard, _ = await enabled_after([stored])
    assert names == left
    assert guard.refuses("plain-device")
    assert guard.refuses("collector") is ("press-4" not in left)
    assert not guard.refuses("users")


@REFUSES
async def test_devices_are_admitted_below_half_of_the_limit() -> None:
    _, guard, admitted = await enabled_after([Stored(100, 0), Stored(99, 0), Stored(50, 0)])
    assert guard.refuses("plain-device")
    assert admitted == []
    _, guard, admitted = await enabled_after([Stored(100, 0), Stored(49, 0), Stored(49, 0)])
    assert not guard.refuses("plain-device")
    assert admitted == ["admitted"]


@pytest.mark.parametrize("stored", [Stored(), Stored(99, 999)])
async def test_a_broker_that_reports_nothing_or_stores_little_disables_no_device(stored: Stored) -> None:
    names, guard, _ = await enabled_after([stored])
    assert names == ["esp-1", "press-4", "users"]
    assert not guard.refuses("plain-device")


@REFUSES
async def test_nothing_changes_before_the_broker_reports_how_much_it_stores() -> None:
    broker, guard, admitted = MemoryCredentials(), IntakeGuard(GuardLimits(100, 1_000), ROOT, Metrics()), list[str]()
    guard.on_admitted = lambda: admitted.append("admitted")
    assert not guard.may_connect("plain-device", is_enabled=False)
    assert guard.may_connect("plain-device", is_enabled=True)
    assert guard.may_connect("plain-device", is_enabled=None)
    for _ in range(5):
        await guard.look(broker)
    assert guard.may_connect("plain-device", is_enabled=False), "such a broker never reports it"
    assert admitted == ["admitted"]
    broker.stored = Stored(100, 0)
    await guard.look(broker)
    assert not guard.may_connect("plain-device", is_enabled=True)
    assert guard.may_connect("users", is_enabled=False)

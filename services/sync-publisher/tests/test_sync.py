"""The whole path: an account changes, every entitled collector has it, and the service knows."""

from datetime import timedelta

import pytest

from pulse_bus.memory import MemoryBus
from pulse_contracts.accounts import AccountChanged, MirroredAccount
from pulse_contracts.topics import USERS_EVENT, Topic
from pulse_testkit.waiting import eventually

from .conftest import World, open_world

pytestmark = pytest.mark.servers


async def test_a_new_account_reaches_every_entitled_collector(world: World) -> None:
    press, lathe = await world.enrol("press-4"), await world.enrol("lathe-1")
    await world.rules(("role:user", "device:press-4", "allow"))
    await press.hello()
    await lathe.hello()
    ada = await world.tell(world.account())
    await world.synced()
    assert press.live[ada.account].email == ada.email
    assert press.live[ada.account].verifier == ada.verifier
    assert press.live[ada.account].lease == 259_200
    assert lathe.records == {}
    assert press.set == await world.digest("press-4")


async def test_nobody_is_mirrored_before_an_administrator_says_so(world: World) -> None:
    device = await world.enrol()
    await world.tell(world.account())
    await world.tell(world.account(role="admin"))
    await device.hello()
    await world.synced()
    assert device.records == {}


@pytest.mark.parametrize("change", [{"active": False}, {"deleted": True, "email": "", "name": ""}, {"role": "admin"}])
async def test_an_account_that_may_not_sign_in_any_more_is_revoked(world: World, change: dict[str, object]) -> None:
    device = await world.ready()
    ada = await world.tell(world.account())
    await world.synced()
    gone = await world.changed(ada, **change)
    await eventually(lambda: not device.live, what="the account is revoked")
    record = device.records[ada.account]
    assert (record.state, record.src) == ("revoked", gone.version)
    assert (record.email, record.verifier) == ("", None)


async def test_a_viewer_is_never_mirrored_also_by_a_rule_for_the_account(world: World) -> None:
    device = await world.ready()
    ada, eve = await world.tell(world.account()), await world.tell(world.account(role="viewer"))
    rules = [(f"account:{who.account}", "everywhere", "allow") for who in (ada, eve)]
    assert (await world.rules(*rules)).is_success
    await world.synced()
    assert set(device.live) == {ada.account}
    await world.changed(ada, role="viewer")
    await eventually(lambda: not device.live, what="the viewer is revoked")
    assert device.records[ada.account].state == "revoked"
    assert eve.account not in device.records


async def test_a_new_password_is_a_new_record(world: World) -> None:
    device = await world.ready()
    ada = await world.tell(world.account())
    await world.synced()
    before = device.live[ada.account]
    await world.changed(ada, verifier=(ada.verifier or "")[:-1] + "B")
    await world.synced()
    assert device.live[ada.account].ver > before.ver
    assert device.live[ada.account].verifier != before.verifier


async def test_an_older_event_changes_nothing(world: World) -> None:
    device = await world.ready()
    ada, bob = await world.tell(world.account()), await world.tell(world.account())
    gone, renamed = await world.changed(ada, active=False), await world.changed(bob, name="Bob")
    await world.synced()
    query = "SELECT id, src, name FROM account ORDER BY id"
    before, seq = await world.rows(query), device.seq
    for record in (ada, bob, gone, renamed):
        await world.tell(record)
    other = await world.tell(world.account(role="admin"))  # marks the end: it is applied after them
    assert [row for row in await world.rows(query) if str(row["id"]) != other.account] == before
    assert device.records[ada.account].state == "revoked"
    assert (device.live[bob.account].name, device.seq) == ("Bob", seq)


async def test_changes_are_repeated_until_they_are_acknowledged_and_only_the_newest_arrives(world: World) -> None:
    device = await world.ready()
    device.is_deaf = True
    ada = await world.tell(world.account())
    for name in ("B", "C", "D"):
        ada = await world.changed(ada, name=name)

    count = 'pulse_mirror_messages_sent_total{kind="delta"}'
    for tries in range(1, 6):
        await eventually(lambda tries=tries: world.metric(count) >= tries, what=f"attempt {tries}")  # type: ignore[misc]
        await device.hello()
        world.clock.advance(timedelta(seconds=61))
    world.clock.advance(timedelta(days=365))
    device.is_deaf = False
    await device.hello()
    await world.synced()
    assert device.live[ada.account].name == "D"
    assert len(device.records) == 1
    await eventually(lambda: world.state(device) == "in_sync", what=lambda: world.statuses)


async def test_a_burst_is_sent_in_several_deltas(world: World) -> None:
    device = await world.ready()
    device.received.clear()
    records = [world.account() for _ in range(300)]
    for record in records:
        await world.bus.publish(*_event(world, record), account=record.account)
    await world.applied(records[-1])
    await world.synced()
    assert set(device.live) == {record.account for record in records}
    assert device.set == await world.digest(device.name)
    deltas = [one for one in device.received if one.kind == "delta"]
    assert len(deltas) >= 4


async def test_a_snapshot_has_several_parts(world: World) -> None:
    device = await world.enrol()
    await world.rules(("role:user", "everywhere", "allow"))
    for _ in range(200):
        record = world.account()
        await world.bus.publish(*_event(world, record), account=record.account)
    await world.applied(record)
    await device.hello()
    await world.synced()
    parts = [one for one in device.received if one.kind == "snapshot"]
    assert len(parts) == parts[0].of
    assert len(parts) >= 3
    assert len(device.live) == 200


async def test_site_and_tags_of_a_collector_decide(world: World) -> None:
    device = await world.enrol(site="hall-1", tags=["old"])
    rules = ("role:user", "site:hall-2", "allow"), ("role:admin", "tag:old", "allow")
    await world.rules(*rules, allow_unmatched=True)
    await device.hello()
    user, admin = await world.tell(world.account()), await world.tell(world.account(role="admin"))
    await world.synced()
    assert set(device.live) == {admin.account}
    await world.tell_collector(device.described(site="hall-2", tags=[]))
    await world.synced()
    assert set(device.live) == {user.account}
    assert device.records[admin.account].state == "revoked"


async def test_a_disabled_collector_gets_what_it_missed(world: World) -> None:
    device = await world.ready()
    device.record = await world.tell_collector(device.described(state="disabled"))
    ada = await world.tell(world.account())
    await eventually(lambda: world.state(device) == "unmanaged", what="the status")
    assert device.records == {}
    await world.tell_collector(device.described(state="enabled"))
    await world.synced()
    assert set(device.live) == {ada.account}


async def test_a_new_enrolment_starts_with_an_empty_mirror(world: World) -> None:
    device = await world.ready()
    ada = await world.tell(world.account())
    await world.synced()
    await world.enrol()
    assert device.gen == 2
    await eventually(lambda: world.state(device) == "never", what="the status")
    await device.hello()
    await world.synced()
    assert set(device.live) == {ada.account}


async def test_a_gap_is_filled_from_where_the_collector_is(world: World) -> None:
    device = await world.ready()
    await world.tell(world.account())
    await world.synced()
    device.records, device.seq = {}, device.seq - 1  # it lost its last commit
    await device.need("gap")
    await world.synced()
    assert device.set == await world.digest(device.name)


async def test_a_heartbeat_echoes_the_nonce_and_its_number_increases(world: World) -> None:
    device = await world.ready()
    device.received.clear()
    await device.hello()
    nonce = device.nonce
    await eventually(lambda: any(one.nonce == nonce for one in device.received), what="the heartbeat")
    await device.hello()
    await eventually(lambda: any(one.nonce == device.nonce for one in device.received), what="the heartbeat")
    beats = [one for one in device.received if one.kind == "heartbeat"]
    assert [one.n for one in beats] == sorted({one.n or 0 for one in beats})
    assert beats[-1].set == device.set
    assert beats[-1].seq == device.seq


async def test_the_status_tells_pages_the_progress(world: World) -> None:
    device = await world.ready()
    await eventually(lambda: world.state(device) == "in_sync", what="in sync")
    device.is_deaf = True
    await world.tell(world.account())
    await world.tell(world.account())
    await eventually(lambda: (world.state(device), world.statuses[device.name].behind) == ("behind", 2), what="behind")
    since = world.statuses[device.name].since
    device.is_deaf = False
    world.clock.advance(timedelta(seconds=60))
    await eventually(lambda: world.state(device) == "in_sync", what="in sync again: the delta is repeated")
    assert world.statuses[device.name].since > since


async def test_the_signing_key_outlives_the_process(world: World) -> None:
    async with open_world(world.database, world.clock) as other:
        assert other.trusted_key().kid == world.trusted_key().kid


async def test_a_second_process_does_not_write_a_change_twice(world: World) -> None:
    device = await world.ready()
    bus = MemoryBus(world.bus.broker, clock=world.clock)
    async with open_world(world.database, world.clock, bus):
        accounts = [world.account() for _ in range(50)]
        for account in accounts:
            await world.bus.publish(USERS_EVENT, world.event(account), account=account.account)
        await world.applied(accounts[-1])
        await world.synced()
    assert device.seq == 50
    assert device.set == await world.digest(device.name)


def _event(world: World, record: MirroredAccount) -> tuple[Topic[AccountChanged], AccountChanged]:
    return USERS_EVENT, world.event(record)

"""What one collector, or what is done for one collector, does to the others."""

import uuid
from datetime import timedelta

import pytest

from pulse_contracts.mirror import MAX_TOMBSTONES, MirrorReport, Tombstone
from pulse_contracts.topics import USERS_ACK
from pulse_postgres import Database
from pulse_sync_publisher.model.entitlement import MAX_RULES
from pulse_testkit.clock import FakeClock
from pulse_testkit.waiting import eventually

from .conftest import World, open_world

pytestmark = pytest.mark.servers


def forged(count: int, ver: int) -> list[Tombstone]:
    return [Tombstone(account=str(uuid.uuid4()), ver=ver, src=1) for _ in range(count)]


async def backup(world: World) -> dict[str, str]:
    """The mirrors as they are."""
    tables = ("rule", "entry", "counter", "collector")
    query = "SELECT coalesce(json_agg(t), '[]')::text AS rows FROM {} t"
    return {table: str((await world.rows(query.format(table)))[0]["rows"]) for table in tables}


async def restore(world: World, tables: dict[str, str]) -> None:
    """Restores a backup that is so old that every collector reports before anything is sent to it."""
    async with world.database.transaction() as connection:
        for table, rows in tables.items():
            await connection.execute(f"DELETE FROM {table}")  # noqa: S608  # constants
            query = f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, $1::text::json)"  # noqa: S608
            await connection.execute(query, rows)
        await connection.execute("UPDATE collector SET seen = NULL")


@pytest.mark.announces_log("mirror_incident")
async def test_forged_revocations_never_fill_the_rule_list(world: World) -> None:
    rogue, other = await world.ready(), await world.ready(name="press-5")
    ada = await world.tell(world.account())
    await world.synced()
    for _ in range(12):
        (counter,) = await world.rows("SELECT n FROM counter")
        await rogue.hello(revoked=forged(MAX_TOMBSTONES - 1, counter["n"] + 1))
        await eventually(lambda: rogue.nonce in {one.nonce for one in rogue.received}, what="the heartbeat")
    rules = await world.rows("SELECT place FROM rule WHERE origin = 'restored'")
    assert {rule["place"] for rule in rules} == {"device:press-4"}
    assert len(rules) < 2 * MAX_TOMBSTONES < MAX_RULES
    (entries,) = await world.rows("SELECT count(*) AS n FROM entry WHERE device = 'press-4'")
    assert entries["n"] < 3 * MAX_TOMBSTONES
    await world.changed(ada, name="New")
    await world.synced(other)
    assert other.live[ada.account].name == "New"


@pytest.mark.announces_log("mirror_incident")
async def test_more_forgotten_revocations_than_a_report_can_list_open_no_account(world: World) -> None:
    device = await world.ready(("role:admin", "everywhere", "allow"))
    people = [await world.tell(world.account(role="admin")) for _ in range(MAX_TOMBSTONES + 30)]
    await world.synced()
    assert len(device.live) == len(people)
    before = await backup(world)
    answer = await world.rules(("role:user", "everywhere", "allow"), force=True)
    assert answer.status_code == 200, answer.text
    await world.synced()
    assert device.live == {}
    await restore(world, before)
    await device.hello()
    await eventually(lambda: device.received[-1].kind in {"snapshot", "delta"}, what="the repair")
    await world.synced()
    assert device.live == {}
    restored = await world.rows("SELECT subject FROM rule WHERE origin = 'restored' AND NOT is_allowed ORDER BY 1")
    assert [rule["subject"] for rule in restored] == ["role:admin", "role:user", "role:viewer"]


async def test_nobody_confirms_a_mirror_while_users_cannot_be_heard(world: World) -> None:
    device = await world.ready()
    await world.tell(world.account())
    await world.synced()
    await device.hello()
    await eventually(lambda: device.received[-1].nonce == device.nonce, what="a heartbeat that confirms the mirror")
    world.clock.advance(timedelta(minutes=11))
    heartbeats = len(device.received)
    await device.hello()
    await eventually(lambda: len(device.received) > heartbeats, what="a heartbeat")
    assert [one.nonce for one in device.received[heartbeats:]] == [None]
    (measure,) = [job.step for job in world.parts.jobs if job.name == "mirror_measure"]
    await measure()
    assert world.metric("pulse_mirror_accounts_current") == 0
    await world.announce()
    await device.hello()
    await eventually(lambda: device.received[-1].nonce == device.nonce, what="a heartbeat that confirms the mirror")
    await measure()
    assert world.metric("pulse_mirror_accounts_current") == 1


async def test_a_round_makes_one_snapshot(database: Database, clock: FakeClock) -> None:
    """It locks the claimed collectors, and changes of accounts wait for them."""
    async with open_world(database, clock, send_poll=timedelta(hours=1)) as world:
        devices = [await world.ready(name=f"press-{number}") for number in range(3)]
        for device in devices:
            device.is_deaf = True
        query = "UPDATE collector SET needs_snapshot = true, flight = NULL, next_send = seen"
        async with database.transaction() as connection:
            await connection.execute(query)
        (send,) = [job.step for job in world.parts.jobs if job.name == "mirror_sender"]
        name = 'pulse_mirror_messages_sent_total{kind="snapshot"}'
        before = world.metric(name)
        sent, is_more = 0.0, True
        while is_more:  # a round leaves out a collector whose row is locked at that moment
            is_more = bool(await send())
            now = world.metric(name) - before
            assert now - sent <= 2  # one of this round, and one of the service's own round at the same time
            sent = now
        await eventually(lambda: world.metric(name) - before == 3, what="every collector gets its snapshot")


async def test_a_collector_whose_row_was_locked_does_not_wait_for_the_next_poll(
    database: Database, clock: FakeClock
) -> None:
    async with open_world(database, clock, send_poll=timedelta(hours=1)) as world:
        device = await world.ready()
        (send,) = [job.step for job in world.parts.jobs if job.name == "mirror_sender"]
        async with database.transaction() as connection:
            await connection.execute("UPDATE collector SET needs_snapshot = true, next_send = seen")
        async with database.transaction() as connection:
            await connection.execute("SELECT 1 FROM collector FOR UPDATE")
            assert await send() is True
        await world.tell(world.account())
        await world.synced(device)


@pytest.mark.timeout(180)
@pytest.mark.announces_log("mirror_report_refused")
async def test_a_flood_of_reports_is_refused_and_the_others_go_on(world: World) -> None:
    rogue, other = await world.ready(), await world.ready(name="press-5")
    junk = MirrorReport(gen=1, key=0, sealed="e30.a.a.a.a")
    for _ in range(2_100):
        await world.bus.publish(USERS_ACK, junk, device=rogue.name)
    refused = 'pulse_mirror_reports_refused_total{reason="too_many"}'
    await eventually(lambda: world.metric(refused) > 0, seconds=120, what="the end of the burst")
    ada = await world.tell(world.account())
    await world.synced(other)
    assert ada.account in other.live
    world.clock.advance(timedelta(seconds=20))
    await rogue.hello()
    await world.synced(rogue)


async def test_the_rules_of_a_deleted_collector_allow_nobody_at_a_new_one(world: World) -> None:
    device = await world.enrol()
    ada, eve = await world.tell(world.account()), await world.tell(world.account())
    here = f"device:{device.name}"
    answer = await world.rules((f"account:{ada.account}", here, "allow"), (f"account:{eve.account}", here, "deny"))
    assert answer.status_code == 200, answer.text
    await device.hello()
    await world.synced()
    assert set(device.live) == {ada.account}
    await world.tell_collector(device.described(state="deleted", seal_key=None, public_key=None))
    await world.enrol(state="enabled")
    await device.hello()
    await world.synced()
    assert device.live == {}
    rules = await world.rows("SELECT subject, is_allowed FROM rule")
    assert rules == [{"subject": f"account:{eve.account}", "is_allowed": False}]
    assert (await world.kinds())[-1] == "entitlement_changed"


async def test_an_enrolment_whose_generation_repeats_has_its_own_keys(world: World) -> None:
    """A restored auth gives a generation again."""
    device = await world.ready()
    ada = await world.tell(world.account())
    await world.synced()
    await world.enrol(gen=device.gen)
    await device.hello()
    await world.synced()
    assert set(device.live) == {ada.account}


@pytest.mark.announces_log("mirror_incident")
async def test_repeated_incidents_of_one_collector_are_only_counted(world: World) -> None:
    rogue = await world.ready()
    for state in ("rollback", "synced") * 5:
        await rogue.hello(state=state)
        await eventually(lambda: rogue.nonce in {one.nonce for one in rogue.received}, what="the heartbeat")
    assert world.metric("pulse_mirror_incidents_total") == 5
    assert [row["kind"] for row in await world.rows("SELECT kind FROM incident")] == ["collector_rolled_back"]
    assert (await world.kinds()).count("mirror_incident") == 1
    world.clock.advance(timedelta(minutes=2))
    await rogue.hello(state="rollback")
    await eventually(lambda: world.metric("pulse_mirror_incidents_total") == 6, what="the incident")
    assert (await world.kinds()).count("mirror_incident") == 2


async def test_a_revocation_does_not_wait_behind_changes_that_users_must_confirm(world: World) -> None:
    device = await world.ready()
    ada, bob = await world.tell(world.account()), await world.tell(world.account())
    await world.synced()
    stranger = str(uuid.uuid4())
    world.users[stranger] = 1  # an account of which the service has not heard
    await world.announce()
    world.clock.advance(timedelta(seconds=3))  # what users announced before no longer counts
    await world.changed(ada, name="New")
    await world.changed(bob, active=False)
    await eventually(lambda: device.records[bob.account].state == "revoked", what="the revocation")
    assert device.live[ada.account].name == "Ada"
    del world.users[stranger]
    await world.announce()
    await world.synced()
    assert device.live[ada.account].name == "New"
    assert device.set == await world.digest(device.name)

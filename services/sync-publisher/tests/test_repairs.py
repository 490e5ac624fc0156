"""Keys, losses, wipes and restored databases."""

from datetime import timedelta

import pytest
from pydantic import SecretStr

from pulse_contracts.mirror import MirrorEnvelope, MirrorMessage
from pulse_contracts.topics import USERS_MIRROR, USERS_WIPE
from pulse_jose import KeySet, MessageVerifier
from pulse_postgres import Database
from pulse_testkit.clock import FakeClock
from pulse_testkit.waiting import eventually

from .conftest import World, open_world
from .device import Device

pytestmark = pytest.mark.servers


async def order(world: World, device: Device, what: str, **body: str) -> None:
    answer = await world.http.post(
        f"/api/sync/collectors/{device.name}/{what}", headers=world.bearer(), json=body or None
    )
    assert answer.status_code == 202, answer.text


async def test_a_rekey_is_repeated_until_a_report_comes_under_the_new_key(world: World) -> None:
    device = await world.ready()
    ada = await world.tell(world.account())
    await world.synced()
    device.is_deaf = True
    await order(world, device, "rekey")
    (row,) = await world.rows("SELECT next_public FROM collector")
    await eventually(lambda: world.metric('pulse_mirror_messages_sent_total{kind="rekey"}') == 1, what="the rekey")
    world.clock.advance(timedelta(seconds=6))
    await eventually(lambda: world.metric('pulse_mirror_messages_sent_total{kind="rekey"}') == 2, what="again")
    assert (await world.rows("SELECT next_public FROM collector")) == [row], "each repeat has the same public key"
    old = device.secret
    device.is_deaf = False
    world.clock.advance(timedelta(seconds=61))
    await eventually(lambda: device.key == 1, what="the new key")
    await world.synced()
    assert device.secret != old
    assert set(device.live) == {ada.account}
    assert [one.kind for one in device.received][-2:] in (["snapshot", "heartbeat"], ["heartbeat", "snapshot"])
    stored = await world.rows("SELECT key, next_key, next_seal_key FROM collector")
    assert stored == [{"key": 1, "next_key": None, "next_seal_key": None}]


async def test_changes_during_a_rekey_arrive_under_the_new_key(world: World) -> None:
    device = await world.ready()
    await order(world, device, "rekey")
    ada = await world.tell(world.account())
    await eventually(lambda: device.key == 1, what="the new key")
    await world.synced()
    assert set(device.live) == {ada.account}


async def test_a_key_is_renewed_when_it_is_old(world: World) -> None:
    device = await world.ready()
    world.clock.advance(timedelta(days=31))
    (sweep,) = [job.step for job in world.parts.jobs if job.name == "sweep"]
    await sweep()
    await eventually(lambda: device.key == 1, what="the new key")
    assert "mirror_rekey_scheduled" in await world.kinds()


@pytest.mark.announces_log("mirror_report_refused")
@pytest.mark.announces_log("mirror_incident")
async def test_an_unknown_key_number_is_repaired_by_a_rekey(world: World) -> None:
    device = await world.ready()
    ada = await world.tell(world.account())
    await world.synced()
    device.key = 3  # the service's database was restored: it forgot three rekeys
    await device.hello()
    await eventually(lambda: device.key == 4, what="a newer key")
    await world.synced()
    assert set(device.live) == {ada.account}
    (incident,) = await world.rows("SELECT kind FROM incident")
    assert incident == {"kind": "unknown_key"}


async def test_a_lost_collector_is_wiped_and_its_verifiers_are_listed(world: World) -> None:
    device = await world.ready()
    ada = await world.tell(world.account())
    gone = await world.tell(world.account())
    await world.tell(world.account(verifier=None))
    await world.synced()
    await world.changed(gone, active=False)
    await world.synced()
    lost = device.described(state="lost", public_key=None, seal_key=None)
    await world.tell_collector(lost)
    await eventually(lambda: device.state == "wiped", what="the wipe arrives")
    payload = world.bus.broker.retained[USERS_WIPE.address(device=device.name)]
    verifier = MessageVerifier(KeySet([world.trusted_key()]), "pulse-mirror", world.clock.seconds)
    signed = MirrorMessage.model_validate_json(payload).signed
    envelope = MirrorEnvelope.model_validate_json(verifier.verify(signed))
    assert (envelope.kind, envelope.to, envelope.gen) == ("wipe", device.name, 1)
    (row,) = await world.rows("SELECT seal_key, next_seal_key, public_key FROM collector")
    assert set(row.values()) == {None}, "its keys are destroyed"
    held = await world.http.get(f"/api/sync/collectors/{device.name}/held", headers=world.bearer())
    assert [one["account"] for one in held.json()["items"]] == [ada.account]
    await world.tell(world.account())
    await eventually(lambda: world.state(device) == "unmanaged", what="the status")


async def test_the_retained_status_of_a_deleted_collector_is_deleted(world: World) -> None:
    """Its wipe stays: a stolen machine may connect again, if the broker's accounts are restored from a backup."""
    device = await world.ready()
    retained = world.bus.broker.retained
    status, wipe = (topic.address(device=device.name) for topic in (USERS_MIRROR, USERS_WIPE))
    await eventually(lambda: status in retained, what="the status")
    await world.tell_collector(device.described(state="deleted", public_key=None, seal_key=None))
    await eventually(lambda: wipe in retained and status not in retained, what="only the wipe")
    world.bus.inject(status, b"{}", retain=True)  # a broker that was restored from a backup
    world.bus.cut()
    world.bus.heal()
    await eventually(lambda: status not in retained, what="the status is deleted again")


async def test_a_wipe_by_an_administrator_is_final_for_the_enrolment(world: World) -> None:
    device = await world.ready()
    await world.tell(world.account())
    await world.synced()
    await order(world, device, "wipe", confirm=device.name)
    await eventually(lambda: device.state == "wiped", what="the wipe arrives")
    await device.hello(set=None)
    await eventually(lambda: world.state(device) == "wiped", what="the status")
    again = await world.http.post(f"/api/sync/collectors/{device.name}/resync", headers=world.bearer())
    assert (again.status_code, again.json()["code"]) == (409, "collector_wiped")
    await world.enrol()
    await device.hello()
    await world.synced()
    assert len(device.live) == 1


async def test_wipes_are_published_again_at_each_connection(world: World) -> None:
    device = await world.ready()
    await order(world, device, "wipe", confirm=device.name)
    address = USERS_WIPE.address(device=device.name)
    await eventually(lambda: address in world.bus.broker.retained, what="the wipe")
    await eventually(lambda: world.state(device) == "wiped", what="no status waits to be published")
    world.bus.broker.retained.clear()
    world.bus.cut()
    world.bus.heal()
    await eventually(lambda: address in world.bus.broker.retained, what="the wipe again")


@pytest.mark.announces_log("mirror_incident")
async def test_a_restored_collector_gets_a_snapshot(world: World) -> None:
    device = await world.ready()
    ada = await world.tell(world.account())
    await world.synced()
    backup, seq = dict(device.records), device.seq
    await world.changed(ada, active=False)
    await world.synced()
    device.records, device.seq, device.state = backup, seq, "rollback"
    await device.hello()
    await eventually(lambda: device.state == "synced", what="the snapshot")
    assert device.records[ada.account].state == "revoked"
    assert [row["kind"] for row in await world.rows("SELECT kind FROM incident")] == ["collector_rolled_back"]


@pytest.mark.announces_log("mirror_incident")
async def test_a_restored_service_continues_above_what_collectors_have_seen(world: World) -> None:
    device = await world.ready()
    ada = await world.tell(world.account())
    backup = await world.rows("SELECT * FROM entry")
    (copied,) = await world.rows("SELECT copied FROM counter")
    await world.synced()
    for name in "BCDE":
        ada = await world.changed(ada, name=name)
    await world.synced()
    async with world.database.transaction() as connection:  # restores an older database
        await connection.execute("UPDATE counter SET n = 1, copied = $1", copied["copied"])
        await connection.execute("UPDATE collector SET seq = 1, acked = 1, reported_n = 0, beat = 0")
        await connection.execute("UPDATE entry SET seq = 1, ver = 1, hash = $1", backup[0]["hash"])
        await connection.execute("UPDATE account SET name = 'Ada', src = 1")
    top, seq = device.records[ada.account].ver, device.seq
    received = len(device.received)
    world.clock.advance(timedelta(seconds=3))  # what users announced before no longer counts
    await device.hello()
    await eventually(lambda: len(device.received) > received, what="a heartbeat")
    assert [(one.kind, one.nonce) for one in device.received[received:]] == [("heartbeat", None)], "it knows too little"
    await world.tell(ada)  # as the digest of users makes users do
    await eventually(lambda: device.received[-1].kind == "snapshot", what="a snapshot")
    await world.synced()
    ada = await world.changed(ada, name="F")
    await world.synced()
    assert device.live[ada.account].name == "F"
    assert device.records[ada.account].ver > top
    assert device.seq > seq
    kinds = {row["kind"] for row in await world.rows("SELECT kind FROM incident")}
    assert kinds == {"publisher_restored"}


@pytest.mark.announces_log("mirror_incident")
async def test_a_revocation_that_a_restored_database_forgot_stays(world: World) -> None:
    device = await world.ready()
    ada = await world.tell(world.account())
    await world.synced()
    before = [dict(row) for row in await world.rows("SELECT * FROM entry")]
    await world.rules(("role:user", "everywhere", "allow"), (f"account:{ada.account}", "device:press-4", "deny"))
    await world.synced()
    assert device.live == {}
    async with world.database.transaction() as connection:  # restores the database from before the revocation
        await connection.execute("DELETE FROM rule WHERE NOT is_allowed")
        await connection.execute("UPDATE counter SET n = $1", before[0]["ver"])
        await connection.execute(
            "UPDATE entry SET seq = $1, ver = $2, state = 'live', revoked_ver = 0, revoked_src = 0, hash = $3",
            before[0]["seq"],
            before[0]["ver"],
            before[0]["hash"],
        )
        await connection.execute(
            "UPDATE collector SET seq = $1, acked = $1, reported_n = 0, seen = seen - interval '1 day'",
            before[0]["seq"],
        )
    other = await world.changed(ada, name="New")  # a change before the collector reports
    await device.hello()
    await world.synced()
    assert device.live == {}
    await world.changed(other, name="Newer")
    await world.synced()
    assert device.live == {}
    rules = (await world.http.get("/api/sync/entitlement", headers=world.bearer())).json()["rules"]
    restored = [rule for rule in rules if rule["origin"] == "restored"]
    assert [(rule["place"], rule["effect"]) for rule in restored] == [("device:press-4", "deny")]
    kinds = {row["kind"] for row in await world.rows("SELECT kind FROM incident")}
    assert kinds >= {"revocation_restored"}


@pytest.mark.announces_log("mirror_incident")
async def test_a_difference_is_found_by_the_next_hello_and_repaired(world: World) -> None:
    device = await world.ready()
    ada = await world.tell(world.account())
    await world.synced()
    device.records[ada.account] = device.records[ada.account].model_copy(update={"name": "Eve"})
    await device.hello()
    await eventually(lambda: device.records[ada.account].name == "Ada", what="the repair")
    await world.synced()
    assert [row["kind"] for row in await world.rows("SELECT kind FROM incident")] == ["digest_differs"]
    assert world.metric("pulse_mirror_incidents_total") == 1
    assert "mirror_incident" in await world.kinds()


@pytest.mark.announces_log("mirror_logs_repaired")
@pytest.mark.announces_log("mirror_incident")
async def test_the_nightly_check_repairs_a_log_and_asks_for_a_comparison(world: World) -> None:
    device = await world.ready()
    ada = await world.tell(world.account())
    await world.synced()
    async with world.database.transaction() as connection:  # a bug lost an entry
        await connection.execute("DELETE FROM entry")
    (check,) = [job.step for job in world.parts.jobs if job.name == "mirror_check"]
    await check()
    await device.hello()
    await world.synced()
    assert device.set == await world.digest(device.name)
    assert set(device.live) == {ada.account}
    async with world.database.transaction() as connection:  # a bug changed an entry's hash
        await connection.execute("UPDATE entry SET hash = decode(repeat('00', 32), 'hex')")
    await check()
    assert (await world.rows("SELECT check_due FROM collector")) == [{"check_due": True}]
    await device.hello()
    await eventually(lambda: world.metric("pulse_mirror_incidents_total") == 1, what="the difference")


async def test_a_resync_sends_the_whole_set(world: World) -> None:
    device = await world.ready()
    await world.tell(world.account())
    await world.synced()
    device.received.clear()
    await order(world, device, "resync")
    await world.synced()
    assert [one.kind for one in device.received] == ["snapshot"]


async def test_a_snapshot_waits_for_a_collector_that_is_silent(world: World) -> None:
    device = await world.ready()
    await world.tell(world.account())
    await world.synced()
    device.is_deaf = True
    await order(world, device, "resync")
    sent = 'pulse_mirror_messages_sent_total{kind="snapshot"}'
    await eventually(lambda: world.metric(sent) == 2, what="the snapshot")
    world.clock.advance(timedelta(days=30))

    async def waits() -> bool:
        return (await world.rows("SELECT next_send FROM collector")) == [{"next_send": None}]

    await eventually(waits, what="no more snapshots")
    device.is_deaf = False
    await device.hello()
    await world.synced()


@pytest.mark.announces_log("signing_key_replaced")
@pytest.mark.announces_log("mirror_report_refused")
async def test_a_lost_key_encryption_key_is_repaired_by_rekeys(database: Database, clock: FakeClock) -> None:
    async with open_world(database, clock) as world:
        device = await world.ready()
        ada = await world.tell(world.account())
        await world.synced()
    other = SecretStr("_" * 42 + "8")
    async with open_world(database, clock, key_encryption_key=other) as world:
        again = Device(device.name, world.bus, clock, world.trusted_key())
        again.take_over(device)
        world.devices = {device.name: again}
        await again.connect()
        await again.hello()
        await order(world, again, "rekey")
        await world.synced(again)
        await world.tell(ada.model_copy(update={"name": "New", "version": ada.version + 1}))
        await world.synced(again)
        assert again.live[ada.account].name == "New"

"""Hostile reports and events: nothing changes, and it is counted and logged."""

from typing import Any

import pytest

from pulse_contracts.collectors import CollectorChanged
from pulse_contracts.mirror import MAX_JUMP, MirrorReport, Tombstone
from pulse_contracts.topics import AUTH_COLLECTOR, USERS_ACK, USERS_EVENT
from pulse_jose import SealingKey, seal
from pulse_jose.mirror_keys import KeyPlace
from pulse_testkit.waiting import eventually

from .conftest import World
from .device import Device, text_of

pytestmark = [pytest.mark.servers]
_FOREIGN = SealingKey("mirror-accounts", bytes(32))
_STATE = "SELECT gen, key, next_key, seq, acked, needs_snapshot, reported, reported_n, nonces, seen FROM collector"


async def refused(world: World, device: Device, report: MirrorReport, reason: str) -> None:
    """The report changes nothing, and is counted with this reason."""
    name = f'pulse_mirror_reports_refused_total{{reason="{reason}"}}'
    before, count = await world.rows(_STATE + " WHERE device = $1", device.name), world.metric(name)
    rest = await world.rows("SELECT * FROM counter"), await world.rows("SELECT * FROM entry ORDER BY device")
    await world.bus.publish(USERS_ACK, report, device=device.name)
    await eventually(lambda: world.metric(name) == count + 1, what=f"refused: {reason}")
    assert await world.rows(_STATE + " WHERE device = $1", device.name) == before
    assert (
        await world.rows("SELECT * FROM counter"),
        await world.rows("SELECT * FROM entry ORDER BY device"),
    ) == rest


@pytest.mark.announces_log("mirror_report_refused")
async def test_a_report_for_another_device_is_refused(world: World) -> None:
    press, lathe = await world.ready(), await world.ready(name="lathe-1")
    await refused(world, lathe, press.sealed(press.content("ack", seq=0)), "seal_refused")


@pytest.mark.announces_log("mirror_report_refused")
async def test_a_report_under_another_key_is_refused(world: World) -> None:
    device = await world.ready()
    await refused(world, device, device.sealed(device.content("hello"), secret=bytes(32)), "seal_refused")


@pytest.mark.announces_log("mirror_report_refused")
async def test_a_report_of_another_enrolment_is_refused(world: World) -> None:
    device = await world.ready()
    for gen in (2, 2**61):
        place = KeyPlace(device.name, gen, 0)
        await refused(world, device, device.sealed(device.content("hello"), place=place), "foreign_generation")


@pytest.mark.announces_log("mirror_report_refused")
async def test_a_message_of_the_service_is_no_report(world: World) -> None:
    device = await world.ready()
    await world.tell(world.account())
    await world.synced()
    (delta,) = [one for one in device.received if one.kind == "delta"]
    await refused(world, device, MirrorReport(gen=1, key=0, sealed=delta.sealed or ""), "seal_refused")


@pytest.mark.announces_log("mirror_report_refused")
async def test_a_replayed_hello_is_refused(world: World) -> None:
    device = await world.enrol()
    await world.rules(("role:user", "everywhere", "allow"))
    first = await device.hello()
    await world.tell(world.account())
    await world.synced()
    await refused(world, device, first, "replayed")
    await device.hello()
    await eventually(lambda: device.received[-1].nonce == device.nonce, what="the heartbeat")
    await device.hello()
    await eventually(lambda: device.received[-1].nonce == device.nonce, what="the heartbeat")
    await refused(world, device, first, "replayed")


@pytest.mark.announces_log("mirror_report_refused")
async def test_an_acknowledgement_from_before_a_newer_heartbeat_is_refused(world: World) -> None:
    device = await world.ready()
    await world.tell(world.account())
    await world.synced()
    ack = device.published[-1]
    await device.hello()
    await eventually(lambda: device.received[-1].nonce == device.nonce, what="the heartbeat")
    await device.hello()
    await eventually(lambda: device.received[-1].nonce == device.nonce, what="the heartbeat")
    await refused(world, device, ack, "replayed")


@pytest.mark.announces_log("mirror_report_refused")
async def test_numbers_that_jump_are_refused(world: World) -> None:
    device = await world.ready()
    far = 2 * MAX_JUMP
    tombstone = Tombstone(account="6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c", ver=far, src=1)
    jumps: list[dict[str, Any]] = [
        {"seq": far},
        {"max_seq": far},
        {"top": far},
        {"floor": far},
        {"n": far},
        {"audit": far},
    ]
    for fields in [*jumps, {"revoked": [tombstone]}]:
        await refused(world, device, device.sealed(device.content("hello", **fields)), "number_jump")
    await world.tell(world.account())
    await world.synced()


@pytest.mark.announces_log("mirror_report_refused")
async def test_a_forged_key_number_far_away_starts_no_rekey(world: World) -> None:
    device = await world.ready()
    forged = MirrorReport(gen=1, key=2**30, sealed="e30.a.a.a.a")
    await refused(world, device, forged, "unknown_key")
    assert await world.rows("SELECT 1 FROM incident") == []


@pytest.mark.announces_log("mirror_report_refused")
@pytest.mark.announces_log("mirror_incident")
async def test_forged_key_numbers_start_one_rekey_and_no_more(world: World) -> None:
    device = await world.ready()
    for _ in range(5):
        await world.bus.publish(USERS_ACK, MirrorReport(gen=1, key=7, sealed="e30.a.a.a.a"), device=device.name)
    await eventually(lambda: device.key == 8, what="the rekey")
    await world.synced()
    assert len(await world.rows("SELECT 1 FROM incident")) == 1


@pytest.mark.announces_log("mirror_report_refused")
async def test_reports_of_an_unknown_or_lost_collector_are_refused(world: World) -> None:
    device = await world.ready()
    await world.tell_collector(device.described(state="lost", public_key=None, seal_key=None))
    await refused(world, device, device.sealed(device.content("hello")), "unmanaged")
    other = Device("unknown-1", world.bus, world.clock, world.trusted_key())
    other.enrol(1)
    await refused(world, other, other.sealed(other.content("hello")), "unmanaged")


async def test_forged_events_are_quarantined(world: World) -> None:
    device = await world.ready()
    ada = world.account()
    event = world.event(ada)
    for forged in (
        world.event(ada, key=_FOREIGN),
        event.model_copy(update={"version": 99}),
        event.model_copy(update={"mirrored": None}),
    ):
        await world.bus.publish(USERS_EVENT, forged, account=ada.account)
    await world.bus.publish(USERS_EVENT, event, account="6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c")
    await eventually(lambda: len(world.quarantined) == 4, what=lambda: world.quarantined)
    codes = [one.code for one in world.quarantined]
    assert codes == ["seal_refused", "seal_refused", "not_mirrored", "foreign_account"]
    assert await world.rows("SELECT 1 FROM account") == []
    assert device.records == {}


async def test_a_forged_collector_is_quarantined(world: World) -> None:
    device = await world.ready()
    query = "SELECT site, version, seal_key FROM collector"
    before, record = await world.rows(query), device.described(site="elsewhere")
    context: dict[str, str | int] = {"device": record.device, "version": record.version}
    sealed = seal(record.model_dump_json().encode(), _FOREIGN, world.clock.seconds, context)
    event = CollectorChanged(device=record.device, version=record.version, sealed=sealed)
    await world.bus.publish(AUTH_COLLECTOR, event, device=record.device)
    await world.bus.publish(AUTH_COLLECTOR, event, device="other-1")
    await eventually(lambda: len(world.quarantined) == 2, what=lambda: world.quarantined)
    assert [one.code for one in world.quarantined] == ["seal_refused", "foreign_device"]
    assert await world.rows(query) == before


async def test_keys_are_stored_sealed(world: World) -> None:
    device = await world.ready()
    dump = str(await world.rows("SELECT * FROM collector")) + str(await world.rows("SELECT * FROM signing_key"))
    assert text_of(device.secret) not in dump
    assert device.secret.hex() not in dump
    assert "PRIVATE KEY" not in dump

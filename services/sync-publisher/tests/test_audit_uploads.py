"""The local audit trails of collectors in the audit trail of the service."""

import json
from datetime import timedelta

import pytest

from pulse_testkit.waiting import eventually

from .conftest import World

pytestmark = pytest.mark.servers
_ADA = "6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c"


async def test_entries_are_stored_once_with_their_original_time_and_confirmed(world: World) -> None:
    device = await world.ready()
    device.note("signed_in_offline", _ADA)
    device.note("signed_out", _ADA)
    world.clock.advance(timedelta(days=3))
    await device.upload()
    await device.upload()
    await eventually(lambda: device.confirmed_audit == 2, what="the confirmation")
    device.note("sign_in_refused")
    await device.upload()
    await eventually(lambda: device.confirmed_audit == 3, what="the confirmation")
    rows = await world.rows(
        "SELECT kind, actor, target, after, at FROM audit WHERE kind LIKE 'collector\\_%' ORDER BY n"
    )
    assert [row["kind"] for row in rows] == [
        "collector_signed_in_offline",
        "collector_signed_out",
        "collector_sign_in_refused",
    ]
    assert (rows[0]["actor"], rows[0]["target"]) == (_ADA, "collector:press-4")
    assert json.loads(rows[0]["after"])["at"].startswith("2026-01-01T00:00:00")
    assert rows[0]["at"].isoformat().startswith("2026-01-04T00:00:00")
    assert "collector_signed_out" in await world.kinds()


@pytest.mark.announces_log("mirror_incident")
async def test_a_broken_chain_is_an_incident_and_its_entries_are_kept(world: World) -> None:
    device = await world.ready()
    for _ in range(3):
        device.note("signed_in_offline", _ADA)
    await device.upload(device.audit[:1])
    await eventually(lambda: device.confirmed_audit == 1, what="the confirmation")
    await device.upload(device.audit[2:])
    await eventually(lambda: device.confirmed_audit == 3, what="the confirmation")
    rows = await world.rows("SELECT kind, detail FROM incident")
    assert rows == [{"kind": "audit_chain_broken", "detail": "entries 2 to 2 are missing"}]
    assert len(await world.rows("SELECT 1 FROM local_audit")) == 2


@pytest.mark.announces_log("mirror_report_refused")
async def test_forged_entries_are_refused(world: World) -> None:
    device = await world.ready()
    device.note("signed_in_offline", _ADA)
    secret, device.secret = device.secret, bytes(32)
    await device.upload()
    await eventually(lambda: world.metric("pulse_mirror_reports_refused_total") == 1, what="the refusal")
    device.secret = secret
    device.gen = 9
    await device.upload()
    await eventually(lambda: world.metric("pulse_mirror_reports_refused_total") == 2, what="the refusal")
    assert await world.rows("SELECT 1 FROM local_audit") == []

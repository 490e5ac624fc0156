"""The mirror over a memory bus, against a small publisher that signs real messages."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from pulse_bus import Disconnected
from pulse_desktop.core.identity.enrolled import Enrolled
from pulse_desktop.core.mirror.database import FILE
from pulse_testkit.waiting import eventually

from .mirror_desk import WorldClock, desk, synced_desk
from .publisher import FakePublisher, live, revoked


async def test_a_new_collector_becomes_synced_and_applies_changes(tmp_path: Path) -> None:
    publisher = FakePublisher()
    publisher.change(live(1, 1), live(2, 2))
    async with desk(tmp_path, publisher) as one:
        await one.answer_hello()
        await eventually(lambda: any(r.kind == "need" and r.reason == "new" for r in publisher.reports(one.broker)))
        publisher.send(one.broker, *publisher.snapshot(parts=2))
        await one.reaches("synced", 1)  # the heartbeat before the snapshot proves it
        assert one.mirror.view.fresh_age is not None
        publisher.send(one.broker, publisher.delta(publisher.change(revoked(1, 3))))
        await one.reaches("synced", 2)
        await eventually(lambda: publisher.reports(one.broker)[-1].seq == 2)
        assert publisher.reports(one.broker)[-1].kind == "ack"


async def test_a_report_that_fails_after_the_reconnection_does_not_silence_the_mirror(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publish, failed = one.bus.publish, asyncio.Event()

        async def fail_once(*args: Any, **kwargs: Any) -> None:
            if not failed.is_set():
                failed.set()
                raise Disconnected("the last connection was lost")
            await publish(*args, **kwargs)

        before = one.publisher.nonce(one.broker)
        monkeypatch.setattr(one.bus, "publish", fail_once)
        one.publisher.send(one.broker, one.publisher.delta(one.publisher.change(live(2, 2))))
        await failed.wait()
        await eventually(lambda: one.publisher.nonce(one.broker) != before)  # a new hello


async def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
    async with desk(tmp_path, publisher) as one:
        await one.listens()
        await one.reaches("synced", 1)
        publisher.send(one.broker, publisher.delta(publisher.change(live(2, 2))))
        await one.reaches("synced", 2)
        assert one.mirror.view.count == 2


@pytest.mark.announces_log("mirror_rolled_back")
async def test_a_restored_database_is_a_rollback_until_a_snapshot(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
    backup = (tmp_path / FILE).read_bytes()
    async with desk(tmp_path, publisher) as one:
        await one.listens()
        publisher.send(one.broker, publisher.delta(publisher.change(revoked(1, 3))))
        await one.reaches("synced", 2)
    (tmp_path / FILE).write_bytes(backup)
    async with desk(tmp_path, publisher) as one:
        await one.reaches("rollback", 1)
        await eventually(lambda: bool(publisher.reports(one.broker)))
        assert publisher.reports(one.broker)[0].max_seq == 2
        await one.answer_hello()
        publisher.send(one.broker, *publisher.snapshot())
        await one.reaches("synced", 2)


@pytest.mark.announces_log("mirror_wiped")
async def test_a_retained_wipe_destroys_keys_and_records(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
        publisher.send_wipe(one.broker, publisher.wipe())
        await one.reaches("wiped")
        await eventually(lambda: publisher.reports(one.broker)[-1].state == "wiped")  # the last report
        publisher.send(one.broker, *publisher.snapshot())
        await one.refuses(1)
    kept = json.loads((tmp_path / "mirror-keys.json").read_text())
    assert (kept["seal_key"], kept["data_key"], kept["is_wiped"]) == (None, None, True)
    async with desk(tmp_path, publisher) as one:
        await one.reaches("wiped")


@pytest.mark.announces_log("mirror_wiped")
async def test_a_new_enrolment_after_a_wipe_starts_new(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
        publisher.send(one.broker, publisher.wipe())
        await one.reaches("wiped")
    publisher.gen, publisher.n = 2, 0
    publisher.enrol(Enrolled(tmp_path, None, None))
    async with desk(tmp_path, publisher) as one:
        await one.reaches("new", 0)
        await one.answer_hello()
        publisher.send(one.broker, *publisher.snapshot())
        await one.reaches("synced", 1)


async def test_a_rekey_replaces_the_sealing_key(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
        rekey = publisher.rekey()
        publisher.send(one.broker, rekey, rekey)  # the repeat is answered as well
        await eventually(lambda: [r.reason for r in publisher.reports(one.broker)][:2] == ["key", "key"])
        publisher.send(one.broker, publisher.delta(publisher.change(live(2, 2))))
        await one.reaches("synced", 2)
    async with desk(tmp_path, publisher) as one:
        await one.reaches("synced", 2)
        await eventually(lambda: publisher.nonce(one.broker) is not None)


@pytest.mark.announces_log("clock_suspect")
async def test_the_audit_trail_is_uploaded_until_a_heartbeat_covers_it(tmp_path: Path) -> None:
    clock = WorldClock()
    async with synced_desk(tmp_path, live(1, 1), clock=clock.clock) as one:
        publisher = one.publisher
        clock.ahead = -3_600  # recorded as clock_suspect
        await eventually(lambda: [e.kind for e in publisher.audit_entries(one.broker)] == ["clock_suspect"])
        publisher.audit = 1
        await one.answer_hello()
        await eventually(lambda: publisher.reports(one.broker)[-1].audit == 1)


# -- the clock


@pytest.mark.announces_log("clock_suspect")
async def test_a_confirmed_clock_is_not_suspect_any_more(tmp_path: Path) -> None:
    clock = WorldClock()
    async with synced_desk(tmp_path, live(1, 1), clock=clock.clock) as one:
        publisher = one.publisher
        clock.ahead = -7_200
        await eventually(lambda: one.mirror.view.is_clock_suspect)
        await eventually(lambda: publisher.nonce(one.broker) != one.answered)
        await one.answer_hello()  # its time contradicts the wall clock
        await eventually(lambda: (one.mirror.view.fresh_age or 99) < 30)
        assert one.mirror.view.is_clock_suspect
        clock.passed += 61
        publisher.t = clock.clock.micros()
        await one.answer_hello()
        await eventually(lambda: not one.mirror.view.is_clock_suspect)
        assert one.mirror.view.fresh_age is None
        await one.answer_hello()
        await eventually(lambda: one.mirror.view.fresh_age is not None)

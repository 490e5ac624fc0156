"""The rules of protocol B3 for records, deltas and snapshots: each test fails when its rule is removed."""

from typing import Any

import pytest

from pulse_contracts.mirror import MAX_JUMP
from pulse_desktop.core.mirror.signals import Remember, SendReport

from .mirror_messages import delta, envelope, heartbeat, needs, snapshot, synced
from .publisher import account, digest_of, live, revoked

# -- records


def test_a_record_applies_only_if_it_is_newer() -> None:
    replica = synced(live(1, 5))
    delta(replica, 11, live(1, 7, role="admin"))
    delta(replica, 12, live(1, 6))
    assert replica.records[account(1)].ver == 7
    assert replica.machine.position.applied == 12


def test_an_unknown_account_must_be_newer_than_the_floor() -> None:
    replica = synced(live(1, 9))
    delta(replica, 11, live(2, 8), live(3, 10))  # the snapshot at 9 would have had an account of version 8
    assert account(2) not in replica.records
    assert account(3) in replica.records


def test_a_revocation_leaves_a_tombstone_that_no_older_record_revives() -> None:
    replica = synced(live(1, 5))
    delta(replica, 11, revoked(1, 8))
    delta(replica, 12, live(1, 6))
    assert replica.records[account(1)].state == "revoked"
    assert not replica.can_sign_in(account(1))


def test_a_live_record_of_an_older_account_version_never_replaces_a_tombstone() -> None:
    replica = synced(live(1, 5, src=3))
    delta(replica, 11, revoked(1, 8, src=7))
    delta(replica, 12, live(1, 20, src=6))  # a publisher that was restored counts on, but does not know version 7
    assert replica.records[account(1)].state == "revoked"
    delta(replica, 13, live(1, 21, src=8))
    assert replica.records[account(1)].state == "live"


def test_a_snapshot_does_not_revive_a_newer_tombstone_either() -> None:
    replica = synced(live(1, 5, src=3))
    delta(replica, 11, revoked(1, 8, src=7))
    snapshot(replica, 12, 30, [live(1, 20, src=6)], sid="b" * 32)
    assert replica.records[account(1)].state == "revoked"


# -- deltas


def test_a_gap_is_not_applied_and_asks_for_repair() -> None:
    replica = synced(live(1, 5))
    delta(replica, 12, revoked(1, 8))
    assert replica.machine.position.applied == 10
    assert replica.records[account(1)].state == "live"
    assert (replica.state, needs(replica)[-1]) == ("resync", "gap")


def test_a_delta_that_overlaps_is_applied() -> None:
    replica = synced(live(1, 5))
    delta(replica, 13, revoked(1, 8), base=7)
    assert replica.machine.position.applied == 13
    assert replica.reports[-1].kind == "ack"


def test_a_repeated_delta_changes_nothing_and_is_acknowledged_again() -> None:
    replica = synced(live(1, 5))
    delta(replica, 11, revoked(1, 8))
    before = len(replica.reports)
    delta(replica, 11, live(2, 99))
    assert account(2) not in replica.records
    assert [(one.kind, one.seq) for one in replica.reports[before:]] == [("ack", 11)]


def test_the_keystore_knows_a_position_before_it_is_acknowledged() -> None:
    replica = synced(live(1, 5))
    replica.commands.clear()
    delta(replica, 11, revoked(1, 8))
    kinds = [type(one) for one in replica.commands]
    assert kinds.index(Remember) < kinds.index(SendReport)
    assert replica.keystore.max_seq == 11


def test_a_counter_that_another_collector_raised_to_the_time_is_accepted() -> None:
    """It is one counter for all collectors: whoever raised it must not keep changes from the others."""
    replica = synced(live(1, 5))
    now = MAX_JUMP * 1_700
    replica.receive(envelope("delta", 11, base=10, sealed="", t=now), [revoked(1, now)])
    assert replica.machine.position.applied == 11
    assert replica.refused == {}


@pytest.mark.parametrize("far", [MAX_JUMP * 2, 2**61])
def test_numbers_that_jump_are_refused(far: int) -> None:
    replica = synced(live(1, 5))
    delta(replica, far, base=10)
    delta(replica, 11, live(2, far))
    heartbeat(replica, 10, far)
    heartbeat(replica, far, 2)
    snapshot(replica, far, 9, [])
    snapshot(replica, 11, far, [])
    assert replica.refused == {"number_jumps": 6}
    assert replica.machine.position.applied == 10
    heartbeat(replica, 10, 2, nonce=replica.nonce)
    assert replica.state == "synced"


# -- snapshots


def test_a_snapshot_is_applied_when_every_part_is_there_and_not_before() -> None:
    replica = synced(live(1, 5))
    parts: dict[str, Any] = {
        "asof": 9,
        "sid": "b" * 32,
        "of": 2,
        "set": digest_of([live(2, 6), live(3, 7)]),
        "sealed": "",
    }
    replica.receive(envelope("snapshot", 11, k=1, **parts), [live(3, 7)])
    assert list(replica.records) == [account(1)]
    replica.crash()  # the parts are durable
    replica.receive(envelope("snapshot", 11, k=1, **parts), [live(3, 7)])
    assert list(replica.records) == [account(1)]
    replica.receive(envelope("snapshot", 11, k=0, **parts), [live(2, 6)])
    assert set(replica.records) == {account(2), account(3)}
    assert replica.machine.position.floor == 9


def test_a_snapshot_below_the_applied_position_is_refused() -> None:
    replica = synced(live(1, 5))
    delta(replica, 11, revoked(1, 8))
    snapshot(replica, 10, 9, [live(1, 5)], sid="b" * 32)
    assert replica.refused["old_snapshot"] == 1
    assert replica.records[account(1)].state == "revoked"


def test_a_snapshot_below_the_position_of_the_keystore_is_refused() -> None:
    replica = synced(live(1, 5))
    backup = replica.database
    delta(replica, 11, revoked(1, 8))
    replica.restore_database(backup)
    snapshot(replica, 10, 9, [live(1, 5)], sid="b" * 32)
    assert replica.refused["old_snapshot"] == 1
    assert replica.state == "rollback"


def test_a_snapshot_below_the_floor_is_refused() -> None:
    replica = synced(live(1, 5))
    snapshot(replica, 11, 20, [live(1, 5)], sid="b" * 32)
    snapshot(replica, 12, 19, [live(1, 6)], sid="c" * 32)
    assert replica.refused["below_floor"] == 1
    assert needs(replica)[-1] == "floor"
    assert replica.machine.position.floor == 20


def test_local_records_that_are_newer_than_the_snapshot_stay() -> None:
    replica = synced(live(1, 5))
    delta(replica, 11, revoked(1, 30), live(2, 31))
    snapshot(replica, 11, 20, [live(1, 5), live(3, 6)], sid="b" * 32)
    assert replica.records[account(1)].state == "revoked"
    assert set(replica.records) == {account(1), account(2), account(3)}


def test_a_snapshot_with_another_digest_is_rejected_and_changes_nothing() -> None:
    replica = synced(live(1, 5))
    snapshot(replica, 11, 9, [live(2, 6)], sid="b" * 32, set="0" * 64)
    assert list(replica.records) == [account(1)]
    assert replica.refused["wrong_digest"] == 1
    assert replica.database.staged == {}


def test_parts_of_an_older_snapshot_are_dropped_when_a_newer_one_begins() -> None:
    replica = synced(live(1, 5))
    old: dict[str, Any] = {"asof": 9, "sid": "b" * 32, "of": 2, "set": "0" * 64, "sealed": ""}
    replica.receive(envelope("snapshot", 11, k=0, **old), [live(9, 6)])
    snapshot(replica, 12, 10, [live(2, 6)], [live(3, 7)], sid="c" * 32)
    replica.receive(envelope("snapshot", 11, k=1, **old), [live(8, 6)])
    assert set(replica.records) == {account(2), account(3)}


def test_a_late_part_of_an_older_snapshot_does_not_disturb_a_newer_one() -> None:
    replica = synced(live(1, 5))
    new: dict[str, Any] = {
        "asof": 10,
        "sid": "c" * 32,
        "of": 2,
        "set": digest_of([live(2, 6), live(3, 7)]),
        "sealed": "",
    }
    replica.receive(envelope("snapshot", 12, k=0, **new), [live(2, 6)])
    replica.receive(envelope("snapshot", 11, k=0, **(new | {"sid": "b" * 32, "asof": 9})), [live(9, 6)])
    replica.receive(envelope("snapshot", 12, k=1, **new), [live(3, 7)])
    assert replica.refused["superseded"] == 1
    assert set(replica.records) == {account(2), account(3)}


def test_a_snapshot_that_was_applied_is_acknowledged_again_with_its_digest() -> None:
    replica = synced(live(1, 5))
    snapshot(replica, 10, 5, [live(1, 5)])
    assert (replica.reports[-1].kind, replica.reports[-1].set) == ("ack", replica.set)

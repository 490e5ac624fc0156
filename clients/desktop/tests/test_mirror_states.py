"""The rules of protocol B3 for heartbeats, freshness, rollback, wipe and keys, one test per rule: each fails when its
rule is removed."""

from itertools import pairwise

from pulse_desktop.core.mirror.signals import (
    AuditCovered,
    ClockReset,
    HelloWanted,
    Remembered,
    ResyncRequested,
    SetState,
    Tick,
    TimeConfirmed,
    WipeMirror,
)

from .mirror_messages import delta, envelope, heartbeat, needs, snapshot, synced
from .publisher import account, digest_of, live, revoked
from .replica import Replica

# -- heartbeats and freshness


def test_a_replayed_heartbeat_changes_nothing() -> None:
    replica = synced(live(1, 5, lease=3_600))
    replica.advance(3_500)
    replica.handle(Tick())  # a new hello with a new nonce
    fresh = replica.database.position.fresh
    heartbeat(replica, 10, 1, nonce=replica.nonce)
    assert replica.refused["old_heartbeat"] == 1
    assert replica.database.position.fresh == fresh


def test_the_keystore_remembers_the_heartbeat_number_of_a_restored_database() -> None:
    replica = synced(live(1, 5))
    backup = replica.database
    heartbeat(replica, 10, 2)
    replica.restore_database(backup)
    heartbeat(replica, 10, 2)
    assert replica.refused["old_heartbeat"] == 1


def test_an_unasked_heartbeat_never_prolongs_offline_sign_in() -> None:
    replica = synced(live(1, 5, lease=3_600))
    for n in range(2, 10):
        replica.advance(600)
        heartbeat(replica, 10, n)
    assert replica.state == "synced"
    assert not replica.can_sign_in(account(1))


def test_an_old_nonce_never_prolongs_offline_sign_in() -> None:
    replica = synced(live(1, 5))
    replica.advance(61)
    replica.handle(Tick())
    first = replica.nonce
    replica.advance(61)
    replica.handle(Tick())
    heartbeat(replica, 10, 2, nonce=replica.nonce)
    fresh = replica.database.position.fresh
    heartbeat(replica, 10, 3, nonce=first)
    assert replica.database.position.fresh == fresh
    assert replica.refused["old_nonce"] == 1


def test_a_late_answer_counts_from_its_own_hello() -> None:
    replica = synced(live(1, 5))
    replica.advance(61)
    replica.handle(Tick())
    first, sent = replica.nonce, replica.elapsed
    replica.advance(5)  # no answer: another hello
    replica.handle(Tick())
    assert replica.nonce != first
    heartbeat(replica, 10, 2, nonce=first)
    assert replica.database.position.fresh == sent


def test_freshness_counts_from_the_moment_the_nonce_was_sent() -> None:
    replica = synced(live(1, 5))
    replica.advance(61)
    replica.handle(Tick())
    sent = replica.elapsed
    replica.advance(50)  # somebody delays the answer
    heartbeat(replica, 10, 2, nonce=replica.nonce)
    assert replica.database.position.fresh == sent


def test_a_heartbeat_that_does_not_match_gives_no_freshness() -> None:
    """Otherwise somebody who lets heartbeats pass and holds deltas back could keep a revoked account alive for ever."""
    replica = synced(live(1, 5))
    replica.advance(61)
    replica.handle(Tick())
    fresh = replica.database.position.fresh
    heartbeat(replica, 12, 2, "0" * 64, nonce=replica.nonce)
    assert replica.database.position.fresh == fresh
    assert (replica.state, needs(replica)[-1]) == ("resync", "gap")


def test_the_change_that_a_heartbeat_announced_completes_it() -> None:
    replica = synced(live(1, 5))
    replica.advance(61)
    replica.handle(Tick())
    sent = replica.elapsed
    heartbeat(replica, 11, 2, digest_of([revoked(1, 8)]), nonce=replica.nonce)
    replica.advance(3)
    delta(replica, 11, revoked(1, 8))
    assert replica.state == "synced"
    assert replica.database.position.fresh == sent


def test_another_digest_at_the_same_position_asks_for_repair() -> None:
    replica = synced(live(1, 5))
    heartbeat(replica, 10, 2, "0" * 64)
    assert (replica.state, needs(replica)[-1]) == ("resync", "digest")


def test_a_change_after_a_heartbeat_that_missed_asks_again_soon() -> None:
    replica = synced(live(1, 5))
    replica.advance(61)
    replica.handle(Tick())
    heartbeat(replica, 11, 2, "0" * 64, nonce=replica.nonce)
    hellos = sum(one.kind == "hello" for one in replica.reports)
    delta(replica, 12, live(2, 9), base=10)
    replica.advance(2)
    replica.handle(Tick())
    assert sum(one.kind == "hello" for one in replica.reports) == hellos + 1


def test_a_heartbeat_reports_the_time_only_when_it_was_asked_for() -> None:
    replica = synced(live(1, 5))
    replica.commands.clear()
    heartbeat(replica, 10, 2, audit=4)
    assert not any(isinstance(one, TimeConfirmed) for one in replica.commands)
    assert AuditCovered(4) in replica.commands


def test_after_a_clock_reset_only_a_new_nonce_gives_freshness() -> None:
    replica = synced(live(1, 5))
    replica.advance(61)
    replica.handle(Tick())
    old = replica.nonce
    replica.handle(ClockReset())
    heartbeat(replica, 10, 2, nonce=old)
    assert replica.machine.position.fresh is None


# -- rollback


def rolled_back() -> tuple[Replica, int]:
    """A collector whose database was restored from before a revocation."""
    replica = synced(live(1, 5))
    backup = replica.database
    delta(replica, 11, revoked(1, 8))
    heartbeat(replica, 11, 2)
    replica.restore_database(backup)
    return replica, replica.keystore.max_seq


def test_a_database_that_is_older_than_the_keystore_is_a_rollback() -> None:
    replica, _ = rolled_back()
    assert replica.state == "rollback"
    assert replica.database.position.state == "rollback"
    assert not replica.can_sign_in(account(1))


def test_a_delta_in_a_rollback_is_not_applied_and_a_gap_does_not_leave_it() -> None:
    replica, _ = rolled_back()
    delta(replica, 11, live(2, 9))
    delta(replica, 14, live(2, 9))
    assert account(2) not in replica.records
    assert replica.state == "rollback"


def test_a_heartbeat_of_another_position_does_not_leave_a_rollback() -> None:
    replica, _ = rolled_back()
    replica.connect()
    heartbeat(replica, 14, 3, "0" * 64, nonce=replica.nonce)
    heartbeat(replica, 10, 4, "0" * 64)
    assert replica.state == "rollback"
    assert needs(replica)[-1] == "rollback"


def test_no_heartbeat_of_the_old_position_leaves_a_rollback() -> None:
    replica, _ = rolled_back()
    replica.connect()
    heartbeat(replica, 10, 3, nonce=replica.nonce)
    assert replica.state == "rollback"
    assert needs(replica)[-1] == "rollback"


def test_an_unasked_heartbeat_never_leaves_a_rollback() -> None:
    replica, _ = rolled_back()
    replica.keystore = Remembered(max_seq=10, n=2)
    replica.crash()  # the state is durable, even if the keystore forgot
    heartbeat(replica, 10, 3)
    assert replica.state == "rollback"
    replica.connect()
    heartbeat(replica, 10, 4, nonce=replica.nonce)
    assert replica.database.position.state == "synced"


def test_a_snapshot_that_is_not_older_than_the_keystore_leaves_a_rollback() -> None:
    replica, _ = rolled_back()
    snapshot(replica, 11, 9, [revoked(1, 8)], sid="b" * 32)
    assert replica.state == "resync"
    assert not replica.can_sign_in(account(1))
    replica.crash()
    assert replica.state == "resync"


def test_entering_a_rollback_is_stored_before_anything_else() -> None:
    replica = synced(live(1, 5))
    backup = replica.database
    delta(replica, 11, revoked(1, 8))
    replica.commands.clear()
    replica.restore_database(backup)
    assert replica.commands == [SetState("rollback")]


# -- wipe and keys


def test_wiped_is_final() -> None:
    replica = synced(live(1, 5))
    backup, kept = replica.database, replica.keystore
    replica.receive(envelope("wipe", 10))
    assert (replica.state, replica.records) == ("wiped", {})
    assert any(isinstance(one, WipeMirror) for one in replica.commands)
    snapshot(replica, 12, 20, [live(1, 9)], sid="b" * 32)
    heartbeat(replica, 12, 9)
    assert (replica.state, replica.records) == ("wiped", {})
    replica.restore_database(backup)  # the keystore knows it as well
    assert (replica.state, replica.records) == ("wiped", {})
    replica.restore_keystore(kept)
    assert replica.state == "wiped"


def test_a_rekey_is_stored_before_it_is_reported() -> None:
    replica = synced(live(1, 5))
    replica.receive(envelope("rekey", 10, key=1, public_key="A" * 43))
    assert replica.keystore.key == 1
    assert needs(replica)[-1] == "key"


def test_an_old_or_far_key_number_is_refused() -> None:
    replica = synced(live(1, 5))
    replica.receive(envelope("rekey", 10, key=5, public_key="A" * 43))
    replica.receive(envelope("rekey", 10, key=4, public_key="A" * 43))
    replica.receive(envelope("rekey", 10, key=1_006, public_key="A" * 43))
    assert replica.keystore.key == 5
    assert (replica.refused["old_key"], replica.refused["number_jumps"]) == (1, 1)


def test_another_key_with_a_known_number_is_refused() -> None:
    replica = synced(live(1, 5))
    replica.takes_keys = False
    before = needs(replica)
    replica.receive(envelope("rekey", 10, key=0, public_key="A" * 43))
    assert replica.refused["other_key"] == 1
    assert needs(replica) == before


# -- asking


def test_a_need_is_repeated_with_growing_delays_until_it_is_met() -> None:
    replica = synced(live(1, 5))
    delta(replica, 12, live(2, 9))
    times = []
    for _ in range(3_000):
        replica.advance(0.1)
        before = len(needs(replica))
        replica.handle(Tick())
        if len(needs(replica)) > before:
            times.append(replica.elapsed / 1e6)
    gaps = [b - a for a, b in pairwise(times)]
    assert max(gaps) <= 61
    assert gaps[0] > 4
    snapshot(replica, 12, 20, [live(1, 5)], sid="b" * 32)
    before = len(needs(replica))
    replica.advance(59)
    replica.handle(Tick())
    assert len(needs(replica)) == before


def test_a_flood_of_bad_messages_does_not_cause_a_flood_of_needs() -> None:
    replica = synced(live(1, 5))
    for _ in range(1_000):
        delta(replica, 15, live(2, 9))
    assert len(needs(replica)) <= 2


def test_an_operator_can_ask_for_a_snapshot() -> None:
    replica = synced(live(1, 5))
    replica.handle(ResyncRequested())
    assert needs(replica)[-1] == "digest"


def test_a_hello_follows_each_connect_and_each_half_minute() -> None:
    replica = synced(live(1, 5))
    replica.advance(2)
    replica.handle(Tick())  # the hello that the snapshot wanted
    heartbeat(replica, 10, 2, nonce=replica.nonce)
    replica.reports.clear()
    replica.advance(29)
    replica.handle(Tick())
    assert replica.reports == []
    replica.advance(1)
    replica.handle(Tick())
    replica.connect()
    assert [one.kind for one in replica.reports] == ["hello", "hello"]
    assert replica.reports[0].nonce != replica.reports[1].nonce


def test_a_hello_that_is_wanted_follows_within_two_seconds() -> None:
    replica = synced(live(1, 5))
    replica.reports.clear()
    replica.handle(HelloWanted())
    replica.advance(2)
    replica.handle(Tick())
    assert [one.kind for one in replica.reports] == ["hello"]


def test_a_hello_names_the_tombstones() -> None:
    replica = synced(live(1, 5))
    delta(replica, 11, revoked(1, 8, src=4))
    replica.connect()
    assert [(one.account, one.ver, one.src) for one in replica.reports[-1].revoked] == [(account(1), 8, 4)]

"""What is sent to a collector, and what its reports mean, without a database."""

import random
from dataclasses import replace

import pytest

from pulse_contracts.mirror import MAX_JUMP, ReportContent, Tombstone
from pulse_sync_publisher.model.progress import (
    RETRY_CAP,
    SILENCE,
    Flight,
    Progress,
    next_message,
    send_time,
    sent,
    snapshot_asof,
    snapshot_id,
    with_key_confirmed,
    with_rekey,
)
from pulse_sync_publisher.model.records import Entry
from pulse_sync_publisher.model.reports import KEY_GRACE, MAX_KEY_JUMP, Known, forgotten, judge, which_key

ADA = "00000000-0000-0000-0000-00000000000a"
NOW = 10**15
SET = "a" * 64
RNG = random.Random(1)


def progress(**fields: object) -> Progress:
    made = Progress("press-4", seq=10, acked=10, sent=10, needs_snapshot=False, reported="synced", seen=NOW, beat=4)
    return replace(made, reported_n=4, **fields)  # type: ignore[arg-type]


def report(kind: str = "hello", **fields: object) -> ReportContent:
    base: dict[str, object] = {"kind": kind, "state": "synced", "seq": 10, "max_seq": 10, "top": 20, "floor": 3}
    return ReportContent.model_validate(base | {"count": 1, "n": 4} | fields)


KNOWN = Known(counter=20, set=SET, audit=0)


# --- what to send ----------------------------------------------------------------------------------------------------


def test_nothing_is_sent_before_a_collector_reported_in_its_enrolment() -> None:
    assert next_message(progress(reported=None, seen=None)) is None


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, None),
        ({"acked": 9}, "delta"),
        ({"acked": 9, "needs_snapshot": True}, "snapshot"),
        ({"acked": 9, "next_key": 1}, "rekey"),
        ({"acked": 9, "state": "disabled"}, None),
        ({"acked": 9, "gen": 0}, None),
        ({"acked": 9, "wiped_gen": 1}, None),
        ({"acked": 9, "reported": "wiped"}, None),
    ],
)
def test_the_next_message(fields: dict[str, object], kind: str | None) -> None:
    assert next_message(progress(**fields)) == kind


def test_an_unacknowledged_message_is_repeated_for_ever() -> None:
    state, now = progress(acked=9), NOW
    for attempt in range(1, 200):
        due = send_time(replace(state, seen=now), now, RNG)
        assert due is not None
        assert due - now <= RETRY_CAP * 1_000_000
        now = due
        state = sent(replace(state, seen=now), "delta", (10, 0), now)
        assert state.flight == Flight("delta", 10, 0, attempt, now)


def test_a_silent_collector_is_not_sent_to_before_it_reports() -> None:
    assert send_time(progress(acked=9, seen=NOW - SILENCE - 1), NOW, RNG) is None
    assert send_time(progress(acked=9, seen=None), NOW, RNG) is None
    assert send_time(progress(acked=9), NOW, RNG) == NOW


def test_a_repeated_snapshot_keeps_its_id() -> None:
    state = sent(progress(needs_snapshot=True), "snapshot", (10, 15), NOW)
    assert snapshot_asof(state, 99, 15) == 15
    assert snapshot_asof(replace(state, seq=11), 99, 15) == 99
    assert snapshot_asof(state, 99, 16) == 99, "a collector refuses a record that is newer than asof"
    assert snapshot_asof(state, 14, 16) == 16
    soon = judge(state, report(state="new", seq=0), KNOWN, NOW + 10_000_000).progress
    assert send_time(soon, NOW + 10_000_000, RNG) != NOW + 10_000_000
    later = judge(state, report(state="new", seq=0), KNOWN, NOW + 30_000_000).progress
    assert (send_time(later, NOW + 30_000_000, RNG) or 0) <= NOW + 30_000_000
    assert snapshot_asof(later, 99, 15) == 15
    refused = judge(state, report("need", reason="floor", seq=0), KNOWN, NOW).progress
    assert snapshot_asof(refused, 99, 15) == 99


def test_an_equal_snapshot_has_an_equal_id() -> None:
    assert snapshot_id(progress(), 5, SET, 3) == snapshot_id(progress(), 5, SET, 3)
    assert snapshot_id(progress(), 5, SET, 3) != snapshot_id(progress(), 5, "b" * 64, 3)
    assert len(snapshot_id(progress(key=1), 5, SET, 3)) == 32


def test_a_second_order_does_not_replace_a_rekey_in_progress() -> None:
    begun = with_rekey(progress())
    assert begun.next_key == 1
    assert with_rekey(begun) == begun
    assert with_rekey(begun, 7).next_key == 8
    done = with_key_confirmed(begun, NOW)
    assert (done.key, done.next_key, done.needs_snapshot) == (1, None, True)


# --- reports ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "gen", "key", "use"),
    [
        ({}, 1, 0, "current"),
        ({"next_key": 1}, 1, 1, "next"),
        ({"next_key": 1}, 1, 0, "current"),
        ({}, 2, 0, "foreign_generation"),
        ({}, 1, 5, "rekey"),
        ({}, 1, 1_000, "unknown_key"),
        ({"next_key": 6}, 1, 5, "unknown_key"),
        ({"key": 3, "keyed_at": NOW - KEY_GRACE}, 1, 2, "rekey"),
        ({"key": 3, "keyed_at": NOW - KEY_GRACE + 1}, 1, 2, "unknown_key"),
        ({"key": 5}, 1, 5 + MAX_KEY_JUMP - 1, "rekey"),
        ({"key": 5}, 1, 5 + MAX_KEY_JUMP, "unknown_key"),
        ({"key": 5, "next_key": 5 + MAX_KEY_JUMP}, 1, 6 + MAX_KEY_JUMP, "unknown_key"),
        ({"state": "lost"}, 1, 0, "unmanaged"),
        ({"gen": 0}, 1, 0, "unmanaged"),
    ],
)
def test_which_key_opens_a_report(fields: dict[str, object], gen: int, key: int, use: str) -> None:
    assert which_key(progress(**fields), gen, key, NOW) == use


@pytest.mark.parametrize("field", ["seq", "max_seq", "top", "floor", "n", "audit"])
def test_a_number_that_jumps_changes_nothing(field: str) -> None:
    fields: dict[str, object] = {field: 2 * MAX_JUMP}
    outcome = judge(progress(), report("hello", **fields), KNOWN, NOW)
    assert (outcome.refused, outcome.progress) == ("number_jump", progress())


@pytest.mark.parametrize("field", ["top", "floor"])
def test_no_collector_raises_the_counter_above_the_time(field: str) -> None:
    known = replace(KNOWN, counter=NOW - 10)
    fields: dict[str, object] = {field: NOW}
    assert judge(progress(), report("hello", **fields), known, NOW).counter == NOW
    fields = {field: NOW + 1}
    assert judge(progress(), report("hello", **fields), known, NOW).refused == "number_jump"
    above = replace(KNOWN, counter=NOW + 1)  # the clock went back
    assert judge(progress(), report("hello", **fields), above, NOW).refused is None


def test_an_acknowledgement_moves_forward_only() -> None:
    state = progress(acked=7, flight=Flight("delta", 9, 0, 1, NOW))
    assert judge(state, report("ack", seq=9, max_seq=9), KNOWN, NOW).progress.acked == 9
    assert judge(state, report("ack", seq=9, max_seq=9), KNOWN, NOW).progress.flight is None
    assert judge(state, report("ack", seq=3), KNOWN, NOW).progress.acked == 7
    assert judge(state, report("ack", seq=3), KNOWN, NOW).progress.flight == state.flight


def test_only_the_snapshot_that_was_sent_ends_the_need_for_one() -> None:
    state = progress(needs_snapshot=True, flight=Flight("snapshot", 10, 15, 1, NOW))
    assert judge(state, report("ack", floor=14), KNOWN, NOW).progress.needs_snapshot
    assert not judge(state, report("ack", floor=15), KNOWN, NOW).progress.needs_snapshot


def test_a_hello_with_less_moves_back() -> None:
    outcome = judge(progress(), report(seq=4), KNOWN, NOW)
    assert (outcome.progress.acked, outcome.progress.needs_snapshot) == (4, False)


@pytest.mark.parametrize("state", ["new", "rollback"])
def test_a_collector_without_its_set_gets_a_snapshot(state: str) -> None:
    assert judge(progress(), report(state=state, seq=0), KNOWN, NOW).progress.needs_snapshot


@pytest.mark.parametrize(
    ("reason", "seq", "needs"), [("gap", 4, False), ("digest", 4, False), ("digest", 10, True), ("floor", 4, True)]
)
def test_a_request_for_repair(reason: str, seq: int, needs: bool) -> None:  # a parameter of pytest
    outcome = judge(progress(), report("need", reason=reason, seq=seq), KNOWN, NOW)
    assert outcome.progress.needs_snapshot == needs


def test_a_difference_at_an_equal_position_is_an_incident() -> None:
    outcome = judge(progress(), report(set="b" * 64), KNOWN, NOW)
    assert [kind for kind, _ in outcome.incidents] == ["digest_differs"]
    assert outcome.progress.needs_snapshot
    assert judge(progress(), report(set=SET), KNOWN, NOW).incidents == ()
    assert judge(progress(), report(set="b" * 64, seq=9), KNOWN, NOW).incidents == ()


def test_a_restored_database_is_raised_above_what_a_hello_has() -> None:
    outcome = judge(progress(), report(seq=30, max_seq=40, top=90), KNOWN, NOW)
    assert [kind for kind, _ in outcome.incidents] == ["publisher_restored"]
    assert (outcome.counter, outcome.progress.seq, outcome.progress.needs_snapshot) == (90, 40, True)


@pytest.mark.parametrize("kind", ["ack", "need"])
def test_other_reports_from_a_future_that_was_lost_stop_sending_until_a_hello(kind: str) -> None:
    outcome = judge(progress(acked=9), report(kind, seq=30, max_seq=40, top=90), KNOWN, NOW)
    assert outcome.progress.seen is None
    assert outcome.progress.acked == 9
    assert send_time(outcome.progress, NOW, RNG) is None


def test_a_hello_is_answered_once() -> None:
    nonce = "n" * 22
    first = judge(progress(), report(nonce=nonce), KNOWN, NOW)
    assert (first.nonce, first.refused) == (nonce, None)
    again = judge(first.progress, report(nonce=nonce), KNOWN, NOW)
    assert (again.nonce, again.refused, again.progress) == (None, "replayed", first.progress)


def test_an_older_number_gets_a_heartbeat_and_changes_nothing_else() -> None:
    state = progress()
    outcome = judge(state, report(n=3, seq=0, nonce="n" * 22), KNOWN, NOW)
    assert (outcome.refused, outcome.nonce) == ("replayed", "n" * 22)
    assert replace(outcome.progress, nonces=()) == state


def test_a_known_tombstone_is_not_adopted_again() -> None:
    stone = Tombstone(account=ADA, ver=5, src=3)
    assert forgotten((stone,), {}) == [stone]
    assert forgotten((stone,), {ADA: Entry(ADA, 1, 4, 3, "live")}) == [stone]
    assert forgotten((stone,), {ADA: Entry(ADA, 1, 9, 3, "live")}) == [stone]
    assert forgotten((stone,), {ADA: Entry(ADA, 1, 9, 3, "live", revoked_ver=5, revoked_src=3)}) == []
    assert forgotten((stone,), {ADA: Entry(ADA, 1, 4, 3, "revoked", revoked_ver=4)}) == []
    assert forgotten((stone,), {ADA: Entry(ADA, 1, 4, 2, "revoked", revoked_ver=4)}) == [stone]

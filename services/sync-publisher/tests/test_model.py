"""The rules without a database."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_contracts.mirror import MAX_JUMP, MAX_PART, LocalAuditEntry, ReportContent, Tombstone, audit_hash
from pulse_sync_publisher.model.audit_chain import START, Head, check_chain
from pulse_sync_publisher.model.entitlement import (
    Difference,
    Entitlement,
    Person,
    Rule,
    Site,
    difference,
    require_administrators,
    require_valid,
)
from pulse_sync_publisher.model.errors import InvalidRules, LastAdministratorOfSite, LeaseOutOfBounds
from pulse_sync_publisher.model.leases import Leases, require_bounds
from pulse_sync_publisher.model.progress import (
    RETRY_CAP,
    SILENCE,
    Flight,
    Progress,
    next_message,
    send_time,
    sent,
    snapshot_id,
    with_key_confirmed,
    with_rekey,
)
from pulse_sync_publisher.model.records import (
    MAX_RECORDS,
    Account,
    Entry,
    Place,
    cut,
    next_entry,
    revoked_entry,
    wanted_state,
)
from pulse_sync_publisher.model.reports import KEY_GRACE, Known, forgotten, judge, which_key
from pulse_sync_publisher.model.status import Possibility, offline_problem, shown_state

ADA, BOB = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"
ADA_USER, BOB_ADMIN = Person(ADA, "user", may_sign_in=True), Person(BOB, "admin", may_sign_in=True)
PRESS, LATHE = Site("press-4", "hall-1", frozenset({"old"})), Site("lathe-1", "hall-2", frozenset())
NOW = 10**15
SET = "a" * 64
RNG = random.Random(1)


def account(**fields: object) -> Account:
    made = Account(ADA, 5, "ada@example.org", "Ada", "user", active=True, verifier="$argon2id$x", changed=0)
    return replace(made, **fields)  # type: ignore[arg-type]


def progress(**fields: object) -> Progress:
    made = Progress("press-4", seq=10, acked=10, sent=10, needs_snapshot=False, reported="synced", seen=NOW, beat=4)
    return replace(made, reported_n=4, **fields)  # type: ignore[arg-type]


def report(kind: str = "hello", **fields: object) -> ReportContent:
    base: dict[str, object] = {"kind": kind, "state": "synced", "seq": 10, "max_seq": 10, "top": 20, "floor": 3}
    return ReportContent.model_validate(base | {"count": 1, "n": 4} | fields)


KNOWN = Known(counter=20, set=SET, audit=0)


# --- entitlement -----------------------------------------------------------------------------------------------------


def test_without_a_rule_nobody_may_sign_in() -> None:
    assert not Entitlement([]).allows(ADA_USER, PRESS)
    assert not Entitlement([Rule("role:user", "device:press-4", is_allowed=False)]).allows(ADA_USER, PRESS)


@pytest.mark.parametrize("subject", [f"account:{ADA}", "role:user"])
@pytest.mark.parametrize("place", ["device:press-4", "site:hall-1", "tag:old", "everywhere"])
def test_deny_wins_over_allow_whatever_is_more_specific(subject: str, place: str) -> None:
    allow = Rule(f"account:{ADA}", "device:press-4", is_allowed=True)
    deny = Rule(subject, place, is_allowed=False)
    if deny.key != allow.key:
        assert not Entitlement([allow, deny]).allows(ADA_USER, PRESS)
    assert Entitlement([Rule(subject, place, is_allowed=True)]).allows(ADA_USER, PRESS)


def test_a_disabled_account_may_sign_in_nowhere() -> None:
    rules = Entitlement([Rule("role:user", "everywhere", is_allowed=True)])
    assert rules.accounts(PRESS, [replace(ADA_USER, may_sign_in=False)]) == set()


def test_a_collector_without_a_site_belongs_to_no_site() -> None:
    assert "site:" not in Site("a", "", frozenset()).places


_RULES = st.builds(
    Rule,
    st.sampled_from([f"account:{ADA}", f"account:{BOB}", "role:user", "role:admin"]),
    st.sampled_from(["device:press-4", "device:lathe-1", "site:hall-1", "tag:old", "everywhere"]),
    st.booleans(),
)


@given(st.lists(_RULES, max_size=8))
def test_the_three_ways_to_ask_agree(rules: list[Rule]) -> None:
    made = Entitlement(rules)
    people, sites = [ADA_USER, BOB_ADMIN], [PRESS, LATHE]
    for person in people:
        for site in sites:
            is_allowed = made.allows(person, site)
            assert is_allowed == (person.account in made.accounts(site, people))
            assert is_allowed == (site.device in made.devices(person, sites))


def test_the_difference_of_two_lists_is_what_is_gained_and_lost() -> None:
    before = Entitlement([Rule("role:user", "site:hall-1", is_allowed=True)])
    after = Entitlement([Rule("role:user", "site:hall-2", is_allowed=True)])
    found = difference(before, after, [PRESS, LATHE], [ADA_USER, BOB_ADMIN])
    assert found == Difference(frozenset({("lathe-1", ADA)}), frozenset({("press-4", ADA)}))


def test_each_wrong_rule_gets_its_reason() -> None:
    rules = [
        Rule(f"account:{BOB}", "everywhere", is_allowed=True),
        Rule("role:user", "device:none", is_allowed=True),
        Rule("role:user", "tag:none", is_allowed=True),
        Rule("role:user", "site:none", is_allowed=True),
        Rule("role:user", "site:hall-1", is_allowed=True),
        Rule("role:user", "site:hall-1", is_allowed=False),
    ]
    with pytest.raises(InvalidRules) as refused:
        require_valid(rules, ([PRESS], {ADA: ADA_USER}), Entitlement([]), allow_unmatched=False)
    rows = refused.value.members["rows"]
    assert [row["reason"] for row in rows] == [  # type: ignore[attr-defined]
        "unknown_account",
        "unknown_collector",
        "no_collector_has_this_tag",
        "no_collector_has_this_site",
        "duplicate_rule",
    ]
    require_valid(rules[2:5], ([PRESS], {ADA: ADA_USER}), Entitlement([]), allow_unmatched=True)
    require_valid(rules[:5], ([PRESS], {ADA: ADA_USER}), Entitlement(rules[:5]), allow_unmatched=False)


def test_a_site_keeps_an_administrator() -> None:
    before = Entitlement([Rule("role:admin", "everywhere", is_allowed=True)])
    after = Entitlement([Rule("role:admin", "site:hall-2", is_allowed=True)])
    with pytest.raises(LastAdministratorOfSite, match="hall-1"):
        require_administrators(before, after, [PRESS, LATHE], [ADA_USER, BOB_ADMIN])
    require_administrators(before, before, [PRESS, LATHE], [BOB_ADMIN])
    require_administrators(before, after, [PRESS, LATHE], [ADA_USER])


@pytest.mark.parametrize(("user", "admin"), [(3_599, 0), (0, 0), (2_592_001, 0), (3_600, -1), (3_600, 259_201)])
def test_a_lease_outside_its_bounds_is_refused_with_the_reason(user: int, admin: int) -> None:
    with pytest.raises(LeaseOutOfBounds, match="must be between"):
        require_bounds(Leases(user, admin))


def test_the_bounds_themselves_are_leases() -> None:
    assert require_bounds(Leases(3_600, 0)).of("user") == 3_600
    assert require_bounds(Leases(2_592_000, 259_200)).of("admin") == 259_200


# --- entries ---------------------------------------------------------------------------------------------------------


def test_an_account_stays_revoked_while_its_version_is_older() -> None:
    old = Entry(ADA, 1, 1, 9, "revoked", revoked_ver=1, revoked_src=9)
    assert wanted_state(old, account(src=8), is_entitled=True) == "revoked"
    assert wanted_state(old, account(src=9), is_entitled=True) == "live"
    assert wanted_state(None, account(), is_entitled=False) is None


def test_a_collector_holds_a_verifier_until_it_acknowledged_the_revocation() -> None:
    live = next_entry(None, account(), Leases(), ("live", 1, NOW), Place(1, 0, 0))
    assert not live.may_hold(sent=0, acked=0)
    assert live.may_hold(sent=1, acked=0)
    gone = next_entry(live, account(active=False), Leases(), ("revoked", 2, NOW), Place(2, 1, 1))
    assert gone.may_hold(sent=2, acked=1)
    assert not gone.may_hold(sent=2, acked=2)
    back = next_entry(gone, account(verifier=None), Leases(), ("live", 3, NOW), Place(3, 2, 2))
    assert not back.may_hold(sent=3, acked=2)
    assert (back.revoked_ver, back.revoked_src) == (2, 5)


def test_a_revocation_never_lowers_the_version() -> None:
    old = Entry(ADA, 1, 1, 9, "live")
    gone = next_entry(old, account(src=8), Leases(), ("revoked", 2, NOW), Place(2, 0, 0))
    assert gone.src == 9
    assert revoked_entry(old, ADA, (3, 4), NOW, Place(3, 0, 0)).src == 9


@given(st.lists(st.integers(1, 3_000), max_size=400))
def test_messages_have_a_bounded_size_and_all_records(sizes: list[int]) -> None:
    items = [(seq, b"x" * size) for seq, size in enumerate(sizes, 1)]
    parts = list(cut(items))
    assert sum(part.count for part in parts) == len(items)
    assert [part.seq for part in parts] == sorted({part.seq for part in parts})
    assert all(len(part.payload) <= MAX_PART and part.count <= MAX_RECORDS for part in parts)
    assert b",".join(part.payload[len(b'{"records":[') : -2] for part in parts) == b",".join(t for _, t in items)


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


# --- local audit trails ----------------------------------------------------------------------------------------------


def trail(count: int, previous: str = START, first: int = 1) -> list[LocalAuditEntry]:
    made = list[LocalAuditEntry]()
    for n in range(first, first + count):
        entry = LocalAuditEntry(n=n, at=n, kind="signed_in_offline", hash=START)
        made.append(entry.model_copy(update={"hash": audit_hash(previous, entry)}))
        previous = made[-1].hash
    return made


def test_entries_are_stored_once() -> None:
    entries = trail(5)
    first = check_chain(Head(), entries[:3], {})
    assert (len(first.new), first.head.n, first.fault) == (3, 3, None)
    again = check_chain(first.head, entries[1:], {one.hash: one.n for one in entries[:3]})
    assert ([one.n for one in again.new], again.head.n, again.fault) == ([4, 5], 5, None)
    assert check_chain(again.head, entries, {one.hash: one.n for one in entries}).new == ()


def test_a_changed_missing_or_restarted_trail_is_a_fault() -> None:
    entries = trail(5)
    head = Head(2, entries[1].hash)
    stored = {one.hash: one.n for one in entries[:2]}
    changed = entries[2].model_copy(update={"reason": "forged"})
    other = trail(1, START, 3)
    assert "missing" in (check_chain(head, entries[3:], stored).fault or "")
    assert "does not follow" in (check_chain(head, [changed], stored).fault or "")
    assert "does not follow" in (check_chain(head, other, stored).fault or "")
    assert "begins again" in (
        check_chain(head, [trail(1)[0].model_copy(update={"hash": "1" * 64})], stored).fault or ""
    )
    assert "follows" in (check_chain(Head(), [entries[0], entries[2]], {}).fault or "")
    assert "does not follow" in (
        check_chain(Head(), [entries[0], entries[1].model_copy(update={"at": 9})], {}).fault or ""
    )


# --- states ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "in_sync"),
        ({"acked": 9}, "behind"),
        ({"needs_snapshot": True}, "behind"),
        ({"reported": None}, "never"),
        ({"reported": "new"}, "never"),
        ({"reported": "rollback"}, "rolled_back"),
        ({"wiped_gen": 1}, "wiped"),
        ({"state": "lost", "wiped_gen": 1}, "unmanaged"),
        ({"state": "disabled"}, "unmanaged"),
        ({"gen": 0}, "unmanaged"),
    ],
)
def test_the_state_that_people_see(fields: dict[str, object], state: str) -> None:
    assert shown_state(progress(**fields)) == state


@pytest.mark.parametrize(
    ("made", "lease", "entitled", "synchronised", "problem"),
    [
        (account(), 60, 1, 1, None),
        (account(verifier=None), 60, 1, 1, "no_verifier"),
        (account(), 0, 1, 1, "lease_is_zero"),
        (account(), 60, 0, 0, "not_entitled"),
        (account(), 60, 1, 0, "never_synchronised"),
        (account(active=False), 60, 1, 1, "disabled"),
        (account(deleted=True), 60, 1, 1, "deleted"),
    ],
)
def test_why_an_account_cannot_sign_in_offline(
    made: Account, lease: int, entitled: int, synchronised: int, problem: str | None
) -> None:
    assert offline_problem(Possibility(made, lease, entitled, synchronised)) == problem

"""The rules without a database."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_contracts.accounts import DigestSeal, set_sum
from pulse_contracts.mirror import MAX_PART, LocalAuditEntry, ReportContent, audit_hash
from pulse_sync_publisher.model.audit_chain import START, Head, check_chain
from pulse_sync_publisher.model.currency import Announced, moved_sum
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
    Progress,
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
from pulse_sync_publisher.model.reports import Known
from pulse_sync_publisher.model.restored_users import restored_users
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
        Rule("role:viewer", "everywhere", is_allowed=True),
        Rule("role:viewer", "site:hall-1", is_allowed=False),
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
        "viewers_are_not_mirrored",
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
        (account(at_users=4), 60, 0, 0, "older_at_users"),
        (account(role="viewer"), 60, 0, 0, "viewer"),
    ],
)
def test_why_an_account_cannot_sign_in_offline(
    made: Account, lease: int, entitled: int, synchronised: int, problem: str | None
) -> None:
    assert offline_problem(Possibility(made, lease, entitled, synchronised)) == problem


# -- the copy of the accounts


def _account_at(number: int, src: int) -> Account:
    return Account(f"{number:08d}-0000-4000-8000-000000000000", src, "a@b.c", "A", "user", True, None, 0)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 10**6)), max_size=30))
def test_the_moved_sum_is_the_sum_of_the_copy(changes: list[tuple[int, int]]) -> None:
    known: dict[str, Account] = {}
    copied = set_sum([])
    for number, src in changes:
        changed = _account_at(number, src)
        copied = moved_sum(copied, [changed], known)
        known[changed.id] = changed
    assert copied == set_sum([(one.id, one.src) for one in known.values()])


def _announce(announced: Announced, sum_: str, made: int, now: int | None = None) -> str | None:
    """Announces the set whose sum ends with this digit. Times in microseconds."""
    content = DigestSeal(sum=sum_.rjust(64, "0"), at=made)
    return announced.receive(content, content.sum, made if now is None else now)


def _confirms(announced: Announced, sum_: str, now: int) -> bool:
    return announced.confirms(sum_.rjust(64, "0"), now)


def test_only_the_announced_set_is_confirmed_and_its_predecessor_for_a_moment() -> None:
    announced = Announced()
    assert not _confirms(announced, "a", 0), "nothing is announced yet"
    _announce(announced, "a", 0)
    _announce(announced, "b", 60_000_000)
    assert _confirms(announced, "b", 10**12)
    assert _confirms(announced, "a", 62_000_000)
    assert not _confirms(announced, "a", 62_000_001)


def test_swapped_digests_leave_the_newest_one() -> None:
    announced = Announced()
    assert _announce(announced, "2", 1_000_000) is None
    assert _announce(announced, "1", 900_000, 1_100_000) is None
    assert announced.newest == "2".rjust(64, "0")
    assert _confirms(announced, "2", 60_000_000)
    assert _confirms(announced, "1", 1_200_000)
    assert not _confirms(announced, "1", 60_000_000)


def test_a_restored_users_service_announces_an_older_set() -> None:
    announced = Announced()
    _announce(announced, "2", 1_000_000)
    assert _announce(announced, "1", 30_000_000) is None
    assert announced.newest == "1".rjust(64, "0")


@pytest.mark.parametrize(
    ("made", "refusal"),
    [
        (-1, "expired"),
        (0, "superseded"),
        (398_000_000, None),
        (397_999_999, "superseded"),
        (660_000_000, None),
        (660_000_001, "from_the_future"),
    ],
)
def test_when_a_sealed_digest_is_believed(made: int, refusal: str | None) -> None:
    """The newest believed digest was made at 400 s. It is 600 s."""
    announced = Announced()
    shift = 10**12
    _announce(announced, "1", shift + 400_000_000)
    assert _announce(announced, "2", shift + made, shift + 600_000_000) == refusal


def test_a_digest_with_another_sum_than_its_seal_is_refused() -> None:
    announced = Announced()
    content = DigestSeal(sum="a" * 64, at=0)
    assert announced.receive(content, "b" * 64, 0) == "sum_differs"
    assert announced.receive(content, "", 0) == "sum_differs"
    assert announced.receive(None, "a" * 64, 0) == "unsealed"
    assert announced.newest is None


def test_users_is_heard_by_when_it_announced_and_not_by_when_that_arrived() -> None:
    announced = Announced()
    assert not announced.is_heard(0)
    _announce(announced, "1", 0, 599_000_000)
    assert announced.is_heard(600_000_000)
    assert not announced.is_heard(600_000_001)


@given(st.dictionaries(st.integers(0, 4), st.integers(1, 9)), st.dictionaries(st.integers(0, 4), st.integers(1, 9)))
def test_an_accepted_set_equals_the_copy_and_revokes_what_is_older(copy: dict[int, int], users: dict[int, int]) -> None:
    accounts = {one.id: one for one in (_account_at(number, src) for number, src in copy.items())}
    versions = {_account_at(number, 1).id: version for number, version in users.items()}
    found = restored_users(accounts.values(), versions)
    if any(version > copy.get(number, 0) for number, version in users.items()):
        assert found is None, "the copy is behind: a replay repairs it"
        return
    assert (found is None) == (copy == users)
    after = accounts | {one.id: one for one in (found.changed if found is not None else ())}
    assert {id_: one.version_at_users for id_, one in after.items() if one.version_at_users} == versions
    for number, src in copy.items():
        account = after[_account_at(number, 1).id]
        assert account.src == src
        assert account.person.may_sign_in == (users.get(number) == src)
    if found is not None:
        assert found.revoked == sum(not one.person.may_sign_in for one in after.values())
    assert restored_users(after.values(), versions) is None

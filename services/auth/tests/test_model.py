"""Rules without I/O: rotation as a state machine, back-off, claims."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pulse_auth.model.sessions import (
    Account,
    Grant,
    TokenState,
    Verdict,
    access_claims,
    backoff_key,
    is_token,
    judge,
    successor,
    write_token,
)
from pulse_chassis.identity.principal import RULES
from pulse_jose.claims import check_claims, write_claims

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GRACE = timedelta(seconds=10)
FRESH = TokenState(NOW + timedelta(days=7), NOW + timedelta(hours=12), False, True, None, False)
ACCOUNT = Account(UUID(int=1), 1, "ada@example.org", "Ada", "admin", True, None)
GRANT = Grant(str(UUID(int=2)), NOW + timedelta(days=7))


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (FRESH, Verdict.ROTATE),
        (replace(FRESH, is_revoked=True), Verdict.ENDED),
        (replace(FRESH, is_account_active=False), Verdict.ENDED),
        (replace(FRESH, idle_ends=NOW), Verdict.ENDED),
        (replace(FRESH, session_ends=NOW), Verdict.ENDED),
        (replace(FRESH, used=NOW - GRACE), Verdict.REPEAT),
        (replace(FRESH, used=NOW - GRACE - timedelta(microseconds=1)), Verdict.REUSED),
        (replace(FRESH, used=NOW, is_successor_used=True), Verdict.REUSED),
        (replace(FRESH, used=NOW - timedelta(hours=1), is_revoked=True), Verdict.ENDED),
    ],
)
def test_the_rotation_rule(state: TokenState, verdict: Verdict) -> None:
    assert judge(state, NOW, GRACE) is verdict


LONG_GRACE = timedelta(minutes=10)


@pytest.mark.parametrize(
    ("seconds", "is_parent_late", "verdict"),
    [
        (10, False, Verdict.REPEAT),
        (10, True, Verdict.REPEAT),
        (11, False, Verdict.REPEAT_LATE),
        (11, True, Verdict.REUSED),
        (600, False, Verdict.REPEAT_LATE),
        (601, False, Verdict.REUSED),
    ],
)
def test_a_late_repeat_is_accepted_once(seconds: int, is_parent_late: bool, verdict: Verdict) -> None:
    state = replace(FRESH, used=NOW - timedelta(seconds=seconds), is_parent_late=is_parent_late)
    assert judge(state, NOW, LONG_GRACE) is verdict


@given(st.lists(st.tuples(st.booleans(), st.integers(11, 600)), min_size=30, max_size=30))
@example([(True, 120), (False, 120)] * 15)
def test_a_thief_and_the_owner_cannot_both_keep_the_session(turns: list[tuple[bool, int]]) -> None:
    """In any order of their refreshes, it is detected within three rotations."""
    now, late, holds = NOW, set[int](), [0, 0]
    chain: list[datetime | None] = [None]
    for is_thief, seconds in turns:
        now += timedelta(seconds=seconds)
        at = holds[is_thief]
        state = replace(
            FRESH,
            idle_ends=FRESH.session_ends,
            used=chain[at],
            is_successor_used=at + 1 < len(chain) and chain[at + 1] is not None,
            is_parent_late=at - 1 in late,
        )
        verdict = judge(state, now, LONG_GRACE)
        if verdict is Verdict.REUSED:
            return
        if verdict is Verdict.ROTATE:
            chain[at] = now
            chain.append(None)
        elif verdict is Verdict.REPEAT_LATE:
            late.add(at)
        holds[is_thief] = at + 1
        assert min(holds) <= 2, "both went on"


class Family(RuleBasedStateMachine):
    """Any party may present any token of a family at any time. At most one token is unused, and after a reuse was
    detected no token is accepted."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.is_revoked, self.caught = NOW, False, False
        self.used: list[datetime | None] = [None]

    @rule(seconds=st.integers(0, 30))
    def time_goes_on(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(back=st.integers(0, 3))
    def a_token_is_shown(self, back: int) -> None:
        index = len(self.used) - 1 - min(back, len(self.used) - 1)
        used = self.used[index]
        is_successor_used = index + 1 < len(self.used) and self.used[index + 1] is not None
        state = TokenState(
            NOW + timedelta(days=7), NOW + timedelta(days=1), self.is_revoked, True, used, is_successor_used
        )
        verdict = judge(state, self.now, GRACE)
        if self.caught:
            assert verdict is Verdict.ENDED
        if verdict is Verdict.ROTATE:
            assert index == len(self.used) - 1
            self.used[index] = self.now
            self.used.append(None)
        elif verdict is Verdict.REPEAT:
            assert index == len(self.used) - 2
        elif verdict is Verdict.REUSED:
            self.is_revoked = self.caught = True

    @invariant()
    def one_token_is_unused(self) -> None:
        assert self.used.count(None) == 1


TestFamily = Family.TestCase


@given(st.text(max_size=300))
def test_every_name_results_in_valid_claims(name: str) -> None:
    claims = access_claims(replace(ACCOUNT, name=name[:200]), GRANT, 0, NOW, "j")
    check_claims(claims, RULES, NOW.timestamp())
    assert write_claims(claims)["name"]


def test_a_token_expires_with_its_session() -> None:
    claims = access_claims(ACCOUNT, replace(GRANT, ends=NOW + timedelta(seconds=90)), 0, NOW, "j")
    assert claims.exp - claims.iat == 90


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_a_successor_depends_on_the_secret(secret: bytes, raw: bytes) -> None:
    token = write_token(raw)
    following = successor(secret, token)
    assert is_token(token)
    assert is_token(following)
    assert following == successor(secret, token) != successor(secret + b"x", token)


def test_failures_are_counted_per_email_in_any_case() -> None:
    assert backoff_key(" Ada@Example.org") == backoff_key("ada@example.ORG")

"""Which newer version of an account lifts a revocation: the rules without a database."""

from dataclasses import replace

import pytest

from pulse_sync_publisher.model.records import Account, newest

ADA = "00000000-0000-0000-0000-00000000000a"


def account(**fields: object) -> Account:
    made = Account(ADA, 5, "ada@example.org", "Ada", "user", active=True, verifier="$argon2id$x", changed=0)
    return replace(made, **fields)  # type: ignore[arg-type]


REVOKED = account(src=7, active=False, verifier=None, state_version=7)


@pytest.mark.parametrize(
    ("held", "newer", "may_sign_in"),
    [
        (account(state_version=5), account(src=9, state_version=5), True),
        (REVOKED, account(src=9, state_version=8), True),
        (REVOKED, account(src=9, state_version=9), True),
        (REVOKED, account(src=9, state_version=5), False),  # a change of a users service that forgot the revocation
        (REVOKED, account(src=9, state_version=7), False),
        (REVOKED, account(src=9), False),  # an older users service does not tell
        (account(src=7, active=False), account(src=9, state_version=6), False),
        (account(src=7, active=False, deleted=True, email=""), account(src=9, state_version=9), False),
        (account(src=7, active=False, deleted=True, email=""), account(src=9, active=False, state_version=9), False),
    ],
)
def test_only_a_newer_decision_lifts_a_revocation(held: Account, newer: Account, may_sign_in: bool) -> None:
    (made,) = newest([newer], {ADA: held})
    assert (made.src, made.may_sign_in, made.at_users) == (9, may_sign_in, None)
    assert made.is_kept == (newer.active and not may_sign_in)
    assert made.deleted == held.deleted
    assert may_sign_in or made.verifier is None
    later = account(src=11, state_version=newer.state_version)
    (again,) = newest([later], {ADA: made})
    assert again.may_sign_in == may_sign_in, "the next change that is no decision lifts nothing either"


def test_a_revocation_stays_if_the_next_version_arrives_together_with_it() -> None:
    """The revocation still waited at the broker when the database of users was restored."""
    (made,) = newest([account(src=9, state_version=5), REVOKED], {ADA: account(state_version=5)})
    assert (made.src, made.may_sign_in, made.is_kept) == (9, False, True)

"""The state of a collector's mirror as people see it."""

from dataclasses import dataclass
from typing import Literal

from pulse_sync_publisher.model.progress import Progress
from pulse_sync_publisher.model.records import Account

Shown = Literal["in_sync", "behind", "never", "rolled_back", "wiped", "unmanaged"]
OfflineProblem = Literal[
    "disabled",
    "deleted",
    "older_at_users",
    "viewer",
    "not_entitled",
    "no_verifier",
    "lease_is_zero",
    "never_synchronised",
]


def shown_state(progress: Progress) -> Shown:
    """The state for pages. `never`: it has not synchronised in this enrolment."""
    if not progress.is_managed:
        return "wiped" if progress.is_wiped and progress.state == "enabled" else "unmanaged"
    if progress.is_wiped:
        return "wiped"
    if progress.reported in {None, "new"}:
        return "never"
    if progress.reported == "rollback":
        return "rolled_back"
    return "behind" if progress.needs_snapshot or progress.acked < progress.seq else "in_sync"


@dataclass(frozen=True)
class Possibility:
    """What offline sign-in of an account depends on. `entitled`, `synchronised`: numbers of collectors."""

    account: Account
    lease: int
    entitled: int
    synchronised: int


def offline_problem(possible: Possibility) -> OfflineProblem | None:
    """Why the account can sign in offline nowhere. None: it can."""
    account = possible.account
    reasons: tuple[tuple[bool, OfflineProblem], ...] = (
        (account.deleted, "deleted"),
        (not account.active, "disabled"),
        (account.at_users is not None, "older_at_users"),
        (account.role == "viewer", "viewer"),
        (possible.entitled == 0, "not_entitled"),
        (account.verifier is None, "no_verifier"),
        (possible.lease == 0, "lease_is_zero"),
        (possible.synchronised == 0, "never_synchronised"),
    )
    return next((problem for is_true, problem in reasons if is_true), None)

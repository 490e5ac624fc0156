"""The state of a collector's mirror as people see it."""

from dataclasses import dataclass
from typing import Literal

from pulse_sync_publisher.model.progress import Progress
from pulse_sync_publisher.model.records import Account

Shown = Literal["in_sync", "behind", "never", "rolled_back", "wiped", "unmanaged"]
OfflineProblem = Literal["disabled", "deleted", "not_entitled", "no_verifier", "lease_is_zero", "never_synchronised"]


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
    if account.deleted:
        return "deleted"
    if not account.active:
        return "disabled"
    if possible.entitled == 0:
        return "not_entitled"
    if account.verifier is None:
        return "no_verifier"
    if possible.lease == 0:
        return "lease_is_zero"
    return None if possible.synchronised else "never_synchronised"

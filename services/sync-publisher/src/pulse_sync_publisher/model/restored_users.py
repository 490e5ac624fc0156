"""The set of users is older than the copy: the database of users alone was restored from a backup.

The copy keeps its newer versions, so a revocation that users has forgotten stays. But the two sets never become equal
by themselves. An administrator accepts the set of users. Then an account whose version at users is older than in the
copy, or that users does not have, stays revoked at every collector until users changes it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pulse_sync_publisher.model.records import Account


@dataclass(frozen=True)
class RestoredUsers:
    """How the set of users differs from the copy.

    changed: the accounts with their new `at_users`, if an administrator accepts the set.
    older: accounts whose version at users is older. missing: accounts that users does not have.
    """

    changed: tuple[Account, ...]
    older: int
    missing: int

    @property
    def revoked(self) -> int:
        """Accounts that stay revoked until users changes them, if an administrator accepts the set."""
        return self.older + self.missing


def restored_users(copy: Iterable[Account], versions: Mapping[str, int]) -> RestoredUsers | None:
    """Compares the copy with the whole set of users (id and version). None: the copy is equal, or it is the copy that
    lacks changes, so a replay repairs it."""
    accounts = {one.id: one for one in copy}
    if any(id_ not in accounts or accounts[id_].src < version for id_, version in versions.items()):
        return None
    older, missing, changed = 0, 0, list[Account]()
    for account in accounts.values():
        version = versions.get(account.id, 0)
        older += 0 < version < account.src
        missing += version == 0
        at_users = None if version == account.src else version
        if at_users != account.at_users:
            changed.append(replace(account, at_users=at_users))
    return RestoredUsers(tuple(changed), older, missing) if changed else None

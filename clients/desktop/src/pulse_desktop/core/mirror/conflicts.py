"""Conflicts between this collector and the server: what happened, what was decided, and by which versions. The newest
1,000 are kept, and each is also an entry of the audit trail."""

from dataclasses import dataclass
from typing import Final, Literal

from pulse_desktop.core.mirror import audit
from pulse_desktop.core.mirror.database import Database, Rows

MAX_KEPT: Final = 1_000

Kind = Literal[
    "account_revoked_in_session",
    "account_changed_in_session",
    "session_not_confirmed",
    "signed_in_twice",
    "email_reused",
    "change_after_deletion",
    "returned_after_lease",
    "database_restored",
    "audit_ahead",
    "keystore_mismatch",
]
Decision = Literal[
    "session_ended",
    "role_replaced",
    "session_replaced",
    "newer_account_signs_in",
    "older_account_stays_revoked",
    "account_stays_revoked",
    "mirror_confirmed_again",
    "offline_sign_in_refused",
    "audit_numbers_raised",
]
MEANINGS: Final[dict[Kind, str]] = {
    "account_revoked_in_session": "the account was revoked while its owner was signed in",
    "account_changed_in_session": "the password or the role changed while the owner was signed in",
    "session_not_confirmed": "the server did not confirm a session that began without the network",
    "signed_in_twice": "the same person signed in with and without the server",
    "email_reused": "two accounts have the same e-mail",
    "change_after_deletion": "a change of an account arrived after its revocation",
    "returned_after_lease": "the collector was away for longer than the lease of an account",
    "database_restored": "the database is older than the keystore: it was restored or copied",
    "audit_ahead": "the server has audit entries that this collector does not know: it was restored or cloned",
    "keystore_mismatch": "the keystore is missing, or belongs to another collector or enrolment",
}
DECISIONS: Final[dict[Decision, str]] = {
    "session_ended": "the session ended",
    "role_replaced": "the session got the new role",
    "session_replaced": "the newer session replaced the older one",
    "newer_account_signs_in": "the account with the newer version can sign in, the older one is hidden",
    "older_account_stays_revoked": "the newer account can sign in, the older one stays revoked",
    "account_stays_revoked": "the account stays revoked",
    "mirror_confirmed_again": "the server confirmed every account again",
    "offline_sign_in_refused": "nobody signs in without the network until this is repaired",
    "audit_numbers_raised": "the audit trail continues above the server's number",
}


@dataclass(frozen=True)
class Conflict:
    """One conflict.

    account: the account that it is about; None: the whole collector. other: the other account of a re-used e-mail.
    before, after: what was compared: `ver` of records, positions of databases, numbers of audit entries; for
        `returned_after_lease` the last and the new confirmation in elapsed microseconds; for `keystore_mismatch` the
        generation of the enrolment.
    at: microseconds since 1970; 0 before it is recorded.
    """

    kind: Kind
    decision: Decision
    account: str | None = None
    other: str | None = None
    before: int | None = None
    after: int | None = None
    at: int = 0


async def record(rows: Rows, at: int, conflict: Conflict, *, once: bool = False) -> None:
    """Records a conflict in the running transaction. `once`: not if one of the same kind, accounts and decision is
    stored."""
    one = conflict
    if once and await rows.fetch(
        "SELECT 1 FROM conflict WHERE kind = ? AND account IS ? AND other IS ? AND decision = ? LIMIT 1",
        *(one.kind, one.account, one.other, one.decision),
    ):
        return
    await rows.run(
        "INSERT INTO conflict (at, kind, account, other, decision, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)",
        *(at, one.kind, one.account, one.other, one.decision, one.before, one.after),
    )
    await rows.run("DELETE FROM conflict WHERE n <= (SELECT max(n) FROM conflict) - ?", MAX_KEPT)
    detail = f"{one.decision}, versions {_text(one.before)} and {_text(one.after)}"
    if one.other is not None:
        detail += f", other account {one.other}"
    await audit.record(rows, at, "conflict", one.account, one.kind, detail)


class Conflicts:
    """The conflicts of one state directory."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, at: int, conflict: Conflict, *, once: bool = False) -> None:
        """Records a conflict in a transaction of its own. Raises StoreFailure."""
        async with self._database.transaction() as rows:
            await record(rows, at, conflict, once=once)

    async def newest(self) -> list[Conflict]:
        """The stored conflicts, newest first. Raises StoreFailure."""
        async with self._database.reading() as rows:
            found = await rows.fetch(
                "SELECT kind, decision, account, other, before, after, at FROM conflict ORDER BY n DESC"
            )
        return [Conflict(*row) for row in found]

    async def count(self) -> int:
        """The number of stored conflicts. Raises StoreFailure."""
        async with self._database.reading() as rows:
            ((count,),) = await rows.fetch("SELECT count(*) FROM conflict")
        return int(count)


def _text(version: int | None) -> str:
    return "none" if version is None else str(version)

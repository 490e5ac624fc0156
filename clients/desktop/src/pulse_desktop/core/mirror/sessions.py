"""Local sessions: who is signed in at this collector. One person at a time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from pulse_contracts.permissions import ROLES, Permission, Role
from pulse_desktop.core.mirror import audit, conflicts
from pulse_desktop.core.mirror.conflicts import Conflict
from pulse_desktop.core.mirror.database import Database, Row, Rows

LIFETIME: Final = 12 * 3_600 * 1_000_000
"""Microseconds of elapsed time after which a session ends."""
How = Literal["online", "offline"]
EndReason = Literal["revoked", "verifier_changed", "expired", "replaced", "rolled_back", "wiped", "not_confirmed"]
_COLUMNS: Final = "id, account, email, name, role, how, since, validated, expires, verifier_hash"


@dataclass(frozen=True)
class Person:
    """The account that signs in. `verifier_hash`: of the verifier that checked the password; None online."""

    account: str
    email: str
    name: str
    role: Role
    verifier_hash: str | None = None


@dataclass(frozen=True)
class LocalSession:
    """One session. Times are elapsed microseconds. `validated`: when the server or a fresh mirror last confirmed it."""

    id: str
    person: Person
    how: How
    since: int
    validated: int
    expires: int

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the person may do at this collector."""
        return ROLES[self.person.role]


class Sessions:
    """The sessions of one state directory."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def current(self, elapsed: int) -> LocalSession | None:
        """The session of the person who is signed in."""
        async with self._database.reading() as rows:
            return await current(rows, elapsed)

    async def end_expired(self, elapsed: int, at: int) -> None:
        """Ends sessions that are too old. A session from the future is as well: the clock was set back."""

        async def work(rows: Rows) -> None:
            gone = await rows.fetch(
                "DELETE FROM session WHERE expires <= ? OR since > ? RETURNING account, how", elapsed, elapsed
            )
            await _record(rows, at, gone, "expired")

        await self._database.at_once(work)

    async def sign_out(self, at: int) -> Person | None:
        """Ends the session on request. Returns who was signed in."""
        async with self._database.transaction() as rows:
            found = await rows.fetch(f"DELETE FROM session RETURNING {_COLUMNS}")  # noqa: S608  # a constant
            for row in found:
                await audit.record(rows, at, "signed_out", row[1], row[5])
        return _session(found[0]).person if found else None


async def current(rows: Rows, elapsed: int) -> LocalSession | None:
    """The session that has not expired."""
    row = await rows.one(
        f"SELECT {_COLUMNS} FROM session WHERE expires > ? AND since <= ? ORDER BY since DESC",  # noqa: S608
        elapsed,
        elapsed,
    )
    return None if row is None else _session(row)


async def begin(rows: Rows, session: LocalSession, at: int) -> None:
    """Begins a session in the running transaction. It replaces the session of another sign-in."""
    person = session.person
    twice = await rows.fetch(
        "SELECT 1 FROM session WHERE account = ? AND how <> ? AND expires > ? LIMIT 1",
        *(person.account, session.how, session.since),
    )
    await end_all(rows, at, "replaced")
    if twice:
        await conflicts.record(rows, at, Conflict("signed_in_twice", "session_replaced", person.account))
    await rows.run(
        f"INSERT INTO session ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608  # a constant
        *(session.id, person.account, person.email, person.name, person.role, session.how),
        *(session.since, session.validated, session.expires, person.verifier_hash),
    )
    await audit.record(rows, at, "signed_in" if session.how == "online" else "signed_in_offline", person.account)


async def end_all(rows: Rows, at: int, reason: EndReason) -> None:
    """Ends every session in the running transaction."""
    await _record(rows, at, await rows.fetch("DELETE FROM session RETURNING account, how"), reason)


async def end_revoked(rows: Rows, changed: Mapping[str, int | None], at: int) -> None:
    """Ends the sessions that the changed records do not allow. Each is a conflict. `changed`: the version that each
    account had before; None for an unknown account. Call it in the transaction of the change."""
    for account, how, verifier in await rows.fetch("SELECT DISTINCT account, how, verifier_hash FROM session"):
        if account not in changed:
            continue
        row = await rows.one("SELECT ver, state, verifier_hash FROM record WHERE account = ?", account)
        ver, state, current_verifier = (None, "revoked", None) if row is None else row
        if state == "revoked":
            await _end(rows, account, how, at, "revoked")
            conflict = Conflict(
                "account_revoked_in_session", "session_ended", account, before=changed[account], after=ver
            )
        elif how == "offline" and current_verifier != verifier:
            await _end(rows, account, how, at, "verifier_changed")
            conflict = Conflict(
                "account_changed_in_session", "session_ended", account, before=changed[account], after=ver
            )
        else:
            continue
        await conflicts.record(rows, at, conflict)


async def set_role(rows: Rows, account: str, role: Role, versions: tuple[int | None, int], at: int) -> None:
    """Gives the sessions of an account another role, in the running transaction. `versions`: of the account's record,
    before and after."""
    if await rows.run("UPDATE session SET role = ? WHERE account = ? AND role <> ?", role, account, role):
        before, after = versions
        conflict = Conflict("account_changed_in_session", "role_replaced", account, before=before, after=after)
        await conflicts.record(rows, at, conflict)


async def validate_offline(rows: Rows, elapsed: int, at: int) -> None:
    """The mirror is known to be true: keeps the offline sessions whose record is live and has the same verifier, and
    ends the others."""
    gone = await rows.fetch(
        """DELETE FROM session WHERE how = 'offline' AND NOT EXISTS (
               SELECT 1 FROM record AS r
               WHERE r.account = session.account AND r.state = 'live' AND r.verifier_hash = session.verifier_hash
           ) RETURNING account, how"""
    )
    await _record(rows, at, gone, "not_confirmed")
    for account, _ in gone:
        await conflicts.record(rows, at, Conflict("session_not_confirmed", "session_ended", account))
    await rows.run("UPDATE session SET validated = ? WHERE how = 'offline'", elapsed)


async def _end(rows: Rows, account: str, how: How, at: int, reason: EndReason) -> None:
    gone = await rows.fetch("DELETE FROM session WHERE account = ? AND how = ? RETURNING account, how", account, how)
    await _record(rows, at, gone, reason)


async def _record(rows: Rows, at: int, gone: Iterable[Row], reason: EndReason) -> None:
    for account, how in gone:
        await audit.record(rows, at, "session_ended", account, reason, how)


def _session(row: Row) -> LocalSession:
    key, account, email, name, role, how, since, validated, expires, verifier = row
    return LocalSession(key, Person(account, email, name, role, verifier), how, since, validated, expires)

"""Shared by all changes of accounts: the lock of the counter, permissions, versions, events and the audit log."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog

from pulse_chassis.http.problems import TooManyRequests
from pulse_chassis.http.rate_limits import RateLimits
from pulse_chassis.identity.caller import COMMAND_LINE, Caller
from pulse_chassis.identity.principal import Forbidden, NotSignedIn
from pulse_contracts.changes import Changed
from pulse_contracts.errors import DomainError, Unavailable
from pulse_contracts.permissions import ROLES, Permission
from pulse_contracts.times import from_micros, to_micros
from pulse_contracts.topics import CHANGES_PEOPLE, USERS_DIGEST, USERS_EVENT
from pulse_postgres import Audit, AuditEntry, Connection, Database, Outbox
from pulse_users.actions.recent import RecentAccounts
from pulse_users.model.accounts import Account, EventSealer
from pulse_users.store.accounts import AccountStore, Stamp

log = structlog.get_logger("pulse.users")
AUDITED = frozenset({"own_account", "last_administrator", "bulk_refused", "link_ended", Forbidden.code})
"""Codes of rejected changes that are audited: they tell something about the caller, unlike typing errors."""
_AUDIT_LIMIT = "10/minute"
AuditFields = dict[str, str | int | float | bool | list[str] | None]


def milliseconds(micros: int) -> int:
    """The time in milliseconds. A version is at least this, so that versions do not repeat when an older backup of the
    database is restored: consumers would take the new change for the old one."""
    return micros // 1_000


@dataclass(frozen=True)
class ChangeDependencies:
    """Dependencies of changes. `clock` in microseconds since 1970. `version_floor`: the lowest version of a change at a
    time in microseconds."""

    database: Database
    outbox: Outbox
    audit: Audit
    sealer: EventSealer
    clock: Callable[[], int]
    new_id: Callable[[], UUID]
    version_floor: Callable[[int], int] = milliseconds
    recent: RecentAccounts = field(default_factory=RecentAccounts)
    refusals: RateLimits = field(default_factory=RateLimits)

    def now(self) -> datetime:
        """The current time."""
        return from_micros(self.clock())


@dataclass
class Change:
    """One transaction that holds the counter. `actor`: the caller's account, None for the command line and for a
    link."""

    deps: ChangeDependencies
    connection: Connection
    caller: Caller
    actor: Account | None
    now: datetime
    _has_events: bool = False
    _entries: list[AuditEntry] = field(default_factory=list)

    async def stamp(self) -> Stamp:
        """The next version."""
        floor = self.deps.version_floor(to_micros(self.now))
        return Stamp(await AccountStore().next_version(self.connection, floor), self.now)

    async def publish(self, account: Account) -> None:
        """Puts the event of the account's new version into the outbox, and a notice for pages."""
        event = self.deps.sealer.event(account)
        await self.deps.outbox.put(self.connection, USERS_EVENT, event, account=str(account.id))
        notice = Changed(at=to_micros(self.now))
        await self.deps.outbox.put(self.connection, CHANGES_PEOPLE, notice, account=str(account.id))
        self._has_events = True

    def record(self, kind: str, account: UUID, before: AuditFields | None, after: AuditFields | None) -> None:
        """Adds an entry to the audit log."""
        self.record_as(self.caller.account, kind, account, before, after)

    def record_as(
        self, actor: str | None, kind: str, account: UUID, before: AuditFields | None, after: AuditFields | None
    ) -> None:
        """Like `record`, but for an actor who is known without being signed in."""
        caller = self.caller
        entry = AuditEntry(kind, actor, f"account:{account}", before, after, caller.address, caller.request_id)
        self._entries.append(entry)

    async def finish(self) -> None:
        """Writes the digest behind the events, and the audit log last, because all transactions share its lock."""
        if self._has_events:
            digest = self.deps.sealer.digest(await AccountStore().digest(self.connection))
            await self.deps.outbox.put(self.connection, USERS_DIGEST, digest)
        for entry in self._entries:
            await self.deps.audit.append(self.connection, entry, self.now)


@asynccontextmanager
async def change(
    deps: ChangeDependencies, caller: Caller, permission: Permission | None = None, about: UUID | None = None
) -> AsyncIterator[Change]:
    """One change: all of it is committed, or nothing. Takes the lock of the counter first, so that a caller who has
    just lost a permission is rejected. Without `permission` the caller must have been authorised otherwise. `about`:
    the account in the audit entry of a rejected change. Raises NotSignedIn, Forbidden, Unavailable."""
    try:
        async with deps.database.transaction() as connection:
            await AccountStore().hold(connection)
            actor = None
            if permission is not None and caller is not COMMAND_LINE:
                actor = await require_account(connection, caller, permission)
            made = Change(deps, connection, caller, actor, deps.now())
            yield made
            await made.finish()
    except DomainError as error:
        if error.code in AUDITED:
            await _record_refusal(deps, caller, about, error.code)
        raise
    finally:  # also if it is unknown whether the commit succeeded
        deps.recent.forget()


async def _record_refusal(deps: ChangeDependencies, caller: Caller, about: UUID | None, code: str) -> None:
    """At most ten entries a minute for each caller and code, so that nobody can fill the audit log. The change is
    rejected even if the database is unavailable."""
    try:
        await deps.refusals.check("refusal", _AUDIT_LIMIT, f"{caller.account or caller.address}\0{code}")
        async with deps.database.transaction() as connection:
            await deps.audit.append(connection, refusal_entry(caller, about, code), deps.now())
    except TooManyRequests:
        return
    except Unavailable as error:
        log.info("refusal_not_audited", code=code, reason=str(error))


def refusal_entry(caller: Caller, about: UUID | None, code: str) -> AuditEntry:
    """The audit entry of a rejected change."""
    target, after = f"account:{about}" if about else None, {"code": code}
    return AuditEntry("change_refused", caller.account, target, None, after, caller.address, caller.request_id)


async def require_account(connection: Connection, caller: Caller, permission: Permission) -> Account:
    """The caller's account. Checks the role in the table in addition to that in the token: users knows first who lost a
    role. Raises NotSignedIn if the account is deleted or disabled, Forbidden."""
    return require_permission(await AccountStore().by_id(connection, account_id(caller.account)), permission)


def account_id(text: str | None) -> UUID:
    """The id in a token. Raises NotSignedIn."""
    try:
        return UUID(text or "")
    except ValueError as error:
        raise NotSignedIn("The access token names no account. Sign in again.") from error


def require_permission(account: Account | None, permission: Permission) -> Account:
    """The account, if it has the permission. Raises NotSignedIn, Forbidden."""
    if account is None or not account.active:
        raise NotSignedIn("Your account was deleted or disabled.")
    if permission not in ROLES[account.role]:
        raise Forbidden(f"You need the permission {permission}.")
    return account


def audit_fields(account: Account) -> AuditFields:
    """The fields of an account that the audit log may contain."""
    return {"email": account.email, "name": account.name, "role": account.role, "active": account.active}


def difference(old: Account, new: Account) -> tuple[AuditFields, AuditFields]:
    """The changed fields: before, and after."""
    before, after = audit_fields(old), audit_fields(new)
    names = [name for name in before if before[name] != after[name]]
    return {name: before[name] for name in names}, {name: after[name] for name in names}

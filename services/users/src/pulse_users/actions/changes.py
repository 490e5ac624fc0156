"""What every change to accounts has in common: the counter's lock, who may, versions, events, and the audit trail."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pulse_chassis.http.problems import TooManyRequests
from pulse_chassis.http.rate_limits import RateLimits
from pulse_chassis.identity.caller import COMMAND_LINE, Caller
from pulse_chassis.identity.principal import Forbidden, NotSignedIn
from pulse_contracts.accounts import AccountChanged
from pulse_contracts.errors import DomainError, Unavailable
from pulse_contracts.permissions import ROLES, Permission
from pulse_contracts.times import from_micros
from pulse_contracts.topics import USERS_DIGEST, USERS_EVENT
from pulse_postgres import Audit, AuditEntry, Connection, Database, Outbox
from pulse_users.actions.recent import RecentAccounts
from pulse_users.model.accounts import Account
from pulse_users.store.accounts import AccountStore, Stamp

log = logging.getLogger("pulse.users")
NOTED = frozenset({"own_account", "last_administrator", "bulk_refused", "link_ended", Forbidden.code})
"""Codes of refusals that say something about who asks: the audit trail has them. Mistakes in typing say nothing."""
_OFTEN = "10/minute"
Sealer = Callable[[Account], AccountChanged]
Shown = dict[str, str | int | float | bool | list[str] | None]


@dataclass(frozen=True)
class ChangeDependencies:
    """What changes are made with. `clock` in microseconds since 1970."""

    database: Database
    outbox: Outbox
    audit: Audit
    sealer: Sealer
    clock: Callable[[], int]
    new_id: Callable[[], UUID]
    recent: RecentAccounts = field(default_factory=RecentAccounts)
    refusals: RateLimits = field(default_factory=RateLimits)

    def now(self) -> datetime:
        """The time."""
        return from_micros(self.clock())


@dataclass
class Change:
    """One transaction that holds the counter. `actor` is who asks, or None for the command line and for a link."""

    means: ChangeDependencies
    connection: Connection
    caller: Caller
    actor: Account | None
    now: datetime
    _told: bool = False
    _notes: list[AuditEntry] = field(default_factory=list)

    async def stamp(self) -> Stamp:
        """The next version."""
        return Stamp(await AccountStore().next_version(self.connection), self.now)

    async def tell(self, account: Account) -> None:
        """The account's new version goes out with the transaction."""
        event = self.means.sealer(account)
        await self.means.outbox.put(self.connection, USERS_EVENT, event, account=str(account.id))
        self._told = True

    def note(self, kind: str, account: UUID, before: Shown | None, after: Shown | None) -> None:
        """What the audit trail says about it."""
        self.note_as(self.caller.account, kind, account, before, after)

    def note_as(self, actor: str | None, kind: str, account: UUID, before: Shown | None, after: Shown | None) -> None:
        """As `note`, when it is known who asks although nobody is signed in."""
        caller = self.caller
        entry = AuditEntry(kind, actor, f"account:{account}", before, after, caller.address, caller.request_id)
        self._notes.append(entry)

    async def finish(self) -> None:
        """The digest behind the events, and the audit trail last: its lock is one for all."""
        if self._told:
            digest = await AccountStore().digest(self.connection)
            await self.means.outbox.put(self.connection, USERS_DIGEST, digest)
        for entry in self._notes:
            await self.means.audit.append(self.connection, entry, self.now)


@asynccontextmanager
async def change(
    means: ChangeDependencies, caller: Caller, permission: Permission | None = None, about: UUID | None = None
) -> AsyncIterator[Change]:
    """One change: all of it happens, or nothing. The counter's lock comes first, so that whoever has just lost the
    right to ask is refused. Without a permission, whoever asks has shown something else that allows it. `about`: the
    account, for the note of a refusal. Raises NotSignedIn, Forbidden, Unavailable."""
    try:
        async with means.database.transaction() as connection:
            await AccountStore().hold(connection)
            actor = None
            if permission is not None and caller is not COMMAND_LINE:
                actor = await require_account(connection, caller, permission)
            made = Change(means, connection, caller, actor, means.now())
            yield made
            await made.finish()
    except DomainError as error:
        if error.code in NOTED:
            await _note_refusal(means, caller, about, error.code)
        raise
    finally:  # also when nobody knows whether the commit arrived
        means.recent.forget()


async def _note_refusal(means: ChangeDependencies, caller: Caller, about: UUID | None, code: str) -> None:
    """Ten times a minute for each who asks and each code, so that nobody fills the trail. Nothing is refused less when
    the database is away."""
    try:
        await means.refusals.check("refusal", _OFTEN, f"{caller.account or caller.address}\0{code}")
        async with means.database.transaction() as connection:
            await means.audit.append(connection, refused(caller, about, code), means.now())
    except TooManyRequests:
        return
    except Unavailable as error:
        log.info("a refusal is not noted: %s", error)


def refused(caller: Caller, about: UUID | None, code: str) -> AuditEntry:
    """What the audit trail says of a refusal."""
    target, told = f"account:{about}" if about else None, {"code": code}
    return AuditEntry("change_refused", caller.account, target, None, told, caller.address, caller.request_id)


async def require_account(connection: Connection, caller: Caller, permission: Permission) -> Account:
    """The caller's account. Roles come from the table as well as from the token: users knows first who lost one.
    Raises NotSignedIn when it is gone or switched off, Forbidden."""
    return checked(await AccountStore().by_id(connection, account_id(caller.account)), permission)


def account_id(text: str | None) -> UUID:
    """Raises NotSignedIn."""
    try:
        return UUID(text or "")
    except ValueError as error:
        raise NotSignedIn("the access token names no account") from error


def checked(account: Account | None, permission: Permission) -> Account:
    """The account, if it may. Raises NotSignedIn, Forbidden."""
    if account is None or not account.active:
        raise NotSignedIn("this account is gone or switched off")
    if permission not in ROLES[account.role]:
        raise Forbidden(f"this needs the permission {permission}")
    return account


def shown(account: Account) -> Shown:
    """What the audit trail may know of an account."""
    return {"email": account.email, "name": account.name, "role": account.role, "active": account.active}


def difference(old: Account, new: Account) -> tuple[Shown, Shown]:
    """What changed: before, and after."""
    before, after = shown(old), shown(new)
    names = [name for name in before if before[name] != after[name]]
    return {name: before[name] for name in names}, {name: after[name] for name in names}

"""One change of many accounts: all of them or none, with an outcome for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace as replace_fields
from typing import Literal
from uuid import UUID

from pulse_chassis.identity.caller import Caller
from pulse_contracts.errors import DomainError
from pulse_contracts.permissions import Role
from pulse_postgres import Connection
from pulse_users.actions.accounts import delete_account, expire_password, is_self_lockout, replace
from pulse_users.actions.changes import ChangeDependencies, change, require_account
from pulse_users.model.accounts import Account, Edit
from pulse_users.store.accounts import AccountStore

MAX_ROWS = 500
BulkAction = Literal["activate", "deactivate", "delete", "expire_password", "set_role"]
Outcome = Literal["ok", "not_found", "own_account", "last_administrator", "precondition_failed"]


@dataclass(frozen=True)
class Bulk:
    """A change of many accounts. `versions`: the versions that the caller saw, for any of the accounts."""

    action: BulkAction
    ids: tuple[UUID, ...]
    role: Role | None
    versions: Mapping[UUID, int]

    def applied(self, account: Account) -> Account | None:
        """The changed account; None if it is deleted."""
        if self.action == "delete":
            return None
        if self.action == "expire_password":
            return replace_fields(account, digest=None, verifier=None)
        if self.action == "set_role":
            return Edit(role=self.role).applied(account)
        return Edit(active=self.action == "activate").applied(account)


@dataclass(frozen=True)
class Row:
    """The outcome for one account. `version`: its current version; None if it does not exist."""

    id: UUID
    outcome: Outcome
    version: int | None


@dataclass(frozen=True)
class Forecast:
    """What a change would do to one account. `is_change`: False if the account is already as asked, or refused."""

    row: Row
    is_change: bool


class BulkRefused(DomainError):
    """At least one account could not be changed, so none was changed. `rows` has the reasons."""

    code, status = "bulk_refused", 409

    def __init__(self, rows: list[Row]) -> None:
        bad = sum(row.outcome != "ok" for row in rows)
        super().__init__(f"Nothing was changed, because {bad} of {len(rows)} accounts cannot be changed.")
        self.rows = rows
        self.members = {"rows": [{"id": str(row.id), "outcome": row.outcome} for row in rows]}


class BulkChanges:
    """Changes of up to 500 accounts in one transaction."""

    def __init__(self, deps: ChangeDependencies) -> None:
        self._deps, self._store = deps, AccountStore()

    async def __call__(self, caller: Caller, bulk: Bulk) -> list[Row]:
        """One row for each id, in order. Raises BulkRefused."""
        async with change(self._deps, caller, "accounts.manage") as made:
            found, rows = await self._judged(made.connection, bulk, made.actor)
            if any(row.outcome != "ok" for row in rows):
                raise BulkRefused(rows)
            done: list[Row] = []
            for id_ in bulk.ids:
                old = found[id_]
                new = bulk.applied(old)
                if new is None:
                    await delete_account(made, old)
                elif new != old and bulk.action == "expire_password":
                    new = await expire_password(made, old)
                elif new != old:
                    new = await replace(made, old, new)
                done.append(Row(id_, "ok", new.version if new else None))
            return done

    async def preview(self, caller: Caller, bulk: Bulk) -> list[Forecast]:
        """What the change would do now, one for each id, in order. Changes nothing. Raises NotSignedIn, Forbidden,
        Unavailable."""
        async with self._deps.database.snapshot() as connection:
            actor = await require_account(connection, caller, "accounts.manage")
            found, rows = await self._judged(connection, bulk, actor)
        return [Forecast(row, row.outcome == "ok" and bulk.applied(found[row.id]) != found[row.id]) for row in rows]

    async def _judged(
        self, connection: Connection, bulk: Bulk, actor: Account | None
    ) -> tuple[Mapping[UUID, Account], list[Row]]:
        found = await self._store.by_ids(connection, list(bulk.ids))
        return found, judge(bulk, found, await self._store.administrators(connection), actor)


def judge(bulk: Bulk, found: Mapping[UUID, Account], administrators: set[UUID], actor: Account | None) -> list[Row]:
    """The outcome for each account. If the change would remove all administrators, it fails for each of them."""
    outcomes = {id_: _outcome(bulk, id_, found.get(id_), actor) for id_ in bulk.ids}
    losing = {id_ for id_ in administrators if outcomes.get(id_) == "ok" and _loses(bulk.applied(found[id_]))}
    if not administrators - losing:
        outcomes |= dict.fromkeys(losing, "last_administrator")
    return [Row(id_, outcomes[id_], found[id_].version if id_ in found else None) for id_ in bulk.ids]


def _outcome(bulk: Bulk, id_: UUID, account: Account | None, actor: Account | None) -> Outcome:
    if account is None:
        return "not_found"
    if bulk.versions.get(id_, account.version) != account.version:
        return "precondition_failed"
    return "own_account" if is_self_lockout(actor, account, bulk.applied(account)) else "ok"


def _loses(new: Account | None) -> bool:
    return new is None or not new.is_active_administrator

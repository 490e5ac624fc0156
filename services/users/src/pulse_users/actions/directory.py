"""Reads accounts."""

from dataclasses import dataclass
from uuid import UUID

from pulse_chassis.identity.caller import Caller
from pulse_postgres import Database
from pulse_users.actions.changes import account_id, require_account, require_permission
from pulse_users.actions.recent import RecentAccounts
from pulse_users.model.accounts import Account, AccountNotFound
from pulse_users.model.listing import Listing, Position
from pulse_users.store.accounts import AccountStore


@dataclass(frozen=True)
class Page:
    """One page of a list. `total`: on all pages."""

    accounts: list[Account]
    total: int
    has_more: bool


class Directory:
    """Reads accounts."""

    def __init__(self, database: Database, recent: RecentAccounts) -> None:
        self._database, self._recent, self._store = database, recent, AccountStore()

    async def profile(self, own: str | None) -> Account:
        """The account with the id `own`, at most one second old. Raises NotSignedIn if it is deleted or disabled."""
        id_, changes = account_id(own), self._recent.changes
        account = self._recent.get(id_)
        if account is None:
            async with self._database.connection() as connection:
                account = require_permission(await self._store.by_id(connection, id_), "profile.own")
            self._recent.keep(account, changes)
        return require_permission(account, "profile.own")

    async def one(self, caller: Caller, id_: UUID) -> Account:
        """Raises NotSignedIn, Forbidden, AccountNotFound."""
        async with self._database.connection() as connection:
            await require_account(connection, caller, "accounts.read")
            found = await self._store.by_id(connection, id_)
        if found is None:
            raise AccountNotFound("The account does not exist.")
        return found

    async def page(self, caller: Caller, listing: Listing, after: Position | None, limit: int) -> Page:
        """Up to `limit` accounts. Raises NotSignedIn, Forbidden."""
        async with self._database.snapshot() as connection:
            await require_account(connection, caller, "accounts.read")
            found = await self._store.page(connection, listing, after, limit + 1)
            total = await self._store.count(connection, listing)
        return Page(found[:limit], total, len(found) > limit)

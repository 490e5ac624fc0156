"""Showing accounts."""

from dataclasses import dataclass
from uuid import UUID

from pulse_chassis.identity.caller import Caller
from pulse_postgres import Database
from pulse_users.actions.changes import account_id, checked, require_account
from pulse_users.actions.recent import RecentAccounts
from pulse_users.model.accounts import Account, UnknownAccount
from pulse_users.model.listing import Listing, Position
from pulse_users.store.accounts import AccountStore


@dataclass(frozen=True)
class Page:
    """Some accounts of a list, how many it has in all, and whether more follow."""

    accounts: list[Account]
    total: int
    has_more: bool


class Directory:
    """Shows accounts."""

    def __init__(self, database: Database, recent: RecentAccounts) -> None:
        self._database, self._recent, self._store = database, recent, AccountStore()

    async def profile(self, own: str | None) -> Account:
        """The account `own` itself, as it was within the last second. Raises NotSignedIn when it is gone or switched
        off."""
        id_, changes = account_id(own), self._recent.changes
        account = self._recent.get(id_)
        if account is None:
            async with self._database.connection() as connection:
                account = checked(await self._store.by_id(connection, id_), "profile.own")
            self._recent.keep(account, changes)
        return checked(account, "profile.own")

    async def one(self, caller: Caller, id_: UUID) -> Account:
        """Raises NotSignedIn, Forbidden, UnknownAccount."""
        async with self._database.connection() as connection:
            await require_account(connection, caller, "accounts.read")
            found = await self._store.by_id(connection, id_)
        if found is None:
            raise UnknownAccount("there is no such account")
        return found

    async def page(self, caller: Caller, listing: Listing, after: Position | None, limit: int) -> Page:
        """Up to `limit` accounts. Raises NotSignedIn, Forbidden."""
        async with self._database.snapshot() as connection:
            await require_account(connection, caller, "accounts.read")
            found = await self._store.page(connection, listing, after, limit + 1)
            total = await self._store.count(connection, listing)
        return Page(found[:limit], total, len(found) > limit)

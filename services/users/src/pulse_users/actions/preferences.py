"""Reads and changes the preferences of the caller."""

import asyncio

from pulse_chassis.identity.caller import Caller
from pulse_postgres import Database
from pulse_users.actions.changes import account_id, require_account
from pulse_users.model.accounts import Precondition
from pulse_users.model.preferences import Preferences, PreferencesChanged, WantedPreferences, require_time_zone
from pulse_users.store.preferences import PreferencesStore


class OwnPreferences:
    """The preferences of the caller. They are not audited: they change nothing that others see."""

    def __init__(self, database: Database) -> None:
        self._database, self._store = database, PreferencesStore()

    async def read(self, caller: Caller) -> Preferences:
        """Raises NotSignedIn, Unavailable."""
        async with self._database.connection() as connection:
            account = await require_account(connection, caller, "profile.own")
            return await self._store.read(connection, account.id)

    async def replace(self, caller: Caller, wanted: WantedPreferences, precondition: Precondition) -> Preferences:
        """Replaces the preferences. Returns them with their new version. Raises NotSignedIn, UnknownTimeZone,
        PreferencesChanged, Unavailable."""
        await asyncio.to_thread(require_time_zone, wanted.time_zone)
        async with self._database.transaction() as connection:
            # The lock comes first, so that a deletion of the account leaves no preferences behind.
            old = await self._store.lock(connection, account_id(caller.account))
            account = await require_account(connection, caller, "profile.own")
            if precondition.versions is not None and old.version not in precondition.versions:
                raise PreferencesChanged(old.version)
            new = wanted.after(old)
            await self._store.put(connection, account.id, new, with_views=wanted.views is not None)
        return new

"""Changes of the caller's own account."""

from pulse_chassis.http.problems import Overloaded, TooManyRequests
from pulse_chassis.identity.caller import Caller
from pulse_contracts.errors import DomainError
from pulse_postgres import BackoffStore, limit_key
from pulse_users.actions.accounts import replace, replace_password
from pulse_users.actions.changes import ChangeDependencies, change, require_account
from pulse_users.actions.passwords import Passwords
from pulse_users.model.accounts import Account, Edit, Precondition, PreconditionFailed
from pulse_users.store.accounts import AccountStore


class WrongPassword(DomainError):
    """The current password is missing or wrong."""

    code, status = "wrong_password", 403


class Profile:
    """Changes of the caller's own account."""

    def __init__(self, deps: ChangeDependencies, passwords: Passwords) -> None:
        self._deps, self._passwords = deps, passwords
        self._store, self._backoff = AccountStore(), BackoffStore()

    async def edit(self, caller: Caller, edit: Edit, precondition: Precondition, current: str | None) -> Account:
        """Changes name and e-mail. Another e-mail needs the current password, because links to set a new one are sent
        there. Raises NotSignedIn, PreconditionFailed, WrongPassword, TooManyRequests, Overloaded, EmailTaken."""
        seen = await self._own(caller)
        precondition.require(seen)
        if edit.email is not None and edit.email != seen.email:
            await self._verify(caller, seen, current)
        async with change(self._deps, caller, "profile.own") as made:
            old = await self._unchanged(made.actor, seen)
            new = edit.applied(old)
            return old if new == old else await replace(made, old, new)

    async def change_password(self, caller: Caller, current: str, new: str) -> Account:
        """Changes the password. auth ends all sessions of the account, including the caller's. Raises NotSignedIn,
        WrongPassword, TooManyRequests, InvalidPassword, Overloaded."""
        seen = await self._own(caller)
        self._passwords.rules.check(new, seen.email, seen.name)
        await self._verify(caller, seen, current)
        hashes = await self._passwords.hashes(new, seen.email, seen.name)
        async with change(self._deps, caller, "profile.own") as made:
            old = await self._unchanged(made.actor, seen)
            return await replace_password(made, old, hashes, "password_changed")

    async def _own(self, caller: Caller) -> Account:
        async with self._deps.database.connection() as connection:
            return await require_account(connection, caller, "profile.own")

    async def _unchanged(self, now: Account | None, seen: Account) -> Account:
        if now is None or now.version != seen.version:
            raise PreconditionFailed(now.version if now else seen.version)
        return now

    async def _verify(self, caller: Caller, account: Account, password: str | None) -> None:
        key = limit_key("password", str(account.id))
        async with self._deps.database.transaction() as connection:
            wait = await self._backoff.reserve(connection, key, self._deps.now())
        if wait:
            raise TooManyRequests(wait)
        try:
            is_right = password is not None and await self._passwords.verify(password, account.digest)
        except Overloaded:
            async with self._deps.database.transaction() as connection:
                await self._backoff.give_back(connection, key, self._deps.now())
            raise
        if not is_right:
            async with change(self._deps, caller) as made:
                made.record("password_refused", account.id, None, None)
            raise WrongPassword("The current password is wrong.")
        async with self._deps.database.connection() as connection:
            await self._backoff.clear(connection, key)

"""Making, changing, switching and deleting accounts, one by one."""

import dataclasses
from uuid import UUID

from pulse_chassis.identity.caller import Caller
from pulse_users.actions.changes import Change, ChangeDependencies, change, difference, shown
from pulse_users.model.accounts import (
    ANY_VERSION,
    Account,
    Edit,
    EmailTaken,
    LastAdministrator,
    NewAccount,
    OwnAccount,
    Precondition,
    UnknownAccount,
)
from pulse_users.model.emails import check_email
from pulse_users.store.accounts import AccountStore
from pulse_users.store.links import LinkStore


class Accounts:
    """Changes to single accounts. Each takes its version first: the counter's lock puts changes and their events in one
    order."""

    def __init__(self, means: ChangeDependencies) -> None:
        self._means = means
        self._store = AccountStore()

    async def has_admin(self) -> bool:
        """Whether anybody can administer."""
        async with self._means.database.connection() as connection:
            return bool(await self._store.administrators(connection))

    async def require_free(self, email: str) -> None:
        """Raises EmailMalformed, EmailTaken: an early word, `create` decides."""
        check_email(email)
        async with self._means.database.connection() as connection:
            if await self._store.by_email(connection, email):
                raise EmailTaken(f"{email} has an account already")

    async def create(self, caller: Caller, new: NewAccount) -> Account:
        """The new account. Raises EmailTaken."""
        async with change(self._means, caller, "accounts.manage") as made:
            return await self._add(made, new)

    async def create_first(self, caller: Caller, new: NewAccount) -> Account | None:
        """The new account, unless somebody can administer already. Raises EmailTaken."""
        async with change(self._means, caller, "accounts.manage") as made:
            if await self._store.administrators(made.connection):
                return None
            return await self._add(made, new)

    async def edit(self, caller: Caller, id_: UUID, wanted: Edit, precondition: Precondition) -> Account:
        """The account as it is now; nothing happens when it is so already. Raises UnknownAccount, PreconditionFailed,
        EmailTaken, OwnAccount, LastAdministrator."""
        async with change(self._means, caller, "accounts.manage", id_) as made:
            old = await self._target(made, id_, precondition)
            return await self._replace(made, old, wanted)

    async def toggle(self, caller: Caller, id_: UUID, precondition: Precondition) -> Account:
        """Switches an account off, or on again. Raises as `edit`."""
        async with change(self._means, caller, "accounts.manage", id_) as made:
            old = await self._target(made, id_, precondition)
            return await self._replace(made, old, Edit(active=not old.active))

    async def delete(self, caller: Caller, id_: UUID, precondition: Precondition) -> None:
        """Leaves a tombstone. Raises UnknownAccount, PreconditionFailed, OwnAccount, LastAdministrator."""
        async with change(self._means, caller, "accounts.manage", id_) as made:
            old = await self._target(made, id_, precondition)
            await self._permit(made, old, None)
            await bury(made, old)

    async def set_active(self, caller: Caller, email: str, *, active: bool) -> Account:
        """As `toggle`, to a state, by e-mail."""
        async with change(self._means, caller, "accounts.manage") as made:
            return await self._replace(made, await self._by_email(made, email), Edit(active=active))

    async def set_password(self, caller: Caller, email: str, digest: str) -> Account:
        """Sets a password, and ends the links to set one. Raises UnknownAccount."""
        async with change(self._means, caller, "accounts.manage") as made:
            return await give_password(made, await self._by_email(made, email), digest, "password_set")

    async def find(self, email: str) -> Account:
        """Raises UnknownAccount."""
        async with self._means.database.connection() as connection:
            found = await self._store.by_email(connection, email)
        if found is None:
            raise UnknownAccount(f"no account has the e-mail {email[:80]}")
        return found

    async def _add(self, made: Change, new: NewAccount) -> Account:
        account = await self._store.add(made.connection, self._means.new_id(), new, await made.stamp())
        if account is None:
            raise EmailTaken(f"{new.email} has an account already")
        await made.tell(account)
        made.note("account_created", account.id, None, shown(account) | {"has_password": account.digest is not None})
        return account

    async def _target(self, made: Change, id_: UUID, precondition: Precondition = ANY_VERSION) -> Account:
        account = await self._store.by_id(made.connection, id_)
        if account is None:
            raise UnknownAccount("there is no such account")
        precondition.require(account)
        return account

    async def _by_email(self, made: Change, email: str) -> Account:
        account = await self._store.by_email(made.connection, email)
        if account is None:
            raise UnknownAccount(f"no account has the e-mail {email[:80]}")
        return account

    async def _replace(self, made: Change, old: Account, wanted: Edit) -> Account:
        new = wanted.applied(old)
        if new == old:
            return old
        await self._permit(made, old, new)
        return await replace(made, old, new)

    async def _permit(self, made: Change, old: Account, new: Account | None) -> None:
        if is_own_loss(made.actor, old, new):
            raise OwnAccount("nobody deletes, switches off or demotes themselves")
        if old.is_administrating and (new is None or not new.is_administrating):
            left = await self._store.administrators(made.connection) - {old.id}
            if not left:
                raise LastAdministrator(f"{old.email} is the last active administrator")


def is_own_loss(actor: Account | None, old: Account, new: Account | None) -> bool:
    """Whether somebody would take something from themselves: being there, being on, or their role."""
    if actor is None or actor.id != old.id:
        return False
    return new is None or new.role != old.role or new.active != old.active


async def replace(made: Change, old: Account, new: Account) -> Account:
    """Writes an account's new version. Links that were made for another e-mail, or for an account that is switched off,
    end. Raises EmailTaken."""
    store = AccountStore()
    holder = await store.by_email(made.connection, new.email)
    if holder is not None and holder.id != old.id:
        raise EmailTaken(f"{new.email} has an account already")
    written = await store.put(made.connection, new, await made.stamp())
    if written.email != old.email or not written.active:
        await LinkStore().revoke(made.connection, written.id)
    await made.tell(written)
    made.note("account_changed", written.id, *difference(old, written))
    return written


async def bury(made: Change, old: Account) -> Account:
    """Makes a tombstone of an account."""
    await LinkStore().revoke(made.connection, old.id)
    stone = await AccountStore().bury(made.connection, old.id, await made.stamp())
    await made.tell(stone)
    made.note("account_deleted", old.id, shown(old), None)
    return stone


async def give_password(made: Change, old: Account, digest: str, kind: str, *, actor: str | None = None) -> Account:
    """Writes a new password's digest: auth ends the account's sessions. Links to set one end."""
    new = dataclasses.replace(old, digest=digest)
    written = await AccountStore().put(made.connection, new, await made.stamp())
    await LinkStore().revoke(made.connection, written.id)
    await made.tell(written)
    made.note_as(actor or made.caller.account, kind, written.id, None, None)
    return written

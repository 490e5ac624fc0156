"""Create, change, enable, disable and delete single accounts."""

import dataclasses
from uuid import UUID

from pulse_chassis.identity.caller import Caller
from pulse_users.actions.changes import Change, ChangeDependencies, audit_fields, change, difference
from pulse_users.model.accounts import (
    ANY_VERSION,
    Account,
    AccountNotFound,
    Edit,
    EmailTaken,
    LastAdministrator,
    NewAccount,
    OwnAccount,
    PasswordHashes,
    Precondition,
)
from pulse_users.model.emails import check_email
from pulse_users.store.accounts import AccountStore
from pulse_users.store.links import LinkStore
from pulse_users.store.preferences import PreferencesStore


class Accounts:
    """Changes of single accounts. Each takes its version first: the lock of the counter puts changes and events in one
    order."""

    def __init__(self, deps: ChangeDependencies) -> None:
        self._deps = deps
        self._store = AccountStore()

    async def has_admin(self) -> bool:
        """Whether there is an active administrator."""
        async with self._deps.database.connection() as connection:
            return bool(await self._store.administrators(connection))

    async def require_free(self, email: str) -> None:
        """An early check; `create` decides. Raises InvalidEmail, EmailTaken."""
        check_email(email)
        async with self._deps.database.connection() as connection:
            if await self._store.by_email(connection, email):
                raise EmailTaken(f"An account with the e-mail {email} exists.")

    async def create(self, caller: Caller, new: NewAccount) -> Account:
        """Creates an account. Raises EmailTaken."""
        async with change(self._deps, caller, "accounts.manage") as made:
            return await self._add(made, new)

    async def create_first(self, caller: Caller, new: NewAccount) -> Account | None:
        """Creates an account unless there is an active administrator; None if there is. Raises EmailTaken."""
        async with change(self._deps, caller, "accounts.manage") as made:
            if await self._store.administrators(made.connection):
                return None
            return await self._add(made, new)

    async def edit(self, caller: Caller, id_: UUID, edit: Edit, precondition: Precondition) -> Account:
        """Changes an account; returns it. Does nothing if it has these values already. Raises AccountNotFound,
        PreconditionFailed, EmailTaken, OwnAccount, LastAdministrator."""
        async with change(self._deps, caller, "accounts.manage", id_) as made:
            old = await self._target(made, id_, precondition)
            return await self._replace(made, old, edit)

    async def toggle(self, caller: Caller, id_: UUID, precondition: Precondition) -> Account:
        """Disables an enabled account and enables a disabled one. Raises as `edit`."""
        async with change(self._deps, caller, "accounts.manage", id_) as made:
            old = await self._target(made, id_, precondition)
            return await self._replace(made, old, Edit(active=not old.active))

    async def delete(self, caller: Caller, id_: UUID, precondition: Precondition) -> None:
        """Replaces an account by a tombstone. Raises AccountNotFound, PreconditionFailed, OwnAccount,
        LastAdministrator."""
        async with change(self._deps, caller, "accounts.manage", id_) as made:
            old = await self._target(made, id_, precondition)
            await self._permit(made, old, None)
            await delete_account(made, old)

    async def set_active(self, caller: Caller, email: str, *, active: bool) -> Account:
        """Enables or disables an account by e-mail. Raises AccountNotFound, LastAdministrator."""
        async with change(self._deps, caller, "accounts.manage") as made:
            return await self._replace(made, await self._by_email(made, email), Edit(active=active))

    async def set_password(self, caller: Caller, email: str, hashes: PasswordHashes) -> Account:
        """Sets a password and deletes the account's links. Raises AccountNotFound."""
        async with change(self._deps, caller, "accounts.manage") as made:
            return await replace_password(made, await self._by_email(made, email), hashes, "password_set")

    async def find(self, email: str) -> Account:
        """Raises AccountNotFound."""
        async with self._deps.database.connection() as connection:
            found = await self._store.by_email(connection, email)
        if found is None:
            raise AccountNotFound(f"No account has the e-mail {email[:80]}.")
        return found

    async def _add(self, made: Change, new: NewAccount) -> Account:
        account = await self._store.add(made.connection, self._deps.new_id(), new, await made.stamp())
        if account is None:
            raise EmailTaken(f"An account with the e-mail {new.email} exists.")
        await made.publish(account)
        made.record(
            "account_created", account.id, None, audit_fields(account) | {"has_password": account.digest is not None}
        )
        return account

    async def _target(self, made: Change, id_: UUID, precondition: Precondition = ANY_VERSION) -> Account:
        account = await self._store.by_id(made.connection, id_)
        if account is None:
            raise AccountNotFound("The account does not exist.")
        precondition.require(account)
        return account

    async def _by_email(self, made: Change, email: str) -> Account:
        account = await self._store.by_email(made.connection, email)
        if account is None:
            raise AccountNotFound(f"No account has the e-mail {email[:80]}.")
        return account

    async def _replace(self, made: Change, old: Account, edit: Edit) -> Account:
        new = edit.applied(old)
        if new == old:
            return old
        await self._permit(made, old, new)
        return await replace(made, old, new)

    async def _permit(self, made: Change, old: Account, new: Account | None) -> None:
        if is_self_lockout(made.actor, old, new):
            raise OwnAccount("You cannot delete, disable or demote your own account. Ask another administrator.")
        if old.is_active_administrator and (new is None or not new.is_active_administrator):
            left = await self._store.administrators(made.connection) - {old.id}
            if not left:
                raise LastAdministrator(
                    f"{old.email} is the last active administrator. Make another account administrator first."
                )


def is_self_lockout(actor: Account | None, old: Account, new: Account | None) -> bool:
    """Whether the actor would delete, disable or demote their own account."""
    if actor is None or actor.id != old.id:
        return False
    is_locked = new is None or new.role != old.role or new.active != old.active
    return is_locked or (old.digest is not None and new is not None and new.digest is None)


async def replace(made: Change, old: Account, new: Account) -> Account:
    """Writes a new version of an account. Deletes its links if the e-mail changed or the account is disabled. Raises
    EmailTaken."""
    store = AccountStore()
    holder = await store.by_email(made.connection, new.email)
    if holder is not None and holder.id != old.id:
        raise EmailTaken(f"An account with the e-mail {new.email} exists.")
    written = await store.put(made.connection, new, await made.stamp())
    if written.email != old.email or not written.active:
        await LinkStore().revoke(made.connection, written.id)
    await made.publish(written)
    made.record("account_changed", written.id, *difference(old, written))
    return written


async def delete_account(made: Change, old: Account) -> Account:
    """Replaces an account by a tombstone."""
    await LinkStore().revoke(made.connection, old.id)
    await PreferencesStore().forget(made.connection, old.id)
    tombstone = await AccountStore().replace_by_tombstone(made.connection, old.id, await made.stamp())
    await made.publish(tombstone)
    made.record("account_deleted", old.id, audit_fields(old), None)
    return tombstone


async def expire_password(made: Change, old: Account) -> Account:
    """Deletes the password and the verifier of an account, on every collector too. auth ends its sessions and revokes
    its API keys. Its owner sets a new password by a link."""
    new = dataclasses.replace(old, digest=None, verifier=None)
    written = await AccountStore().put(made.connection, new, await made.stamp())
    await made.publish(written)
    made.record("password_expired", written.id, None, None)
    return written


async def replace_password(
    made: Change, old: Account, hashes: PasswordHashes, kind: str, *, actor: str | None = None
) -> Account:
    """Writes the hashes of a new password and deletes the account's links. auth ends its sessions."""
    new = dataclasses.replace(old, digest=hashes.digest, verifier=hashes.verifier)
    written = await AccountStore().put(made.connection, new, await made.stamp())
    await LinkStore().revoke(made.connection, written.id)
    await made.publish(written)
    made.record_as(actor or made.caller.account, kind, written.id, None, None)
    return written

"""One-time links to set a password: invitations, resets by administrators, and resets of forgotten passwords."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pulse_chassis.http.problems import TooManyRequests
from pulse_chassis.identity.caller import Caller
from pulse_postgres import Connection, LimitStore, Rate, limit_key
from pulse_users.actions.accounts import replace_password
from pulse_users.actions.changes import Change, ChangeDependencies, change, refusal_entry
from pulse_users.actions.mailing import MailQueue
from pulse_users.actions.passwords import Passwords, Strength
from pulse_users.model.accounts import Account, AccountNotFound, OwnAccount
from pulse_users.model.links import (
    LINK_LIFETIME,
    TOKEN_BYTES,
    Link,
    LinkExpired,
    LinkKind,
    MailNotConfigured,
    NewLink,
    NotInvited,
    NotResettable,
    link_url,
    mail_of,
    token_hash,
    write_token,
)
from pulse_users.store.accounts import AccountStore
from pulse_users.store.brand import BrandStore
from pulse_users.store.links import LinkStore, ResetRequest, ResetRequestStore

_PER_CLIENT = "set-password", Rate(20, timedelta(minutes=1))
_ALL = "set-password-all", Rate(600, timedelta(minutes=1))
_PER_LINK = "set-password-link", Rate(60, timedelta(minutes=1))
_PER_CLIENT_RESET = "reset-client", Rate(10, timedelta(minutes=5))
_ALL_RESETS = "reset", Rate(120, timedelta(minutes=1))
_PER_EMAIL = "reset-email", Rate(3, timedelta(hours=1))


@dataclass(frozen=True)
class LinkSettings:
    """`origin`: of the page that links open. `company`: named in mails. `entropy(n)`: n random bytes."""

    origin: str
    company: str
    entropy: Callable[[int], bytes]


class Links:
    """Creates links, and sets passwords with them."""

    def __init__(self, deps: ChangeDependencies, passwords: Passwords, mail: MailQueue, settings: LinkSettings) -> None:
        self._deps, self._passwords, self._mail, self._settings = deps, passwords, mail, settings
        self._accounts, self._links = AccountStore(), LinkStore()
        self._limits, self._requests = LimitStore(), ResetRequestStore()
        self.requested = asyncio.Event()

    async def invite(self, caller: Caller, id_: UUID, *, mailed: bool) -> NewLink:
        """A link for an account without a password. Deletes earlier links. Raises AccountNotFound, NotInvited,
        MailNotConfigured."""
        async with change(self._deps, caller, "accounts.manage", id_) as made:
            account = await self._target(made, id_, mailed=mailed)
            if account.state != "invited":
                raise NotInvited("Only an enabled account without a password can be invited.")
            return await self._make(made, account, "invitation", mailed=mailed)

    async def reset(self, caller: Caller, id_: UUID, *, mailed: bool) -> NewLink:
        """A link for an account with a password, which stays valid until the link is used. Raises AccountNotFound,
        OwnAccount, NotResettable, MailNotConfigured."""
        async with change(self._deps, caller, "accounts.manage", id_) as made:
            account = await self._target(made, id_, mailed=mailed)
            if made.actor is not None and made.actor.id == id_:
                raise OwnAccount(
                    "You cannot reset your own password. Change it with the current one, or ask another administrator."
                )
            if account.state != "active":
                raise NotResettable("Only the password of an enabled account with a password can be reset.")
            return await self._make(made, account, "reset", mailed=mailed)

    async def forgot(self, caller: Caller, client: str | None, email: str) -> None:
        """Queues a request for a reset: the same work and the same answer for every e-mail. Raises TooManyRequests, and
        MailNotConfigured after queueing the request."""
        now = self._deps.now()
        async with self._deps.database.transaction() as connection:
            if client is not None:
                await self._use(connection, _PER_CLIENT_RESET, client)
            await self._use(connection, _ALL_RESETS, "all")
            request = ResetRequest(email, caller.address, caller.request_id)
            await self._requests.add(connection, request, now)
        self.requested.set()
        if not self._mail.is_configured:
            raise MailNotConfigured("This system sends no mail. Ask an administrator for a link to set a new password.")

    async def set_password(self, caller: Caller, client: str | None, token: str, password: str) -> Account:
        """Uses a link up. Raises TooManyRequests, LinkExpired, InvalidPassword (the link stays valid), Overloaded."""
        now, hash_ = self._deps.now(), token_hash(token)
        owner = await self._counted_owner(caller, client, token)
        hashes = await self._passwords.hashes(password, owner.email, owner.name)
        async with change(self._deps, caller) as made:
            id_ = await self._links.use(made.connection, hash_, now)
            account = await self._accounts.by_id(made.connection, id_) if id_ else None
            if account is None or not account.active:
                raise LinkExpired("The link was used, has expired, or was replaced by a newer one. Ask for a new link.")
            return await replace_password(made, account, hashes, "password_set", actor=str(account.id))

    async def _counted_owner(self, caller: Caller, client: str | None, token: str) -> Account:
        """The account of a link. Guesses are counted together and per client, uses of a valid link per link: a flood of
        guesses does not block its owner."""
        try:
            owner = await self.owner(token)
        except LinkExpired as error:
            async with self._deps.database.transaction() as connection:
                if client is not None:
                    await self._use(connection, _PER_CLIENT, client)
                await self._use(connection, _ALL, "all")
                await self._deps.audit.append(connection, refusal_entry(caller, None, error.code), self._deps.now())
            raise
        async with self._deps.database.transaction() as connection:
            await self._use(connection, _PER_LINK, token_hash(token).hex())
        return owner

    async def owner(self, token: str) -> Account:
        """The account of a link. Raises LinkExpired."""
        async with self._deps.database.connection() as connection:
            id_ = await self._links.find(connection, token_hash(token), self._deps.now())
            account = await self._accounts.by_id(connection, id_) if id_ else None
        if account is None or not account.active:
            raise LinkExpired("The link was used, has expired, or was replaced by a newer one. Ask for a new link.")
        return account

    async def strength(self, token: str, password: str) -> Strength:
        """The strength of a password for the owner of a link. Raises LinkExpired, Overloaded."""
        owner = await self.owner(token)
        return await self._passwords.strength(password, owner.email, owner.name)

    async def answer_one(self) -> bool:
        """Handles one queued request for a reset. Returns whether there was one. Raises Unavailable."""
        async with self._deps.database.transaction() as connection:
            if not await self._requests.is_any(connection):
                return False
        async with change(self._deps, Caller(None)) as made:
            request = await self._requests.take(made.connection)
            if request is None:
                return False
            made.caller = Caller(None, request.address, request.request_id)
            account = await self._accounts.by_email(made.connection, request.email)
            if account is None or not account.active:
                return True
            name, rate = _PER_EMAIL
            wait = await self._limits.take(made.connection, limit_key(name, str(account.id)), rate, made.now)
            is_mailed = self._mail.is_configured and not wait
            made.record("password_reset_requested", account.id, None, {"mailed": is_mailed})
            if is_mailed:
                await self._make(made, account, "reset" if account.digest else "invitation", mailed=True)
        return True

    async def _use(self, connection: Connection, limit: tuple[str, Rate], counted_as: str) -> None:
        name, rate = limit
        wait = await self._limits.take(connection, limit_key(name, counted_as), rate, self._deps.now())
        if wait:
            raise TooManyRequests(wait)

    async def _target(self, made: Change, id_: UUID, *, mailed: bool) -> Account:
        account = await self._accounts.by_id(made.connection, id_)
        if account is None:
            raise AccountNotFound("The account does not exist.")
        if mailed and not self._mail.is_configured:
            raise MailNotConfigured(
                "No mail server is configured. Create the link without mail and hand it over yourself."
            )
        return account

    async def _make(self, made: Change, account: Account, kind: LinkKind, *, mailed: bool) -> NewLink:
        token = write_token(self._settings.entropy(TOKEN_BYTES))
        expires = made.now + LINK_LIFETIME
        await self._links.add(made.connection, Link(token_hash(token), account.id, kind, expires), made.now)
        url = link_url(self._settings.origin, token)
        if mailed:
            product = (await BrandStore().read(made.connection)).product
            mail = mail_of(kind, account.email, url, self._settings.company, product)
            await self._mail.put(made.connection, mail, made.now, expires)
        made.record(f"{kind}_created", account.id, None, {"mailed": mailed})
        return NewLink(url, expires, mailed)

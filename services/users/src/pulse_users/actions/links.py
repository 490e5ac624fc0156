"""One-time links to set a password: invitations, resets by administrators, resets by whoever forgot theirs."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pulse_chassis.http.problems import TooManyRequests
from pulse_chassis.identity.caller import Caller
from pulse_postgres import Connection, LimitStore, Rate, limit_key
from pulse_users.actions.accounts import give_password
from pulse_users.actions.changes import Change, ChangeDependencies, change, refused
from pulse_users.actions.mailing import MailQueue
from pulse_users.actions.passwords import Passwords, Strength
from pulse_users.model.accounts import Account, OwnAccount, UnknownAccount
from pulse_users.model.links import (
    LINK_LIFE,
    TOKEN_BYTES,
    Link,
    LinkEnded,
    LinkKind,
    LinkMade,
    MailNotConfigured,
    NotInvited,
    NotResettable,
    link_url,
    mail_of,
    token_hash,
    write_token,
)
from pulse_users.store.accounts import AccountStore
from pulse_users.store.links import LinkStore, ResetRequest, ResetRequestStore

log = logging.getLogger("pulse.users")
_PER_CLIENT = "set-password", Rate(20, timedelta(minutes=1))
_ALL = "set-password-all", Rate(600, timedelta(minutes=1))
_PER_LINK = "set-password-link", Rate(60, timedelta(minutes=1))
_PER_CLIENT_RESET = "reset-client", Rate(10, timedelta(minutes=5))
_ALL_RESETS = "reset", Rate(120, timedelta(minutes=1))
_PER_EMAIL = "reset-email", Rate(3, timedelta(hours=1))


@dataclass(frozen=True)
class Letterhead:
    """Where links lead, whose system it is, and how tokens are drawn."""

    origin: str
    company: str
    entropy: Callable[[int], bytes]


class Links:
    """Makes links, and takes them back with a password."""

    def __init__(self, means: ChangeDependencies, passwords: Passwords, mail: MailQueue, head: Letterhead) -> None:
        self._means, self._passwords, self._mail, self._head = means, passwords, mail, head
        self._accounts, self._links = AccountStore(), LinkStore()
        self._limits, self._requests = LimitStore(), ResetRequestStore()
        self.requested = asyncio.Event()

    async def invite(self, caller: Caller, id_: UUID, *, mailed: bool) -> LinkMade:
        """A link for an account that has no password yet; earlier ones end. Raises UnknownAccount, NotInvited,
        MailNotConfigured."""
        async with change(self._means, caller, "accounts.manage", id_) as made:
            account = await self._target(made, id_, mailed=mailed)
            if account.state != "invited":
                raise NotInvited("only an account that is switched on and has no password yet is invited")
            return await self._make(made, account, "invitation", mailed=mailed)

    async def reset(self, caller: Caller, id_: UUID, *, mailed: bool) -> LinkMade:
        """A link for an account that has a password, which stays good until the link is used. Raises UnknownAccount,
        OwnAccount, NotResettable, MailNotConfigured."""
        async with change(self._means, caller, "accounts.manage", id_) as made:
            account = await self._target(made, id_, mailed=mailed)
            if made.actor is not None and made.actor.id == id_:
                raise OwnAccount("change your own password with the current one, or ask another administrator")
            if account.state != "active":
                raise NotResettable("only an account that is switched on and has a password is reset")
            return await self._make(made, account, "reset", mailed=mailed)

    async def forgot(self, caller: Caller, client: str | None, email: str) -> None:
        """Notes the wish: the same work and the same answer for every e-mail. Raises TooManyRequests, and
        MailNotConfigured once it is noted."""
        now = self._means.now()
        async with self._means.database.transaction() as connection:
            if client is not None:
                await self._use(connection, _PER_CLIENT_RESET, client)
            await self._use(connection, _ALL_RESETS, "all")
            request = ResetRequest(email, caller.address, caller.request_id)
            await self._requests.add(connection, request, now)
        self.requested.set()
        if not self._mail.is_configured:
            raise MailNotConfigured("This system sends no mail. Ask an administrator for a link to set a new password.")

    async def set_password(self, caller: Caller, client: str | None, token: str, password: str) -> Account:
        """Uses a link up. Raises TooManyRequests, LinkEnded, PasswordUnfit (the link stays good), Overloaded."""
        now, hash_ = self._means.now(), token_hash(token)
        owner = await self._counted_owner(caller, client, token)
        digest = await self._passwords.digest(password, owner.email, owner.name)
        async with change(self._means, caller) as made:
            id_ = await self._links.use(made.connection, hash_, now)
            account = await self._accounts.by_id(made.connection, id_) if id_ else None
            if account is None or not account.active:
                raise LinkEnded("the link was used, has expired, or was replaced: ask for another")
            return await give_password(made, account, digest, "password_set", actor=str(account.id))

    async def _counted_owner(self, caller: Caller, client: str | None, token: str) -> Account:
        """Guesses are counted together, or by client; uses of a link that is good by link, so that no flood of guesses
        keeps its owner out."""
        try:
            owner = await self.owner(token)
        except LinkEnded as error:
            async with self._means.database.transaction() as connection:
                if client is not None:
                    await self._use(connection, _PER_CLIENT, client)
                await self._use(connection, _ALL, "all")
                await self._means.audit.append(connection, refused(caller, None, error.code), self._means.now())
            raise
        async with self._means.database.transaction() as connection:
            await self._use(connection, _PER_LINK, token_hash(token).hex())
        return owner

    async def owner(self, token: str) -> Account:
        """Whose link it is. Raises LinkEnded."""
        async with self._means.database.connection() as connection:
            id_ = await self._links.find(connection, token_hash(token), self._means.now())
            account = await self._accounts.by_id(connection, id_) if id_ else None
        if account is None or not account.active:
            raise LinkEnded("the link was used, has expired, or was replaced: ask for another")
        return account

    async def strength(self, token: str, password: str) -> Strength:
        """For the owner of a link. Raises LinkEnded, Overloaded."""
        owner = await self.owner(token)
        return await self._passwords.strength(password, owner.email, owner.name)

    async def answer_one(self) -> bool:
        """Whether there was a wish. Raises Unavailable."""
        async with self._means.database.transaction() as connection:
            if not await self._requests.is_any(connection):
                return False
        async with change(self._means, Caller(None)) as made:
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
            made.note("password_reset_requested", account.id, None, {"mailed": is_mailed})
            if is_mailed:
                await self._make(made, account, "reset" if account.digest else "invitation", mailed=True)
        return True

    async def _use(self, connection: Connection, limit: tuple[str, Rate], who: str) -> None:
        name, rate = limit
        wait = await self._limits.take(connection, limit_key(name, who), rate, self._means.now())
        if wait:
            raise TooManyRequests(wait)

    async def _target(self, made: Change, id_: UUID, *, mailed: bool) -> Account:
        account = await self._accounts.by_id(made.connection, id_)
        if account is None:
            raise UnknownAccount("there is no such account")
        if mailed and not self._mail.is_configured:
            raise MailNotConfigured(
                "No mail server is configured. Make the link without mail and hand it over yourself."
            )
        return account

    async def _make(self, made: Change, account: Account, kind: LinkKind, *, mailed: bool) -> LinkMade:
        token = write_token(self._head.entropy(TOKEN_BYTES))
        expires = made.now + LINK_LIFE
        await self._links.add(made.connection, Link(token_hash(token), account.id, kind, expires), made.now)
        url = link_url(self._head.origin, token)
        if mailed:
            mail = mail_of(kind, account.email, url, self._head.company)
            await self._mail.put(made.connection, mail, made.now, expires)
        made.note(f"{kind}_created", account.id, None, {"mailed": mailed})
        return LinkMade(url, expires, mailed)

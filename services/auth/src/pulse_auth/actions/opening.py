"""Opens the session of a verified sign-in, with or without a second factor."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pulse_auth.actions.tokens import SessionDependencies, Tokens
from pulse_auth.model.known_devices import ID_BYTES, read_device, write_device
from pulse_auth.model.sessions import (
    TOKEN_BYTES,
    Account,
    ClientInfo,
    Grant,
    Session,
    SessionRules,
    derived_key,
    token_hash,
    write_token,
)
from pulse_auth.store.sessions import NewToken, SessionStore
from pulse_auth.store.token_facts import TokenFacts
from pulse_chassis.identity.caller import Caller
from pulse_chassis.observability.metrics import Metrics
from pulse_postgres import AuditEntry, Connection


@dataclass(frozen=True)
class Visitor:
    """Who signs in, as far as it is known before the password is verified.

    client: the name by which limits count the client, or None if it is unknown.
    device_cookie: from an earlier sign-in on the same browser, or empty.
    """

    caller: Caller
    client_info: ClientInfo
    client: str | None = None
    device_cookie: str = field(default="", repr=False)


@dataclass(frozen=True)
class SignedIn:
    """A session's new pair of tokens.

    cookie_seconds: lifetime of the refresh cookie; None for a cookie that ends with the browser.
    must_enrol: the token only allows setting up a second factor.
    device_cookie: None if the browser keeps its cookie.
    """

    account: Account
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires: datetime
    cookie_seconds: int | None
    must_enrol: bool = False
    device_cookie: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Opening:
    """A session to open. `device`: the id of the known device, None for a new one. `factor`: the kind of code that was
    used as second factor."""

    visitor: Visitor
    device: bytes | None
    remember: bool
    factor: str | None = None


class SessionOpener:
    """Opens sessions in the caller's transaction. `logins` counts sign-ins by outcome."""

    def __init__(self, deps: SessionDependencies, rules: SessionRules, metrics: Metrics) -> None:
        self._deps, self._rules, self._tokens, self._sessions = deps, rules, Tokens(deps), SessionStore()
        self._device_secret = derived_key(deps.secret, "known device")
        self.logins = metrics.counter("auth_logins", "Sign-ins by outcome.", ["outcome"])

    def known_device(self, visitor: Visitor, email: str) -> bytes | None:
        """The id of the visitor's device; None if it has not signed in with this e-mail before."""
        return read_device(self._device_secret, visitor.device_cookie, email, self._deps.now())

    async def open(self, connection: Connection, account: Account, facts: TokenFacts, opening: Opening) -> SignedIn:
        """Opens a session together with its entry in the audit log. The caller's transaction holds the account and the
        keys, so an emergency that ends all sessions misses none that is being opened. Raises KeysUnknown."""
        deps, visitor, now = self._deps, opening.visitor, self._deps.now()
        ends = now + self._rules.lifetime
        session = Session(deps.new_id(), account.id, opening.remember, ends, client_info=visitor.client_info)
        token = write_token(deps.entropy(TOKEN_BYTES))
        issued = self._tokens.issue(account, Grant(str(session.id), session.ends), facts, now)
        await self._sessions.add(connection, session, now)
        await self._sessions.add_token(connection, NewToken(token_hash(token), session.id, now + self._rules.idle))
        details = {"remember": opening.remember, "second_factor": opening.factor}
        entry = sign_in_entry("signed_in", account.id, visitor, f"session:{session.id}", **details)
        await deps.audit.append(connection, entry, now)
        device = write_device(self._device_secret, opening.device or deps.entropy(ID_BYTES), account.email, now)
        lifetime = cookie_seconds(session, now)
        return SignedIn(account, issued.token, token, issued.expires, lifetime, issued.must_enrol, device)


def cookie_seconds(session: Session, now: datetime) -> int | None:
    """Lifetime of the refresh cookie in seconds; None for a cookie that ends with the browser."""
    return max(1, int((session.ends - now).total_seconds())) if session.remember else None


def sign_in_entry(
    kind: str, account: UUID | None, visitor: Visitor, target: str | None, **after: str | int | bool | None
) -> AuditEntry:
    """An entry of the audit log about a sign-in. The account is its actor only with a `target`: before that, nobody
    has proved who they are."""
    caller = visitor.caller
    actor = str(account) if account and target else None
    on = target or (f"account:{account}" if account else None)
    details = {"device": visitor.client_info.device} | after
    return AuditEntry(kind, actor, on, None, details, caller.address, caller.request_id)

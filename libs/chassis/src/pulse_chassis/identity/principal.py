"""Who calls: access tokens verified here, by every service for itself, with the keys that auth keeps on the bus, and
refused once auth has said there that their session is over."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Protocol, cast

from fastapi import Request, Security
from fastapi.security import HTTPBearer

from pulse_bus import Bus, Delivery
from pulse_chassis.identity.revocations import Revocations
from pulse_contracts.auth import API_KEY_SID, SessionRevoked, VerificationKeys
from pulse_contracts.auth import Revocations as RevocationsMessage
from pulse_contracts.errors import DomainError, Unavailable
from pulse_contracts.permissions import EVERYBODY, ROLES, Permission, Role, read_scope
from pulse_contracts.topics import AUTH_EVENT, AUTH_KEYS, AUTH_REVOCATIONS
from pulse_jose import Claims, KeySet, TokenError, TokenRules, TokenVerifier, VerificationKey

RULES = TokenRules(issuer="precisionpulse", audience="pulse", max_life=timedelta(minutes=5))
MAX_SILENCE = timedelta(seconds=15)
"""For how long auth may say nothing before administrators are refused: a session of theirs may have ended unheard."""
_MOST_VERIFIED = 10_000


class NotSignedIn(DomainError):
    """No valid access token came with the request."""

    code, status = "not_signed_in", 401


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    code, status = "forbidden", 403


class RevocationsUnknown(DomainError):
    """Nothing was heard from auth for 15 s: what not everybody may do waits until it is known whose sessions ended."""

    code, status = "revocations_unknown", 503

    def __init__(self) -> None:
        super().__init__("auth has not been heard for a while: try again in a moment")
        self.retry_after = timedelta(seconds=5)


class KeysUnknown(Unavailable):
    """The verification keys have not arrived yet."""


@dataclass(frozen=True)
class Principal:
    """The verified caller. `issued` and `expires`, of the token, in epoch seconds. `scope`: what the token was narrowed
    to, if it was. `generation`: the number of the last time that all tokens of the account were revoked."""

    account: str
    email: str
    name: str
    role: Role
    sid: str
    issued: int
    expires: int
    scope: frozenset[Permission] | None = None
    generation: int = 0

    @property
    def is_api_key(self) -> bool:
        """Whether a program calls, by an API key, and not a person in a session."""
        return self.sid.startswith(API_KEY_SID)

    def may(self, permission: Permission) -> bool:
        """Whether role and scope allow it."""
        return permission in ROLES[self.role] and (self.scope is None or permission in self.scope)


class NotesRefusals(Protocol):
    """Tells the audit trail who was refused for want of a permission."""

    async def note(self, request: Request, principal: Principal, permission: Permission) -> None:
        """Raises nothing when it cannot."""


class Principals:
    """ConcurrencyLimit tokens into principals. Knows nobody until the keys have come over the bus."""

    def __init__(self, clock: Callable[[], float], rules: TokenRules = RULES) -> None:
        self._verifier = TokenVerifier(KeySet(()), rules, clock)
        # A token is believed until `exp` + leeway, and may be issued by a clock that is ahead by the leeway.
        self._revocations = Revocations(clock, rules.max_life + 2 * rules.leeway)
        self._clock, self._heard, self._said = clock, -math.inf, -1
        self._max_age = (MAX_SILENCE + rules.leeway).total_seconds()
        self._leeway = rules.leeway.total_seconds()
        self._verified: dict[bytes, tuple[float, Principal]] = {}

    async def follow(self, bus: Bus) -> None:
        """Takes the keys from the bus, now and whenever they change, and which sessions have ended."""
        await bus.subscribe(AUTH_KEYS, self._learn)
        await bus.subscribe(AUTH_REVOCATIONS, self._catch_up)
        await bus.subscribe(AUTH_EVENT, self._forget)

    async def _learn(self, delivery: Delivery[VerificationKeys]) -> None:
        self.use([VerificationKey.from_jwk(jwk(record)) for record in delivery.message.keys])

    async def _forget(self, delivery: Delivery[SessionRevoked]) -> None:
        self._revocations.add(delivery.message)

    async def _catch_up(self, delivery: Delivery[RevocationsMessage]) -> None:
        self.hear(delivery.message)

    def hear(self, message: RevocationsMessage) -> None:
        """Takes what ended lately. It proves that auth is heard if it is newer than the one before and not the last
        words of an auth that is gone, which the broker keeps; nor of one whose clock runs ahead, after which nothing
        would be newer for long."""
        for event in message.recent:
            self._revocations.add(event)
        if message.at > self._said and -self._leeway <= self._clock() - message.at / 1_000_000 <= self._max_age:
            self._said, self._heard = message.at, self._clock()

    @property
    def silence(self) -> float:
        """For how many seconds auth has said nothing; infinite before the first word."""
        return self._clock() - self._heard

    def require_fresh(self) -> None:
        """Raises RevocationsUnknown when auth has said nothing for 15 s."""
        if self.silence > MAX_SILENCE.total_seconds():
            raise RevocationsUnknown

    def use(self, keys: list[VerificationKey]) -> None:
        """Replaces the keys; what the former ones verified is verified anew."""
        self._verifier.keys = KeySet(keys)
        self._verified.clear()

    @property
    def has_keys(self) -> bool:
        """Whether tokens can be verified at all."""
        return len(self._verifier.keys) > 0

    def has_ended(self, principal: Principal) -> bool:
        """Whether its session was said to be over since it was verified."""
        return self._revocations.cover(principal)

    def verify(self, token: str) -> Principal:
        """Raises NotSignedIn, also when the session has ended, or KeysUnknown while no key has arrived."""
        if not self.has_keys:
            raise KeysUnknown("no verification keys yet")
        try:
            principal = self._principal(token)
        except TokenError as error:
            raise NotSignedIn("the access token is missing, wrong or over") from error
        if self.has_ended(principal):
            raise NotSignedIn("the session has ended")
        return principal

    def _principal(self, token: str) -> Principal:
        """A signature is checked once for each token: a browser shows the same one for minutes. Kept by the token's
        hash, so that memory holds none that opens anything. Raises TokenError, NotSignedIn."""
        name = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._verified.get(name)
        if known is not None and self._clock() < known[0]:
            return known[1]
        principal = _said_by(self._verifier.verify(token))
        if len(self._verified) >= _MOST_VERIFIED:
            self._verified.clear()
        self._verified[name] = principal.expires + self._leeway, principal
        return principal


def _said_by(claims: Claims) -> Principal:
    if claims.role not in ROLES:
        raise NotSignedIn("the access token names an unknown role")
    role = cast("Role", claims.role)
    scope = None if claims.scope is None else read_scope(claims.scope)
    name, sid = claims.name, claims.sid
    return Principal(claims.sub, claims.email, name, role, sid, claims.iat, claims.exp, scope, claims.gen)


def jwk(record: object) -> dict[str, object]:
    """The public JWK of a key record from the bus."""
    x, y, kid = (getattr(record, name) for name in ("x", "y", "kid"))
    not_before, not_after = getattr(record, "not_before"), getattr(record, "not_after")  # noqa: B009
    found: dict[str, object] = {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, "nbf": not_before // 1_000_000}
    if not_after is not None:
        found["exp"] = not_after // 1_000_000
    return found


def bearer(request: Request) -> str:
    """The token of the Authorization header. Raises NotSignedIn."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn("sign in first: this needs an access token")
    return token


class SignedIn(HTTPBearer):
    """FastAPI's description of a bearer token, which also verifies it: one dependency where three would do the same
    (each costs an answer about 10 us)."""

    def __init__(self) -> None:
        super().__init__(scheme_name="HTTPBearer", bearerFormat="JWT", description="An access token of auth")

    async def __call__(self, request: Request) -> Any:  # type: ignore[override]  # HTTP routes alone have it
        """The principal of this request; `app.state.principals` was put there by the runtime. Raises NotSignedIn."""
        principals: Principals = request.app.state.principals
        return principals.verify(bearer(request))


class _Allowed(SignedIn):
    def __init__(self, permission: Permission) -> None:
        super().__init__()
        self._permission = permission

    async def __call__(self, request: Request) -> Any:  # type: ignore[override]  # HTTP routes alone have it
        principals: Principals = request.app.state.principals
        principal = principals.verify(bearer(request))
        if not principal.may(self._permission):
            refusals: NotesRefusals | None = getattr(request.app.state, "refusals", None)
            if refusals is not None:
                await refusals.note(request, principal, self._permission)
            raise Forbidden(f"this needs the permission {self._permission}")
        if self._permission not in EVERYBODY:
            principals.require_fresh()
        return principal


current = SignedIn()
CurrentPrincipal = Annotated[Principal, Security(current)]


def require(permission: Permission) -> Any:
    """A dependency that gives the principal, who must have this permission: `Annotated[Principal, require("…")]`. What
    not everybody may do is refused while nobody can say whose sessions have ended. Raises Forbidden,
    RevocationsUnknown."""
    return Security(_Allowed(permission), scopes=[permission])  # names it in the OpenAPI document

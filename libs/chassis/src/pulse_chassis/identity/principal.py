"""Principals: every service verifies access tokens itself, with the keys and the revocations that auth publishes."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Protocol, cast

import structlog
from fastapi import Request, Security
from fastapi.security import HTTPBearer

from pulse_bus import Bus, Delivery
from pulse_chassis.identity.revocations import Revocations
from pulse_contracts.auth import API_KEY_SID, SessionRevoked, VerificationKeys
from pulse_contracts.auth import Revocations as RevocationsMessage
from pulse_contracts.errors import DomainError, Unavailable
from pulse_contracts.permissions import COMMON_PERMISSIONS, ROLES, Permission, Role, read_scope
from pulse_contracts.topics import AUTH_EVENT, AUTH_KEYS, AUTH_REVOCATIONS
from pulse_jose import Claims, KeySet, TokenError, TokenRules, TokenVerifier, VerificationKey

RULES = TokenRules(issuer="precisionpulse", audience="pulse", max_lifetime=timedelta(minutes=5))
MAX_REVOCATIONS_AGE = timedelta(seconds=15)
"""Maximum age of auth's last list of revocations. Beyond it, requests that need more than the common permissions are
refused, because the session may have been revoked."""
_MAX_CACHED_TOKENS = 10_000


CALLER_FIELDS = ("account", "api_key")
"""The fields of `log_caller`."""


def log_caller(account: str, sid: str = "") -> None:
    """Adds the account, and the API key if `sid` is that of one, to every log line of this request."""
    key = {"api_key": sid.removeprefix(API_KEY_SID)} if sid.startswith(API_KEY_SID) else {}
    structlog.contextvars.bind_contextvars(account=account, **key)


class NotSignedIn(DomainError):
    """The access token is missing, invalid or expired. Sign in again."""

    code, status = "not_signed_in", 401


class Forbidden(DomainError):
    """The account does not have the required permission."""

    code, status = "forbidden", 403


class RevocationsUnknown(DomainError):
    """The list of revoked sessions is out of date, so requests that need special permissions are refused. Try again."""

    code, status = "revocations_unknown", 503

    def __init__(self) -> None:
        super().__init__("The service cannot check at the moment whether the session is still valid. Try again.")
        self.retry_after = timedelta(seconds=5)


class KeysUnknown(Unavailable):
    """The keys that verify access tokens have not arrived yet."""


@dataclass(frozen=True)
class Principal:
    """The verified caller.

    issued, expires: of the token, in Unix seconds.
    scope: the permissions that the token is restricted to. None: not restricted.
    generation: the account's token generation. It increases when all tokens of the account are revoked.
    """

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
        """Whether the caller is a program with an API key, not a person in a session."""
        return self.sid.startswith(API_KEY_SID)

    def may(self, permission: Permission) -> bool:
        """Whether role and scope include the permission."""
        return permission in ROLES[self.role] and (self.scope is None or permission in self.scope)


class RefusalRecorder(Protocol):
    """Records refused requests in the audit trail."""

    async def record(self, request: Request, principal: Principal, permission: Permission) -> None:
        """Records that the permission was missing. Must not raise during an outage."""


class Principals:
    """Verifies access tokens and returns their principals. It needs the keys from the bus first."""

    def __init__(self, clock: Callable[[], float], rules: TokenRules = RULES) -> None:
        self._verifier = TokenVerifier(KeySet(()), rules, clock)
        # A token is valid until `exp` plus leeway, and the clock of its issuer may be ahead by the leeway.
        self._revocations = Revocations(clock, rules.max_lifetime + 2 * rules.leeway)
        self._clock, self._updated, self._latest = clock, -math.inf, -1
        self._max_age = (MAX_REVOCATIONS_AGE + rules.leeway).total_seconds()
        self._leeway = rules.leeway.total_seconds()
        self._cache: dict[bytes, tuple[float, Principal]] = {}

    async def follow(self, bus: Bus) -> None:
        """Subscribes to auth's keys and revocations."""
        await bus.subscribe(AUTH_KEYS, self._on_keys)
        await bus.subscribe(AUTH_REVOCATIONS, self._on_revocations)
        await bus.subscribe(AUTH_EVENT, self._on_session_revoked)

    async def _on_keys(self, delivery: Delivery[VerificationKeys]) -> None:
        self.replace_keys([VerificationKey.from_jwk(jwk(record)) for record in delivery.message.keys])

    async def _on_session_revoked(self, delivery: Delivery[SessionRevoked]) -> None:
        self._revocations.add(delivery.message)

    async def _on_revocations(self, delivery: Delivery[RevocationsMessage]) -> None:
        self.apply_revocations(delivery.message)

    def apply_revocations(self, message: RevocationsMessage) -> None:
        """Adds the revocations of a message. The message makes the revocations up to date only if it is newer than the
        previous one, not too old (it may be the retained message of an auth that has stopped), and not from the future
        (otherwise no message would be newer for a long time)."""
        for event in message.recent:
            self._revocations.add(event)
        if message.at > self._latest and -self._leeway <= self._clock() - message.at / 1_000_000 <= self._max_age:
            self._latest, self._updated = message.at, self._clock()

    @property
    def revocations_age(self) -> float:
        """Seconds since the last list of revocations arrived. Infinite before the first."""
        return self._clock() - self._updated

    def require_fresh(self) -> None:
        """Raises RevocationsUnknown when the revocations are older than 15 s."""
        if self.revocations_age > MAX_REVOCATIONS_AGE.total_seconds():
            raise RevocationsUnknown

    def replace_keys(self, keys: list[VerificationKey]) -> None:
        """Replaces the keys. Every token is then verified again."""
        self._verifier.keys = KeySet(keys)
        self._cache.clear()

    @property
    def has_keys(self) -> bool:
        """Whether any key has arrived."""
        return len(self._verifier.keys) > 0

    def is_revoked(self, principal: Principal) -> bool:
        """Whether the session of the principal has been revoked."""
        return self._revocations.cover(principal)

    def verify(self, token: str) -> Principal:
        """Returns the principal of a token. Raises NotSignedIn for an invalid token or a revoked session, and
        KeysUnknown while no key has arrived."""
        if not self.has_keys:
            raise KeysUnknown("no verification key has arrived yet")
        try:
            principal = self._principal(token)
        except TokenError as error:
            raise NotSignedIn("The access token is missing, invalid or expired. Sign in again.") from error
        if self.is_revoked(principal):
            raise NotSignedIn("The session has ended. Sign in again.")
        return principal

    def _principal(self, token: str) -> Principal:
        """Verifies a token, or takes it from the cache: a browser sends the same token for minutes. The cache holds
        only hashes of tokens. Raises TokenError, NotSignedIn."""
        name = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        cached = self._cache.get(name)
        if cached is not None and self._clock() < cached[0]:
            return cached[1]
        principal = _principal_of(self._verifier.verify(token))
        if len(self._cache) >= _MAX_CACHED_TOKENS:
            self._cache.clear()
        self._cache[name] = principal.expires + self._leeway, principal
        return principal


def _principal_of(claims: Claims) -> Principal:
    if claims.role not in ROLES:
        raise NotSignedIn("The access token has an unknown role. Sign in again.")
    role = cast("Role", claims.role)
    scope = None if claims.scope is None else read_scope(claims.scope)
    name, sid = claims.name, claims.sid
    return Principal(claims.sub, claims.email, name, role, sid, claims.iat, claims.exp, scope, claims.gen)


def jwk(record: object) -> dict[str, object]:
    """Returns the public JWK of a key record from the bus."""
    x, y, kid = (getattr(record, name) for name in ("x", "y", "kid"))
    not_before, not_after = getattr(record, "not_before"), getattr(record, "not_after")  # noqa: B009
    key: dict[str, object] = {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, "nbf": not_before // 1_000_000}
    if not_after is not None:
        key["exp"] = not_after // 1_000_000
    return key


def bearer(request: Request) -> str:
    """Returns the token of the Authorization header. Raises NotSignedIn."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn("This request needs an access token. Sign in first.")
    return token


def _verified(request: Request) -> Principal:
    principals: Principals = request.app.state.principals
    principal = principals.verify(bearer(request))
    log_caller(principal.account, principal.sid)
    return principal


class SignedIn(HTTPBearer):
    """A dependency that describes the bearer token in the OpenAPI document and also verifies it. One dependency instead
    of three saves about 20 us per request."""

    def __init__(self) -> None:
        super().__init__(scheme_name="HTTPBearer", bearerFormat="JWT", description="An access token from auth")

    async def __call__(self, request: Request) -> Any:  # type: ignore[override]  # used by HTTP routes only
        """Returns the principal of the request. Needs `app.state.principals`. Raises NotSignedIn."""
        return _verified(request)


class _Allowed(SignedIn):
    def __init__(self, permission: Permission) -> None:
        super().__init__()
        self._permission = permission

    async def __call__(self, request: Request) -> Any:  # type: ignore[override]  # used by HTTP routes only
        principal = _verified(request)
        if not principal.may(self._permission):
            await record_refusal(request, principal, self._permission)
            raise missing(self._permission)
        if self._permission not in COMMON_PERMISSIONS:
            principals: Principals = request.app.state.principals
            principals.require_fresh()
        return principal


async def record_refusal(request: Request, principal: Principal, permission: Permission) -> None:
    """Records in the audit trail that a permission was missing. `require` does it itself."""
    refusals: RefusalRecorder | None = getattr(request.app.state, "refusals", None)
    if refusals is not None:
        await refusals.record(request, principal, permission)


def missing(permission: Permission) -> Forbidden:
    """Returns the error for a permission that the caller does not have."""
    return Forbidden(f"Your account does not have the permission {permission}.")


current = SignedIn()
CurrentPrincipal = Annotated[Principal, Security(current)]


def require(permission: Permission) -> Any:
    """Returns a dependency that requires a permission and gives the principal: `Annotated[Principal, require("…")]`.

    It raises NotSignedIn and Forbidden. For a permission of administrators, it also raises RevocationsUnknown
    when the revocations are out of date.
    """
    return Security(_Allowed(permission), scopes=[permission])  # scopes appear in the OpenAPI document

"""Who calls: access tokens verified here, by every service for itself, with the keys that auth keeps on the bus, and
refused once auth has said there that their session is over."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal, cast

from fastapi import Depends, Request

from pulse_bus import Bus, Delivery
from pulse_chassis.revocations import Revocations
from pulse_contracts.auth import SessionRevoked, VerificationKeys
from pulse_contracts.errors import DomainError, Unavailable
from pulse_contracts.topics import AUTH_EVENT, AUTH_KEYS
from pulse_jose import KeySet, TokenError, TokenRules, TokenVerifier, VerificationKey

RULES = TokenRules(issuer="precisionpulse", audience="pulse", max_life=timedelta(minutes=5))


class NotSignedIn(DomainError):
    """No valid access token came with the request."""

    code, status = "not_signed_in", 401


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    code, status = "forbidden", 403


class KeysUnknown(Unavailable):
    """The verification keys have not arrived yet."""


@dataclass(frozen=True)
class Principal:
    """The verified caller. `issued` and `expires`, of the token, in epoch seconds."""

    account: str
    email: str
    name: str
    role: Literal["admin", "user"]
    sid: str
    issued: int
    expires: int


class Principals:
    """Turns tokens into principals. Knows nobody until the keys have come over the bus."""

    def __init__(self, clock: Callable[[], float], rules: TokenRules = RULES) -> None:
        self._verifier = TokenVerifier(KeySet(()), rules, clock)
        # A token is believed until `exp` + leeway, and may be issued by a clock that is ahead by the leeway.
        self._revocations = Revocations(clock, rules.max_life + 2 * rules.leeway)

    async def follow(self, bus: Bus) -> None:
        """Takes the keys from the bus, now and whenever they change, and which sessions have ended."""
        await bus.subscribe(AUTH_KEYS, self._learn)
        await bus.subscribe(AUTH_EVENT, self._forget)

    async def _learn(self, delivery: Delivery[VerificationKeys]) -> None:
        self.use([VerificationKey.from_jwk(jwk(record)) for record in delivery.message.keys])

    async def _forget(self, delivery: Delivery[SessionRevoked]) -> None:
        self._revocations.add(delivery.message)

    def use(self, keys: list[VerificationKey]) -> None:
        """Replaces the keys."""
        self._verifier.keys = KeySet(keys)

    @property
    def has_keys(self) -> bool:
        """Whether tokens can be verified at all."""
        return len(self._verifier.keys) > 0

    def verify(self, token: str) -> Principal:
        """Raises NotSignedIn, also when the session has ended, or KeysUnknown while no key has arrived."""
        if not self.has_keys:
            raise KeysUnknown("no verification keys yet")
        try:
            claims = self._verifier.verify(token)
        except TokenError as error:
            raise NotSignedIn("the access token is missing, wrong or over") from error
        if claims.role not in {"admin", "user"}:
            raise NotSignedIn("the access token names an unknown role")
        if self._revocations.cover(claims.sub, claims.sid, claims.iat):
            raise NotSignedIn("the session has ended")
        role = cast("Literal['admin', 'user']", claims.role)
        return Principal(claims.sub, claims.email, claims.name, role, claims.sid, claims.iat, claims.exp)


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


async def current(request: Request) -> Principal:
    """The principal of this request; `app.state.principals` was put there by the runtime."""
    principals: Principals = request.app.state.principals
    return principals.verify(bearer(request))


async def administrator(principal: Annotated[Principal, Depends(current)]) -> Principal:
    """The principal, who must be an administrator."""
    if principal.role != "admin":
        raise Forbidden("only administrators may do this")
    return principal


CurrentPrincipal = Annotated[Principal, Depends(current)]
Administrator = Annotated[Principal, Depends(administrator)]

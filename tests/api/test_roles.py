"""Every route requires the permissions of the table, for anonymous callers, each role, and a token with a restricted
scope. The required permissions come from the OpenAPI documents, like in `docs/security/permissions.md`."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from pulse_contracts.permissions import ROLES
from tests.api.fuzzing import SERVICES
from tests.system import System, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
PUBLIC = {
    "GET /api/telemetry/shared",
    "GET /api/telemetry/shared/readings",
    "GET /api/telemetry/shared/series/{series_id}/readings",
    "GET /api/users/brand",
    "GET /api/users/brand/logo",
    "POST /api/auth/login",
    "POST /api/auth/refresh",
    "POST /api/auth/logout",
    "GET /api/auth/keys",
    "POST /api/auth/login/second-factor",
    "POST /api/auth/token",
    "POST /api/collectors/enrol",
    "POST /api/users/link-owner",
    "POST /api/users/password-reset",
    "POST /api/users/password-strength",
    "POST /api/users/set-password",
}
"""Routes without an access token. Each has another proof: a password, a cookie with a CSRF header, a code or a key.
Adding a route needs a decision."""

UNTOUCHED_HERE = {"DELETE /api/auth/sessions", "POST /api/auth/keys/rotate"}
"""These operations would end the sessions of the test. Other tests cover them."""


@dataclass(frozen=True)
class Route:
    """One operation of one service."""

    service: str
    method: str
    path: str
    permissions: frozenset[str]
    is_public: bool

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Api:
    """A running system and the access tokens of the callers."""

    system: System
    routes: list[Route]
    ports: dict[str, int]
    tokens: dict[str, str]

    def ask(self, route: Route, who: str | None) -> httpx.Response:
        """Calls the operation with unknown ids and an empty body. An authorised caller gets another problem, and
        nothing changes."""
        path = route.path
        while "{" in path:
            before, _, rest = path.partition("{")
            path = f"{before}{uuid.uuid4()}{rest.partition('}')[2]}"
        headers = {} if who is None else {"authorization": f"Bearer {self.tokens[who]}"}
        url = f"http://127.0.0.1:{self.ports[route.service]}{path}"
        return httpx.request(route.method, url, headers=headers, timeout=30, json={} if _has_body(route) else None)


def _has_body(route: Route) -> bool:
    return route.method in {"POST", "PUT", "PATCH"}


def _routes(service: str, document: dict[str, Any]) -> Iterator[Route]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            security = operation.get("security", [])
            names = frozenset(name for each in security for names in each.values() for name in names)
            is_token_asked = any("HTTPBearer" in each for each in security)
            yield Route(service, method.upper(), path, names, not is_token_asked)


@pytest.fixture(scope="module")
def api(system: System) -> Api:
    ports = {service: int(system.child(service)["port"]) for service in SERVICES}
    routes: list[Route] = []
    for service, port in ports.items():
        routes += _routes(service, httpx.get(f"http://127.0.0.1:{port}/openapi.json", timeout=30).json())
    admin = system.token()
    others = {str(role): token_of(system, admin, role) for role in ROLES if role != "admin"}
    return Api(system, routes, ports, {"admin": admin, "narrowed": narrowed(system), **others})


def sign_in(system: System, email: str, password: str) -> str:
    """Returns the access token."""
    account = {"email": email, "password": password}
    answer = httpx.post(f"{system.url}/api/auth/login", json=account, headers={"origin": system.url}, timeout=30)
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def token_of(system: System, admin: str, role: str) -> str:
    """Returns the access token of an account with a role that the administrator created."""
    password = "a quite unlikely sentence 93"
    account = {"email": f"matrix-{role}@example.org", "name": "Matrix", "role": role, "password": password}
    answer = httpx.post(
        f"{system.url}/api/users", json=account, headers={"authorization": f"Bearer {admin}"}, timeout=30
    )
    assert answer.status_code == 201, answer.text
    tokens: list[str] = []

    def is_known() -> bool:
        try:
            tokens.append(sign_in(system, account["email"], password))
        except httpx.HTTPStatusError:
            return False
        return True

    wait_until(is_known, seconds=30, what="auth knows the new account")
    return tokens[0]


def narrowed(system: System) -> str:
    """Returns the access token of an administrator's API key that may only read telemetry."""
    headers = {"authorization": f"Bearer {system.token()}"}
    wish = {"name": "matrix", "scope": ["telemetry.read"], "expires_in_days": 1}
    key = httpx.post(f"{system.url}/api/auth/api-keys", json=wish, headers=headers, timeout=30)
    assert key.status_code == 201, key.text
    authorization = {"authorization": f"Bearer {key.json()['key']}"}
    answer = httpx.post(f"{system.url}/api/auth/token", headers=authorization, timeout=30)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def test_routes_without_a_token_are_listed(api: Api) -> None:
    assert {route.name for route in api.routes if route.is_public} == PUBLIC


def test_every_route_requires_the_permissions_of_the_table(api: Api) -> None:
    wrong = []
    for route in api.routes:
        if route.is_public or route.name in UNTOUCHED_HERE:
            continue
        allowed = {str(who): route.permissions <= may for who, may in ROLES.items()}
        allowed["narrowed"] = route.permissions <= {"telemetry.read"}
        for who, may in allowed.items():
            status = api.ask(route, who).status_code
            if may and status in {401, 403}:
                wrong.append(f"{who} may {route.name} and got {status}")
            if not may and status != 403:
                wrong.append(f"{who} may not {route.name} and got {status}")
        if (status := api.ask(route, None).status_code) != 401:
            wrong.append(f"{route.name} without sign-in: got {status}")
    assert wrong == []
    assert len(api.routes) > 30

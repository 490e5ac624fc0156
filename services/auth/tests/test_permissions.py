"""Permissions of every route, with every kind of caller."""

from datetime import timedelta
from uuid import UUID

import httpx
import pytest

from pulse_auth.__main__ import PROGRAM
from pulse_chassis.process.commands import openapi
from pulse_contracts.permissions import COMMON_PERMISSIONS, ROLES

from .conftest import World, event

pytestmark = pytest.mark.servers
OTHER = UUID("00000000-0000-4000-8000-000000000002")
OPERATIONS = [
    (method.upper(), path, (operation.get("security") or [{}])[0])
    for path, operations in openapi(PROGRAM)["paths"].items()
    for method, operation in operations.items()
]
GUARDED = [(method, path, scopes[0]) for method, path, need in OPERATIONS if (scopes := need.get("HTTPBearer"))]
OPEN = {"/api/auth/login", "/api/auth/login/second-factor", "/api/auth/refresh", "/api/auth/logout"} | {
    "/api/auth/session",
    "/api/auth/keys",
    "/api/auth/token",
    "/api/collectors/enrol",
}


def bearer(answer: httpx.Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def test_every_route_needs_a_permission_or_is_listed_as_open() -> None:
    assert {path for _, path, _ in OPERATIONS} - {path for _, path, _ in GUARDED} == OPEN
    assert len(GUARDED) >= 18


@pytest.mark.parametrize(("method", "path", "permission"), GUARDED)
async def test_each_route_requires_its_permission(
    ada: World, digest: str, method: str, path: str, permission: str
) -> None:
    await ada.mirror.apply(event(ada.clock, digest, account=OTHER, email="bob@example.org", role="user"))
    for name, value in {"account": OTHER, "session": UUID(int=1), "key": UUID(int=1)}.items():
        path = path.replace(f"{{{name}}}", str(value))
    admin, user = await ada.login(), await ada.login(email="bob@example.org")
    nobody = await ada.http.request(method, path)
    assert (nobody.status_code, nobody.json()["code"]) == (401, "not_signed_in")
    by_user = await ada.http.request(method, path, headers=bearer(user))
    assert (by_user.status_code == 403) == (permission not in ROLES["user"])
    by_admin = await ada.http.request(method, path, headers=bearer(admin))
    assert by_admin.status_code not in {401, 403, 500, 503}
    ada.clock.advance(timedelta(seconds=16))
    silent = await ada.http.request(method, path, headers=bearer(await ada.login()))
    assert (silent.status_code == 503) == (permission not in COMMON_PERMISSIONS)

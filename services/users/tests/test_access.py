"""Permissions of every route: without a token, for a user, an administrator, and an administrator with a scope."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.routing import APIRoute

from pulse_users.assembly import ROUTERS

from .conftest import World

pytestmark = pytest.mark.servers
_NOBODY = "6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c"
_BODIES: dict[str, Any] = {
    "POST /api/users": {"email": "new@example.org", "name": "New"},
    "PUT /api/users/{id}": {"email": "new@example.org", "name": "New", "role": "user"},
    "POST /api/users/bulk": {"action": "delete", "ids": [_NOBODY]},
    "POST /api/users/bulk-preview": {"action": "delete", "ids": [_NOBODY]},
    "POST /api/users/{id}/invitation": {},
    "POST /api/users/{id}/reset": {},
    "PUT /api/profile": {"name": "New"},
    "PUT /api/profile/password": {"current": "correct horse battery", "new": "violet-harbour-candle"},
    "PUT /api/profile/preferences": {"theme": "dark"},
    "PUT /api/users/brand": {"name": "Plant", "accent": None},
    "POST /api/users/password-strength": {"password": "violet"},
    "POST /api/users/password-reset": {"email": "a@example.org"},
    "POST /api/users/link-owner": {"token": "q" * 43},
    "POST /api/users/set-password": {"token": "q" * 43, "password": "violet-harbour-candle"},
}
_ADMINISTRATORS = {
    "GET /api/users",
    "POST /api/users",
    "POST /api/users/bulk",
    "POST /api/users/bulk-preview",
    "GET /api/users/{id}",
    "PUT /api/users/{id}",
    "DELETE /api/users/{id}",
    "PUT /api/users/{id}/toggle-status",
    "POST /api/users/{id}/invitation",
    "POST /api/users/{id}/reset",
    "GET /api/users/audit",
    "GET /api/users/audit.csv",
    "GET /api/users/audit/verification",
    "PUT /api/users/brand",
    "PUT /api/users/brand/logo",
    "DELETE /api/users/brand/logo",
    "GET /api/users/mail",
    "POST /api/users/mail/test",
}
_SIGNED_IN = {
    "GET /api/profile",
    "PUT /api/profile",
    "PUT /api/profile/password",
    "GET /api/profile/preferences",
    "PUT /api/profile/preferences",
    "POST /api/users/password-strength",
}
_ANYBODY = {
    "POST /api/users/password-reset",
    "POST /api/users/set-password",
    "POST /api/users/link-owner",
    "GET /api/users/brand",
    "GET /api/users/brand/logo",
}


def operations() -> set[str]:
    return {
        f"{method} {route.path_format}"
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def test_the_table_has_every_route() -> None:
    assert operations() == _ADMINISTRATORS | _SIGNED_IN | _ANYBODY


@pytest.mark.parametrize("operation", sorted(_ADMINISTRATORS | _SIGNED_IN | _ANYBODY))
async def test_each_route_requires_its_permission(world: World, operation: str) -> None:
    method, path = operation.split(" ")
    admin, user = await world.add(), await world.add("b@example.org", "user")

    async def ask(headers: dict[str, str]) -> tuple[int, str]:
        url = path.replace("{id}", _NOBODY)
        answer = await world.http.request(method, url, headers={"If-Match": "*"} | headers, json=_BODIES.get(operation))
        is_json = answer.headers.get("content-type", "").endswith("json")
        return answer.status_code, str(answer.json().get("code", "")) if is_json else ""

    refused = {"not_signed_in", "forbidden", "revocations_unknown"}
    anonymous, as_user, as_admin = [await ask(h) for h in ({}, world.bearer(user), world.bearer(admin))]
    assert as_admin[1] not in refused
    assert (as_user == (403, "forbidden")) == (operation in _ADMINISTRATORS)
    assert (anonymous == (401, "not_signed_in")) == (operation not in _ANYBODY)
    narrowed = await ask(world.bearer(await world.accounts.find("ada@example.org"), scope="telemetry.read"))
    assert (narrowed == (403, "forbidden")) == (operation not in _ANYBODY)
    world.clock.advance(timedelta(seconds=16))
    silent = await ask(world.bearer(admin))
    assert (silent == (503, "revocations_unknown")) == (operation in _ADMINISTRATORS), "no heartbeat for 15 s"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/users/bulk", "POST"),
        ("/api/users/set-password", "POST"),
        ("/api/users", "GET, POST"),
        (f"/api/users/{_NOBODY}", "DELETE, GET, PUT"),
        ("/api/profile", "GET, PUT"),
    ],
)
async def test_an_unknown_method_gets_the_allowed_ones(world: World, path: str, methods: str) -> None:
    answer = await world.http.request("PATCH", path, headers=world.bearer(await world.add()))
    assert (answer.status_code, answer.headers["allow"]) == (405, methods)

"""Fifty concurrent requests have exactly one outcome."""

import asyncio
from collections import Counter

import httpx
import pytest

from .conftest import World

pytestmark = pytest.mark.servers


async def test_one_email_results_in_one_account(world: World) -> None:
    headers = world.bearer(await world.add())

    async def create(n: int) -> int:
        email = "b@example.org" if n % 2 else "B@EXAMPLE.org"
        return (await world.http.post("/api/users", headers=headers, json={"email": email, "name": "B"})).status_code

    assert Counter(await asyncio.gather(*map(create, range(50)))) == {201: 1, 409: 49}
    assert await world.rows("SELECT count(*) AS n FROM account") == [{"n": 2}]


@pytest.mark.parametrize("how", ["demote", "disable", "delete", "bulk"])
async def test_one_of_two_administrators_who_remove_each_other_remains(world: World, how: str) -> None:
    both = [await world.add(f"{name}@example.org") for name in "ab"]

    async def attack(n: int) -> httpx.Response:
        me, other = both[n % 2], both[1 - n % 2]
        headers, url = world.bearer(me) | {"If-Match": "*"}, f"/api/users/{other.id}"
        if how == "demote":
            demoted = {"email": other.email, "name": "Ada", "role": "user"}
            return await world.http.put(url, headers=headers, json=demoted)
        if how == "disable":
            headers["If-Match"] = f'"{other.version}"'
            return await world.http.put(f"{url}/toggle-status", headers=headers)
        if how == "delete":
            return await world.http.delete(url, headers=headers)
        change = {"action": "set_role", "role": "user", "ids": [str(other.id)]}
        return await world.http.post("/api/users/bulk", headers=headers, json=change)

    answers = await asyncio.gather(*map(attack, range(50)))
    administrators = await world.rows(
        "SELECT id FROM account WHERE role = 'admin' AND active AND digest IS NOT NULL AND deleted_at IS NULL"
    )
    assert len(administrators) == 1
    changes = await world.rows("SELECT version FROM account_counter")
    assert changes == [{"version": 3}], "exactly one change"
    assert {answer.status_code for answer in answers} <= {200, 204, 401, 403, 404, 412}
    winner = next(n for n, account in enumerate(both) if account.id == administrators[0]["id"])
    assert all(not answers[n].is_success for n in range(50) if n % 2 != winner)
    assert any(answers[n].is_success for n in range(50) if n % 2 == winner)


async def test_a_link_sets_one_password(world: World) -> None:
    admin, account = await world.add(), await world.invited()
    made = await world.http.post(f"/api/users/{account.id}/invitation", headers=world.bearer(admin), json={})
    token = made.json()["link"].partition("#")[2]

    async def use(n: int) -> int:
        body = {"token": token, "password": f"violet-harbour-candle-{n}"}
        return (await world.http.post("/api/users/set-password", json=body)).status_code

    outcomes = Counter(await asyncio.gather(*map(use, range(50))))
    assert outcomes.pop(204) == 1
    assert set(outcomes) <= {410, 503}, "used, or too many passwords at once"
    assert [kind for kind, *_ in await world.audit()].count("password_set") == 1


async def test_one_of_fifty_changes_of_the_same_version_succeeds(world: World) -> None:
    admin, target = await world.add(), await world.add("b@example.org", "user")
    headers = world.bearer(admin) | {"If-Match": f'"{target.version}"'}

    async def rename(n: int) -> int:
        body = {"email": "b@example.org", "name": f"Name {n}", "role": "user"}
        return (await world.http.put(f"/api/users/{target.id}", headers=headers, json=body)).status_code

    assert Counter(await asyncio.gather(*map(rename, range(50)))) == {200: 1, 412: 49}

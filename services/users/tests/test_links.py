"""Invitations and resets: links that work once."""

import json
from datetime import timedelta

import httpx
import pytest

from pulse_chassis.identity.caller import COMMAND_LINE
from pulse_contracts.times import from_micros
from pulse_postgres import LimitStore, limit_key
from pulse_testkit.waiting import eventually
from pulse_users.actions.links import _ALL
from pulse_users.model.accounts import Account

from .conftest import World

pytestmark = pytest.mark.servers
GOOD = "violet-harbour-candle"


async def link(world: World, admin: Account, account: Account, what: str) -> str:
    answer = await world.http.post(f"/api/users/{account.id}/{what}", headers=world.bearer(admin), json={})
    assert answer.status_code == 201, answer.text
    assert answer.json()["mailed"] is False
    address, _, token = answer.json()["link"].partition("#")
    assert address == "http://127.0.0.1:8080/set-password"
    return str(token)


async def use(world: World, token: str, password: str = GOOD) -> httpx.Response:
    return await world.http.post("/api/users/set-password", json={"token": token, "password": password})


async def test_an_invitation_works_once(world: World) -> None:
    admin, account = await world.add(), await world.invited()
    token = await link(world, admin, account, "invitation")
    assert (await use(world, token, "short")).json()["problems"] == ["too_short"]
    assert (await use(world, token)).status_code == 204
    again = await use(world, token)
    assert (again.status_code, again.json()["code"]) == (410, "link_ended")
    found = await world.accounts.find(account.email)
    assert (found.state, found.version) == ("active", account.version + 1)
    expected = [("password_set", str(account.id), f"account:{account.id}"), ("change_refused", None, None)]
    assert (await world.audit())[-2:] == expected
    assert token not in str(await world.rows("SELECT * FROM password_link"))


async def test_a_newer_link_replaces_the_older(world: World) -> None:
    admin, account = await world.add(), await world.invited()
    first, second = [await link(world, admin, account, "invitation") for _ in range(2)]
    assert (await use(world, first)).status_code == 410
    assert (await use(world, second)).status_code == 204


async def test_a_link_expires_after_a_day(world: World) -> None:
    admin, account = await world.add(), await world.invited()
    tokens = [await link(world, admin, account, "invitation")]
    world.clock.advance(timedelta(hours=24))
    assert (await use(world, tokens[0])).status_code == 410


async def test_a_reset_changes_nothing_until_its_link_is_used(world: World) -> None:
    admin, account = await world.add(), await world.add("b@example.org", "user")
    token = await link(world, admin, account, "reset")
    assert await world.accounts.find(account.email) == account
    assert (await use(world, token)).status_code == 204
    found = await world.accounts.find(account.email)
    assert found.digest != account.digest
    assert found.version > account.version


@pytest.mark.parametrize("what", ["disabled", "deleted", "new email", "changed"])
async def test_a_link_is_deleted_with_a_change_of_its_account(world: World, what: str) -> None:
    admin, account = await world.add(), await world.add("b@example.org", "user")
    token = await link(world, admin, account, "reset")
    url, headers = f"/api/users/{account.id}", world.bearer(admin) | {"If-Match": "*"}
    if what == "disabled":
        await world.http.put(f"{url}/toggle-status", headers=headers)
        await world.http.put(f"{url}/toggle-status", headers=headers)
    elif what == "deleted":
        await world.http.delete(url, headers=headers)
    elif what == "new email":
        body = {"email": "c@example.org", "name": "B", "role": "user"}
        assert (await world.http.put(url, headers=headers, json=body)).status_code == 200
    else:
        body = {"current": "correct horse battery", "new": "lantern-orchard-paper"}
        answer = await world.http.put("/api/profile/password", headers=world.bearer(account), json=body)
        assert answer.status_code == 204
    assert (await use(world, token)).status_code == 410


async def test_accounts_that_cannot_be_invited_or_reset(world: World) -> None:
    admin, active, new = await world.add(), await world.add("b@example.org", "user"), await world.invited()
    off = await world.add("c@example.org", "user")
    await world.accounts.set_active(COMMAND_LINE, off.email, active=False)
    for account, what, code in (
        (active, "invitation", "not_invited"),
        (off, "invitation", "not_invited"),
        (new, "reset", "not_resettable"),
        (off, "reset", "not_resettable"),
    ):
        answer = await world.http.post(f"/api/users/{account.id}/{what}", headers=world.bearer(admin), json={})
        assert (answer.status_code, answer.json()["code"]) == (409, code)
    mailed = await world.http.post(f"/api/users/{new.id}/invitation", headers=world.bearer(admin), json={"mail": True})
    assert (mailed.status_code, mailed.json()["code"]) == (409, "mail_not_configured")


async def test_the_owner_of_a_link_is_shown_without_using_it_up(world: World) -> None:
    admin, new = await world.add(), await world.invited("eve@example.org")
    made = await world.http.post(f"/api/users/{new.id}/invitation", headers=world.bearer(admin), json={})
    body = {"token": made.json()["link"].partition("#")[2]}
    for _ in range(2):
        owner = await world.http.post("/api/users/link-owner", json=body)
        assert (owner.status_code, owner.json()) == (200, {"email": "eve@example.org", "name": "New"})
    taken = await world.http.post("/api/users/set-password", json=body | {"password": "violet-harbour-candle"})
    assert taken.status_code == 204
    for token in (body["token"], "q" * 43):
        over = await world.http.post("/api/users/link-owner", json={"token": token})
        assert (over.status_code, over.json()["code"]) == (410, "link_ended")


@pytest.mark.parametrize("email", ["ada@example.org", "nobody@example.org", "off@example.org"])
async def test_requesting_a_reset_reveals_nothing_about_accounts(world: World, email: str) -> None:
    account = await world.add()
    await world.add("off@example.org", "user")
    await world.accounts.set_active(COMMAND_LINE, "off@example.org", active=False)
    answer = await world.http.post("/api/users/password-reset", json={"email": email})
    assert (answer.status_code, answer.json()["code"]) == (409, "mail_not_configured")
    assert answer.json()["detail"].startswith("This system sends no mail.")

    async def is_done() -> bool:
        return not await world.rows("SELECT 1 FROM reset_request")

    await eventually(is_done)
    assert await world.rows("SELECT 1 FROM password_link") == [], "without a mail server there is no link"
    last = (await world.audit())[-1]
    if email == "ada@example.org":
        assert last == ("password_reset_requested", None, f"account:{account.id}")
        (row,) = await world.rows("SELECT after FROM audit ORDER BY n DESC LIMIT 1")
        assert json.loads(str(row["after"])) == {"mailed": False}
    else:
        assert last[0] != "password_reset_requested"


async def test_resets_are_limited_for_all_clients_in_the_database(world: World) -> None:
    outcomes = [
        (await world.http.post("/api/users/password-reset", json={"email": f"a{n}@example.org"})) for n in range(121)
    ]
    assert [answer.status_code for answer in outcomes[:120]] == [409] * 120
    assert outcomes[120].status_code == 429
    assert int(outcomes[120].headers["retry-after"]) >= 1
    assert await world.rows("SELECT count(*) AS n FROM rate_limit") == [{"n": 1}]
    world.clock.advance(timedelta(seconds=1))
    again = await world.http.post("/api/users/password-reset", json={"email": "a@example.org"})
    assert again.status_code == 409


async def test_guesses_of_links_are_limited(world: World) -> None:
    async with world.database.transaction() as connection:
        name, rate = _ALL
        for _ in range(600):
            await LimitStore().take(connection, limit_key(name, "all"), rate, from_micros(world.clock()))
    assert (await use(world, "q" * 43)).status_code == 429
    world.clock.advance(timedelta(seconds=1))
    assert (await use(world, "q" * 43)).status_code == 410


async def test_a_flood_of_guesses_does_not_block_the_owner_of_a_link(world: World) -> None:
    admin, account = await world.add(), await world.invited()
    token = await link(world, admin, account, "invitation")
    async with world.database.transaction() as connection:
        name, rate = _ALL
        for _ in range(600):
            await LimitStore().take(connection, limit_key(name, "all"), rate, from_micros(world.clock()))
    assert (await use(world, "q" * 43)).status_code == 429
    assert (await use(world, token, "short")).status_code == 422
    assert (await use(world, token)).status_code == 204


async def test_guessed_tokens_create_no_counters(world: World) -> None:
    for letter in "abc":
        body = {"password": GOOD, "token": letter * 43}
        assert (await world.http.post("/api/users/password-strength", json=body)).status_code == 410
    assert len(world.routes.limiter) == 0  # each counter would use memory

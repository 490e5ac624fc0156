"""Preferences over HTTP, on real PostgreSQL."""

import asyncio
from typing import Any

import pytest

from .conftest import World

pytestmark = pytest.mark.servers
PATH = "/api/profile/preferences"
NO_VIEWS: dict[str, Any] = {"users": [], "devices": []}
DEFAULTS = {
    "language": None,
    "theme": "system",
    "time_zone": None,
    "decimal_sign": "language",
    "units": "declared",
    "views": NO_VIEWS,
}
USERS_VIEW = {
    "name": "Invited viewers 🦉",
    "search": "ada <i>",
    "role": "viewer",
    "state": "invited",
    "sort": "-created",
    "hidden": ["factor"],
}
DEVICES_VIEW = {
    "name": "Late",
    "search": "",
    "view": "attention",
    "site": "Linz plant",
    "tag": "hall-b",
    "state": "offline",
    "sort": "-backlog",
    "hidden": ["clock", "site"],
}
VIEWS = {"users": [USERS_VIEW], "devices": [DEVICES_VIEW]}
CHOSEN = {
    "language": "de",
    "theme": "dark",
    "time_zone": "Europe/Vienna",
    "decimal_sign": "comma",
    "units": "imperial",
    "views": VIEWS,
}


async def test_preferences_are_kept_for_their_account_alone(world: World) -> None:
    own, other = world.bearer(await world.add()), world.bearer(await world.add("b@example.org"))
    first = await world.http.get(PATH, headers=own)
    assert (first.status_code, first.json()) == (200, DEFAULTS)
    made = await world.http.put(PATH, headers={**own, "if-match": first.headers["etag"]}, json=CHOSEN)
    assert (made.status_code, made.json()) == (200, CHOSEN)
    read = await world.http.get(PATH, headers=own)
    assert (read.json(), read.headers["etag"]) == (CHOSEN, made.headers["etag"])
    assert (await world.http.get(PATH, headers=other)).json() == DEFAULTS


async def test_of_two_changes_of_the_same_version_one_wins(world: World) -> None:
    own = world.bearer(await world.add())
    tag = (await world.http.get(PATH, headers=own)).headers["etag"]
    bodies = [{**DEFAULTS, "theme": "light"}, {**DEFAULTS, "theme": "dark"}]
    answers = await asyncio.gather(
        *(world.http.put(PATH, headers={**own, "if-match": tag}, json=body) for body in bodies)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    (won,) = (answer for answer in answers if answer.status_code == 200)
    (lost,) = (answer for answer in answers if answer.status_code == 412)
    assert lost.json()["code"] == "precondition_failed"
    assert lost.headers["etag"] == won.headers["etag"]
    assert (await world.http.get(PATH, headers=own)).json() == won.json()
    assert (await world.http.put(PATH, headers=own, json=DEFAULTS)).status_code == 428


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"time_zone": "Europe/Atlantis"}, "unknown_time_zone"),
        ({"time_zone": "localtime"}, "unknown_time_zone"),
        ({"time_zone": "../etc/passwd"}, "unknown_time_zone"),
        ({"time_zone": "Europe\x00"}, "unknown_time_zone"),
        ({"time_zone": "x" * 65}, "invalid_request"),
        ({"time_zone": ""}, "invalid_request"),
        ({"language": "tlh"}, "invalid_request"),
        ({"theme": "pink"}, "invalid_request"),
        ({"colour": "pink"}, "invalid_request"),
        ({"units": "nautical"}, "invalid_request"),
        ({"views": {"users": []}}, "invalid_request"),
        ({"views": {**NO_VIEWS, "people": []}}, "invalid_request"),
        ({"views": {**NO_VIEWS, "users": [USERS_VIEW, USERS_VIEW]}}, "invalid_request"),
        ({"views": {**NO_VIEWS, "devices": [{**DEVICES_VIEW, "name": str(n)} for n in range(21)]}}, "invalid_request"),
        *(
            ({"views": {**NO_VIEWS, "users": [{**USERS_VIEW, **change}]}}, "invalid_request")
            for change in (
                {"name": " "},
                {"name": " a"},
                {"name": "x" * 61},
                {"name": "a\u0000b"},
                {"search": "x" * 101},
                {"role": "root"},
                {"sort": "digest"},
                {"hidden": ["name"]},
                {"hidden": ["role"] * 7},
                {"view": "all"},
            )
        ),
        *(
            ({"views": {**NO_VIEWS, "devices": [{**DEVICES_VIEW, **change}]}}, "invalid_request")
            for change in ({"site": "x" * 129}, {"site": "a\u0000b"}, {"tag": "two words"}, {"state": "broken"})
        ),
    ],
)
async def test_invalid_preferences_are_rejected(world: World, change: dict[str, Any], code: str) -> None:
    own = world.bearer(await world.add())
    answer = await world.http.put(PATH, headers={**own, "if-match": "*"}, json={**DEFAULTS, **change})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await world.http.get(PATH, headers=own)).json() == DEFAULTS


async def test_a_deleted_account_leaves_no_preferences(world: World) -> None:
    administrator = world.bearer(await world.add())
    account = await world.add("b@example.org", role="user")
    await world.http.put(PATH, headers={**world.bearer(account), "if-match": "*"}, json=CHOSEN)
    answer = await world.http.delete(f"/api/users/{account.id}", headers={**administrator, "if-match": "*"})
    assert answer.status_code == 204
    async with world.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM preferences") == 0


async def test_a_stored_time_zone_that_the_machine_forgot_can_be_read_and_replaced(world: World) -> None:
    account = await world.add()
    own = world.bearer(account)
    await world.http.put(PATH, headers={**own, "if-match": "*"}, json=CHOSEN)
    await world.rows("UPDATE preferences SET time_zone = 'Europe/Atlantis' RETURNING 1")
    read = await world.http.get(PATH, headers=own)
    assert (read.status_code, read.json()["time_zone"]) == (200, "Europe/Atlantis")
    made = await world.http.put(PATH, headers={**own, "if-match": read.headers["etag"]}, json=DEFAULTS)
    assert (made.status_code, made.json()) == (200, DEFAULTS)


async def test_a_client_that_knows_no_units_and_views_keeps_them(world: World) -> None:
    own = world.bearer(await world.add())
    await world.http.put(PATH, headers={**own, "if-match": "*"}, json=CHOSEN)
    known = {name: value for name, value in DEFAULTS.items() if name not in {"units", "views"}}
    made = await world.http.put(PATH, headers={**own, "if-match": "*"}, json=known)
    assert (made.status_code, made.json()) == (200, {**known, "units": "imperial", "views": VIEWS})
    emptied = await world.http.put(PATH, headers={**own, "if-match": "*"}, json={**known, "views": NO_VIEWS})
    assert emptied.json() == {**known, "units": "imperial", "views": NO_VIEWS}


async def test_as_many_and_as_long_views_as_allowed_fit(world: World) -> None:
    own = world.bearer(await world.add())
    wide = "🦉" * 58
    users = [{**USERS_VIEW, "name": f"{wide}{n:02}", "search": "🦉" * 100} for n in range(20)]
    long = {"search": "🦉" * 100, "site": "🦉" * 128, "tag": "t" * 40}
    devices = [{**DEVICES_VIEW, **long, "name": f"{wide}{n:02}"} for n in range(20)]
    wanted = {**DEFAULTS, "views": {"users": users, "devices": devices}}
    made = await world.http.put(PATH, headers={**own, "if-match": "*"}, json=wanted)
    assert (made.status_code, made.json()) == (200, wanted)


async def test_a_view_without_the_newer_filters_shows_every_device(world: World) -> None:
    own = world.bearer(await world.add())
    older = {name: value for name, value in DEVICES_VIEW.items() if name not in {"site", "tag", "state"}}
    body = {**DEFAULTS, "views": {**NO_VIEWS, "devices": [older]}}
    made = await world.http.put(PATH, headers={**own, "if-match": "*"}, json=body)
    assert made.json()["views"]["devices"] == [{**older, "site": "", "tag": "", "state": "all"}]


async def test_a_view_of_a_newer_release_is_left_out(world: World) -> None:
    own = world.bearer(await world.add())
    await world.http.put(PATH, headers={**own, "if-match": "*"}, json=CHOSEN)
    await world.rows(
        "UPDATE preferences SET views = jsonb_set(views, '{users,1}', "
        """'{"name": "new", "sort": "age"}') RETURNING 1"""
    )
    assert (await world.http.get(PATH, headers=own)).json() == CHOSEN
    # A client that sends no views must not delete those that this release does not know.
    await world.http.put(PATH, headers={**own, "if-match": "*"}, json={**DEFAULTS, "views": None})
    (row,) = await world.rows("SELECT views #>> '{users,1,name}' AS name FROM preferences")
    assert row["name"] == "new"

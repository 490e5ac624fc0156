"""Changes of accounts by administrators, one by one and many at once."""

import json
import uuid
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from pulse_chassis.identity.caller import COMMAND_LINE
from pulse_jose import KeySet, unseal
from pulse_users.actions.bulk import Bulk, judge
from pulse_users.model.accounts import NewAccount

from .conftest import KEY, World

pytestmark = pytest.mark.servers


async def test_an_account_without_a_password_is_invited_and_with_one_active(world: World) -> None:
    headers = world.bearer(await world.add())
    made = await world.http.post("/api/users", headers=headers, json={"email": "b@example.org", "name": "Be\u0301a"})
    assert made.status_code == 201
    body = made.json()
    assert (body["state"], body["role"], body["name"]) == ("invited", "user", "Béa")
    assert made.headers["etag"] == f'"{body["version"]}"'
    assert (await world.http.get(made.headers["location"], headers=headers)).json() == body
    body = {"email": "c@example.org", "name": "C", "role": "admin", "password": "violet-harbour-candle"}
    made = await world.http.post("/api/users", headers=headers, json=body)
    assert (made.status_code, made.json()["state"]) == (201, "active")
    assert "violet" not in made.text
    assert "argon" not in made.text


async def test_a_domain_of_another_script_is_rejected_with_its_ascii_form(world: World) -> None:
    headers = world.bearer(await world.add())
    answer = await world.http.post("/api/users", headers=headers, json={"email": "anna@m\u00fcller.de", "name": "A"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    (error,) = answer.json()["errors"]
    assert error["msg"] == "Write the domain of the e-mail address in its ASCII form: anna@xn--mller-kva.de"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": "ADA@example.org", "name": "x"}, 409, "email_taken"),
        ({"email": "b@example.org", "name": "x", "password": "short"}, 422, "password_unfit"),
        ({"email": "b@example.org", "name": "\u0958" * 200}, 422, "name_unfit"),
        ({"email": "b@example.org", "name": " "}, 422, "invalid_request"),
        ({"email": "b@example.org", "name": "a\x00"}, 422, "invalid_request"),
        ({"email": "b", "name": "x"}, 422, "invalid_request"),
        ({"email": "b@example.org", "name": "x", "role": "root"}, 422, "invalid_request"),
        ({"email": "b@example.org", "name": "x", "active": False}, 422, "invalid_request"),
    ],
)
async def test_an_invalid_account_is_rejected(world: World, body: dict[str, str], status: int, code: str) -> None:
    headers = world.bearer(await world.add())
    answer = await world.http.post("/api/users", headers=headers, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(await world.rows("SELECT 1 FROM account")) == 1


@pytest.mark.parametrize("body", [b'{"email": "b@example.org", "name": "\\ud800"}', b'{"\\ud800": 1}', b"[[", b"\xff"])
async def test_half_a_character_is_rejected(world: World, body: bytes) -> None:
    headers = world.bearer(await world.add()) | {"content-type": "application/json"}
    answer = await world.http.post("/api/users", headers=headers, content=body)
    assert answer.status_code in {400, 422}


async def test_an_administrator_cannot_overwrite_an_unseen_change(world: World) -> None:
    admin, target = await world.add(), await world.add("b@example.org", "user")
    headers, url = world.bearer(admin), f"/api/users/{target.id}"
    seen = (await world.http.get(url, headers=headers)).headers["etag"]
    body = {"email": "b@example.org", "name": "First", "role": "user"}
    first = await world.http.put(url, headers=headers | {"If-Match": seen}, json=body)
    assert (first.status_code, first.json()["name"]) == (200, "First")
    second = await world.http.put(url, headers=headers | {"If-Match": seen}, json=body | {"name": "Second"})
    assert (second.status_code, second.json()["code"]) == (412, "precondition_failed")
    assert second.headers["etag"] == first.headers["etag"] != seen
    for method, path in (("PUT", url), ("DELETE", url), ("PUT", f"{url}/toggle-status")):
        sent = body if path == url and method == "PUT" else None
        unconditional = await world.http.request(method, path, headers=headers, json=sent)
        assert (unconditional.status_code, unconditional.json()["code"]) == (428, "precondition_required")
    forced = await world.http.put(url, headers=headers | {"If-Match": "*"}, json=body | {"name": "Third"})
    assert forced.json()["name"] == "Third"


async def test_a_change_without_effect_takes_no_version(world: World) -> None:
    admin, target = await world.add(), await world.add("b@example.org", "user")
    body = {"email": "b@example.org", "name": "Ada", "role": "user"}
    url = f"/api/users/{target.id}"
    answer = await world.http.put(url, headers=world.bearer(admin) | {"If-Match": "*"}, json=body)
    assert answer.json()["version"] == target.version


async def test_an_email_can_only_be_changed_to_a_free_one(world: World) -> None:
    admin, target = await world.add(), await world.add("b@example.org", "user")
    headers, url = world.bearer(admin) | {"If-Match": "*"}, f"/api/users/{target.id}"
    taken = await world.http.put(url, headers=headers, json={"email": "ADA@example.org", "name": "B", "role": "user"})
    assert (taken.status_code, taken.json()["code"]) == (409, "email_taken")
    same = await world.http.put(url, headers=headers, json={"email": "B@example.org", "name": "B", "role": "user"})
    assert same.json()["email"] == "B@example.org"


async def test_a_deleted_account_leaves_a_tombstone_and_frees_its_email(world: World) -> None:
    admin, target = await world.add(), await world.add("b@example.org", "user", "Grace Hopper")
    url, headers = f"/api/users/{target.id}", world.bearer(admin)
    await world.rows("DELETE FROM outbox")
    gone = await world.http.delete(url, headers=headers | {"If-Match": f'"{target.version}"'})
    assert (gone.status_code, gone.content) == (204, b"")
    for answer in (
        await world.http.get(url, headers=headers),
        await world.http.delete(url, headers=headers | {"If-Match": "*"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    (event, notice, digest) = await world.rows("SELECT message FROM outbox ORDER BY id")
    assert set(json.loads(str(notice["message"]))) == {"v", "at"}
    message = json.loads(str(event["message"]))
    context = {"account": str(target.id), "version": message["version"]}
    record = json.loads(unseal(message["sealed"], KeySet([KEY]), world.clock.seconds, context))
    assert record["deleted"] is True
    assert (record["email"], record["name"], record["digest"], record["active"]) == ("", "", None, False)
    assert json.loads(str(digest["message"]))["count"] == 2
    world.clock.advance(timedelta(seconds=1))
    again = await world.add("B@example.org", "user")
    assert again.id != target.id
    listed = (await world.http.get("/api/users", headers=headers)).json()
    assert (listed["total"], [one["id"] for one in listed["items"]]) == (2, [str(admin.id), str(again.id)])
    await world.bus.wait_connected()
    published = len(world.bus.broker.published)
    await world.announcements.replay()
    assert len(world.bus.broker.published) == published + 3, "a replay has deleted accounts too"
    refused = await world.http.get("/api/profile", headers=world.bearer(target))
    assert refused.status_code == 401


async def test_administrators_cannot_delete_disable_or_demote_themselves(world: World) -> None:
    admin = await world.add()
    await world.add("b@example.org")
    headers, url = world.bearer(admin) | {"If-Match": "*"}, f"/api/users/{admin.id}"
    demoted = {"email": "ada@example.org", "name": "Ada", "role": "user"}
    for answer in (
        await world.http.delete(url, headers=headers),
        await world.http.put(f"{url}/toggle-status", headers=headers),
        await world.http.put(url, headers=headers, json=demoted),
        await world.http.post(f"{url}/reset", headers=headers, json={}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "own_account")
    who, what = str(admin.id), f"account:{admin.id}"
    assert (await world.audit())[-4:] == [("change_refused", who, what)] * 4
    codes = [row["after"] for row in await world.rows("SELECT after FROM audit WHERE kind = 'change_refused'")]
    assert codes == ['{"code":"own_account"}'] * 4
    renamed = await world.http.put(url, headers=headers, json=demoted | {"role": "admin", "name": "Countess"})
    assert renamed.json()["name"] == "Countess"


async def test_rejected_changes_of_one_kind_are_audited_ten_times_a_minute(world: World) -> None:
    admin = await world.add()
    for _ in range(12):
        headers = world.bearer(admin) | {"If-Match": "*"}
        assert (await world.http.delete(f"/api/users/{admin.id}", headers=headers)).status_code == 409
    assert [kind for kind, *_ in await world.audit()].count("change_refused") == 10


async def test_toggling_twice_restores_the_state(world: World) -> None:
    admin, target = await world.add(), await world.add("b@example.org", "user")
    url, headers = f"/api/users/{target.id}/toggle-status", world.bearer(admin) | {"If-Match": "*"}
    off = (await world.http.put(url, headers=headers)).json()
    on = (await world.http.put(url, headers=headers)).json()
    assert [(one["active"], one["state"]) for one in (off, on)] == [(False, "inactive"), (True, "active")]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("sort=name", ["ada", "bob", "cyd", "zoe"]),
        ("sort=-name", ["zoe", "cyd", "bob", "ada"]),
        ("sort=email", ["bob", "cyd", "zoe", "ada"]),
        ("sort=-created", ["zoe", "cyd", "bob", "ada"]),
        ("sort=updated", ["ada", "zoe", "bob", "cyd"]),
        ("search=ÖE", ["zoe"]),
        ("search=A@EXAMPLE", ["bob"]),
        ("search=%25", []),
        ("role=admin", ["ada", "cyd"]),
        ("state=invited", ["zoe"]),
        ("state=inactive", ["bob"]),
        ("state=active&role=admin&search=c", ["cyd"]),
    ],
)
async def test_the_list_is_searched_filtered_sorted_and_counted(world: World, query: str, found: list[str]) -> None:
    names = {"Ada": "ada", "bob": "bob", "Cyd": "cyd", "Zöe": "zoe"}
    ids = {"ada": (await world.add("x@a.org", "admin", "Ada")).id}
    for name, email, role in (("bob", "a@example.org", "user"), ("Cyd", "b@example.org", "admin")):
        world.clock.advance(timedelta(seconds=1))
        ids[names[name]] = (await world.add(email, role, name)).id
    world.clock.advance(timedelta(seconds=1))
    new = NewAccount("c@example.org", "Zöe", "user")
    ids["zoe"] = (await world.accounts.create(COMMAND_LINE, new)).id
    for email, active in (("a@example.org", False), ("b@example.org", False), ("b@example.org", True)):
        world.clock.advance(timedelta(seconds=1))
        await world.accounts.set_active(COMMAND_LINE, email, active=active)
    admin = await world.accounts.find("x@a.org")
    seen: list[str] = []
    cursor = ""
    while True:
        answer = await world.http.get(f"/api/users?limit=1&{query}{cursor}", headers=world.bearer(admin))
        body = answer.json()
        assert body["total"] == len(found)
        seen += [names[item["name"]] for item in body["items"]]
        if body["next"] is None:
            break
        cursor = f"&cursor={body['next']}"
    assert seen == found
    if cursor:
        other = await world.http.get(f"/api/users?limit=1&search=no{cursor}", headers=world.bearer(admin))
        assert (other.status_code, other.json()["code"]) == (422, "foreign_cursor")


async def bulk(world: World, headers: dict[str, str], **body: Any) -> tuple[int, dict[str, Any]]:
    answer = await world.http.post("/api/users/bulk", headers=headers, json=body)
    return answer.status_code, answer.json()


async def test_a_bulk_change_has_one_row_per_account(world: World) -> None:
    admin = await world.add()
    many = [await world.add(f"a{n}@example.org", "user") for n in range(5)]
    ids = [str(one.id) for one in many]
    headers = world.bearer(admin)
    for action, more in (("deactivate", {}), ("activate", {}), ("set_role", {"role": "admin"}), ("delete", {})):
        await world.rows("DELETE FROM outbox")
        status, body = await bulk(world, headers, action=action, ids=ids, **more)
        assert status == 200
        assert [(row["id"], row["outcome"]) for row in body["rows"]] == [(id_, "ok") for id_ in ids]
        events = await world.rows("SELECT template FROM outbox ORDER BY id")
        assert [row["template"] for row in events] == ["users/event/{account}", "changes/people/{account}"] * 5 + [
            "users/digest"
        ]
    assert await world.rows("SELECT count(*) AS n FROM account WHERE deleted_at IS NOT NULL") == [{"n": 5}]


async def test_a_bulk_change_with_one_failing_row_changes_nothing_and_explains_each_row(world: World) -> None:
    admin, user, other = await world.add(), await world.add("b@example.org"), await world.add("c@example.org")
    nobody = uuid.uuid4()
    before = await world.rows("SELECT * FROM account ORDER BY id")
    status, body = await bulk(
        world,
        world.bearer(admin),
        action="delete",
        ids=[str(one) for one in (user.id, admin.id, nobody, other.id)],
        versions={str(other.id): other.version + 7, str(user.id): user.version},
    )
    assert (status, body["code"]) == (409, "bulk_refused")
    outcomes = ["ok", "own_account", "not_found", "precondition_failed"]
    assert [row["outcome"] for row in body["rows"]] == outcomes
    assert await world.rows("SELECT * FROM account ORDER BY id") == before
    assert [kind for kind, *_ in await world.audit()] == [*["account_created"] * 3, "change_refused"]


async def test_a_preview_says_what_a_change_would_do_and_changes_nothing(world: World) -> None:
    admin, user = await world.add(), await world.add("b@example.org", "user")
    nobody, before = uuid.uuid4(), await world.rows("SELECT * FROM account ORDER BY id")
    headers = world.bearer(admin)
    body: dict[str, Any] = {"action": "set_role", "role": "user", "ids": [str(user.id), str(admin.id), str(nobody)]}
    answer = await world.http.post("/api/users/bulk-preview", headers=headers, json=body)
    found = answer.json()
    assert (answer.status_code, found["would_succeed"]) == (200, False)
    outcomes = [(row["outcome"], row["is_change"]) for row in found["rows"]]
    assert outcomes == [("ok", False), ("own_account", False), ("not_found", False)]
    body |= {"role": "viewer", "ids": [str(user.id)], "versions": {str(user.id): user.version}}
    found = (await world.http.post("/api/users/bulk-preview", headers=headers, json=body)).json()
    assert (found["would_succeed"], found["rows"][0]["is_change"]) == (True, True)
    body["versions"] = {str(user.id): user.version + 1}
    found = (await world.http.post("/api/users/bulk-preview", headers=headers, json=body)).json()
    assert found["rows"][0]["outcome"] == "precondition_failed"
    assert await world.rows("SELECT * FROM account ORDER BY id") == before


async def test_expired_passwords_are_gone_and_their_owners_can_set_new_ones(world: World) -> None:
    admin = await world.add()
    many = [await world.add(f"a{n}@example.org", "user") for n in range(3)]
    ids = [str(one.id) for one in many]
    headers = world.bearer(admin)
    status, _ = await bulk(world, headers, action="expire_password", ids=ids)
    assert status == 200
    rows = await world.rows("SELECT digest, verifier, active FROM account WHERE role = 'user'")
    assert rows == [{"digest": None, "verifier": None, "active": True}] * 3
    assert [kind for kind, *_ in await world.audit()][-3:] == ["password_expired"] * 3
    events = await world.rows("SELECT template FROM outbox ORDER BY id DESC LIMIT 7")
    each = ["changes/people/{account}", "users/event/{account}"]
    assert [row["template"] for row in events] == ["users/digest", *each * 3]
    link = await world.http.post(f"/api/users/{ids[0]}/invitation", headers=headers, json={})
    assert link.status_code == 201, link.text
    status, body = await bulk(world, headers, action="expire_password", ids=[str(admin.id)])
    assert (status, body["rows"][0]["outcome"]) == (409, "own_account")


@pytest.mark.parametrize(
    "body",
    [
        {"action": "delete", "ids": []},
        {"action": "delete", "ids": ["6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c"] * 2},
        {"action": "delete", "ids": [str(uuid.uuid4()) for _ in range(501)]},
        {"action": "delete", "ids": ["x"]},
        {"action": "set_role", "ids": [str(uuid.uuid4())]},
        {"action": "delete", "role": "admin", "ids": [str(uuid.uuid4())]},
        {"action": "explode", "ids": [str(uuid.uuid4())]},
        {"action": "delete", "ids": [str(uuid.uuid4())], "versions": {"x": 1}},
    ],
)
async def test_an_invalid_bulk_request_is_rejected(world: World, body: dict[str, Any]) -> None:
    status, problem = await bulk(world, world.bearer(await world.add()), **body)
    assert (status, problem["code"]) == (422, "invalid_request")


async def test_the_last_administrators_cannot_be_deleted_together(world: World) -> None:
    one, two = await world.add(), await world.add("b@example.org")
    found = {account.id: account for account in (one, two)}
    change = Bulk("delete", (one.id, two.id), None, {})
    assert [row.outcome for row in judge(change, found, {one.id, two.id}, None)] == ["last_administrator"] * 2
    third = uuid.uuid4()
    assert [row.outcome for row in judge(change, found, {one.id, two.id, third}, None)] == ["ok", "ok"]


async def test_every_change_is_audited_without_secrets(world: World) -> None:
    admin = await world.add()
    headers = world.bearer(admin) | {"If-Match": "*", "X-Request-ID": "req-1"}
    body = {"email": "b@example.org", "name": "B", "password": "violet-harbour-candle"}
    made = (await world.http.post("/api/users", headers=headers, json=body)).json()
    url = f"/api/users/{made['id']}"
    await world.http.put(url, headers=headers, json={"email": "b@example.org", "name": "B", "role": "admin"})
    await world.http.post(f"{url}/reset", headers=headers, json={})
    await world.http.delete(url, headers=headers)
    me, it = str(admin.id), f"account:{made['id']}"
    assert await world.audit() == [
        ("account_created", "command-line", f"account:{me}"),
        ("account_created", me, it),
        ("account_changed", me, it),
        ("reset_created", me, it),
        ("account_deleted", me, it),
    ]
    rows = await world.rows("SELECT before, after, address, request_id FROM audit ORDER BY n OFFSET 1")
    assert {(row["address"], row["request_id"]) for row in rows} == {("192.0.2.7", "req-1")}
    assert (rows[1]["before"], rows[1]["after"]) == ('{"role":"user"}', '{"role":"admin"}')
    assert "argon" not in str(rows)
    assert "violet" not in str(rows)
    assert "#" not in str(rows)
    shown = await world.http.get(f"/api/users/audit?target={it}", headers=world.bearer(admin))
    assert shown.json()["items"][0]["kind"] == "account_deleted"


@pytest.mark.announces_log("request_failed")
async def test_a_change_that_cannot_be_audited_is_not_made(world: World, superuser_url: str) -> None:
    admin, target = await world.add(), await world.add("b@example.org", "user")
    await world.rows("DELETE FROM outbox")
    above = await asyncpg.connect(superuser_url)
    await above.execute("REVOKE INSERT ON users.audit FROM pulse_users")
    await above.close()
    before = await world.rows("SELECT * FROM account ORDER BY id")
    headers = world.bearer(admin) | {"If-Match": "*"}
    for method, path, body in (
        ("DELETE", f"/api/users/{target.id}", None),
        ("PUT", f"/api/users/{target.id}/toggle-status", None),
        ("POST", "/api/users", {"email": "c@example.org", "name": "C"}),
        ("POST", f"/api/users/{target.id}/reset", {}),
        ("POST", "/api/users/bulk", {"action": "delete", "ids": [str(target.id)]}),
    ):
        answer = await world.http.request(method, path, headers=headers, json=body)
        assert answer.status_code == 500
    assert await world.rows("SELECT * FROM account ORDER BY id") == before
    assert await world.rows("SELECT 1 FROM outbox UNION ALL SELECT 1 FROM password_link") == []

"""The HTTP API: permissions, pages, rules, leases and orders."""

import uuid
from functools import partial
from typing import Any

import pytest
from fastapi.routing import APIRoute

from pulse_sync_publisher.assembly import ROUTERS
from pulse_testkit.waiting import eventually

from .conftest import World

pytestmark = pytest.mark.servers
_NOBODY = "6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c"
_RULES = {"rules": [{"subject": "role:user", "place": "everywhere", "effect": "allow"}]}
_BODIES: dict[str, Any] = {
    "PUT /api/sync/entitlement": _RULES,
    "POST /api/sync/entitlement/preview": _RULES,
    "PUT /api/sync/policy": {"user_lease_s": 3_600, "admin_lease_s": 0},
    "POST /api/sync/collectors/{device}/wipe": {"confirm": "press-4"},
    "POST /api/sync/users/accept": {"confirm": 0},
}
_MANAGE = {
    *_BODIES,
    "POST /api/sync/collectors/{device}/resync",
    "POST /api/sync/collectors/{device}/rekey",
}
_READ = {
    "GET /api/sync/collectors",
    "GET /api/sync/collectors/{device}",
    "GET /api/sync/collectors/{device}/held",
    "GET /api/sync/accounts/{id}",
    "GET /api/sync/entitlement",
    "GET /api/sync/policy",
    "GET /api/sync/incidents",
    "GET /api/sync/users",
}
_AUDIT = {"GET /api/sync/audit", "GET /api/sync/audit.csv", "GET /api/sync/audit/verification"}


def operations() -> set[str]:
    return {
        f"{method} {route.path_format}"
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def test_the_table_has_every_route() -> None:
    assert operations() == _MANAGE | _READ | _AUDIT


@pytest.mark.parametrize("operation", sorted(_MANAGE | _READ | _AUDIT))
async def test_each_route_requires_its_permission(world: World, operation: str) -> None:
    method, path = operation.split(" ")
    await world.enrol()
    url = path.replace("{id}", _NOBODY).replace("{device}", "press-4")
    own = "mirror.manage" if operation in _MANAGE else "mirror.read" if operation in _READ else "audit.read"
    other = "mirror.read" if operation in _MANAGE else "mirror.manage"

    async def ask(headers: dict[str, str]) -> int:
        answer = await world.http.request(method, url, headers={"If-Match": "*"} | headers, json=_BODIES.get(operation))
        return answer.status_code

    assert await ask({}) == 401
    assert await ask(world.bearer("user")) == 403
    assert await ask(world.bearer(scope=other)) == 403
    assert await ask(world.bearer(scope=own)) not in {401, 403, 422, 500}
    assert await ask(world.bearer()) not in {401, 403, 422, 500}


async def get(world: World, path: str, **query: Any) -> Any:
    answer = await world.http.get(f"/api/sync/{path}", headers=world.bearer(), params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_page_of_collectors_says_how_many_are_up_to_date(world: World) -> None:
    press, lathe = await world.ready(name="press-4"), await world.ready(name="lathe-1")
    await world.enrol("saw-1")
    await world.tell_collector(lathe.described(state="disabled"))
    page = await get(world, "collectors")
    assert (page["up_to_date"], page["total"]) == (1, 2)
    assert page["counts"] == {"in_sync": 1, "never": 1, "unmanaged": 1}
    assert [one["device"] for one in page["items"]] == ["lathe-1", "press-4", "saw-1"]
    press.is_deaf = True
    await world.tell(world.account())
    behind = await get(world, "collectors", state="behind")
    assert [(one["device"], one["behind"]) for one in behind["items"]] == [("press-4", 1)]
    assert behind["items"][0]["since"] is not None
    first = await get(world, "collectors", limit=1)
    assert first["next"] == "lathe-1"
    rest = await get(world, "collectors", after="lathe-1")
    assert [one["device"] for one in rest["items"]] == ["press-4", "saw-1"]


async def test_a_page_has_the_figures_of_each_collector(world: World) -> None:
    press = await world.ready(name="press-4")
    await world.ready(name="lathe-1")
    await world.enrol("saw-1")
    await world.tell(world.account())
    await world.synced(*(world.devices[name] for name in ("press-4", "lathe-1")))
    press.is_deaf = True
    await world.tell(world.account())

    async def figures() -> dict[str, tuple[int, int, bool]]:
        page = await get(world, "collectors", limit=2_000)
        return {one["device"]: (one["held"], one["behind"], one["since"] is not None) for one in page["items"]}

    async def has_lathe_both() -> bool:
        return (await figures())["lathe-1"] == (2, 0, False)

    await eventually(has_lathe_both)
    found = await figures()
    assert found["press-4"] == (1, 1, True)
    assert found["saw-1"][0] == 0
    assert (await get(world, "collectors/press-4"))["held"] == 1


async def test_one_collector_shows_what_it_holds(world: World) -> None:
    device = await world.ready()
    ada = await world.tell(world.account())
    bob = await world.tell(world.account())
    await world.synced()
    device.is_deaf = True
    bob = await world.changed(bob, active=False)
    page = await get(world, "collectors/press-4")
    rows = {one["account"]: one for one in page["accounts"]}
    assert (rows[ada.account]["is_acknowledged"], rows[ada.account]["has"]) == (True, ada.version)
    assert rows[ada.account]["acknowledged"] is not None
    assert (rows[bob.account]["state"], rows[bob.account]["is_acknowledged"]) == ("revoked", False)
    assert rows[bob.account]["has"] == bob.version - 1
    assert page["held"] == 1
    assert page["lease_left"] == {"user_s": 259_200, "admin_s": 0}
    assert page["last_heartbeat"] is not None
    first = await get(world, "collectors/press-4", limit=1)
    second = await get(world, "collectors/press-4", limit=1, after=first["next"])
    assert {first["accounts"][0]["account"], second["accounts"][0]["account"]} == {ada.account, bob.account}
    assert second["next"] is None


async def test_one_account_shows_where_it_is_and_why_it_cannot_sign_in(world: World) -> None:
    device = await world.ready()
    ada = await world.tell(world.account())
    await world.synced()
    found = await get(world, f"accounts/{ada.account}")
    assert (found["can_sign_in_offline"], found["reason"]) == (True, None)
    assert (found["up_to_date"], found["total"]) == (1, 1)
    assert found["collectors"][0]["device"] == device.name
    bob = await world.tell(world.account(verifier=None))
    await world.synced()
    found = await get(world, f"accounts/{bob.account}")
    assert (found["can_sign_in_offline"], found["reason"]) == (False, "no_verifier")
    assert "cannot sign in offline yet" in found["detail"]
    root = await world.tell(world.account(role="admin"))
    assert (await get(world, f"accounts/{root.account}"))["reason"] == "not_entitled"
    answer = await world.http.get(f"/api/sync/accounts/{_NOBODY}", headers=world.bearer())
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_rules_are_replaced_with_their_tag(world: World) -> None:
    await world.enrol()
    headers = world.bearer()
    read = await world.http.get("/api/sync/entitlement", headers=headers)
    assert read.json()["rules"] == []
    missing = await world.http.put("/api/sync/entitlement", json=_RULES, headers=headers)
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    made = await world.http.put(
        "/api/sync/entitlement", json=_RULES, headers=headers | {"If-Match": read.headers["etag"]}
    )
    assert made.status_code == 200, made.text
    assert made.headers["etag"] != read.headers["etag"]
    stale = await world.http.put(
        "/api/sync/entitlement", json=_RULES, headers=headers | {"If-Match": read.headers["etag"]}
    )
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert (await world.kinds()).count("entitlement_changed") == 1


async def test_pages_are_told_when_the_rules_or_the_leases_change(world: World) -> None:
    def told(times: int) -> bool:
        return sum(address == "changes/entitlement" for address, _ in world.bus.broker.published) == times

    await eventually(partial(told, 1))
    leases: dict[str, Any] = {"user_lease_s": 86_400, "admin_lease_s": 3_600}
    rules: dict[str, Any] = {"rules": []}
    changes = (("entitlement", rules), ("policy", leases))
    # {"user_lease_s": 86_400, "admin_lease_s": 3_600}))
    for before, (path, body) in enumerate(changes, start=1):
        answer = await world.http.put(f"/api/sync/{path}", json=body, headers=world.bearer() | {"If-Match": "*"})
        assert answer.is_success, answer.text
        await eventually(partial(told, before + 1))


async def test_wrong_rules_change_nothing_and_get_their_reasons(world: World) -> None:
    device = await world.ready()
    ada = await world.tell(world.account())
    await world.synced()
    answer = await world.rules((f"account:{_NOBODY}", "device:none", "allow"), ("role:user", "tag:none", "allow"))
    assert answer.status_code == 422
    assert [row["reason"] for row in answer.json()["rows"]] == ["unknown_account", "no_collector_has_this_tag"]
    assert set(device.live) == {ada.account}
    unmatched = await world.rules(("role:user", "tag:none", "allow"), allow_unmatched=True)
    assert unmatched.status_code == 200
    many = {"rules": [{"subject": "role:user", "place": f"tag:{n}", "effect": "deny"} for n in range(1_001)]}
    answer = await world.http.put("/api/sync/entitlement", json=many, headers=world.bearer() | {"If-Match": "*"})
    assert answer.status_code == 422
    await world.synced()
    assert device.live == {}


async def test_a_site_keeps_an_administrator_unless_it_is_confirmed(world: World) -> None:
    await world.tell(world.account(role="admin"))
    await world.enrol(site="hall-1")
    assert (await world.rules(("role:admin", "site:hall-1", "allow"))).status_code == 200
    refused = await world.rules(("role:user", "site:hall-1", "allow"))
    assert (refused.status_code, refused.json()["code"]) == (409, "last_administrator_of_site")
    assert "hall-1" in refused.json()["detail"]
    assert (await world.rules(("role:user", "site:hall-1", "allow"), force=True)).status_code == 200


async def test_a_preview_counts_and_changes_nothing(world: World) -> None:
    for name in ("press-4", "lathe-1", "saw-1"):
        await world.enrol(name)
    for _ in range(12):
        await world.tell(world.account())
    answer = await world.http.post(
        "/api/sync/entitlement/preview",
        json=_RULES,
        headers=world.bearer() | {"Idempotency-Key": str(uuid.uuid4())},
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["summary"].startswith("This would give 12 accounts to 3 collectors")
    assert (body["gained"]["accounts"], body["gained"]["collectors"], len(body["gained"]["pairs"])) == (12, 3, 36)
    assert body["locked_sites"] == []
    assert body["lost"] == {"accounts": 0, "collectors": 0, "pairs": []}
    assert await world.rows("SELECT 1 FROM entry") == []


async def test_a_changed_lease_is_a_change_of_every_record_of_the_role(world: World) -> None:
    device = await world.ready(("role:user", "everywhere", "allow"), ("role:admin", "everywhere", "allow"))
    ada, root = await world.tell(world.account()), await world.tell(world.account(role="admin"))
    await world.synced()
    assert (device.live[ada.account].lease, device.live[root.account].lease) == (259_200, 0)
    versions = {one.account: one.ver for one in device.live.values()}
    headers = world.bearer() | {"If-Match": "*"}
    body = {"user_lease_s": 259_200, "admin_lease_s": 7_200}
    made = await world.http.put("/api/sync/policy", json=body, headers=headers)
    assert (made.status_code, made.json()) == (200, body)
    await world.synced()
    assert device.live[root.account].lease == 7_200
    assert device.live[root.account].ver > versions[root.account]
    assert device.live[ada.account].ver == versions[ada.account]
    refused = await world.http.put("/api/sync/policy", json=body | {"user_lease_s": 0}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "lease_out_of_bounds")
    assert "between 3600 s and 2592000 s" in refused.json()["detail"]
    assert await get(world, "policy") == body


async def test_an_order_with_a_key_is_executed_once(world: World) -> None:
    await world.ready()
    headers = world.bearer() | {"Idempotency-Key": str(uuid.uuid4())}
    answers = [await world.http.post("/api/sync/collectors/press-4/rekey", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert (await world.kinds()).count("mirror_rekey_ordered") == 1


async def test_orders_that_are_impossible_are_refused(world: World) -> None:
    device = await world.ready()
    wrong = await world.http.post(
        "/api/sync/collectors/press-4/wipe", headers=world.bearer(), json={"confirm": "lathe-1"}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (422, "confirmation_wrong")
    unknown = await world.http.post("/api/sync/collectors/none/resync", headers=world.bearer())
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    await world.tell_collector(device.described(state="disabled"))
    disabled = await world.http.post("/api/sync/collectors/press-4/resync", headers=world.bearer())
    assert (disabled.status_code, disabled.json()["code"]) == (409, "collector_unmanaged")
    assert device.state == "synced"


@pytest.mark.announces_log("mirror_incident")
async def test_incidents_are_listed_in_pages(world: World) -> None:
    device = await world.ready()

    def has_incidents(times: int) -> bool:
        return world.metric("pulse_mirror_incidents_total") == times

    for n in range(3):
        await world.rows("UPDATE incident SET at = at - interval '2 minutes'")
        device.state = "rollback"
        await device.hello()
        await eventually(partial(has_incidents, n + 1), what="the incident")
        await world.synced()
        await device.hello()
        await eventually(lambda: device.received[-1].nonce == device.nonce, what="the heartbeat")
    page = await get(world, "incidents", limit=2)
    assert [one["kind"] for one in page["items"]] == ["collector_rolled_back"] * 2
    rest = await get(world, "incidents", before=page["next"], device="press-4")
    assert len(rest["items"]) == 1
    assert rest["next"] is None

"""Collectors over HTTP: create, enrol, disable, enable, rotate, report lost, delete, and the audit log."""

import asyncio
import secrets
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from pulse_auth.actions.ending import Sweep
from pulse_contracts.enrolment import EnrolledDevice, EnrolmentAnswer
from pulse_jose.enrolment import Code, Enrolling

from .conftest import World, event

pytestmark = pytest.mark.servers
NEW = {"id": "press-4", "name": "Press 4", "site": "Hall B", "tags": ["hydraulics"]}


async def post(world: World, path: str = "", body: object = None) -> httpx.Response:
    return await world.http.post(f"/api/collectors{path}", json=body)


async def create(world: World, **more: object) -> Code:
    answer = await post(world, body=NEW | more)
    assert answer.status_code == 201, answer.text
    return Code.read(answer.json()["code"])


async def enrol(world: World, code: Code) -> EnrolledDevice:
    """Does what a collector does."""
    enrolling = Enrolling(code, secrets.token_bytes)
    answer = await post(world, "/enrol", enrolling.offer.model_dump())
    assert answer.status_code == 200, answer.text
    payload, _ = enrolling.open(EnrolmentAnswer.model_validate(answer.json()), world.clock.seconds)
    return EnrolledDevice.model_validate_json(payload)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"broker_url": None}, "PULSE_BROKER_URL is not set"),
        ({"is_managed": False}, "does not manage the broker's accounts"),
        pytest.param(
            {"ca_file": Path("nowhere")},
            "authorities cannot be read",
            marks=pytest.mark.announces_log("broker_ca_file_unreadable"),
        ),
    ],
)
async def test_without_a_configured_broker_enrolment_says_why_and_the_code_stays_valid(
    admin: World, change: dict[str, Any], reason: str
) -> None:
    code, endpoint = await create(admin), admin.routes.enrolment._endpoint
    admin.routes.enrolment._endpoint = replace(endpoint, **change)
    answer = await post(admin, "/enrol", Enrolling(code, secrets.token_bytes).offer.model_dump())
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "broker_unknown", "60")
    assert reason in answer.json()["detail"]
    admin.routes.enrolment._endpoint = endpoint
    assert (await enrol(admin, code)).device == "press-4"


async def test_an_enrolled_collector_gets_everything_that_it_needs(admin: World) -> None:
    code = await create(admin)
    device = await enrol(admin, code)
    assert (device.device, device.name, device.gen) == ("press-4", "Press 4", 1)
    assert (device.broker_url, device.prefix) == ("mqtts://broker.example:8883", "pulse/v1")
    assert len(device.password) == 43
    assert device.ca
    assert device.ca.startswith("-----BEGIN")
    view = (await admin.http.get("/api/collectors/press-4")).json()
    assert (view["state"], view["generation"], view["code_expires_at"]) == ("enabled", 1, None)
    second = await enrol(admin, await create(admin, id="press-5"))
    assert second.roots == device.roots
    assert second.password != device.password
    kinds = await admin.kinds()
    assert kinds[-4:] == ["collector_created", "collector_enrolled", "collector_created", "collector_enrolled"]


async def test_no_secret_is_stored_or_audited_in_plain_text(admin: World) -> None:
    code = await create(admin)
    device = await enrol(admin, code)
    stored = str(await admin.rows("SELECT * FROM broker_credential")) + str(await admin.rows("SELECT * FROM collector"))
    stored += str(await admin.rows("SELECT * FROM audit")) + str(await admin.rows("SELECT * FROM signing_root"))
    assert device.password not in stored
    assert code.text not in stored
    assert "PRIVATE KEY" not in stored


async def test_one_of_fifty_concurrent_enrolments_with_one_code_succeeds(admin: World) -> None:
    code = await create(admin)
    offers = [Enrolling(code, secrets.token_bytes).offer.model_dump() for _ in range(50)]
    answers = await asyncio.gather(*(post(admin, "/enrol", offer) for offer in offers))
    assert sorted(answer.status_code for answer in answers) == [200] + [403] * 49
    assert (await admin.http.get("/api/collectors/press-4")).json()["generation"] == 1


async def test_unknown_expired_and_replaced_codes_get_the_same_answer(admin: World) -> None:
    old = await create(admin)
    replaced = (await post(admin, "/press-4/enrolment-code")).json()["code"]
    stranger = Code.generate(secrets.token_bytes)
    offers = [Enrolling(code, secrets.token_bytes).offer.model_dump() for code in (old, stranger)]
    answers = [await post(admin, "/enrol", offer) for offer in offers]
    admin.clock.advance(timedelta(minutes=15))
    expired = Enrolling(Code.read(replaced), secrets.token_bytes).offer.model_dump()
    answers.append(await post(admin, "/enrol", expired))
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "enrolment_refused")}
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert (await admin.kinds()).count("enrolment_refused") == 3


async def test_a_wrong_mac_does_not_use_up_the_code(admin: World) -> None:
    code = await create(admin)
    offer = Enrolling(code, secrets.token_bytes).offer.model_dump()
    forged = offer | {"nonce": Enrolling(code, secrets.token_bytes).offer.nonce}
    assert (await post(admin, "/enrol", forged)).status_code == 403
    assert (await enrol(admin, code)).gen == 1


async def test_enrolment_attempts_are_limited_in_the_database(admin: World) -> None:
    stranger = Code.generate(secrets.token_bytes)
    offer = Enrolling(stranger, secrets.token_bytes).offer.model_dump()
    answers = [await post(admin, "/enrol", offer) for _ in range(61)]
    assert [answer.status_code for answer in answers] == [403] * 60 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert await admin.rows("SELECT 1 FROM rate_limit")


async def test_an_administrator_cannot_overwrite_an_unseen_change(admin: World) -> None:
    await create(admin)
    path, body = "/api/collectors/press-4", {"name": "Press IV"}
    tag = (await admin.http.get(path)).headers["etag"]
    assert (await admin.http.put(path, json=body)).status_code == 428
    first = await admin.http.put(path, json=body, headers={"If-Match": tag})
    assert (first.status_code, first.json()["name"], first.json()["site"]) == (200, "Press IV", "")
    second = await admin.http.put(path, json=body, headers={"If-Match": tag})
    assert (second.status_code, second.json()["code"]) == (412, "precondition_failed")
    assert (await admin.http.delete(path, headers={"If-Match": first.headers["etag"]})).status_code == 204
    assert (await admin.http.get(path)).status_code == 404
    again = await post(admin, body=NEW)
    assert (again.status_code, again.json()["state"], again.json()["name"]) == (201, "enabled", "Press 4")
    assert (await post(admin, body=NEW)).json()["code"] == "collector_exists"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (NEW | {"id": "Press"}, "invalid_request"),
        (NEW | {"id": "a/b"}, "invalid_request"),
        (NEW | {"id": "auth"}, "collector_id_reserved"),
        (NEW | {"id": "broker-admin"}, "collector_id_reserved"),
        (NEW | {"id": "enrol"}, "collector_id_reserved"),
        (NEW | {"name": "a\x00b"}, "invalid_request"),
        (NEW | {"tags": ["a b"]}, "invalid_request"),
        (NEW | {"extra": 1}, "invalid_request"),
    ],
)
async def test_an_invalid_collector_is_rejected(admin: World, body: object, code: str) -> None:
    answer = await post(admin, body=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_collectors_are_searched_and_paged(admin: World) -> None:
    for number in range(5):
        await create(admin, id=f"press-{number}", site="Hall A" if number % 2 else "Hall B", name=f"P{number}")
    page = (await admin.http.get("/api/collectors", params={"limit": 3})).json()
    assert ([one["id"] for one in page["items"]], page["total"]) == (["press-0", "press-1", "press-2"], 5)
    rest = (await admin.http.get("/api/collectors", params={"limit": 3, "after": page["next"]})).json()
    assert ([one["id"] for one in rest["items"]], rest["next"]) == (["press-3", "press-4"], None)
    found = (await admin.http.get("/api/collectors", params={"search": "p3", "site": "Hall A"})).json()
    assert [one["id"] for one in found["items"]] == ["press-3"]
    assert (await admin.http.get("/api/collectors", params={"tag": "none"})).json()["total"] == 0


async def test_a_lost_collector_loses_its_keys_and_can_be_enrolled_again(admin: World) -> None:
    await enrol(admin, await create(admin))
    lost = (await post(admin, "/press-4/lost")).json()
    assert (lost["state"], "accounts" in lost) == ("lost", False)
    (row,) = await admin.rows("SELECT seal_key, public_key FROM collector WHERE state = 'lost'")
    assert row == {"seal_key": None, "public_key": None}
    (row,) = await admin.rows("SELECT secret FROM broker_credential")
    assert row["secret"] is None
    assert (await post(admin, "/press-4/enable")).json()["code"] == "collector_state_conflict"
    code = Code.read((await post(admin, "/press-4/enrolment-code")).json()["code"])
    assert (await enrol(admin, code)).gen == 2
    assert (await admin.http.get("/api/collectors/press-4")).json()["state"] == "enabled"


async def test_collectors_need_a_permission(ada: World, digest: str) -> None:
    other = UUID(int=7)
    await ada.mirror.apply(event(ada.clock, digest, account=other, email="bob@example.org", role="user"))
    token = (await ada.login(email="bob@example.org")).json()["access_token"]
    ada.http.cookies.clear()
    assert (await ada.http.get("/api/collectors")).status_code == 401
    ada.http.headers["authorization"] = f"Bearer {token}"
    assert (await ada.http.get("/api/collectors")).status_code == 403
    assert (await post(ada, body=NEW)).status_code == 403


async def test_an_expired_code_is_deleted(admin: World) -> None:
    await create(admin)
    admin.clock.advance(timedelta(minutes=16))
    await Sweep(admin.database, admin.clock).sweep()
    assert await admin.rows("SELECT 1 FROM enrolment_code") == []
    assert (await admin.http.get("/api/collectors/press-4")).status_code == 401  # the token has expired too

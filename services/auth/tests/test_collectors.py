"""The fleet over HTTP: created, enrolled by one of many, switched off and on, rotated, lost, deleted; and the audit."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from pulse_auth.actions.adoption import Adoption
from pulse_auth.actions.broker import Pace, Reconciler
from pulse_auth.actions.ending import Sweep
from pulse_auth.actions.vault import Vault
from pulse_bus.credentials import BrokerAccount, MemoryCredentials
from pulse_chassis.identity.caller import SYSTEM
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.background import Background, Job
from pulse_contracts.enrolment import EnrolledDevice, EnrolmentAnswer
from pulse_jose.enrolment import Code, Enrolling
from pulse_testkit.waiting import eventually

from .conftest import ACCOUNT, World, event

pytestmark = pytest.mark.servers
NEW = {"id": "press-4", "name": "Press 4", "site": "Hall B", "tags": ["hydraulics"]}


async def post(world: World, path: str = "", body: object = None) -> httpx.Response:
    return await world.http.post(f"/api/collectors{path}", json=body)


async def created(world: World, **more: object) -> Code:
    answer = await post(world, body=NEW | more)
    assert answer.status_code == 201, answer.text
    return Code.read(answer.json()["code"])


async def enrol(world: World, code: Code) -> EnrolledDevice:
    """As the collector does it."""
    enrolling = Enrolling(code, secrets.token_bytes)
    answer = await post(world, "/enrol", enrolling.offer.model_dump())
    assert answer.status_code == 200, answer.text
    payload, _ = enrolling.open(EnrolmentAnswer.model_validate(answer.json()), world.clock.seconds)
    return EnrolledDevice.model_validate_json(payload)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"broker_url": None}, "PULSE_BROKER_URL is not set"),
        ({"is_kept": False}, "does not keep this broker's accounts"),
        pytest.param(
            {"ca_file": Path("nowhere")},
            "authorities cannot be read",
            marks=pytest.mark.announces_log("authorities cannot be read"),
        ),
    ],
)
async def test_where_nobody_can_be_enrolled_the_reason_is_told_and_the_code_stays_good(
    admin: World, changed: dict[str, Any], why: str
) -> None:
    code, where = await created(admin), admin.routes.enrolment._where
    admin.routes.enrolment._where = replace(where, **changed)
    answer = await post(admin, "/enrol", Enrolling(code, secrets.token_bytes).offer.model_dump())
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "broker_unknown", "60")
    assert why in answer.json()["detail"]
    admin.routes.enrolment._where = where
    assert (await enrol(admin, code)).device == "press-4"


async def test_a_collector_is_created_enrolled_and_told_everything_that_it_needs(admin: World) -> None:
    code = await created(admin)
    device = await enrol(admin, code)
    assert (device.device, device.name, device.gen) == ("press-4", "Press 4", 1)
    assert (device.broker_url, device.prefix) == ("mqtts://broker.example:8883", "pulse/v1")
    assert len(device.password) == 43
    assert device.ca
    assert device.ca.startswith("-----BEGIN")
    view = (await admin.http.get("/api/collectors/press-4")).json()
    assert (view["state"], view["generation"], view["code_expires_at"]) == ("enabled", 1, None)
    second = await enrol(admin, await created(admin, id="press-5"))
    assert second.roots == device.roots
    assert second.password != device.password
    kinds = await admin.kinds()
    assert kinds[-4:] == ["collector_created", "collector_enrolled", "collector_created", "collector_enrolled"]


async def test_no_secret_is_stored_in_clear_and_none_is_noted(admin: World) -> None:
    code = await created(admin)
    device = await enrol(admin, code)
    stored = str(await admin.rows("SELECT * FROM broker_credential")) + str(await admin.rows("SELECT * FROM collector"))
    stored += str(await admin.rows("SELECT * FROM audit")) + str(await admin.rows("SELECT * FROM signing_root"))
    assert device.password not in stored
    assert code.text not in stored
    assert "PRIVATE KEY" not in stored


async def test_fifty_enrolments_at_once_with_one_code_have_one_winner(admin: World) -> None:
    code = await created(admin)
    offers = [Enrolling(code, secrets.token_bytes).offer.model_dump() for _ in range(50)]
    answers = await asyncio.gather(*(post(admin, "/enrol", offer) for offer in offers))
    assert sorted(answer.status_code for answer in answers) == [200] + [403] * 49
    assert (await admin.http.get("/api/collectors/press-4")).json()["generation"] == 1


async def test_codes_that_are_wrong_old_used_or_replaced_get_one_answer(admin: World) -> None:
    old = await created(admin)
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


async def test_a_wrong_mac_does_not_use_the_code_up(admin: World) -> None:
    code = await created(admin)
    offer = Enrolling(code, secrets.token_bytes).offer.model_dump()
    forged = offer | {"nonce": Enrolling(code, secrets.token_bytes).offer.nonce}
    assert (await post(admin, "/enrol", forged)).status_code == 403
    assert (await enrol(admin, code)).gen == 1


async def test_attempts_to_enrol_are_limited_durably(admin: World) -> None:
    stranger = Code.generate(secrets.token_bytes)
    offer = Enrolling(stranger, secrets.token_bytes).offer.model_dump()
    answers = [await post(admin, "/enrol", offer) for _ in range(61)]
    assert [answer.status_code for answer in answers] == [403] * 60 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert await admin.rows("SELECT 1 FROM rate_limit")


async def test_two_administrators_cannot_overwrite_each_other_unseen(admin: World) -> None:
    await created(admin)
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
async def test_what_is_no_collector_is_refused(admin: World, body: object, code: str) -> None:
    answer = await post(admin, body=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_collectors_are_found_and_paged(admin: World) -> None:
    for number in range(5):
        await created(admin, id=f"press-{number}", site="Hall A" if number % 2 else "Hall B", name=f"P{number}")
    page = (await admin.http.get("/api/collectors", params={"limit": 3})).json()
    assert ([one["id"] for one in page["items"]], page["total"]) == (["press-0", "press-1", "press-2"], 5)
    rest = (await admin.http.get("/api/collectors", params={"limit": 3, "after": page["next"]})).json()
    assert ([one["id"] for one in rest["items"]], rest["next"]) == (["press-3", "press-4"], None)
    found = (await admin.http.get("/api/collectors", params={"search": "p3", "site": "Hall A"})).json()
    assert [one["id"] for one in found["items"]] == ["press-3"]
    assert (await admin.http.get("/api/collectors", params={"tag": "none"})).json()["total"] == 0


async def test_a_lost_collector_loses_its_keys_and_names_who_could_sign_in(admin: World, digest: str) -> None:
    await enrol(admin, await created(admin))
    other = UUID(int=7)
    bob = event(admin.clock, digest, account=other, email="bob@example.org", name="Bob", role="user")
    await admin.mirror.apply(bob)
    tag = (await admin.http.get("/api/collectors/press-4/access")).headers["etag"]
    wish = {"allowed_roles": ["admin", "user"], "denied_accounts": [str(other)]}
    answer = await admin.http.put("/api/collectors/press-4/access", json=wish, headers={"If-Match": tag})
    assert answer.json() == wish | {"allowed_accounts": [], "denied_roles": []}
    await created(admin, id="press-5")
    for account, ids in ((ACCOUNT, ["press-4"]), (other, [])):
        found = (await admin.http.get("/api/collectors", params={"account": str(account)})).json()
        assert [one["id"] for one in found["items"]] == ids
    lost = (await post(admin, "/press-4/lost")).json()
    assert [one["id"] for one in lost["accounts"]] == [str(ACCOUNT)]
    assert lost["state"] == "lost"
    (row,) = await admin.rows("SELECT seal_key, public_key FROM collector WHERE state = 'lost'")
    assert row == {"seal_key": None, "public_key": None}
    (row,) = await admin.rows("SELECT secret FROM broker_credential")
    assert row["secret"] is None
    assert (await post(admin, "/press-4/enable")).json()["code"] == "collector_state_conflict"
    code = Code.read((await post(admin, "/press-4/enrolment-code")).json()["code"])
    assert (await enrol(admin, code)).gen == 2
    assert (await admin.http.get("/api/collectors/press-4")).json()["state"] == "enabled"


async def test_without_the_permission_nothing_is_shown_or_done(ada: World, digest: str) -> None:
    other = UUID(int=7)
    await ada.mirror.apply(event(ada.clock, digest, account=other, email="bob@example.org", role="user"))
    token = (await ada.login(email="bob@example.org")).json()["access_token"]
    ada.http.cookies.clear()
    assert (await ada.http.get("/api/collectors")).status_code == 401
    ada.http.headers["authorization"] = f"Bearer {token}"
    assert (await ada.http.get("/api/collectors")).status_code == 403
    assert (await post(ada, body=NEW)).status_code == 403


@pytest.fixture
def reconciler(admin: World) -> Reconciler:
    return Reconciler(admin.database, Vault(bytes(32), admin.clock), "pulse/v1", Metrics())


async def test_the_broker_follows_every_change(admin: World, reconciler: Reconciler) -> None:
    broker = MemoryCredentials()
    device = await enrol(admin, await created(admin))
    assert await reconciler.carry_out(broker)
    assert not await reconciler.carry_out(broker)
    account = broker.accounts["press-4"]
    assert (account.is_enabled, account.client_id) == (True, "press-4")
    await post(admin, "/press-4/disable")
    await reconciler.carry_out(broker)
    assert not broker.accounts["press-4"].is_enabled
    await post(admin, "/press-4/enable")
    await reconciler.carry_out(broker)
    assert broker.accounts["press-4"] == account
    code = Code.read((await post(admin, "/press-4/rotate", {})).json()["code"])
    await reconciler.carry_out(broker)
    assert broker.accounts["press-4"] == account  # until the code is used
    assert (await enrol(admin, code)).password != device.password
    await reconciler.carry_out(broker)
    assert broker.accounts["press-4"].fingerprint != account.fingerprint
    before = broker.accounts["press-4"].fingerprint
    await post(admin, "/press-4/rotate", {"cut_off": True})
    await reconciler.carry_out(broker)
    assert broker.accounts["press-4"].fingerprint != before
    await post(admin, "/press-4/lost")
    await reconciler.carry_out(broker)
    assert broker.accounts == {}
    assert broker.disconnected == ["press-4"] * 5


async def test_a_disabled_collector_that_is_enrolled_stays_disabled(admin: World, reconciler: Reconciler) -> None:
    broker, code = MemoryCredentials(), await created(admin)
    await post(admin, "/press-4/disable")
    await enrol(admin, code)
    await reconciler.check(broker)
    assert not broker.accounts["press-4"].is_enabled


async def test_a_wiped_broker_gets_everything_back_and_strays_go(admin: World, reconciler: Reconciler) -> None:
    broker = MemoryCredentials()
    for number in range(7):
        await enrol(admin, await created(admin, id=f"press-{number}"))
    assert await reconciler.check(broker) == 7
    wanted = dict(broker.accounts)
    broker.accounts.clear()
    assert await reconciler.check(broker) == 7
    assert broker.accounts == wanted
    tampered = broker.accounts["press-3"]
    broker.accounts["press-3"] = type(tampered)("press-3", tampered.fingerprint, True, frozenset(), None)
    broker.accounts["stray"] = type(tampered)("stray", "mark", True, frozenset(), "stray")
    broker.accounts["theirs"] = type(tampered)("theirs", None, True, frozenset(), "theirs")
    assert await reconciler.check(broker) == 2
    assert set(broker.accounts) == {*wanted, "theirs"}
    assert broker.accounts["press-3"] == tampered


@pytest.mark.announces_log("background_job_failed")
async def test_an_outage_of_the_broker_is_waited_out(admin: World, reconciler: Reconciler) -> None:
    broker, tries = MemoryCredentials(), 0
    broker.is_down = True

    @asynccontextmanager
    async def connect() -> AsyncIterator[MemoryCredentials]:
        nonlocal tries
        tries += 1
        yield broker

    await enrol(admin, await created(admin))
    soon = timedelta(milliseconds=10)
    job = Job("broker_accounts", partial(reconciler.reconcile, connect, Pace(soon)), soon, retry_floor=soon)
    task = asyncio.ensure_future(Background(Metrics(), random.Random(1)).run(job))
    await eventually(lambda: tries > 1)
    broker.is_down = False
    await eventually(lambda: "press-4" in broker.accounts)
    task.cancel()


async def test_a_device_with_a_secret_of_its_own_is_adopted_once_and_not_against_enrolment(
    admin: World, reconciler: Reconciler
) -> None:
    broker, adoption = MemoryCredentials(), Adoption(admin.routes.collectors._means)
    assert await adoption.device("press-4", "a" * 43, SYSTEM)
    assert not await adoption.device("press-4", "a" * 43, SYSTEM)
    await adoption.all({"users": "u" * 43, "press-5": "b" * 43})
    await reconciler.check(broker)
    assert broker.accounts == {
        one.name: one.observed()
        for one in (
            BrokerAccount("press-4", "collector", "a" * 43),
            BrokerAccount("press-5", "collector", "b" * 43),
            BrokerAccount("users", "users", "u" * 43),
        )
    }
    assert await adoption.device("press-4", "c" * 43, SYSTEM)  # whoever keeps the file made another secret
    await reconciler.carry_out(broker)
    assert broker.accounts["press-4"] == BrokerAccount("press-4", "collector", "c" * 43).observed()
    code = Code.read((await post(admin, "/press-4/rotate", {})).json()["code"])
    told = await enrol(admin, code)
    assert not await adoption.device("press-4", "c" * 43, SYSTEM)
    await reconciler.carry_out(broker)
    assert broker.accounts["press-4"] == BrokerAccount("press-4", "collector", told.password).observed()
    await post(admin, "/press-5/lost")
    assert not await adoption.device("press-5", "b" * 43, SYSTEM)


async def test_a_code_that_ended_is_swept(admin: World) -> None:
    await created(admin)
    admin.clock.advance(timedelta(minutes=16))
    await Sweep(admin.database, admin.clock).sweep()
    assert await admin.rows("SELECT 1 FROM enrolment_code") == []
    assert (await admin.http.get("/api/collectors/press-4")).status_code == 401  # the token ended, too


@pytest.mark.announces_log("the broker's certificate ends at")
async def test_a_certificate_that_ends_soon_is_warned_of(reconciler: Reconciler) -> None:
    broker = MemoryCredentials()
    broker.expiry = datetime.now(UTC) + timedelta(days=13)
    await reconciler.look_at_certificate(broker)
    assert reconciler._ends._value.get() == broker.expiry.timestamp()


async def test_a_certificate_that_is_renewed_under_the_connection_is_seen(admin: World, reconciler: Reconciler) -> None:
    broker = MemoryCredentials()
    broker.expiry = datetime.now(UTC) + timedelta(days=20)

    @asynccontextmanager
    async def connect() -> AsyncIterator[MemoryCredentials]:
        yield broker

    pace = Pace(timedelta(milliseconds=10), look=timedelta(0))
    task = asyncio.ensure_future(reconciler.reconcile(connect, pace))
    await eventually(lambda: reconciler._ends._value.get() > 0)
    broker.expiry = datetime.now(UTC) + timedelta(days=397)
    await eventually(lambda: reconciler._ends._value.get() == (broker.expiry or datetime.now(UTC)).timestamp())
    task.cancel()

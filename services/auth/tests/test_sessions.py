"""Lists of sessions and ending them; rotation in a race and under reuse; devices that are known; who may do what."""

import asyncio
import random
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_auth.__main__ import PROGRAM
from pulse_auth.actions.ending import Events
from pulse_auth.actions.heartbeat import Heartbeat, heartbeat_job
from pulse_auth.model.known_devices import LIFE, read_device, write_device
from pulse_auth.model.sessions import NOWHERE
from pulse_auth.model.user_agents import device_name
from pulse_bus import Delivery
from pulse_chassis.identity.proxies import Proxies
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.background import Background
from pulse_chassis.process.commands import openapi
from pulse_contracts.auth import Revocations
from pulse_contracts.permissions import COMMON_PERMISSIONS, ROLES
from pulse_contracts.times import from_micros
from pulse_contracts.topics import AUTH_REVOCATIONS
from pulse_postgres import Audit, Outbox, Rate
from pulse_testkit.waiting import eventually

from .conftest import ACCOUNT, EMAIL, ORIGIN, PASSWORD, SECRET, World, event

pytestmark = pytest.mark.servers
OTHER = UUID("00000000-0000-4000-8000-000000000002")
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1"


def bearer(answer: httpx.Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def login_from(ada: World, agent: str) -> httpx.Response:
    body = {"email": EMAIL, "password": PASSWORD}
    return await ada.http.post("/api/auth/login", json=body, headers={"User-Agent": agent})


async def listed(ada: World, headers: dict[str, str]) -> list[dict[str, object]]:
    answer = await ada.http.get("/api/auth/sessions", headers=headers)
    assert answer.status_code == 200
    return list(answer.json()["items"])


async def test_my_sessions_tell_device_address_and_when_they_were_used(ada: World) -> None:
    phone = await login_from(ada, SAFARI)
    ada.clock.advance(timedelta(minutes=1))
    desk = await login_from(ada, FIREFOX)
    found = await listed(ada, bearer(desk))
    assert [(item["device"], item["is_current"]) for item in found] == [
        ("Firefox on Linux", True),
        ("Safari on iPhone", False),
    ]
    assert {item["address"] for item in found} == {"127.0.0.1"}
    ada.clock.advance(timedelta(minutes=1))
    await ada.refresh(str(phone.cookies["pulse_rt"]))
    found = await listed(ada, bearer(desk))
    assert [item["last_used_at"] for item in found] == ["2026-01-01T00:02:00Z", "2026-01-01T00:01:00Z"]
    assert found[0]["device"] == "Python client"
    ada.clock.advance(timedelta(hours=11, minutes=59))
    fresh = await login_from(ada, FIREFOX)
    assert len(await listed(ada, bearer(fresh))) == 2


async def test_one_session_ends_or_all_others_or_all(ada: World) -> None:
    answers = [await login_from(ada, FIREFOX) for _ in range(4)]
    mine = bearer(answers[0])
    victim = next(item["id"] for item in await listed(ada, bearer(answers[1])) if item["is_current"])
    assert (await ada.http.delete(f"/api/auth/sessions/{victim}", headers=mine)).status_code == 204
    assert (await ada.http.delete(f"/api/auth/sessions/{victim}", headers=mine)).json()["code"] == "session_not_found"
    assert (await ada.http.get("/api/auth/session", headers=bearer(answers[1]))).status_code == 401
    others = await ada.http.delete("/api/auth/sessions", headers=mine)
    assert others.json() == {"ended": 2}
    assert len(await listed(ada, mine)) == 1
    assert len(await ada.revoked()) == 3
    every = await ada.http.delete("/api/auth/sessions?include_current=true", headers=mine)
    assert every.json() == {"ended": 1}
    assert (await ada.http.get("/api/auth/sessions", headers=mine)).status_code == 401


async def test_nobody_ends_the_sessions_of_others_but_administrators(ada: World, digest: str) -> None:
    await ada.mirror.apply(event(ada.clock, digest, account=OTHER, email="bob@example.org", role="user"))
    admin, user = await ada.login(), await ada.login(email="bob@example.org")
    target = (await listed(ada, bearer(admin)))[0]["id"]
    assert (await ada.http.delete(f"/api/auth/sessions/{target}", headers=bearer(user))).status_code == 404
    path = f"/api/auth/accounts/{ACCOUNT}/sessions"
    assert (await ada.http.get(path, headers=bearer(user))).json()["code"] == "forbidden"
    theirs = f"/api/auth/accounts/{OTHER}/sessions"
    (item,) = (await ada.http.get(theirs, headers=bearer(admin))).json()["items"]
    assert (await ada.http.delete(f"{theirs}/{target}", headers=bearer(admin))).status_code == 404
    assert (await ada.http.delete(f"{theirs}/{item['id']}", headers=bearer(admin))).status_code == 204
    assert (await ada.http.get("/api/auth/session", headers=bearer(user))).status_code == 401
    await ada.login(email="bob@example.org")
    assert (await ada.http.delete(theirs, headers=bearer(admin))).json() == {"ended": 1}
    (entry, *_) = await ada.rows("SELECT actor, target, address FROM audit WHERE kind = 'sessions_ended'")
    assert entry == {"actor": str(ACCOUNT), "target": f"account:{OTHER}", "address": "127.0.0.1"}
    unknown = f"/api/auth/accounts/{UUID(int=9)}/sessions"
    assert (await ada.http.get(unknown, headers=bearer(admin))).json()["code"] == "account_not_found"


async def test_fifty_refreshes_at_once_give_one_successor(ada: World) -> None:
    first = str((await ada.login()).cookies["pulse_rt"])
    answers = await asyncio.gather(*(ada.sessions.refresh(first, NOWHERE) for _ in range(50)))
    assert len({answer.refresh_token for answer in answers}) == 1
    assert len(await ada.rows("SELECT 1 FROM refresh_token")) == 2


@pytest.mark.timeout(120)
@pytest.mark.announces_log("refresh token reused")
async def test_a_thousand_reuses_end_a_thousand_families(ada: World) -> None:
    """Each family is opened in the table, rotated twice by its owner, and shown its first token by a thief."""
    await ada.login()
    async with ada.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO session (id, account_id, remember, created, ends) SELECT gen_random_uuid(), account_id, true, "
            "created, ends FROM session, generate_series(1, 1000)"
        )
        await connection.execute(
            "INSERT INTO refresh_token (hash, session_id, parent, idle_ends, used) SELECT "
            "sha256(convert_to(rpad(replace(id::text, '-', ''), 43, n::text), 'UTF8')), id, CASE WHEN n > 0 THEN "
            "sha256(convert_to(rpad(replace(id::text, '-', ''), 43, (n - 1)::text), 'UTF8')) END, ends, "
            "CASE WHEN n < 2 THEN created END FROM session, generate_series(0, 2) AS n "
            "WHERE id NOT IN (SELECT session_id FROM refresh_token)"
        )
    rows = await ada.rows(
        "SELECT id::text AS id FROM session WHERE id IN (SELECT session_id FROM refresh_token "
        "GROUP BY session_id HAVING count(*) = 3)"
    )
    stolen = [str(row["id"]).replace("-", "").ljust(43, "0") for row in rows]
    assert len(stolen) == 1000

    async def steal(tokens: list[str]) -> int:
        refused = 0
        for token in tokens:
            try:
                await ada.sessions.refresh(token, NOWHERE)
            except Exception as error:  # noqa: BLE001  # counted by its code
                refused += getattr(error, "code", "") == "session_ended"
        return refused

    assert sum(await asyncio.gather(*(steal(stolen[n::4]) for n in range(4)))) == 1000
    assert await ada.rows("SELECT count(*) AS n FROM session WHERE revoked IS NOT NULL") == [{"n": 1000}]


async def test_a_stranger_who_guesses_does_not_make_the_owner_wait(ada: World) -> None:
    await ada.login()
    known = ada.http.cookies["pulse_dv"]
    ada.http.cookies.clear()
    for _ in range(6):
        await ada.login("guess")
    assert (await ada.login()).status_code == 429
    ada.http.cookies.set("pulse_dv", known, domain="127.0.0.1", path="/")
    assert (await ada.login()).status_code == 200
    ada.http.cookies.clear()
    assert (await ada.login()).status_code == 429
    for forged in ("x", known[:-3] + "AAA", known.replace(".", "..")):
        ada.http.cookies.set("pulse_dv", forged, domain="127.0.0.1", path="/")
        assert (await ada.login()).status_code == 429
    for _ in range(6):
        ada.http.cookies.set("pulse_dv", known, domain="127.0.0.1", path="/")
        await ada.login("guess")
    assert (await ada.login()).status_code == 429  # a stolen cookie has five guesses of its own


async def test_a_wait_is_noted_once(ada: World) -> None:
    for _ in range(20):
        await ada.login("guess")
    kinds = await ada.kinds()
    assert (kinds.count("sign_in_refused"), kinds.count("sign_in_waits")) == (6, 1)


async def test_what_was_typed_as_an_unknown_email_is_nowhere(ada: World) -> None:
    await ada.login(email="my-password-by-mistake")
    assert "my-password" not in str(await ada.rows("SELECT after, target FROM audit"))


async def test_a_forged_forwarding_header_changes_nothing_by_default(ada: World) -> None:
    ada.sign_in.client_rate = Rate(3, timedelta(minutes=1))
    for number in range(8):
        body = {"email": f"a{number}@b.c", "password": "p"}
        answer = await ada.http.post("/api/auth/login", json=body, headers={"X-Forwarded-For": "203.0.113.9"})
        assert answer.status_code == 401
    assert await ada.rows("SELECT 1 FROM rate_limit") == []
    assert await ada.rows("SELECT DISTINCT address FROM audit WHERE kind = 'sign_in_refused'") == [
        {"address": "127.0.0.1"}
    ]


@pytest.mark.announces_log("request_failed")
async def test_without_the_audit_trail_nobody_signs_in_or_out(ada: World) -> None:
    signed_in = await ada.login()
    await ada.rows("DELETE FROM audit_head RETURNING 1")
    body = {"email": EMAIL, "password": PASSWORD}
    assert (await ada.http.post("/api/auth/login", json=body)).status_code == 500
    assert (await ada.http.post("/api/auth/logout", headers={"X-Pulse-CSRF": "1"})).status_code == 500
    assert len(await ada.rows("SELECT 1 FROM session")) == 1
    assert (await ada.http.get("/api/auth/session", headers=bearer(signed_in))).status_code == 200


@pytest.mark.parametrize("referer", ["https://evil.example/x", "http://127.0.0.1:8081/", "nonsense"])
async def test_a_foreign_referer_stands_for_a_missing_origin(ada: World, referer: str) -> None:
    await ada.login()
    headers = {"X-Pulse-CSRF": "1", "Referer": referer}
    assert (await ada.http.post("/api/auth/refresh", headers=headers)).json()["code"] == "wrong_origin"
    own = {"X-Pulse-CSRF": "1", "Referer": f"{ORIGIN}/dashboard?x=1"}
    assert (await ada.http.post("/api/auth/refresh", headers=own)).status_code == 200


async def test_with_https_cookies_are_bound_to_the_host(ada: World) -> None:
    object.__setattr__(ada.routes, "origins", ("https://pulse.example.org", ORIGIN))
    names = {}
    for line in (await ada.login()).headers.get_list("set-cookie"):
        name, _, rest = line.partition("=")
        names[name] = rest
    assert set(names) == {"__Host-pulse_at", "__Host-pulse_rt", "__Host-pulse_dv"}
    for rest in names.values():
        assert "Path=/" in rest
        assert "Secure" in rest
        assert "HttpOnly" in rest
        assert "Domain" not in rest
    headers = {"X-Pulse-CSRF": "1", "Cookie": f"__Host-pulse_rt={names['__Host-pulse_rt'].split(';')[0]}"}
    assert (await ada.http.post("/api/auth/refresh", headers=headers)).status_code == 200


async def test_what_ended_is_said_again_with_every_heartbeat(ada: World) -> None:
    heard: list[Revocations] = []

    async def hear(delivery: Delivery[Revocations]) -> None:
        heard.append(delivery.message)

    await ada.bus.wait_connected()
    await ada.bus.subscribe(AUTH_REVOCATIONS, hear)
    signed_in = await ada.login()
    await ada.http.delete("/api/auth/sessions?include_current=true", headers=bearer(signed_in))
    heartbeat = Heartbeat(ada.database, ada.bus, ada.clock)
    await heartbeat.beat()
    await eventually(lambda: bool(heard))
    assert [(event.account, event.sid) for event in heard[0].recent] == [(str(ACCOUNT), None)]
    ada.clock.advance(timedelta(minutes=7))
    await heartbeat.beat()
    await eventually(lambda: len(heard) > 1)
    assert heard[1].recent == []


@pytest.mark.announces_log("background_job_failed")
async def test_a_failed_heartbeat_is_retried_soon(ada: World) -> None:
    """Administrators wait for the first one, and auth is often ready before its connection to the broker."""
    events = Events(Outbox(), Audit(SECRET))
    job = heartbeat_job(Heartbeat(ada.database, ada.bus, ada.clock), events, timedelta(hours=1))
    metrics, retained = Metrics(), ada.bus.broker.retained
    await ada.bus.wait_connected()
    ada.bus.cut()

    def failures() -> float:
        labels = {"job": "heartbeat", "kind": "outage"}
        return metrics.registry.get_sample_value("pulse_background_failures_total", labels) or 0

    beating = asyncio.create_task(Background(metrics, random.Random(1)).run(job))
    await eventually(lambda: failures() > 0)
    assert AUTH_REVOCATIONS.address() not in retained
    ada.bus.heal()
    await eventually(lambda: AUTH_REVOCATIONS.address() in retained)
    beating.cancel()


# Who may do what: every route that asks for a permission, with every kind of caller.
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


def test_every_route_asks_for_a_permission_or_is_known_to_be_open() -> None:
    assert {path for _, path, _ in OPERATIONS} - {path for _, path, _ in GUARDED} == OPEN
    assert len(GUARDED) >= 18


@pytest.mark.parametrize(("method", "path", "permission"), GUARDED)
async def test_each_route_takes_its_permission_and_nothing_less(
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


@given(st.integers(1_000, 10**11))
def test_a_device_is_known_by_its_own_cookie_alone(seconds: int) -> None:
    now = from_micros(seconds * 10**6)
    cookie = write_device(bytes(32), b"d" * 16, EMAIL, now)
    assert read_device(bytes(32), cookie, EMAIL.upper(), now + LIFE) == b"d" * 16
    assert read_device(bytes(32), cookie, "other@example.org", now) is None
    assert read_device(bytes(31) + b"x", cookie, EMAIL, now) is None
    assert read_device(bytes(32), cookie, EMAIL, now + LIFE + timedelta(seconds=61)) is None
    assert read_device(bytes(32), cookie, EMAIL, now - timedelta(seconds=61)) is None


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (SAFARI, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15", "Safari on macOS"),
        ("python-httpx/0.28", "Python client"),
        ("<script>alert(1)</script>", ""),
        (None, ""),
    ],
)
def test_devices_are_called_what_people_call_them(agent: str | None, name: str) -> None:
    assert device_name(agent) == name


def test_nobody_is_believed_without_being_told_of() -> None:
    assert Proxies().client("203.0.113.9", {"x-forwarded-for": "198.51.100.1"}) is None

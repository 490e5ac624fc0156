"""Second factors: setup, sign-in in two steps, replay, guessing, recovery codes, policy, reset."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_auth.model.second_factors import new_recovery_codes, recovery_hash, step_of
from pulse_contracts.times import from_micros
from pulse_testkit.waiting import eventually

from .conftest import ACCOUNT, EMAIL, PASSWORD, World, event

pytestmark = pytest.mark.servers
OTHER = UUID("00000000-0000-4000-8000-000000000002")


def bearer(answer: httpx.Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def code(ada: World, secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).generate_otp(ada.clock.seconds() // 30 + steps)


async def enrolled(ada: World) -> tuple[str, list[str]]:
    """Ada's secret and recovery codes. The clock has moved to a time step without a used code."""
    headers = bearer(await ada.login())
    begun = await ada.http.post("/api/auth/second-factor", json={"password": PASSWORD}, headers=headers)
    assert begun.status_code == 200, begun.text
    secret = str(begun.json()["secret"])
    confirmed = await ada.http.post(
        "/api/auth/second-factor/confirm", json={"code": code(ada, secret)}, headers=headers
    )
    assert confirmed.status_code == 200, confirmed.text
    ada.http.cookies.clear()
    ada.clock.advance(timedelta(seconds=60))
    return secret, list(confirmed.json()["recovery_codes"])


async def second(ada: World, challenge: str, code_text: str) -> httpx.Response:
    return await ada.http.post("/api/auth/login/second-factor", json={"challenge": challenge, "code": code_text})


async def challenged(ada: World) -> str:
    answer = await ada.login()
    assert (answer.status_code, answer.json()["code"]) == (401, "second_factor_required")
    assert "set-cookie" not in answer.headers
    return str(answer.json()["challenge"])


async def test_a_sign_in_has_two_steps_once_the_factor_is_confirmed(ada: World) -> None:
    secret, codes = await enrolled(ada)
    assert len(codes) == len(set(codes)) == 10
    challenge = await challenged(ada)
    answer = await second(ada, challenge, code(ada, secret))
    assert answer.status_code == 200
    state = await ada.http.get("/api/auth/second-factor", headers=bearer(answer))
    assert (state.json()["is_enabled"], state.json()["recovery_codes_left"]) == (True, 10)
    assert (await second(ada, challenge, code(ada, secret, 1))).json()["code"] == "challenge_over"
    kinds = await ada.kinds()
    expected = ["second_factor_begun", "second_factor_confirmed", "second_factor_asked", "signed_in"]
    assert kinds[-5:] == [*expected, "second_factor_refused"]


async def test_an_unconfirmed_factor_is_not_required_at_sign_in(ada: World) -> None:
    headers = bearer(await ada.login())
    begun = await ada.http.post("/api/auth/second-factor", json={"password": PASSWORD}, headers=headers)
    assert begun.json()["uri"].startswith("otpauth://totp/PrecisionPulse:Ada%40example.org?secret=")
    assert (await ada.login()).status_code == 200
    wrong = await ada.http.post("/api/auth/second-factor/confirm", json={"code": "000000"}, headers=headers)
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_code")
    wrong = await ada.http.post("/api/auth/second-factor", json={"password": "wrong"}, headers=headers)
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")


async def test_a_code_works_once_and_one_step_of_drift_is_accepted(ada: World) -> None:
    secret, _ = await enrolled(ada)
    behind = (await second(ada, await challenged(ada), code(ada, secret, -2))).json()
    assert behind["code"] == "wrong_code"
    assert "clock of the device that shows the codes may be wrong" in behind["detail"]
    now = code(ada, secret)
    assert (await second(ada, await challenged(ada), now)).status_code == 200
    assert (await second(ada, await challenged(ada), now)).json()["code"] == "wrong_code"
    assert (await second(ada, await challenged(ada), code(ada, secret, -1))).json()["code"] == "wrong_code"
    assert (await second(ada, await challenged(ada), code(ada, secret, 1))).status_code == 200


async def test_concurrent_uses_of_one_code_open_one_session(ada: World) -> None:
    secret, codes = await enrolled(ada)
    for code_text in (code(ada, secret), codes[0]):
        challenges = [await challenged(ada) for _ in range(5)]
        answers = await asyncio.gather(*(second(ada, each, code_text) for each in challenges))
        assert sorted(answer.status_code for answer in answers) == [200] + [401] * 4
        ada.clock.advance(timedelta(minutes=10))


async def test_a_recovery_code_works_once_in_any_notation(ada: World) -> None:
    _, codes = await enrolled(ada)
    typed = codes[3].upper().replace("-", " ")
    assert (await second(ada, await challenged(ada), typed)).status_code == 200
    assert (await second(ada, await challenged(ada), typed)).json()["code"] == "wrong_code"
    left = await ada.rows("SELECT count(*) AS n FROM recovery_code")
    assert left == [{"n": 9}]
    stored = str(await ada.rows("SELECT encode(hash, 'escape') AS hash FROM recovery_code"))
    assert not any(each.replace("-", "") in stored for each in codes)


async def test_new_recovery_codes_replace_the_old_ones(ada: World) -> None:
    secret, codes = await enrolled(ada)
    answer = await second(ada, await challenged(ada), code(ada, secret))
    renewed = await ada.http.post(
        "/api/auth/second-factor/recovery-codes", json={"code": codes[0]}, headers=bearer(answer)
    )
    assert len(renewed.json()["recovery_codes"]) == 10
    assert (await second(ada, await challenged(ada), codes[1])).json()["code"] == "wrong_code"
    assert (await second(ada, await challenged(ada), renewed.json()["recovery_codes"][0])).status_code == 200


async def test_guesses_are_limited_per_challenge_and_per_account(ada: World) -> None:
    secret, _ = await enrolled(ada)
    first = await challenged(ada)
    for _ in range(5):
        assert (await second(ada, first, "000000")).json()["code"] == "wrong_code"
    assert (await second(ada, first, code(ada, secret))).json()["code"] == "challenge_over"
    other = await challenged(ada)
    assert (await second(ada, other, "000000")).json()["code"] == "wrong_code"
    waits = await second(ada, other, code(ada, secret))
    assert (waits.status_code, waits.headers["retry-after"]) == (429, "1")
    ada.clock.advance(timedelta(seconds=1))
    assert (await second(ada, other, code(ada, secret))).status_code == 200


async def test_a_challenge_expires_after_five_minutes_or_when_the_account_changes(ada: World, digest: str) -> None:
    secret, _ = await enrolled(ada)
    late, changed = await challenged(ada), await challenged(ada)
    await ada.mirror.apply(event(ada.clock, digest, version=2, name="Countess"))
    assert (await second(ada, changed, code(ada, secret))).json()["code"] == "challenge_over"
    ada.clock.advance(timedelta(minutes=5))
    assert (await second(ada, late, code(ada, secret))).json()["code"] == "challenge_over"
    for _ in range(3):
        assert (await second(ada, "A" * 43, code(ada, secret))).json()["code"] == "challenge_over"
    entries = await ada.rows("SELECT target, after FROM audit WHERE kind = 'second_factor_refused' ORDER BY n")
    assert [row["target"] for row in entries] == [f"account:{ACCOUNT}", f"account:{ACCOUNT}", None]
    assert all('"code":"challenge_over"' in str(row["after"]) for row in entries)


async def test_disabling_needs_password_and_code(ada: World) -> None:
    secret, codes = await enrolled(ada)
    headers = bearer(await second(ada, await challenged(ada), code(ada, secret)))
    for password, code_text, refusal in (
        ("wrong", codes[0], "wrong_password"),
        (PASSWORD, "000000", "wrong_code"),
    ):
        body = {"password": password, "code": code_text}
        answer = await ada.http.post("/api/auth/second-factor/disable", json=body, headers=headers)
        assert answer.json()["code"] == refusal
    body = {"password": PASSWORD, "code": codes[0]}
    await ada.rows("DELETE FROM outbox")
    assert (await ada.http.post("/api/auth/second-factor/disable", json=body, headers=headers)).status_code == 204
    (notice,) = await ada.rows("SELECT template, levels, message FROM outbox")
    assert (notice["template"], json.loads(str(notice["levels"]))) == (
        "changes/people/{account}",
        {"account": str(ACCOUNT)},
    )
    assert set(json.loads(str(notice["message"]))) == {"v", "at"}
    assert (await ada.login()).status_code == 200
    assert await ada.rows("SELECT 1 FROM recovery_code") == []


async def set_policy(ada: World, headers: dict[str, str], roles: list[str], version: str | None) -> httpx.Response:
    sent = headers if version is None else headers | {"If-Match": version}
    return await ada.http.put("/api/auth/policy", json={"second_factor_roles": roles}, headers=sent)


async def test_a_policy_that_somebody_else_saved_meanwhile_is_not_overwritten(ada: World) -> None:
    boss = bearer(await ada.login())
    read = await ada.http.get("/api/auth/policy", headers=boss)
    assert (read.headers["etag"], read.json()["version"], read.json()["updated_at"]) == ('"1"', 1, None)
    missing = await set_policy(ada, boss, ["admin"], None)
    assert (missing.status_code, missing.json()["code"]) == (428, "precondition_required")
    first = await set_policy(ada, boss, ["viewer"], '"1"')
    assert (first.status_code, first.headers["etag"]) == (200, '"2"')
    assert first.json()["updated_by"] == str(ACCOUNT)
    late = await set_policy(ada, boss, ["user"], '"1"')
    assert (late.status_code, late.json()["code"], late.headers["etag"]) == (412, "precondition_failed", '"2"')
    current = late.json()["current"]
    assert (current["version"], current["updated_by"]) == (2, str(ACCOUNT))
    assert current["updated_by_name"] == first.json()["updated_by_name"] != ""
    now = await ada.http.get("/api/auth/policy", headers=boss)
    assert (now.json()["second_factor_roles"], now.headers["etag"]) == (["viewer"], '"2"')
    assert (await ada.kinds()).count("policy_changed") == 1


async def test_a_policy_that_the_previous_release_saved_has_a_new_version(ada: World) -> None:
    boss = bearer(await ada.login())
    assert (await set_policy(ada, boss, ["viewer"], '"1"')).status_code == 200
    async with ada.database.transaction() as connection:
        await connection.execute("UPDATE policy SET second_factor_roles = $1", ["user"])
    late = await set_policy(ada, boss, [], '"2"')
    assert (late.status_code, late.headers["etag"]) == (412, '"3"')
    assert late.json()["current"]["updated_by"] is None


async def test_a_mandatory_factor_must_be_set_up_before_anything_else(ada: World, digest: str) -> None:
    await ada.mirror.apply(event(ada.clock, digest, account=OTHER, email="bob@example.org", role="user"))
    boss = bearer(await ada.login())
    set_ = await set_policy(ada, boss, ["user"], "*")
    assert set_.json()["second_factor_roles"] == ["user"]
    assert "policy_changed" in await ada.kinds()
    signed_in = await ada.login(email="bob@example.org")
    assert signed_in.json()["second_factor_enrolment_required"] is True
    narrow = bearer(signed_in)
    assert (await ada.http.get("/api/auth/api-keys", headers=narrow)).status_code == 403
    assert (await ada.http.get("/api/auth/sessions", headers=narrow)).status_code == 200
    begun = await ada.http.post("/api/auth/second-factor", json={"password": PASSWORD}, headers=narrow)
    body = {"code": code(ada, begun.json()["secret"])}
    assert (await ada.http.post("/api/auth/second-factor/confirm", json=body, headers=narrow)).status_code == 200
    renewed = await ada.refresh()
    assert renewed.json()["second_factor_enrolment_required"] is False
    assert (await ada.http.get("/api/auth/api-keys", headers=bearer(renewed))).status_code == 200
    ada.clock.advance(timedelta(seconds=60))
    body = {"password": PASSWORD, "code": code(ada, begun.json()["secret"])}
    refused = await ada.http.post("/api/auth/second-factor/disable", json=body, headers=bearer(await ada.refresh()))
    assert (refused.status_code, refused.json()["code"]) == (409, "second_factor_mandatory")
    assert (await ada.login()).json()["second_factor_enrolment_required"] is False


async def test_a_reset_by_an_administrator_removes_the_factor_and_ends_the_sessions(ada: World, digest: str) -> None:
    await ada.mirror.apply(event(ada.clock, digest, account=OTHER, email="boss@example.org", role="admin"))
    secret, _ = await enrolled(ada)
    running = await second(ada, await challenged(ada), code(ada, secret))
    boss = bearer(await ada.login(email="boss@example.org"))
    ada.beat()
    path = f"/api/auth/accounts/{ACCOUNT}/second-factor"
    assert (await ada.http.get(path, headers=boss)).json()["is_enabled"] is True
    listing = f"/api/auth/accounts?account={ACCOUNT}&account={OTHER}&account={UUID(int=9)}"
    shown = {UUID(one["account"]): one for one in (await ada.http.get(listing, headers=boss)).json()["items"]}
    assert {id_: (one["has_second_factor"], one["sessions"]) for id_, one in shown.items()} == {
        ACCOUNT: (True, 2),
        OTHER: (False, 1),
    }
    assert datetime.fromisoformat(shown[OTHER]["last_used_at"]) == from_micros(ada.clock())
    assert (await ada.http.delete(path, headers=boss)).status_code == 204
    assert (await ada.http.get("/api/auth/session", headers=bearer(running))).status_code == 401
    assert (await ada.http.delete(path, headers=boss)).json()["code"] == "no_second_factor"
    assert (await ada.http.get(path, headers=boss)).json()["is_enabled"] is False
    ended = {one["account"]: one for one in (await ada.http.get(listing, headers=boss)).json()["items"]}
    assert (ended[str(ACCOUNT)]["sessions"], ended[str(ACCOUNT)]["last_used_at"]) == (0, None)
    assert (await ada.login()).status_code == 200


async def test_the_secret_is_sealed_in_the_database(ada: World) -> None:
    secret, _ = await enrolled(ada)
    (row,) = await ada.rows("SELECT secret FROM second_factor")
    assert secret not in str(row["secret"])
    assert hashlib.sha256(EMAIL.encode()).hexdigest() not in str(row["secret"])


@given(st.integers(1_000, 2**33), st.integers(-3, 3), st.integers(-3, 3))
def test_a_code_is_accepted_one_step_early_or_late_unless_used(at: int, drift: int, used: int) -> None:
    secret, current = "JBSWY3DPEHPK3PXP" * 2, at // 30
    found = step_of(pyotp.TOTP(secret).generate_otp(current + drift), secret, from_micros(at * 10**6), current + used)
    if found is not None:
        assert abs(found - current) <= 1
        assert found > current + used
    elif abs(drift) <= 1 and drift > used:
        pytest.fail("a good code was refused")


def test_recovery_codes_have_no_ambiguous_letters() -> None:
    def bytes_(n: int) -> bytes:
        return next(source)[:n]

    source: Iterator[bytes] = iter(hashlib.sha256(bytes([i])).digest() for i in range(20))
    for made in new_recovery_codes(bytes_):
        assert recovery_hash(made) == recovery_hash(made.upper().replace("1", "I").replace("0", "O"))
        assert not set(made) & set("ilou")


async def test_disabling_does_not_deadlock_with_a_sign_in(ada: World) -> None:
    secret, _ = await enrolled(ada)
    headers = bearer(await second(ada, await challenged(ada), code(ada, secret)))
    await second(ada, await challenged(ada), "000000")
    body = {"password": PASSWORD, "code": code(ada, secret, 1)}
    async with asyncio.TaskGroup() as group, ada.database.transaction() as connection:
        await connection.execute("SELECT 1 FROM account FOR SHARE")  # as the second step of a sign-in
        assert await connection.fetch("SELECT 1 FROM challenge FOR UPDATE")
        path = "/api/auth/second-factor/disable"
        disabling = group.create_task(ada.http.post(path, json=body, headers=headers))
        await eventually(ada.is_waiting_for_a_lock)
        await connection.execute("SELECT 1 FROM backoff FOR UPDATE NOWAIT")
    assert disabling.result().status_code == 204

"""Which passwords are accepted, and changing the own password."""

import random
import time
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pulse_passwords import normalise
from pulse_users.model.emails import email_problem
from pulse_users.model.passwords import PasswordRules, read_blocklist, score

from .conftest import World

RULES = PasswordRules(12, read_blocklist(["Summer holidays at sea\n"]), "Ampère Works")
LONG = "".join(random.Random(1).choices("bcdfghjkmnpqrstvwxyz", k=129))
HAN = "".join(chr(0x4E00 + 7 * n * n % 5_000) for n in range(86))
GOOD = "violet-harbour-candle"


@pytest.mark.parametrize(
    ("password", "faults"),
    [
        (GOOD, []),
        ("kvtrwmzhqbxd", []),
        ("kvtrwmzhqbx", ["too_short"]),
        ("k\u00e4tr\u00fcmz h\u00f6bx", []),
        ("ka\u0308tru\u0308mzho\u0308bx", ["too_short"]),
        (LONG[:128], []),
        (LONG[:129], ["too_long"]),
        (HAN[:86], ["too_long"]),
        ("a" * 12, ["pattern"]),
        ("ä" * 12, ["pattern"]),
        ("a" * 128, ["pattern"]),
        ("漢" * 86, ["too_long", "pattern"]),
        ("123456789012", ["pattern"]),
        ("1234567890ab", ["pattern"]),
        ("210987654321", ["pattern"]),
        ("qwertyuiopas", ["pattern"]),
        ("QwErTyUiOpAs", ["pattern"]),
        ("poiuytrewq12", ["common", "pattern"]),
        ("1qaz2wsx3edc", ["common", "pattern"]),
        ("1q2w3e4r5t6y", ["common", "pattern"]),
        ("йцукенгшщзхъ", ["pattern"]),
        ("абвгдежзиклм", ["pattern"]),
        ("abcdefghijkl", ["pattern"]),
        ("zyxwvutsrqpo", ["pattern"]),
        ("112233445566", ["common", "pattern"]),
        ("1a2b3c4d5e6f", ["pattern"]),
        ("123123123123", ["pattern"]),
        ("abcdabcd1234", ["pattern"]),
        ("horsehorseho", ["pattern"]),
        ("x7x7x7x7x7x7", ["pattern"]),
        ("adaaaaaaaaaaa1", ["pattern"]),
        ("organizationorganization", ["common"]),
        ("lovelacelovelace1815", ["common", "contains_context"]),
        ("first-student-certain", []),
        ("bookkeeper-balloon", []),
        ("banana-cocoa-mississippi", []),
        ("1234-harbour-lights", []),
        ("3141592653589793", []),
        ("a" * 10_000, ["too_long"]),
        ("\ud800" * 12, ["not_text"]),
        ("", ["too_short"]),
        ("password", ["too_short", "common"]),
        ("ORGANIZATION", ["common"]),
        ("organization!", ["common"]),
        ("2024organization99", ["common"]),
        ("organization-of-small-kites", []),
        ("summer HOLIDAYS at sea", ["common"]),
        ("PrecisionPulse1", ["contains_context"]),
        ("amp\u00e8reworks99", ["contains_context"]),
        ("ada.lovelace42", ["contains_context"]),
        ("Lovelace-1815-x", ["contains_context"]),
        ("Lovelace wrote notes", []),
        ("147258369147", ["pattern"]),
        ("741852963741", ["pattern"]),
        ("963852741-ab", ["pattern"]),
        ("13579246810a", ["pattern"]),
        ("acegikmoqsuw", ["pattern"]),
        ("97531-97531x", ["pattern"]),
        ("24681012141618", ["pattern"]),
        ("979899100101102", ["pattern"]),
        ("Welcome2024!", ["common"]),
        ("Summer2025!!", ["common"]),
        ("january2024!", ["common"]),
        ("harbour-1999", ["common"]),
        ("kvtrwmz2024!", []),
        ("harbour-7193", []),
        ("welcome-home-2024", []),
    ],
)
def test_a_password_is_accepted_or_its_faults_are_listed(password: str, faults: list[str]) -> None:
    assert RULES.faults(password, "ada.lovelace@example.org", "Ada Lovelace") == faults


@given(st.text(max_size=300), st.text(max_size=40), st.text(max_size=40))
@example("\u0390" * 128, "", "")
def test_an_accepted_password_can_be_hashed_in_any_unicode_form(password: str, email: str, name: str) -> None:
    faults = RULES.faults(password, email, name)
    if not faults:
        assert len(normalise(password)) <= 256
        assert 8 <= len(normalise(password).decode()) <= 128


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_no_kind_of_character_is_required(word: str) -> None:
    assert RULES.faults("zqxjvbkwfhgp" + word, "", "") in ([], ["too_long"])


@pytest.mark.parametrize("minimum", [1, 8])
def test_the_minimum_length_is_at_least_eight(minimum: int) -> None:
    assert PasswordRules(minimum).faults("zqxjvbk") == ["too_short"]
    assert PasswordRules(minimum).faults("zqxjvbkw") == []


def test_the_blocklist_has_the_words_of_zxcvbn() -> None:
    assert len(read_blocklist()) == 41_621
    assert {"password", "12345678", "qwertyuiop"} <= read_blocklist()


@pytest.mark.parametrize(
    ("password", "points"), [("", 0), ("password", 0), ("ada lovelace", 2), ("correct horse battery staple", 4)]
)
def test_a_score_says_how_hard_a_password_is_to_guess(password: str, points: int) -> None:
    assert score(password, ["lovelace"]) == points


@pytest.mark.parametrize("text", ["a" * 100_000, "\u0130" * 100_000, "@4$5310!" * 1_000])
@pytest.mark.timeout(10)
def test_scoring_takes_a_bounded_time(text: str) -> None:
    assert 0 <= score(text, []) <= 4


@pytest.mark.servers
async def test_an_api_key_can_change_the_name_but_not_email_or_password(world: World) -> None:
    account = await world.add()
    key = world.bearer(account, scope="profile.own", sid="key:00000000-0000-4000-8000-000000000009")
    body = {"current": "correct horse battery", "new": "violet-harbour-candle"}
    refused = await world.http.put("/api/profile/password", headers=key, json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    moved = {"name": "Ada", "email": "b@example.org", "current_password": "correct horse battery"}
    refused = await world.http.put("/api/profile", headers={"If-Match": "*"} | key, json=moved)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    renamed = await world.http.put("/api/profile", headers={"If-Match": "*"} | key, json={"name": "Countess"})
    assert renamed.json()["name"] == "Countess"
    person = world.bearer(account)
    assert (await world.http.put("/api/profile/password", headers=person, json=body)).status_code == 204


@pytest.mark.servers
async def test_a_new_password_needs_the_current_one_and_takes_a_version(world: World) -> None:
    account = await world.add(role="user")
    url, headers = "/api/profile/password", world.bearer(account)
    wrong = await world.http.put(url, headers=headers, json={"current": "wrong", "new": GOOD})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_password")
    unfit = await world.http.put(url, headers=headers, json={"current": "wrong", "new": "short"})
    assert (unfit.status_code, unfit.json()["problems"]) == (422, ["too_short"])
    done = await world.http.put(url, headers=headers, json={"current": "correct horse battery", "new": GOOD})
    assert (done.status_code, done.content) == (204, b"")
    found = await world.accounts.find(account.email)
    assert found.version == account.version + 1
    assert found.digest != account.digest
    me = str(account.id)
    assert (await world.audit())[1:] == [
        ("password_refused", me, f"account:{me}"),
        ("password_changed", me, f"account:{me}"),
    ]
    assert await world.rows("SELECT 1 FROM backoff") == []


@pytest.mark.servers
async def test_guesses_of_the_current_password_are_delayed_longer_and_longer(world: World) -> None:
    account = await world.add(role="user")

    async def guess(password: str) -> tuple[int, str | None]:
        body = {"current": password, "new": GOOD}
        answer = await world.http.put("/api/profile/password", headers=world.bearer(account), json=body)
        return answer.status_code, answer.headers.get("retry-after")

    assert [(await guess("wrong"))[0] for _ in range(6)] == [403] * 6
    assert await guess("correct horse battery") == (429, "1")
    world.clock.advance(timedelta(seconds=1))
    assert (await guess("wrong"))[0] == 403
    assert await guess("wrong") == (429, "2")
    world.clock.advance(timedelta(seconds=2))
    assert (await guess("correct horse battery"))[0] == 204


@pytest.mark.servers
async def test_an_attempt_during_a_full_hashing_queue_does_not_count(world: World) -> None:
    account = await world.add(role="user")
    body = {"current": "wrong", "new": GOOD}

    async def guess() -> tuple[int, str | None]:
        answer = await world.http.put("/api/profile/password", headers=world.bearer(account), json=body)
        return answer.status_code, answer.headers.get("retry-after")

    places = world.routes.passwords._hasher._places
    taken = [places.acquire(blocking=False) for _ in range(22)]
    assert all(taken)
    assert not places.acquire(blocking=False), "every place in the pool is taken"
    assert await guess() == (503, "1")
    places.release(22)
    assert await world.rows("SELECT failures FROM backoff") == [{"failures": 0}]


@pytest.mark.servers
async def test_changing_the_own_email_needs_the_password_but_the_name_does_not(world: World) -> None:
    account = await world.add(role="user")
    headers = world.bearer(account) | {"If-Match": f'"{account.version}"'}
    renamed = await world.http.put("/api/profile", headers=headers, json={"name": "Countess"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Countess")
    stale = await world.http.put("/api/profile", headers=headers, json={"name": "Ada"})
    assert (stale.status_code, stale.headers["etag"]) == (412, renamed.headers["etag"])
    headers = world.bearer(account) | {"If-Match": "*"}
    moved = {"name": "Countess", "email": "b@example.org"}
    for more in ({}, {"current_password": "wrong"}):
        refused = await world.http.put("/api/profile", headers=headers, json=moved | more)
        assert (refused.status_code, refused.json()["code"]) == (403, "wrong_password")
    right = moved | {"current_password": "correct horse battery"}
    assert (await world.http.put("/api/profile", headers=headers, json=right)).json()["email"] == "b@example.org"
    grab = await world.http.put("/api/profile", headers=headers, json={"name": "x", "role": "admin"})
    assert grab.status_code == 422


@pytest.mark.servers
async def test_the_strength_of_a_password_is_returned(world: World) -> None:
    account = await world.add(name="Ada Lovelace")

    async def ask(headers: dict[str, str], **body: str) -> dict[str, object]:
        answer = await world.http.post("/api/users/password-strength", headers=headers, json=body)
        assert 'password":' not in answer.text
        return dict(answer.json())

    signed_in = world.bearer(account)
    assert await ask(signed_in, password=GOOD) == {
        "score": 4,
        "fit": True,
        "problems": [],
        "min_length": 12,
        "max_length": 128,
    }
    assert (await ask(signed_in, password="Example.Org:1815"))["problems"] == ["contains_context"]
    assert (await ask(signed_in, password="Murray-Hopper-1"))["problems"] == []
    assert (await ask(signed_in, password="Murray-Hopper-1", name="Murray Hopper"))["problems"] == ["contains_context"]
    invited = await world.invited("hopper@example.org")
    made = await world.http.post(f"/api/users/{invited.id}/invitation", headers=signed_in, json={})
    token = made.json()["link"].partition("#")[2]
    assert (await ask({}, password="hopper-hopper-1", token=token))["problems"] == ["contains_context"]
    assert (await ask({}, password=GOOD, token="q" * 43))["code"] == "link_ended"
    assert (await ask({}, password=GOOD))["code"] == "not_signed_in"


@pytest.mark.parametrize("tail", ["y", "1y", "yyz"])
@pytest.mark.parametrize("run", ["x" * 126, "xy" * 63, "xxyy" * 31, "xxxyyy" * 21])
def test_every_password_is_checked_in_bounded_time(run: str, tail: str) -> None:
    started = time.perf_counter()
    RULES.faults((run + tail)[-128:])
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("text", ["1" * 511 + "a", ("1" * 250 + "a") * 2, "a" + "-_" * 255])
def test_a_password_with_a_long_run_is_checked_in_bounded_time(text: str) -> None:
    started = time.perf_counter()
    for _ in range(20):
        RULES.faults(text)
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize("tail", ["", "-", "..", "@", "@a..b", "@a.b-"])
@pytest.mark.parametrize("block", ["a", "a.", "a-", "@a", "a@a."])
def test_every_email_is_checked_in_bounded_time(block: str, tail: str) -> None:
    started = time.perf_counter()
    email_problem((block * 254)[: 254 - len(tail)] + tail)
    assert time.perf_counter() - started < 0.5

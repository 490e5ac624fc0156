"""Refresh tokens over HTTP with the real PostgreSQL: rotation, lost answers and reuse."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest

from pulse_auth.model.sessions import UNKNOWN_CLIENT

from .conftest import World

pytestmark = pytest.mark.servers


def token(answer: httpx.Response) -> str:
    return str(answer.cookies["pulse_rt"])


async def test_a_refresh_issues_one_new_token_even_for_two_tabs(ada: World) -> None:
    first = token(await ada.login())
    one = await ada.refresh(first)
    ada.clock.advance(timedelta(minutes=10))
    other = await ada.refresh(first)
    assert one.status_code == other.status_code == 200
    assert token(one) == token(other) != first
    assert (await ada.refresh(token(one))).status_code == 200


async def test_a_session_survives_a_lost_answer_and_minutes_offline(ada: World) -> None:
    first = token(await ada.login())
    lost = token(await ada.refresh(first))
    for _ in range(2):
        ada.clock.advance(timedelta(minutes=4))
        answer = await ada.refresh(first)
        assert (answer.status_code, token(answer)) == (200, lost)
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await ada.http.get("/api/auth/session", headers=headers)).status_code == 200
    assert (await ada.refresh(lost)).status_code == 200
    assert await ada.revoked() == []


@pytest.mark.announces_log("refresh_token_reused")
async def test_a_thief_beside_the_owner_is_detected_at_the_second_rotation(ada: World) -> None:
    stolen = token(await ada.login())
    for _ in range(2):
        following = token(await ada.refresh(stolen))  # the owner
        ada.clock.advance(timedelta(minutes=2))
        thief = await ada.refresh(stolen)
        stolen = following
        ada.clock.advance(timedelta(minutes=2))
    assert (thief.status_code, thief.json()["code"]) == (401, "session_ended")
    assert (await ada.refresh(following)).status_code == 401
    assert await ada.kinds() == ["signed_in", "token_repeated_late", "token_reused"]


async def test_single_lost_answers_do_not_end_the_session(ada: World) -> None:
    held = token(await ada.login())
    for is_lost in [True, False] * 4:
        answer = await ada.refresh(held)
        if is_lost:
            ada.clock.advance(timedelta(minutes=2))
            answer = await ada.refresh(held)
        assert answer.status_code == 200
        held = token(answer)
        ada.clock.advance(timedelta(minutes=4))
    assert await ada.kinds() == ["signed_in", *["token_repeated_late"] * 4]


@pytest.mark.announces_log("refresh_token_reused")
async def test_a_token_whose_successor_was_used_is_reuse(ada: World) -> None:
    first = token(await ada.login())
    second = token(await ada.refresh(first))
    third = token(await ada.refresh(second))
    ada.clock.advance(timedelta(seconds=1))
    assert (await ada.refresh(first)).json()["code"] == "session_ended"
    assert (await ada.refresh(third)).status_code == 401


async def test_concurrent_refreshes_of_two_tabs_get_the_same_token(ada: World) -> None:
    first = token(await ada.login())
    answers = await asyncio.gather(*(ada.sessions.refresh(first, UNKNOWN_CLIENT) for _ in range(8)))
    assert len({answer.refresh_token for answer in answers}) == 1
    assert len(await ada.rows("SELECT 1 FROM refresh_token")) == 2


@pytest.mark.announces_log("refresh_token_reused")
async def test_reuse_after_the_grace_period_ends_the_session_for_both(ada: World) -> None:
    first = token(await ada.login())
    second = token(await ada.refresh(first))
    ada.clock.advance(timedelta(minutes=10, seconds=1))
    thief = await ada.refresh(first)
    assert (thief.status_code, thief.json()["code"]) == (401, "session_ended")
    assert [line.split("=")[0] for line in thief.headers.get_list("set-cookie")] == ["pulse_at", "pulse_rt"]
    assert all("Max-Age=0" in line for line in thief.headers.get_list("set-cookie"))
    assert (await ada.refresh(second)).status_code == 401
    (message,) = await ada.revoked()
    (session,) = await ada.rows("SELECT id::text AS id FROM session")
    assert json.loads(message)["sid"] == session["id"]
    assert await ada.kinds() == ["signed_in", "token_reused"]


@pytest.mark.announces_log("refresh_token_reused")
async def test_a_grandparent_token_is_reuse_even_within_the_grace_period(ada: World) -> None:
    first = token(await ada.login())
    second = token(await ada.refresh(first))
    third = token(await ada.refresh(second))
    assert (await ada.refresh(first)).status_code == 401
    assert (await ada.refresh(third)).status_code == 401


async def test_a_session_ends_after_twelve_idle_hours_or_seven_days(ada: World) -> None:
    newest = token(await ada.login())
    ada.clock.advance(timedelta(hours=12))
    assert (await ada.refresh(newest)).status_code == 401
    newest = token(await ada.login())
    for _ in range(15):
        ada.clock.advance(timedelta(hours=11))
        answer = await ada.refresh(newest)
        assert answer.status_code == 200
        newest = token(answer)
    ada.clock.advance(timedelta(hours=3))
    assert (await ada.refresh(newest)).status_code == 401

"""Annotations: what a list has, who may change them, that no change is lost, their limits, and the audit trail."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.store import annotations as annotation_rows
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import NOW, PASSWORD, three_series
from .saving import ADA, BOB, EVE, Person, audited, problem
from .system import Gateway, gateway

pytestmark = pytest.mark.servers
PATH = "/annotations"
MINUTE = 60_000_000
RANGE = f"from={NOW}&to={NOW + 10 * MINUTE}"


@pytest.fixture
async def started(servers: Servers, database: Database, database_url: str) -> AsyncIterator[Gateway]:
    """Device alpha has the series 1 to 3, device beta the series 4."""
    await three_series(database)
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO series (device_id, name, type, display_name, unit) VALUES (2, 's4', 'int', 's4', '')"
        )
    async with gateway(
        servers, with_role(database_url, "pulse_telemetry", PASSWORD), has_intake=False, history_deadline=50
    ) as opened:
        yield opened


@pytest.fixture
def ada(started: Gateway) -> Person:
    return Person(started, ADA)


@pytest.fixture
def bob(started: Gateway) -> Person:
    return Person(started, BOB)


@pytest.fixture
def admin(started: Gateway) -> Person:
    return Person(started, EVE, "admin")


def note(text: str = "Filter changed", t: int = NOW, until: int | None = None) -> dict[str, Any]:
    return {"t": t, "until": until, "text": text}


def about(device: str | None = None, series: int | None = None, **more: Any) -> dict[str, Any]:
    return note(**more) | {"device": device, "series": series}


async def texts(person: Person, question: str = "") -> list[str]:
    """The texts of a list, from all its pages."""
    found: list[str] = []
    after = ""
    while True:
        page = await person.get(f"{PATH}?{RANGE}{question}{after}")
        found += [one["text"] for one in page["items"]]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


async def test_an_annotation_is_read_as_it_was_saved(ada: Person, bob: Person) -> None:
    answer = await ada.ask("POST", PATH, about(series=1, text=" Two\nlines €🙂 ", until=NOW + 1))
    assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
    made = answer.json()
    wanted = {"device": "alpha", "series": 1, "t": NOW, "until": NOW + 1, "text": "Two\nlines €🙂", "author": ADA}
    assert made.items() >= (wanted | {"author_name": "A", "version": 1, "updated_by": ADA}).items()
    read = await bob.ask("GET", f"{PATH}/{made['id']}")
    assert (read.json(), read.headers["etag"]) == (made, '"1"')
    assert (await bob.get(f"{PATH}?{RANGE}"))["items"] == [made]
    saved = (await ada.ask("PUT", f"{PATH}/{made['id']}", note("Better", NOW + 5), version=1)).json()
    assert saved.items() >= {"device": "alpha", "series": 1, "text": "Better", "until": None, "version": 2}.items()
    assert (await ada.ask("DELETE", f"{PATH}/{made['id']}", version=2)).status_code == 204
    assert problem(await ada.ask("GET", f"{PATH}/{made['id']}")) == (404, "not_found")


async def test_a_list_has_what_touches_the_range_and_concerns_the_question(ada: Person) -> None:
    for text, device, series, start, end in (
        ("before", None, None, NOW - 2, NOW - 1),
        ("from before", "alpha", None, NOW - 2, NOW + 1),
        ("long", None, None, NOW - MINUTE, NOW + MINUTE * 60),
        ("series 1", None, 1, NOW, None),
        ("series 2", "alpha", 2, NOW + 1, None),
        ("beta", "beta", None, NOW + 2, None),
        ("series 4", None, 4, NOW + 3, None),
        ("at the end", None, None, NOW + 10 * MINUTE, None),
    ):
        await ada.post(PATH, about(device, series, text=text, t=start, until=end))
    whole = ["long", "from before", "series 1", "series 2", "beta", "series 4"]
    assert await texts(ada) == whole
    assert await texts(ada, "&devices=alpha") == whole[:4]
    assert await texts(ada, "&devices=alpha,beta") == whole
    assert await texts(ada, "&series=1") == whole[:3]
    assert await texts(ada, "&series=1,4") == ["long", "from before", "series 1", "beta", "series 4"]
    assert await texts(ada, "&series=1&devices=beta") == ["long", "from before", "series 1", "beta", "series 4"]
    assert await texts(ada, "&devices=nobody") == ["long"]


async def test_a_list_has_pages_also_at_one_time(ada: Person) -> None:
    for n in range(7):
        await ada.post(PATH, about(text=f"{n}", t=NOW + n // 3))
    whole = await texts(ada)
    assert sorted(whole) == [f"{n}" for n in range(7)]
    for limit in (1, 2, 7):
        assert await texts(ada, f"&limit={limit}") == whole
    for foreign in ("nothing", f"{NOW}/1", f"x/{uuid4()}", f"{2**60}/{uuid4()}"):
        assert problem(await ada.ask("GET", f"{PATH}?{RANGE}&after={foreign}")) == (422, "foreign_cursor")
    assert problem(await ada.ask("GET", f"{PATH}?from=2&to=1")) == (422, "invalid_range")
    assert problem(await ada.ask("GET", f"{PATH}?{RANGE}&series=x")) == (422, "invalid_series")
    assert problem(await ada.ask("GET", f"{PATH}?{RANGE}&devices=A")) == (422, "invalid_request")


async def test_only_the_author_and_administrators_change_an_annotation(
    ada: Person, bob: Person, admin: Person, database: Database
) -> None:
    made = await ada.post(PATH, about("alpha"))
    path = f"{PATH}/{made['id']}"
    assert problem(await bob.ask("PUT", path, note("Bob's"), version=1)) == (403, "forbidden")
    assert problem(await bob.ask("DELETE", path, version=1)) == (403, "forbidden")
    saved = (await admin.ask("PUT", path, note("Corrected"), version=1)).json()
    assert (saved["author"], saved["updated_by"]) == (ADA, EVE)
    refused = await ada.ask("PUT", path, note("Mine"), version=1)
    assert (problem(refused), refused.headers["etag"]) == ((412, "precondition_failed"), '"2"')
    assert refused.json()["current"]["updated_by"] == EVE
    assert problem(await ada.ask("DELETE", path)) == (428, "precondition_required")
    assert (await ada.ask("DELETE", path, version=2)).status_code == 204
    found = await audited(database)
    entries = [(kind, where, json.loads(was or "null"), json.loads(now or "null")) for kind, where, was, now in found]
    detail = {"version": 1, "device": "alpha", "series": None, "t": NOW, "until": None, "text": "Filter changed"}
    corrected = detail | {"version": 2, "text": "Corrected"}
    target = f"annotation:{made['id']}"
    assert [entry for entry in entries if entry[0] != "access_refused"] == [
        ("annotation_created", target, None, detail),
        ("annotation_changed", target, detail, corrected),
        ("annotation_deleted", target, corrected, None),
    ]
    assert [where for kind, where, *_ in entries if kind == "access_refused"] == ["permission:telemetry.manage"]


async def test_one_of_many_changes_of_the_same_version_succeeds(ada: Person) -> None:
    made = await ada.post(PATH, about())

    async def save(n: int) -> int:
        return (await ada.ask("PUT", f"{PATH}/{made['id']}", note(f"{n}"), version=1)).status_code

    assert Counter(await asyncio.gather(*map(save, range(12)))) == {200: 1, 412: 11}


async def test_a_repeated_request_with_its_key_adds_one_annotation(ada: Person) -> None:
    key = str(uuid4())
    found = {(await ada.ask("POST", PATH, about(), key=key)).json()["id"] for _ in range(3)}
    assert len(found) == len(await texts(ada)) == 1


async def test_a_device_has_ten_thousand_annotations_however_many_are_added_at_once(
    ada: Person, database: Database
) -> None:
    await ada.post(PATH, about("alpha"))
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO annotation SELECT gen_random_uuid(), device_id, series_id, t + n, until, text, author, "
            "author_name, version, created_at, updated_at, updated_by, updated_by_name "
            "FROM annotation, generate_series(1, 9997) n"
        )

    async def add(n: int) -> int:
        return (await ada.ask("POST", PATH, about(series=n % 3 + 1))).status_code

    assert Counter(await asyncio.gather(*map(add, range(6)))) == {201: 2, 409: 4}
    assert problem(await ada.ask("POST", PATH, about("alpha"))) == (409, "too_many_annotations")
    await ada.post(PATH, about("beta"))
    await ada.post(PATH, about())


async def test_deleting_a_series_or_a_device_deletes_its_annotations(ada: Person, admin: Person) -> None:
    for text, device, series in (("1", None, 1), ("2", None, 2), ("device", "alpha", None), ("other", "beta", None)):
        await ada.post(PATH, about(device, series, text=text))
    for path, left in (("/series/1", {"2", "device", "other"}), ("/devices/alpha", {"other"})):

        async def is_deleted(path: str = path) -> bool:
            return (await admin.ask("DELETE", path)).status_code == 200

        await eventually(is_deleted)
        assert set(await texts(ada)) == left


@pytest.mark.parametrize(
    ("devices", "series", "index"),
    [
        (None, None, "annotation_time"),
        (("alpha",), None, "annotation_device"),
        (None, (1,), "annotation_device"),
    ],
)
async def test_a_list_and_the_limit_of_a_device_read_an_index(
    ada: Person, database: Database, devices: tuple[str] | None, series: tuple[int] | None, index: str
) -> None:
    for device, number in ((None, None), ("alpha", None), ("beta", None), (None, 1), (None, 4)):
        await ada.post(PATH, about(device, number))
    year = 366 * 24 * 60 * MINUTE
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO annotation SELECT gen_random_uuid(), device_id, series_id, t - n * $1::bigint, until, text, "
            "author, author_name, version, created_at, updated_at, updated_by, updated_by_name "
            "FROM annotation, generate_series(1, 4000) n",
            year // 10,
        )
        await connection.execute("ANALYZE annotation")
        given = (NOW, NOW + MINUTE, devices, series, -(2**63), uuid4(), 100, NOW - year)
        plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {annotation_rows.PAGE}", *given))
        assert index in plan
        assert "Seq Scan on annotation" not in plan, plan
    assert len(await texts(ada)) == 5


async def test_an_annotation_lasts_366_days_at_most_and_is_found_until_it_ends(ada: Person) -> None:
    longest = 366 * 24 * 60 * MINUTE
    answer = await ada.ask("POST", PATH, about(t=NOW - longest, until=NOW + 1))
    assert problem(answer) == (422, "invalid_request")
    assert "until may be at most 366 days after t" in answer.text
    for device, number in ((None, None), ("alpha", None), (None, 1)):
        await ada.post(PATH, about(device, number, t=NOW - longest, until=NOW))
    for question in ("", "&devices=alpha", "&series=1", "&devices=alpha&series=1"):
        assert len(await texts(ada, question)) == 3
        assert len(await texts(ada, f"{question}&limit=1")) == 3


async def test_bad_input_adds_nothing(ada: Person) -> None:
    for wrong in (
        {"text": " \n "},
        {"text": "x" * 501},
        {"text": "\x00"},
        {"text": "\x1b[31m"},
        {"t": "1"},
        {"t": 1.5},
        {"t": 2**53 + 1},
        {"until": NOW},
        {"device": "A"},
        {"series": -1},
        {"series": 2**31},
        {"author": BOB},
    ):
        answer = await ada.ask("POST", PATH, about() | wrong)
        assert problem(answer) == (422, "invalid_request"), (wrong, answer.text)
    assert problem(await ada.ask("POST", PATH, note())) == (422, "invalid_request")
    assert problem(await ada.ask("POST", PATH, about("nobody"))) == (404, "not_found")
    assert problem(await ada.ask("POST", PATH, about(series=999))) == (404, "not_found")
    assert problem(await ada.ask("POST", PATH, about("beta", 1))) == (422, "series_of_another_device")
    assert await texts(ada) == []

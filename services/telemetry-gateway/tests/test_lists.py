"""Every list has a cursor: its pages hold every item once."""

import pytest

from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_testkit.servers import Servers

from .conftest import PASSWORD, arrival, three_series
from .system import Gateway, gateway, user

pytestmark = pytest.mark.servers


async def pages(running: Gateway, path: str, what: str, **given: str) -> list[list[dict[str, object]]]:
    """All pages; `next` is the `after` of the following one."""
    found: list[list[dict[str, object]]] = []
    after: dict[str, str] = {}
    while True:
        answer = await running.http.get(f"/api/telemetry/{path}", params={**given, **after}, headers=user())
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found.append(body[what])
        assert body.get("truncated", body["next"] is not None) == (body["next"] is not None)
        if body["next"] is None:
            return found
        after = {"after": body["next"]}


async def test_series_come_in_pages_whatever_their_names_are(
    servers: Servers, database_url: str, database: Database
) -> None:
    await three_series(database)
    names = ["a/b", "a/b/int", "a", "z:1", "s1"]
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO series (device_id, name, type, display_name, unit) "
            "SELECT 2, n, t, n, '' FROM unnest($1::text[]) n, unnest($2::text[]) t",
            names,
            ["int", "float"],
        )
    async with gateway(servers, with_role(database_url, "pulse_telemetry", PASSWORD)) as running:
        whole = (await pages(running, "series", "items"))[0]
        assert len(whole) == 13
        for limit in (1, 2, 5, 12):
            parts = await pages(running, "series", "items", limit=str(limit))
            assert [one for part in parts for one in part] == whole
            assert {len(part) for part in parts[:-1]} == {limit}
        mine = await pages(running, "series", "items", limit="4", device="beta")
        assert [one for part in mine for one in part] == [one for one in whole if one["device"] == "beta"]
        for foreign in ("nothing", "alpha/s1", "alpha/s1/text", "A/s1/int", "a/\x00/int"):
            answer = await running.http.get("/api/telemetry/series", params={"after": foreign}, headers=user())
            assert (answer.status_code, answer.json()["code"]) == (422, "foreign_cursor")


async def test_series_are_found_by_their_ids_and_by_words_of_their_names(
    servers: Servers, database_url: str, database: Database
) -> None:
    await three_series(database)
    async with database.connection() as connection:
        await connection.execute("UPDATE series SET given_name = 'Öl 100% (Heck)', given_unit = 'kPa' WHERE id = 2")
        await connection.execute("UPDATE device SET given_name = 'Press hall' WHERE name = 'alpha'")
    async with gateway(servers, with_role(database_url, "pulse_telemetry", PASSWORD)) as running:

        async def ids(**given: str) -> list[object]:
            return [one["id"] for page in await pages(running, "series", "items", **given) for one in page]

        assert await ids(ids="3,1,2147483647") == [1, 3]
        assert await ids(ids=",".join(["1"] * 200)) == [1]
        assert await ids(q="öl hall") == [2]
        assert await ids(q="HALL kpa") == [2]
        assert await ids(q="OL hall") == [2], "without accents"
        assert await ids(q="100%") == [2], "no wildcards"
        assert await ids(q="\\") == []
        assert await ids(q="h_ll") == []
        assert await ids(q="hall", limit="1") == await ids(device="alpha") == [1, 2, 3]
        assert await ids(q="hall", device="beta") == []
        assert await ids(q=" \x00 ") == await ids()
        for wrong, code in (
            ({"ids": ",".join(["1"] * 201)}, "too_much"),
            ({"ids": "1;2"}, "invalid_series"),
            ({"ids": "2147483648"}, "invalid_series"),
        ):
            answer = await running.http.get("/api/telemetry/series", params=wrong, headers=user())
            assert (answer.status_code, answer.json()["code"]) == (422, code)
        answer = await running.http.get("/api/telemetry/series", params={"q": "a" * 101}, headers=user())
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_series_are_found_by_the_unit_that_they_are_shown_with(
    servers: Servers, database_url: str, database: Database
) -> None:
    await three_series(database)
    async with database.connection() as connection:
        await connection.execute("UPDATE series SET unit = 'bar', given_unit = 'kPa' WHERE id = 2")
        await connection.execute(
            "INSERT INTO series (device_id, name, type, display_name, unit) VALUES "
            "(2, 'b1', 'int', 'b1', 'kPa'), (2, 'b2', 'bool', 'b2', 'kPa'), (2, 'b3', 'int', 'b3', 'kPa')"
        )
        await connection.execute("UPDATE series SET removed_at = now() WHERE name = 'b3'")
    async with gateway(servers, with_role(database_url, "pulse_telemetry", PASSWORD)) as running:

        async def names(**given: str) -> list[object]:
            return [one["name"] for page in await pages(running, "series", "items", **given) for one in page]

        assert await names(unit="kPa") == ["s2", "b1"] == await names(unit="kPa", limit="1")
        assert await names(unit="kPa", q="beta") == ["b1"]
        assert await names(unit="bar") == []
        assert await names(unit="") == ["s1"], "numbers without a unit"
        assert await names(type="bool") == ["s3", "b2"]
        answer = await running.http.get("/api/telemetry/units", headers=user())
        found = answer.json()["items"]
        assert sorted(found, key=str) == sorted(
            [{"unit": "kPa", "series": 2}, {"unit": None, "series": 2}, {"unit": "", "series": 1}], key=str
        )
        assert found[-1]["series"] == 1, "the most frequent first"
        for wrong in ({"unit": "a" * 33}, {"unit": "a\x00"}, {"type": "text"}):
            answer = await running.http.get("/api/telemetry/series", params=wrong, headers=user())
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_the_first_page_of_a_list_of_series_tells_how_many_there_are(
    servers: Servers, database_url: str, database: Database
) -> None:
    await three_series(database)
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO series (device_id, name, type, display_name, unit) VALUES (2, 'b1', 'int', 'b1', '')"
        )
        everything = await connection.fetchval("SELECT count(*) FROM series")
        alpha = await connection.fetchval("SELECT count(*) FROM series WHERE device_id = 1")
        assert everything > alpha > 2
        await connection.execute("UPDATE series SET given_name = 'removed', removed_at = now() WHERE id = 3")
    async with gateway(servers, with_role(database_url, "pulse_telemetry", PASSWORD)) as running:

        async def first(**given: str) -> tuple[int, int | None, str | None]:
            answer = await running.http.get("/api/telemetry/series", params=given, headers=user())
            body = answer.json()
            return len(body["items"]), body["total"], body["next"]

        for limit in (1, 2, 1000):
            for given, total in (
                ({}, everything - 1),
                ({"device": "alpha"}, alpha - 1),
                ({"q": "ALPHA"}, alpha - 1),
                ({"q": "removed"}, 0),
                ({"q": "alpha", "device": "beta"}, 0),
                ({"device": "unknown"}, 0),
            ):
                count, found, after = await first(limit=str(limit), **given)
                assert (count, found) == (min(limit, total), total)
                assert (after is None) == (total <= limit)
                if after is not None:
                    assert (await first(limit=str(limit), after=after, **given))[1] is None
        assert (await first(ids="1,2,3,99"))[1] == 2


async def test_the_epochs_of_a_ledger_come_in_pages(servers: Servers, database_url: str, database: Database) -> None:
    await three_series(database)
    for number in range(7):
        await LedgerStore(database).commit([arrival(0, 2, epoch=2**62 + number, order=number // 2)])
    async with gateway(servers, with_role(database_url, "pulse_telemetry", PASSWORD)) as running:
        whole = (await pages(running, "devices/alpha/ledger", "epochs"))[0]
        assert [one["ord"] for one in whole] == [3, 2, 2, 1, 1, 0, 0]
        parts = await pages(running, "devices/alpha/ledger", "epochs", limit="2")
        assert [one for part in parts for one in part] == whole
        assert [len(part) for part in parts] == [2, 2, 2, 1]

"""Ambiguous messages are refused, and a declaration must match its digest."""

import json

import pytest

from pulse_contracts.series_digest import series_digest
from pulse_contracts.telemetry import SeriesDeclared
from pulse_contracts.topics import TELEMETRY_SERIES
from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.model.ingest.batches import Batch, read_batches
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD
from .system import SERIES, collector, gateway

pytestmark = pytest.mark.servers
OTHER = [SERIES[0].model_copy(update={"name": "cpu.other"}), SERIES[1]]


async def reasons(database: Database) -> list[tuple[str, str, str]]:
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT address, code, detail FROM quarantine ORDER BY id")
    return [tuple(row) for row in rows]


async def _has_more(database: Database, before: int) -> bool:
    return len(await reasons(database)) > before


def spoilt(text: str) -> dict[str, str]:
    """Ambiguous forms of a valid message, with the expected error of each."""
    epoch = text.index('"epoch"')
    return {
        text.replace('"v":1,', '"v":true,'): "v: Value error, the version must be an integer",
        text.replace('"v":1,', '"v":1.0,'): "v: Value error, the version must be an integer",
        text[:epoch] + '"epoch":5,' + text[epoch:]: "Value error, duplicate member 'epoch'",
        text[:-1] + ',"more":{"a":1,"b":2,"a":3}}': "Value error, duplicate member 'a'",
        text[:-1] + ',"more":[NaN]}': "Value error, NaN is not a number",
    }


async def test_ambiguous_json_is_unreadable(servers: Servers, database_url: str, database: Database) -> None:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url), collector(servers) as alpha:
        await alpha.declare()
        batch = alpha.batch(0, [1.0, 2.5]).model_dump_json()
        messages = spoilt(batch) | {
            batch.replace("[1.0,2.5]", "[1.0,NaN]"): "Value error, NaN is not a number",
            batch.replace("[1.0,2.5]", "[1,-Infinity]"): "Value error, -Infinity is not a number",
        }
        for text in messages:
            assert not isinstance(read_batches([text.encode(), batch.encode()])[0], Batch), text
        hello = {"v": 1, "epoch": 7, "ord": 1, "next": 0, "pending": [], "session": "s", "series": "0" * 64}
        hellos = spoilt(json.dumps(hello, separators=(",", ":")))
        for kind, texts in (("data", messages), ("hello", hellos)):
            for text, detail in texts.items():
                before = len(await reasons(database))

                async def is_away(kind: str = kind, text: str = text, before: int = before) -> bool:
                    """Sent again like a collector: the broker may deal a message to a gateway that has just ended."""
                    await alpha.raw(kind, text.encode())
                    try:
                        await eventually(lambda: _has_more(database, before), seconds=5)
                    except AssertionError:
                        return False
                    return True

                await eventually(is_away)
                assert {(code, said) for _, code, said in (await reasons(database))[before:]} == {
                    ("unreadable", detail)
                }
        assert (await alpha.deliver(alpha.batch(0, [1.0]))).settled == [(0, 1)]


async def test_a_declaration_is_taken_only_under_its_own_digest(
    servers: Servers, database_url: str, database: Database
) -> None:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url), collector(servers) as alpha:
        await alpha.declare()
        for catalog, parts in ((20, [OTHER]), (21, [OTHER[:1], OTHER[1:]])):
            for part, series in enumerate(parts):
                message = SeriesDeclared(
                    catalog=catalog, digest=series_digest(SERIES), part=part, parts=len(parts), series=series
                )
                await alpha.bus.publish(TELEMETRY_SERIES, message, device="alpha")

        async def are_away() -> bool:
            return [code for _, code, _ in await reasons(database)] == ["wrong_digest"] * 2

        await eventually(are_away)
        for catalog in (20, 21):
            assert (await alpha.greet(epoch=catalog)).series is None
        for part in (1, 0):  # in any order
            message = SeriesDeclared(
                catalog=22, digest=series_digest(OTHER), part=part, parts=2, series=OTHER[part : part + 1]
            )
            await alpha.bus.publish(TELEMETRY_SERIES, message, device="alpha")

        async def is_known() -> bool:
            return (await alpha.greet(epoch=22)).series == series_digest(OTHER)

        await eventually(is_known)

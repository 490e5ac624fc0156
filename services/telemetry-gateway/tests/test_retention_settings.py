"""Retention that administrators change: preview, change, the sweep, on real PostgreSQL and over HTTP."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.actions import retention_settings
from pulse_telemetry_gateway.actions.compaction import Compaction, CompactionPace
from pulse_telemetry_gateway.store.compaction import CompactionStore
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.partitions import Partitions
from pulse_testkit.servers import Servers

from .conftest import PASSWORD, arrival, three_series
from .saving import ADA, BOB, Person, audited, problem
from .system import Gateway, gateway
from .test_retention import YEAR, shifted

pytestmark = pytest.mark.servers
PATH, PREVIEW = "/retention", "/retention/preview"
NOTHING: dict[str, Any] = dict.fromkeys(("log_days", "raw_days", "minutes_days", "hours_days"))
SHORT = NOTHING | {"raw_days": 30}


@pytest.fixture
async def ledger(database: Database) -> LedgerStore:
    return await three_series(database)


@pytest.fixture
async def started(
    servers: Servers, ledger: LedgerStore, database: Database, database_url: str
) -> AsyncIterator[Gateway]:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url, has_intake=False, history_deadline=50) as opened:
        yield opened


@pytest.fixture
def admin(started: Gateway) -> Person:
    return Person(started, ADA, "admin")


async def store_old_readings(ledger: LedgerStore, database: Database, *, days: int) -> None:
    """A hundred readings of 20 years ago, that were added to their partition `days` ago."""
    old = arrival(0, 100)
    await ledger.commit([old._replace(columns=shifted(old, -20 * YEAR))])
    pace = CompactionPace(timedelta(0), 100, 10_000, timedelta(0), timedelta(0))
    await Compaction(CompactionStore(database), Partitions(database), pace).catch_up()
    async with database.connection() as connection:
        await connection.execute("UPDATE partition_written SET at = now() - make_interval(days => $1)", days)


def raw_of(view: dict[str, Any]) -> dict[str, Any]:
    found = next(one for one in view["levels"] if one["level"] == "raw")
    assert isinstance(found, dict)
    return found


async def stored(database: Database) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval("SELECT coalesce(sum(n), 0) FROM chunk"))


async def test_the_preview_counts_exactly_what_the_sweep_removes_after_the_change(
    admin: Person, started: Gateway, ledger: LedgerStore, database: Database
) -> None:
    await store_old_readings(ledger, database, days=100)
    usual = await admin.ask("POST", PREVIEW, NOTHING)
    assert usual.json().items() >= {"readings": 0, "devices": 0}.items()
    answer = await admin.ask("POST", PREVIEW, SHORT)
    assert answer.json().items() >= {"readings": 100, "devices": 1}.items()
    assert raw_of(answer.json())["partitions"] == 1
    await started.jobs["retention"].step()
    assert await stored(database) == 100  # a preview changes nothing

    saved = await admin.ask("PUT", PATH, SHORT, version=1)
    assert (saved.status_code, saved.headers["etag"]) == (200, '"2"')
    assert raw_of(saved.json()).items() >= {"days": 30, "chosen_days": 30, "default_days": 400}.items()
    await started.jobs["retention"].step()
    assert await stored(database) == 0
    kind, target, before, after = (await audited(database))[-1]
    assert (kind, target) == ("retention_changed", "retention")
    assert (json.loads(before or "")["raw_days"], json.loads(after or "")["raw_days"]) == (400, 30)


async def test_a_preview_that_cannot_count_in_time_says_so_and_the_change_is_still_possible(
    admin: Person, ledger: LedgerStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention_settings, "_COUNTING", timedelta(0))
    await store_old_readings(ledger, database, days=100)
    answer = await admin.ask("POST", PREVIEW, SHORT)
    assert answer.status_code == 200, answer.text
    assert answer.json().items() >= {"readings": None, "devices": None}.items()
    assert raw_of(answer.json()).items() >= {"partitions": 1, "readings": None}.items()
    assert answer.json()["bytes"] > 0
    assert (await admin.ask("PUT", PATH, SHORT, version=1)).status_code == 200


async def test_null_restores_the_setting_of_the_gateway(admin: Person) -> None:
    await admin.ask("PUT", PATH, SHORT, version=1)
    restored = await admin.ask("PUT", PATH, NOTHING, version=2)
    assert raw_of(restored.json()).items() >= {"days": 400, "chosen_days": None}.items()


async def test_two_administrators_do_not_overwrite_each_other_unseen(admin: Person) -> None:
    assert (await admin.ask("PUT", PATH, SHORT, version=1)).status_code == 200
    other = await admin.ask("PUT", PATH, NOTHING | {"raw_days": 60}, version=1)
    assert problem(other) == (412, "precondition_failed")
    assert problem(await admin.ask("PUT", PATH, SHORT)) == (428, "precondition_required")
    assert raw_of(await admin.get(PATH))["days"] == 30


@pytest.mark.parametrize(
    "body",
    [
        SHORT | {"raw_days": 6},
        SHORT | {"raw_days": 0},
        SHORT | {"raw_days": -400},
        SHORT | {"raw_days": 36_526},
        SHORT | {"raw_days": 30.5},
        SHORT | {"raw_days": "30"},
        SHORT | {"log_days": 0},
        SHORT | {"minutes_days": 29},
        SHORT | {"hours_days": 364},
        SHORT | {"more": 1},
        {},
    ],
)
async def test_ages_below_the_safe_minimum_and_other_wrong_values_are_refused(
    admin: Person, body: dict[str, Any]
) -> None:
    for method, path in (("POST", PREVIEW), ("PUT", PATH)):
        assert (await admin.ask(method, path, body, version=1)).status_code == 422
    assert raw_of(await admin.get(PATH))["chosen_days"] is None


async def test_a_coarser_level_is_kept_at_least_as_long(admin: Person) -> None:
    for body in (SHORT | {"minutes_days": 400, "raw_days": 401}, SHORT | {"hours_days": 400}):
        assert problem(await admin.ask("PUT", PATH, body, version=1)) == (422, "retention_order")


async def test_a_user_may_not_see_or_change_it(started: Gateway) -> None:
    user = Person(started, BOB)
    for method, path in (("GET", PATH), ("POST", PREVIEW), ("PUT", PATH)):
        assert problem(await user.ask(method, path, SHORT, version=1)) == (403, "forbidden")

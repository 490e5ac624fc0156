"""Nothing is added to a device or series that is deleted, also when both happen at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.model.annotations import Annotation, Note
from pulse_telemetry_gateway.model.storage.columns import FLOAT
from pulse_telemetry_gateway.store.annotations import AnnotationStore
from pulse_telemetry_gateway.store.erasure import DeletionTarget, ErasureStore
from pulse_testkit.locks import lock_waiters
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import NOW, PASSWORD, three_series
from .saving import ADA, EVE, Person, problem
from .system import Gateway, gateway

pytestmark = pytest.mark.servers
SUBJECTS = [("alpha", None), (None, 1)]
READING = "INSERT INTO latest (series_id, ord, epoch, seq, t, word, rank) VALUES (1, 1, 7, 1, 1, 1, 1)"


@pytest.fixture
async def started(servers: Servers, database: Database, database_url: str) -> AsyncIterator[Gateway]:
    """Series 1 of device alpha has a newest reading."""
    await three_series(database)
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO latest (series_id, ord, epoch, seq, t, word, rank) VALUES (1, 1, 7, 1, 1, 1, 1)"
        )
    async with gateway(
        servers, with_role(database_url, "pulse_telemetry", PASSWORD), has_intake=False, history_deadline=50
    ) as opened:
        yield opened


def about(device: str | None, series: int | None) -> dict[str, object]:
    return {"device": device, "series": series, "t": NOW, "until": None, "text": "Filter changed"}


async def erase(database: Database, pause: tuple[asyncio.Event, asyncio.Event] | None = None) -> None:
    """Deletes device alpha with series 1. `pause`: sets the first event and waits for the second before the commit."""
    async with ErasureStore(database).erasing(1, is_dry_run=False) as erasing:
        await erasing.series([DeletionTarget(1, 1, FLOAT)])
        await erasing.device(1)
        if pause:
            pause[0].set()
            await pause[1].wait()


async def annotations(database: Database) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM annotation"))


async def is_blocked(database: Database, statement: str) -> None:
    """Waits until a connection waits for a lock in such a statement."""

    async def waits() -> bool:
        return bool(await lock_waiters(database, statement))

    await eventually(waits)


@pytest.mark.parametrize(("device", "series"), SUBJECTS)
async def test_a_deleted_device_or_series_gets_no_annotation_until_it_sends_again(
    started: Gateway, database: Database, device: str | None, series: int | None
) -> None:
    ada = Person(started, ADA)
    await erase(database)
    assert problem(await ada.ask("POST", "/annotations", about(device, series))) == (404, "not_found")
    async with database.connection() as connection:
        await connection.execute("UPDATE device SET last_seen = removed_at + interval '1 second' WHERE id = 1")
        await connection.execute(
            "INSERT INTO latest (series_id, ord, epoch, seq, t, word, rank) VALUES (1, 2, 7, 2, 2, 2, 2)"
        )
    await ada.post("/annotations", about(device, series))


@pytest.mark.parametrize(("device", "series"), SUBJECTS)
async def test_an_annotation_waits_for_a_deletion_that_runs_and_is_then_refused(
    started: Gateway, database: Database, device: str | None, series: int | None
) -> None:
    ada, deleted, commit = Person(started, ADA), asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(erase(database, (deleted, commit)))
        await deleted.wait()
        asking = group.create_task(ada.ask("POST", "/annotations", about(device, series)))
        await is_blocked(database, "FOR SHARE")
        commit.set()
    assert problem(asking.result()) == (404, "not_found")
    assert await annotations(database) == 0


@pytest.mark.parametrize(("device", "series"), SUBJECTS)
async def test_a_deletion_waits_for_an_annotation_that_is_being_added_and_deletes_it(
    started: Gateway, database: Database, device: str | None, series: int | None
) -> None:
    store, now = AnnotationStore(), datetime.now(UTC)
    async with asyncio.TaskGroup() as group, database.transaction() as other:
        subject = await store.subject(other, device, series)
        assert subject is not None
        note = Note(NOW, None, "Filter changed")
        await store.add(other, Annotation(uuid4(), subject, note, ADA, "Ada", 1, now, now, ADA, "Ada"))
        group.create_task(erase(database))
        await is_blocked(database, "UPDATE device SET removed_at" if device else "UPDATE series SET removed_at")
    assert await annotations(database) == 0


async def test_a_deleted_device_cannot_be_renamed(started: Gateway, database: Database) -> None:
    admin = Person(started, EVE, "admin")
    assert (await admin.ask("PATCH", "/devices/alpha", {"name": "Press"})).status_code == 204
    await erase(database)
    assert problem(await admin.ask("PATCH", "/devices/alpha", {"name": "Press"})) == (404, "not_found")

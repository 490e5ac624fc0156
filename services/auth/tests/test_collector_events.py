"""Collectors on the bus: an event in the transaction of each change, the digest, replays, and destroyed keys."""

import base64
import json
import secrets
from collections.abc import Awaitable, Callable

import pytest

from pulse_auth.actions.adoption import Adoption
from pulse_auth.actions.collectors import Collectors
from pulse_chassis.identity.caller import COMMAND_LINE, SYSTEM
from pulse_contracts.accounts import ReplayRequested, set_digest
from pulse_contracts.collectors import CollectorChanged, CollectorRecord, CollectorsDigest
from pulse_contracts.enrolment import EnrolmentAnswer
from pulse_contracts.topics import AUTH_REPLAY
from pulse_jose import KeySet, SealingKey, TokenError, unseal
from pulse_jose.enrolment import Enrolling
from pulse_testkit.waiting import eventually

from .conftest import ACCOUNT, COLLECTORS_SECRET, World
from .test_collectors import create, enrol, post

pytestmark = pytest.mark.servers
PLAIN = {"username": "press-4", "name": "Greenhouse"}


def opened(world: World, message: CollectorChanged) -> CollectorRecord:
    """What sync-publisher reads."""
    context: dict[str, str | int] = {"device": message.device, "version": message.version}
    keys = KeySet([SealingKey("collectors", COLLECTORS_SECRET)])
    record = CollectorRecord.model_validate_json(unseal(message.sealed, keys, world.clock.seconds, context))
    assert (record.device, record.version) == (message.device, message.version)
    return record


async def events(world: World) -> list[CollectorRecord]:
    rows = await world.rows("SELECT message FROM outbox WHERE template = 'auth/collector/{device}' ORDER BY id")
    return [opened(world, CollectorChanged.model_validate_json(str(row["message"]))) for row in rows]


async def digests(world: World) -> list[CollectorsDigest]:
    rows = await world.rows("SELECT message FROM outbox WHERE template = 'auth/collectors' ORDER BY id")
    return [CollectorsDigest.model_validate_json(str(row["message"])) for row in rows]


def replayed(world: World) -> list[CollectorRecord]:
    published = [payload for address, payload in world.bus.broker.published if address.startswith("auth/collector/")]
    return [opened(world, CollectorChanged.model_validate_json(payload)) for payload in published]


async def delete(world: World) -> object:
    answer = await world.http.delete("/api/collectors/press-4", headers={"If-Match": "*"})
    assert answer.status_code == 204
    return answer


async def test_the_notice_for_pages_is_behind_the_event_of_the_same_change(admin: World) -> None:
    await create(admin)
    rows = await admin.rows("SELECT template FROM outbox WHERE template <> 'auth/collectors' ORDER BY id")
    assert [row["template"] for row in rows] == ["auth/collector/{device}", "changes/collectors/{device}"]


async def test_each_change_of_a_collector_tells_pages_its_id_and_nothing_else(admin: World) -> None:
    await create(admin)
    await delete(admin)
    rows = await admin.rows("SELECT levels, message FROM outbox WHERE template = 'changes/collectors/{device}'")
    assert [json.loads(str(row["levels"])) for row in rows] == [{"device": "press-4"}] * 2
    assert {name for row in rows for name in json.loads(str(row["message"]))} == {"v", "at"}


async def test_each_change_writes_one_event_with_the_new_version(admin: World) -> None:
    code = await create(admin)
    (first,) = await events(admin)
    assert (first.name, first.site, first.tags) == ("Press 4", "Hall B", ["hydraulics"])
    assert (first.state, first.gen, first.public_key, first.seal_key, first.access) == ("enabled", 0, None, None, [])
    body = {"name": "Press IV", "site": "B" * 128}
    changes: list[tuple[Callable[[], Awaitable[object]], tuple[str, int, bool]]] = [
        (lambda: enrol(admin, code), ("enabled", 1, True)),
        (
            lambda: admin.http.put("/api/collectors/press-4", json=body, headers={"If-Match": "*"}),
            ("enabled", 1, True),
        ),
        (lambda: post(admin, "/press-4/rotate", {}), ("enabled", 1, True)),
        (lambda: post(admin, "/press-4/disable"), ("disabled", 1, True)),
        (lambda: post(admin, "/press-4/enable"), ("enabled", 1, True)),
        (lambda: post(admin, "/press-4/lost"), ("lost", 1, False)),
        (lambda: post(admin, "/press-4/enrolment-code"), ("lost", 1, False)),
        (lambda: delete(admin), ("deleted", 1, False)),
        (lambda: create(admin), ("enabled", 1, False)),
    ]
    for act, (state, gen, is_keyed) in changes:
        before = len(await events(admin))
        await act()
        found = await events(admin)
        assert len(found) == before + 1
        has_keys = (found[-1].public_key is not None, found[-1].seal_key is not None)
        assert (found[-1].state, found[-1].gen, has_keys) == (state, gen, (is_keyed, is_keyed))
        assert found[-1].version == found[-2].version + 1
    (row,) = await admin.rows("SELECT version FROM collector")
    assert row["version"] == found[-1].version
    assert found[2].site == "B" * 128


async def test_the_event_has_the_key_that_both_sides_derived(admin: World) -> None:
    enrolling = Enrolling(await create(admin), secrets.token_bytes)
    answer = await post(admin, "/enrol", enrolling.offer.model_dump())
    _, seal_key = enrolling.open(EnrolmentAnswer.model_validate(answer.json()), admin.clock.seconds)
    record = (await events(admin))[-1]
    assert record.seal_key == base64.urlsafe_b64encode(seal_key).decode().rstrip("=")
    assert record.public_key == enrolling.offer.public_key
    stored = str(await admin.rows("SELECT * FROM outbox"))
    assert record.seal_key not in stored


async def test_a_lost_collector_has_no_key_in_any_table_and_no_replay_has_it(admin: World) -> None:
    await enrol(admin, await create(admin))
    key = (await events(admin))[-1].seal_key
    await admin.rows("DELETE FROM outbox RETURNING id")
    await post(admin, "/press-4/lost")
    assert [one.seal_key for one in await events(admin)] == [None]
    await admin.bus.wait_connected()
    await admin.jobs["collectors_replay"].step()
    assert [(one.state, one.seal_key, one.public_key) for one in replayed(admin)] == [("lost", None, None)]
    assert key is not None


async def test_an_event_of_another_collector_or_version_cannot_be_opened(admin: World) -> None:
    await create(admin)
    (row,) = await admin.rows("SELECT message FROM outbox WHERE template = 'auth/collector/{device}'")
    message = CollectorChanged.model_validate_json(str(row["message"]))
    for change in ({"device": "press-5"}, {"version": 2}):
        with pytest.raises(TokenError):
            opened(admin, message.model_copy(update=change))


async def test_rules_from_before_sync_publisher_travel_in_the_event_and_end_with_the_collector(admin: World) -> None:
    await create(admin)
    roles = [(f"role:{letter}", True) for letter in "abcdefghijklmnopqrst"]
    async with admin.database.transaction() as connection:
        await connection.executemany(
            "INSERT INTO collector_access VALUES ('press-4', $1, $2)", [*roles, (f"account:{ACCOUNT}", False)]
        )
    await post(admin, "/press-4/disable")
    access = (await events(admin))[-1].access
    assert len(access) == 21
    assert (access[0].subject, access[0].is_allowed) == (f"account:{ACCOUNT}", False)
    await delete(admin)
    await create(admin)
    assert [one.access for one in (await events(admin))[-2:]] == [[], []]


async def test_of_too_many_rules_the_denials_remain(admin: World) -> None:
    await create(admin)
    rules = [(f"account:00000000-0000-4000-8000-{n:012x}", n >= 500) for n in range(1_016)]
    async with admin.database.transaction() as connection:
        await connection.executemany("INSERT INTO collector_access VALUES ('press-4', $1, $2)", rules)
    await post(admin, "/press-4/disable")
    (row,) = await admin.rows("SELECT message FROM outbox ORDER BY id DESC LIMIT 1")
    assert len(str(row["message"])) < 65_000
    access = (await events(admin))[-1].access
    assert (len(access), sum(not one.is_allowed for one in access)) == (520, 500)


async def test_plain_devices_are_not_published_but_end_a_collector_with_the_same_id(admin: World) -> None:
    admin.routes.plain_devices._endpoint = admin.routes.enrolment._endpoint
    assert (await post(admin, "/plain-devices", PLAIN | {"username": "esp-1"})).status_code == 201
    assert await events(admin) == []
    await enrol(admin, await create(admin))
    await delete(admin)
    assert (await post(admin, "/plain-devices", PLAIN)).status_code == 201
    found = (await events(admin))[-1]
    assert (found.device, found.state, found.seal_key) == ("press-4", "deleted", None)
    await admin.jobs["collectors_digest"].step()
    assert [(one.count, one.set) for one in await digests(admin)] == [(1, set_digest([("press-4", found.version)]))]
    await delete(admin)
    await create(admin)
    ended, begun = (await events(admin))[-2:]
    assert [ended.state, begun.state] == ["deleted", "enabled"]
    assert found.version < ended.version < begun.version


async def test_the_digest_is_behind_the_events_that_it_counts_and_is_not_repeated(admin: World) -> None:
    job = admin.jobs["collectors_digest"]
    await job.step()
    assert [one.count for one in await digests(admin)] == [0]
    await job.step()
    assert len(await digests(admin)) == 1
    await create(admin)
    assert job.wake is not None
    assert job.wake.is_set()
    await job.step()
    await job.step()
    found = await digests(admin)
    assert [one.count for one in found] == [0, 1]
    assert found[-1].set == set_digest([("press-4", (await events(admin))[-1].version)])
    last = await admin.rows("SELECT template FROM outbox ORDER BY id DESC LIMIT 1")
    assert last == [{"template": "auth/collectors"}]


async def test_a_request_replays_every_collector_including_deleted_ones(admin: World) -> None:
    for number in range(103):
        assert await Adoption(admin.routes.collectors._deps).device(f"press-{number:03}", "a" * 43, SYSTEM)
    await admin.http.delete("/api/collectors/press-007", headers={"If-Match": "*"})
    await admin.bus.wait_connected()
    await admin.bus.publish(AUTH_REPLAY, ReplayRequested(have="0" * 64), service="sync-publisher")
    job = admin.jobs["collectors_replay"]
    assert job.wake is not None
    await eventually(job.wake.is_set)
    await job.step()
    found = {one.device: one.state for one in replayed(admin)}
    assert len(found) == 103
    assert {device for device, state in found.items() if state == "deleted"} == {"press-007"}


async def test_a_code_from_the_command_line_enrols_a_new_or_a_known_collector(admin: World) -> None:
    collectors: Collectors = admin.routes.collectors
    made, code = await collectors.enrolment_code("own-machine", "Own machine", COMMAND_LINE)
    assert (made.description.name, made.gen) == ("Own machine", 0)
    again, second = await collectors.enrolment_code("own-machine", "ignored", COMMAND_LINE)
    assert again.description.name == "Own machine"
    assert code.text != second.text
    assert (await enrol(admin, second)).gen == 1
    assert [one.gen for one in await events(admin)] == [0, 0, 1]


async def test_a_restored_database_gives_no_version_again(admin: World) -> None:
    """sync-publisher ignores older versions, so it would not learn that a collector was lost."""
    await create(admin)
    backup = await admin.rows("SELECT version FROM collector")
    async with admin.database.transaction() as connection:
        await connection.execute("UPDATE collector SET version = version - 3600")
    await post(admin, "/press-4/lost")
    (restored,) = [one.version for one in await events(admin) if one.state == "lost"]
    assert restored >= int(str(backup[0]["version"]))
    async with admin.database.transaction() as connection:
        await connection.execute("DELETE FROM enrolment_code")
        await connection.execute("DELETE FROM collector")
    await create(admin)
    assert (await events(admin))[-1].version >= restored

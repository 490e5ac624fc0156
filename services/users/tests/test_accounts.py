"""Accounts with the real PostgreSQL: versions, events, digest, replay, HTTP, and database permissions."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from pulse_chassis.identity.caller import COMMAND_LINE
from pulse_contracts.accounts import (
    DIGEST_CONTEXT,
    AccountChanged,
    AccountRecord,
    DigestSeal,
    MirroredAccount,
    ReplayRequested,
    set_digest,
    set_sum,
)
from pulse_contracts.topics import USERS_REPLAY
from pulse_jose import KeySet, unseal
from pulse_postgres import Database
from pulse_postgres.admin import provision
from pulse_testkit.clock import FakeClock
from pulse_testkit.waiting import eventually
from pulse_users.actions.changes import milliseconds
from pulse_users.model.accounts import (
    ANY_VERSION,
    AccountNotFound,
    Edit,
    EmailTaken,
    LastAdministrator,
    NewAccount,
    PasswordHashes,
)

from .conftest import KEY, MIRROR_KEY, ROLE_PASSWORD, World, open_world

pytestmark = pytest.mark.servers


async def test_a_change_its_version_and_its_events_are_one_transaction(world: World) -> None:
    account = await world.add()
    first, notice, last = await world.rows("SELECT template, levels, message FROM outbox ORDER BY id")
    assert (first["template"], last["template"]) == ("users/event/{account}", "users/digest")
    assert (notice["template"], json.loads(str(notice["levels"]))) == (
        "changes/people/{account}",
        {"account": str(account.id)},
    )
    assert set(json.loads(str(notice["message"]))) == {"v", "at"}
    digest = json.loads(str(last["message"]))
    pairs = [(str(account.id), 1)]
    sealed = unseal(digest.pop("sealed"), KeySet([MIRROR_KEY]), world.clock.seconds, DIGEST_CONTEXT)
    assert DigestSeal.model_validate_json(sealed) == DigestSeal(sum=set_sum(pairs), at=world.clock())
    assert digest == {"v": 1, "count": 1, "version": 1, "set": set_digest(pairs), "sum": set_sum(pairs)}
    assert world.digest not in str(first["message"])


@pytest.mark.parametrize("email", ["ada@example.org", "ADA@Example.ORG"])
async def test_an_email_is_unique_in_any_case_and_a_rejected_account_takes_no_version(world: World, email: str) -> None:
    await world.add()
    with pytest.raises(EmailTaken):
        await world.add(email)
    assert (await world.add("b@example.org")).version == 2


async def test_versions_follow_commits_without_gaps(world: World) -> None:
    made = await asyncio.gather(*(world.add(f"a{n}@example.org") for n in range(12)))
    assert sorted(account.version for account in made) == list(range(1, 13))
    events = await world.rows("SELECT message FROM outbox WHERE template LIKE 'users/event%' ORDER BY id")
    assert [json.loads(str(row["message"]))["version"] for row in events] == list(range(1, 13))


async def test_only_decisions_about_signing_in_are_a_new_state_version(world: World) -> None:
    """Creation, disabling, enabling and deletion. Nothing that the owner of the account can do is one."""

    async def state_versions() -> tuple[int, int, int]:
        """The account's version, and the state version that auth and sync-publisher got."""
        query = "SELECT message FROM outbox WHERE template LIKE 'users/event%' ORDER BY id DESC LIMIT 1"
        (row,) = await world.rows(query)
        event = AccountChanged.model_validate_json(str(row["message"]))
        context: dict[str, str | int] = {"account": event.account, "version": event.version}
        seconds = world.clock.seconds
        record = unseal(event.sealed, KeySet([KEY]), seconds, context)
        mirrored = unseal(event.mirrored or "", KeySet([MIRROR_KEY]), seconds, context)
        return (
            event.version,
            AccountRecord.model_validate_json(record).state_version,
            MirroredAccount.model_validate_json(mirrored).state_version,
        )

    await world.add()
    eve = await world.add("eve@example.org", "user")
    assert await state_versions() == (2, 2, 2)

    async def edit(change: Edit) -> tuple[int, int, int]:
        await world.accounts.edit(COMMAND_LINE, eve.id, change, ANY_VERSION)
        return await state_versions()

    assert await edit(Edit(name="Eve B")) == (3, 2, 2)
    assert await edit(Edit(email="eve.b@example.org", role="admin")) == (4, 2, 2)
    hashes = PasswordHashes(world.digest, world.verifier)
    await world.accounts.set_password(COMMAND_LINE, "eve.b@example.org", hashes)
    assert await state_versions() == (5, 2, 2)
    assert await edit(Edit(active=False)) == (6, 6, 6)
    assert await edit(Edit(name="Eve")) == (7, 6, 6)
    assert await edit(Edit(active=True)) == (8, 8, 8)
    await world.accounts.delete(COMMAND_LINE, eve.id, ANY_VERSION)
    assert await state_versions() == (9, 9, 9)


async def test_the_previous_release_can_add_accounts_on_the_new_schema(world: World) -> None:
    """Its accounts have no state version, which lifts no revocation, until an administrator decides about them."""
    async with world.database.transaction() as connection:
        await connection.execute(
            "INSERT INTO account (id, email, email_key, name, name_key, role, created_at, updated_at, version) "
            "VALUES (gen_random_uuid(), 'o@example.org', 'o@example.org', 'O', 'o', 'user', now(), now(), 1000)"
        )
    assert (await world.accounts.find("o@example.org")).state_version == 0
    await world.accounts.set_active(COMMAND_LINE, "o@example.org", active=False)
    found = await world.accounts.find("o@example.org")
    assert found.state_version == found.version > 0


async def test_one_of_many_concurrent_calls_creates_the_first_administrator(world: World) -> None:
    new = [NewAccount(f"a{n}@example.org", "A", "admin", PasswordHashes(world.digest)) for n in range(5)]
    made = await asyncio.gather(*(world.accounts.create_first(COMMAND_LINE, one) for one in new))
    assert sum(account is not None for account in made) == 1


async def test_disabling_publishes_one_event_and_is_rejected_for_the_last_administrator(world: World) -> None:
    await world.add()
    with pytest.raises(LastAdministrator):
        await world.accounts.set_active(COMMAND_LINE, "ada@example.org", active=False)
    await world.add("b@example.org")
    off = await world.accounts.set_active(COMMAND_LINE, "ADA@example.org", active=False)
    assert (off.active, off.version) == (False, 3)
    assert await world.accounts.set_active(COMMAND_LINE, "ada@example.org", active=False) == off
    with pytest.raises(AccountNotFound):
        await world.accounts.set_active(COMMAND_LINE, "c@example.org", active=True)


async def test_a_digest_in_the_outbox_is_not_repeated(world: World) -> None:
    await world.announcements.announce_digest()
    await world.announcements.announce_digest()
    assert len(await world.rows("SELECT 1 FROM outbox")) == 1


async def test_a_request_for_a_replay_publishes_every_account(world: World) -> None:
    for n in range(3):
        await world.add(f"a{n}@example.org")
    await world.bus.wait_connected()
    for _ in range(3):
        await world.bus.publish(USERS_REPLAY, ReplayRequested(have="0" * 64), service="auth")
    published = world.bus.broker.published

    def events() -> int:
        return sum(address.startswith("users/event/") for address, _ in published)

    await eventually(lambda: events() >= 3)
    assert events() == 3, "wishes within two seconds are one"


async def test_a_restored_database_never_repeats_a_version(database: Database, clock: FakeClock, digest: str) -> None:
    """Otherwise consumers would take the new change for the one that was forgotten, and ignore it."""
    async with open_world(database, clock, digest, milliseconds) as world:
        account = await world.add()
        (backup,) = await world.rows("SELECT version FROM account_counter")
        clock.advance(timedelta(seconds=1))
        forgotten = (await world.add("b@example.org")).version
        await world.rows("DELETE FROM account WHERE version = $1", forgotten)
        await world.rows("UPDATE account_counter SET version = $1", backup["version"])
        clock.advance(timedelta(seconds=1))
        assert account.version < forgotten < (await world.add("c@example.org")).version
        first, second = await world.add("d@example.org"), await world.add("e@example.org")
        assert second.version == first.version + 1, "two changes in one millisecond"


async def test_a_replay_has_all_pages(world: World) -> None:
    await asyncio.gather(*(world.add(f"a{n}@example.org") for n in range(101)))
    await world.bus.wait_connected()
    await world.announcements.replay()
    assert sum(address.startswith("users/event/") for address, _ in world.bus.broker.published) == 101


async def test_the_profile_is_the_account_of_the_caller(world: World) -> None:
    account = await world.add(role="user")
    answer = await world.http.get("/api/profile", headers=world.bearer(account))
    assert answer.json() == {
        "id": str(account.id),
        "email": "ada@example.org",
        "name": "Ada",
        "role": "user",
        "active": True,
        "state": "active",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "version": 1,
    }


async def test_pages_contain_every_account_once(world: World) -> None:
    admin = await world.add()
    await asyncio.gather(*(world.add(f"a{n}@example.org", "user") for n in range(6)))
    seen: list[str] = []
    cursor: str | None = ""
    for _ in range(4):
        answer = await world.http.get(f"/api/users?limit=2&cursor={cursor}", headers=world.bearer(admin))
        seen += [item["email"] for item in answer.json()["items"]]
        cursor = answer.json()["next"]
    assert not cursor
    assert len(seen) == len(set(seen)) == 7
    assert "digest" not in answer.text


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "invalid_request"),
        ("limit=201", "invalid_request"),
        ("limit=x", "invalid_request"),
        ("sort=digest", "invalid_request"),
        ("search=%00", "invalid_request"),
        ("cursor=" + "A" * 5_000, "invalid_request"),
        ("cursor=%00", "foreign_cursor"),
        ("cursor=AAAA", "foreign_cursor"),
        ("cursor=" + "B" * 300, "foreign_cursor"),
    ],
)
async def test_an_invalid_page_is_rejected(world: World, query: str, code: str) -> None:
    answer = await world.http.get(f"/api/users?{query}", headers=world.bearer(await world.add()))
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_the_list_needs_a_permission(world: World) -> None:
    admin, user = await world.add(), await world.add("b@example.org", "user")
    stale = world.bearer(user, role="admin")
    forged = {"Authorization": world.bearer(admin)["Authorization"][:-6] + "AAAAAA"}
    for headers, code in (
        ({}, "not_signed_in"),
        (forged, "not_signed_in"),
        (world.bearer(replace(admin, id=user.id.__class__(int=9))), "not_signed_in"),
        (world.bearer(user), "forbidden"),
        (stale, "forbidden"),
    ):
        assert (await world.http.get("/api/users", headers=headers)).json()["code"] == code
    await world.add("c@example.org")
    await world.accounts.set_active(COMMAND_LINE, "ada@example.org", active=False)
    for path in ("/api/users", "/api/profile"):
        assert (await world.http.get(path, headers=world.bearer(admin))).status_code == 401


async def test_the_database_role_has_no_access_to_other_schemas(superuser_url: str, own_url: str) -> None:
    stranger = await asyncpg.connect(await provision(superuser_url, "auth", "pulse_auth", ROLE_PASSWORD))
    await stranger.execute("CREATE TABLE session (id int)")
    await stranger.close()
    connection = await asyncpg.connect(own_url)
    try:
        for query in ("SELECT * FROM auth.session", "CREATE TABLE auth.x (y int)", "CREATE TABLE public.x (y int)"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(query)
    finally:
        await connection.close()


OLD = "a..b@example.org"


async def test_an_address_that_is_older_than_the_rules_is_kept_by_other_changes(world: World) -> None:
    """`a..b@` was accepted by earlier rules. Another invalid address is rejected with a sentence."""
    admin, other = await world.add(), await world.add("b@example.org", role="user")
    await world.rows("UPDATE account SET email = $1 WHERE id = $2 RETURNING id", OLD, other.id)
    headers, url = world.bearer(admin) | {"If-Match": "*"}, f"/api/users/{other.id}"
    kept = await world.http.put(url, headers=headers, json={"email": OLD, "name": "Bea", "role": "admin"})
    assert (kept.status_code, kept.json()["email"], kept.json()["name"]) == (200, OLD, "Bea")
    assert kept.json()["role"] == "admin"
    for unfit in ("a..c@example.org", OLD.upper(), "b", "\x00"):
        refused = await world.http.put(url, headers=headers, json={"email": unfit, "name": "Bea", "role": "admin"})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
        (error,) = refused.json()["errors"]
        assert error["loc"] == ["body", "email"]
        assert "e-mail address" in error["msg"]
    mended = await world.http.put(url, headers=headers, json={"email": "b@example.org", "name": "B", "role": "user"})
    assert mended.json()["email"] == "b@example.org"


async def test_the_own_address_that_is_older_than_the_rules_is_kept(world: World) -> None:
    own = await world.add()
    await world.rows("UPDATE account SET email = $1 WHERE id = $2 RETURNING id", OLD, own.id)
    headers = world.bearer(own) | {"If-Match": "*"}
    kept = await world.http.put("/api/profile", headers=headers, json={"email": OLD, "name": "Countess"})
    assert (kept.status_code, kept.json()["email"], kept.json()["name"]) == (200, OLD, "Countess")
    refused = await world.http.put("/api/profile", headers=headers, json={"email": "a..c@example.org", "name": "C"})
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")

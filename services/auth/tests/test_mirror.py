"""auth's copy of the accounts: versions, seals, hostile digests, ended sessions, drift, and database permissions."""

import asyncio
import json
import random
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from pulse_auth.actions.ending import Sweep
from pulse_auth.actions.mirror import account_drift
from pulse_bus import Reject
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.background import Background, Job
from pulse_chassis.process.drift import Drift, DriftTiming
from pulse_contracts.accounts import AccountChanged, ReplayRequested, set_digest
from pulse_contracts.topics import USERS_EVENT
from pulse_postgres.admin import provision, with_role
from pulse_testkit.waiting import eventually

from .conftest import ACCOUNT, PASSWORD, ROLE_PASSWORD, World, event

pytestmark = pytest.mark.servers
OTHER = UUID("00000000-0000-4000-8000-000000000002")


async def test_only_a_newer_version_is_applied(ada: World, digest: str) -> None:
    await ada.mirror.apply(event(ada.clock, digest, version=3, name="Third"))
    await ada.mirror.apply(event(ada.clock, digest, version=2, name="Second"))
    await ada.mirror.apply(event(ada.clock, digest, version=3, name="Again"))
    assert [row["name"] for row in await ada.rows("SELECT name FROM account")] == ["Third"]


async def test_the_accounts_in_the_copy_are_counted(ada: World, digest: str) -> None:
    def count() -> float:
        (sample,) = [
            line for line in ada.metrics.render().decode().splitlines() if line.startswith("pulse_auth_accounts ")
        ]
        return float(sample.split()[1])

    assert count() == 1
    await ada.mirror.apply(event(ada.clock, digest, version=2))
    assert count() == 1
    await ada.mirror.apply(event(ada.clock, digest, account=OTHER, email="b@example.org"))
    assert count() == 2
    await ada.rows("DELETE FROM account WHERE email = 'b@example.org' RETURNING id")
    await ada.mirror.digest()
    assert count() == 1


async def test_a_seal_of_another_account_or_version_is_rejected(ada: World, digest: str) -> None:
    good = event(ada.clock, digest, version=2)
    for forged in (
        AccountChanged(account=str(OTHER), version=2, sealed=good.sealed),
        AccountChanged(account=str(ACCOUNT), version=9, sealed=good.sealed),
        AccountChanged(account=str(ACCOUNT), version=2, sealed=good.sealed[:-8] + "AAAAAAAA"),
        AccountChanged(account=str(ACCOUNT), version=2, sealed="x"),
    ):
        with pytest.raises(Reject, match="seal_refused"):
            await ada.mirror.apply(forged)
    assert [row["version"] for row in await ada.rows("SELECT version FROM account")] == [1]


@pytest.mark.announces_log("account_digest_rejected")
async def test_an_account_with_a_hostile_digest_gets_no_password(world: World) -> None:
    hostile = "$argon2id$v=19$m=4194304,t=9,p=1$" + "A" * 22 + "$" + "A" * 43
    await world.mirror.apply(event(world.clock, hostile))
    assert [row["digest"] for row in await world.rows("SELECT digest FROM account")] == [None]
    assert (await world.login()).status_code == 401


@pytest.mark.announces_log("stored_digest_refused")
async def test_a_hostile_digest_in_the_table_is_logged_as_an_error(ada: World) -> None:
    await ada.rows("UPDATE account SET digest = 'plain' RETURNING id")
    assert (await ada.login()).status_code == 401


@pytest.mark.parametrize("change", [{"role": "user"}, {"active": False}, {"digest": None}])
async def test_a_changed_role_state_or_password_ends_all_sessions(
    ada: World, digest: str, change: dict[str, object]
) -> None:
    tokens = [str((await ada.login()).cookies["pulse_rt"]) for _ in range(2)]
    fields = {"digest": digest, "version": 2} | change
    await ada.mirror.apply(event(ada.clock, fields.pop("digest"), **fields))  # type: ignore[arg-type]
    (message,) = await ada.revoked()
    assert json.loads(message)["sid"] is None
    assert json.loads(message)["account"] == str(ACCOUNT)
    for token in tokens:
        assert (await ada.refresh(token)).status_code == 401


async def test_a_deleted_account_leaves_no_secrets(ada: World, digest: str) -> None:
    headers = {"authorization": f"Bearer {(await ada.login()).json()['access_token']}"}
    begun = await ada.http.post("/api/auth/second-factor", json={"password": PASSWORD}, headers=headers)
    spec = {"name": "export", "scope": ["telemetry.read"], "expires_in_days": 1}
    made = await ada.http.post("/api/auth/api-keys", json=spec, headers=headers)
    assert (begun.status_code, made.status_code) == (200, 201)
    secrets = "SELECT id::text FROM api_key UNION ALL SELECT secret FROM second_factor"
    await ada.mirror.apply(event(ada.clock, digest, version=2, active=False))
    assert len(await ada.rows(secrets)) == 2  # disabled, not deleted
    await ada.mirror.apply(event(ada.clock, None, version=3, active=False, deleted=True))
    assert await ada.rows(secrets) == []


@pytest.mark.parametrize("deleted", [False, True])
@pytest.mark.announces_log("revocation_kept")
async def test_only_a_newer_decision_lifts_a_revocation(ada: World, digest: str, deleted: bool) -> None:
    """The database of users was restored to a time before the revocation. Then somebody sets a password by a link:
    users writes a new version of the active account. auth keeps the revocation until an administrator decides."""
    spec = {"name": "export", "scope": ["telemetry.read"], "expires_in_days": 1}
    headers = {"authorization": f"Bearer {(await ada.login()).json()['access_token']}"}
    key = (await ada.http.post("/api/auth/api-keys", json=spec, headers=headers)).json()["key"]
    token = str(ada.http.cookies["pulse_rt"])
    gone = event(ada.clock, None if deleted else digest, version=5, active=False, deleted=deleted)
    await ada.mirror.apply(gone)
    for version, state_version in ((8, 1), (9, 5), (10, 0)):
        await ada.mirror.apply(event(ada.clock, digest, version=version, state_version=state_version))
        assert (await ada.login()).json()["code"] == "invalid_credentials"
        assert (await ada.refresh(token)).status_code == 401
        exchanged = await ada.http.post("/api/auth/token", headers={"authorization": f"Bearer {key}"})
        assert exchanged.status_code == 401
        (row,) = await ada.rows("SELECT version, active FROM account")
        assert row == {"version": version, "active": False}
        assert await ada.mirror.digest() == set_digest([(str(ACCOUNT), version)]), "the sets agree"
        ada.clock.advance(timedelta(minutes=30))  # the wait after wrong passwords
        ada.beat()
    kept = [line for line in ada.metrics.render().decode().splitlines() if "auth_revocations_kept_total" in line]
    assert kept[-1].endswith(" 3.0")

    await ada.mirror.apply(event(ada.clock, digest, version=12, active=False))
    await ada.mirror.apply(event(ada.clock, digest, version=14, state_version=13))
    assert (await ada.login()).status_code == (401 if deleted else 200), "a deleted account is never enabled again"


@pytest.mark.parametrize("table", ["api_key", "second_factor"])
async def test_a_deletion_locks_the_audit_log_last(ada: World, digest: str, table: str) -> None:
    """A key revocation locks its key, a code its factor, and both then lock the audit log. In another order they would
    deadlock."""
    headers = {"authorization": f"Bearer {(await ada.login()).json()['access_token']}"}
    await ada.http.post("/api/auth/second-factor", json={"password": PASSWORD}, headers=headers)
    spec = {"name": "export", "scope": ["telemetry.read"], "expires_in_days": 1}
    await ada.http.post("/api/auth/api-keys", json=spec, headers=headers)
    async with asyncio.TaskGroup() as group, ada.database.transaction() as connection:
        assert await connection.fetch(f"SELECT 1 FROM {table} FOR UPDATE")  # noqa: S608  # one of two names
        group.create_task(ada.mirror.apply(event(ada.clock, None, version=2, active=False, deleted=True)))
        await eventually(ada.is_waiting_for_a_lock)
        assert await connection.fetchrow("SELECT n FROM audit_head FOR UPDATE NOWAIT")
    assert await ada.rows(f"SELECT 1 FROM {table}") == []  # noqa: S608  # one of two names


async def test_a_new_name_does_not_end_sessions(ada: World, digest: str) -> None:
    token = str((await ada.login()).cookies["pulse_rt"])
    await ada.mirror.apply(event(ada.clock, digest, version=2, name="", email="countess@example.org"))
    assert await ada.revoked() == []
    answer = await ada.refresh(token)
    assert answer.json()["account"]["name"] == "countess@example.org"


async def test_drift_requests_one_replay_and_is_repaired(ada: World, digest: str) -> None:
    drift = account_drift(ada.mirror, ada.bus, "auth", DriftTiming(grace=timedelta(0)))
    theirs = set_digest([(str(ACCOUNT), 1), (str(OTHER), 2)])
    published = ada.bus.broker.published
    await ada.bus.wait_connected()

    def requests() -> list[ReplayRequested]:
        found = [payload for address, payload in published if address == "users/replay/auth"]
        return [ReplayRequested.model_validate_json(payload) for payload in found]

    async with asyncio.TaskGroup() as group:
        job = Job("account_drift", drift.compare, wake=drift.received)
        task = group.create_task(Background(Metrics(), random.Random(1)).run(job))
        drift.receive(theirs)
        await eventually(lambda: len(requests()) == 1)
        await ada.mirror.apply(event(ada.clock, digest, version=2, account=OTHER, email="b@example.org"))
        drift.receive(theirs)
        await eventually(lambda: not drift.received.is_set())
        task.cancel()
    assert [one.have for one in requests()] == [set_digest([(str(ACCOUNT), 1)])]


async def test_an_event_that_is_being_applied_counts_as_arriving(ada: World, digest: str) -> None:
    await ada.bus.wait_connected()
    drift = getattr(ada.jobs["account_drift"].step, "__self__", None)
    assert isinstance(drift, Drift)
    async with ada.database.transaction() as connection:
        assert await connection.fetch("SELECT 1 FROM account FOR UPDATE")
        await ada.bus.publish(USERS_EVENT, event(ada.clock, digest, version=2), account=str(ACCOUNT))
        await eventually(ada.is_waiting_for_a_lock)
        assert drift._in_flight == 1
    await eventually(lambda: drift._in_flight == 0)


async def test_the_sweep_deletes_only_expired_data(ada: World) -> None:
    await ada.login()
    await ada.login("wrong")
    ada.clock.advance(timedelta(days=8, seconds=-1))
    sweep = Sweep(ada.database, ada.clock)
    await sweep.sweep()
    assert len(await ada.rows("SELECT 1 FROM session")) == 1
    await ada.login()
    ada.clock.advance(timedelta(seconds=2))
    await sweep.sweep()
    assert len(await ada.rows("SELECT 1 FROM session")) == 1
    assert len(await ada.rows("SELECT 1 FROM refresh_token")) == 1
    assert await ada.rows("SELECT failures FROM backoff") == []
    ada.clock.advance(timedelta(days=1))
    await sweep.sweep()
    assert await ada.rows("SELECT 1 FROM backoff") == []


async def test_the_database_role_has_no_access_to_other_schemas(superuser_url: str) -> None:
    url = await provision(superuser_url, "users", "pulse_users", ROLE_PASSWORD)
    stranger = await asyncpg.connect(url)
    await stranger.execute("CREATE TABLE account (digest text)")
    await stranger.close()
    connection = await asyncpg.connect(with_role(superuser_url, "pulse_auth", ROLE_PASSWORD))
    try:
        for query in ("SELECT * FROM users.account", "CREATE TABLE users.x (y int)", "CREATE TABLE public.x (y int)"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(query)
    finally:
        await connection.close()

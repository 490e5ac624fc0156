"""The digest of users: only a sealed and fresh one counts. And a users service whose database alone was restored."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from pulse_bus import Delivery
from pulse_contracts.accounts import AccountsDigest, MirroredAccount, ReplayRequested
from pulse_contracts.topics import USERS_DIGEST, USERS_EVENT, USERS_REPLAY
from pulse_jose import SealingKey
from pulse_testkit.waiting import eventually

from .conftest import VERIFIER, World, announced, next_version
from .device import Device

pytestmark = pytest.mark.servers
STRANGER = SealingKey("mirror-accounts", bytes(32))
MINUTE = 60_000_000


async def is_confirmed(world: World, device: Device) -> bool:
    """Whether the next heartbeat confirms the mirror as fresh."""
    heartbeats = len(device.received)
    await device.hello()
    await eventually(lambda: len(device.received) > heartbeats, what="a heartbeat")
    return device.received[-1].nonce == device.nonce


async def status(world: World) -> dict[str, object]:
    world.beat()
    answer = await world.http.get("/api/sync/users", headers=world.bearer())
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def refused(world: World, reason: str) -> float:
    return world.metric(f'pulse_mirror_digests_refused_total{{reason="{reason}"}}')


@pytest.mark.parametrize(
    ("reason", "forge"),
    [
        ("unsealed", lambda old, _: old.model_copy(update={"sealed": None})),
        ("seal_refused", lambda old, _: old.model_copy(update={"sealed": old.sealed[:-8] + "AAAAAAAA"})),
        ("sum_differs", lambda old, _: old.model_copy(update={"sum": "0" * 64})),
        ("from_the_future", lambda _, world: announced(world.users, world.clock() + 2 * MINUTE)),
        ("seal_refused", lambda _, world: announced(world.users, world.clock(), STRANGER)),
    ],
)
@pytest.mark.announces_log("accounts_digest_refused")
async def test_a_digest_that_users_did_not_seal_confirms_nothing(
    world: World, reason: str, forge: Callable[[AccountsDigest, World], AccountsDigest]
) -> None:
    device = await world.ready()
    await world.tell(world.account())
    await world.synced()
    genuine = announced(world.users, world.clock())
    world.clock.advance(timedelta(minutes=11))
    for _ in range(2):
        await world.bus.publish(USERS_DIGEST, forge(genuine, world))
    await eventually(lambda: refused(world, reason) == 2, what="the refusals")
    assert not await is_confirmed(world, device)


async def test_an_old_digest_that_is_repeated_confirms_nothing(world: World) -> None:
    """The owner of the broker withholds the revocation, and repeats the digest from before it."""
    device = await world.ready()
    ada = await world.tell(world.account())
    await world.synced()
    old = announced(world.users, world.clock())
    await world.bus.publish(USERS_DIGEST, old)
    assert await is_confirmed(world, device)
    world.clock.advance(timedelta(minutes=9))
    await world.bus.publish(USERS_DIGEST, old)
    assert await is_confirmed(world, device), "it is still fresh"
    world.clock.advance(timedelta(minutes=2))
    await world.bus.publish(USERS_DIGEST, old)
    await eventually(lambda: refused(world, "expired") == 1, what="the refusal")
    assert not await is_confirmed(world, device)
    assert device.live[ada.account].name == "Ada", "the lease of the collector runs out"


async def test_a_digest_that_is_older_than_the_newest_one_confirms_nothing(world: World) -> None:
    """users announced a change whose event the owner of the broker withholds. The older digest comes again."""
    device = await world.ready()
    ada = await world.tell(world.account())
    await world.synced()
    old = announced(world.users, world.clock())
    before = (await status(world))["announced"]
    world.clock.advance(timedelta(seconds=30))
    await world.bus.publish(USERS_DIGEST, announced({ada.account: 99}, world.clock()))

    async def is_believed() -> bool:
        return (await status(world))["announced"] != before

    await eventually(is_believed, what="the newer digest")
    world.clock.advance(timedelta(seconds=30))
    await world.bus.publish(USERS_DIGEST, old)
    await eventually(lambda: refused(world, "superseded") == 1, what="the refusal")
    assert not await is_confirmed(world, device)


class RestoredUsers:
    """users, after its database was restored: it has these accounts, and answers requests for replays."""

    def __init__(self, world: World, *accounts: MirroredAccount) -> None:
        self.world, self.accounts = world, {one.account: one for one in accounts}

    async def start(self) -> None:
        await self.world.bus.subscribe(USERS_REPLAY, self._replay)
        await self.announce()

    async def announce(self) -> None:
        world = self.world
        world.users = {one.account: one.version for one in self.accounts.values()}
        world.clock.advance(timedelta(seconds=3))  # what users announced before no longer counts
        await world.announce()

    async def change(self, account: MirroredAccount, **fields: object) -> MirroredAccount:
        """A change. Its version is new."""
        self.world.versions += 1
        made = next_version(account, self.world.versions, fields)
        self.accounts[made.account] = made
        await self.world.tell(made)
        await self.announce()
        return made

    async def _replay(self, delivery: Delivery[ReplayRequested]) -> None:
        del delivery
        for account in self.accounts.values():
            await self.world.bus.publish(USERS_EVENT, self.world.event(account), account=account.account)
        await self.announce()


async def accept(world: World, confirm: int, role: str = "admin") -> httpx.Response:
    world.beat()
    return await world.http.post("/api/sync/users/accept", headers=world.bearer(role), json={"confirm": confirm})


async def until(world: World, users: RestoredUsers, state: str) -> dict[str, object]:
    """Waits for a state. users announces its set again and again, as it does."""

    async def is_reached() -> bool:
        await users.announce()
        return (await status(world))["state"] == state

    await eventually(is_reached, what=state)
    return await status(world)


@pytest.mark.announces_log("mirror_incident")
async def test_a_restored_users_service_is_an_incident_and_an_administrator_accepts_its_set(world: World) -> None:
    device = await world.ready()
    ada, bob = await world.tell(world.account()), await world.tell(world.account())
    eve = await world.tell(world.account())
    await world.synced()
    assert await status(world) | {"announced": None} == {
        "state": "current",
        "announced": None,
        "older": 0,
        "missing": 0,
        "revoked": 0,
        "kept": 0,
    }
    early = await accept(world, 0)
    assert (early.status_code, early.json()["code"]) == (409, "users_not_restored")
    await world.changed(bob, name="Bobby")
    await world.changed(eve, active=False)  # users forgets this revocation
    late = await world.tell(world.account())  # and this account
    await world.synced()
    users = RestoredUsers(world, ada, bob, eve)
    await users.start()
    found = await until(world, users, "restored")
    assert (found["older"], found["missing"], found["revoked"]) == (2, 1, 0)
    assert [(row["device"], row["kind"]) for row in await world.rows("SELECT * FROM incident")] == [
        ("", "users_restored")
    ]
    assert not await is_confirmed(world, device), "the leases run out until somebody decides"
    assert set(device.live) == {ada.account, bob.account, late.account}
    wrong = await accept(world, 1)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "confirmation_wrong")
    refused_ = await accept(world, 3, "user")
    assert refused_.status_code == 403
    accepted = await accept(world, 3)
    assert accepted.status_code == 200, accepted.text
    assert (accepted.json()["state"], accepted.json()["revoked"]) == ("current", 3)
    assert "restored_users_accepted" in await world.kinds()
    await world.synced()
    assert set(device.live) == {ada.account}, "what users has forgotten stays revoked"
    assert await is_confirmed(world, device)
    world.beat()
    place = await world.http.get(f"/api/sync/accounts/{bob.account}", headers=world.bearer())
    assert place.json()["reason"] == "older_at_users"

    again = await users.change(bob, name="Bob again")
    await world.synced()
    assert set(device.live) == {ada.account, bob.account}
    assert device.live[bob.account].name == "Bob again"
    assert device.live[bob.account].src == again.version
    assert (await status(world))["revoked"] == 2
    assert await is_confirmed(world, device)


@pytest.mark.announces_log("mirror_incident")
async def test_the_right_backup_brings_the_accounts_back(world: World) -> None:
    device = await world.ready()
    ada = await world.tell(world.account())
    newer = await world.changed(ada, name="Countess")
    await world.synced()
    users = RestoredUsers(world, ada)
    await users.start()
    await until(world, users, "restored")
    for right in (ada, newer):
        users.accounts = {ada.account: right}
        found = await until(world, users, "restored")
        answer = await accept(world, int(str(found["older"])) + int(str(found["missing"])))
        assert answer.status_code == 200, answer.text
        await world.synced()
        assert set(device.live) == ({ada.account} if right is newer else set())
    assert (await status(world))["revoked"] == 0


async def test_a_set_that_is_not_known_is_not_accepted(world: World) -> None:
    """users announces an account that has not arrived: the copy is behind, and nothing was restored."""
    await world.tell(world.account())
    world.users["6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c"] = 7
    await world.announce()

    async def is_behind() -> bool:
        world.clock.advance(timedelta(seconds=1))  # what users announced before no longer counts
        return (await status(world))["state"] == "behind"

    await eventually(is_behind, what="the state")
    answer = await accept(world, 0)
    assert (answer.status_code, answer.json()["code"]) == (409, "users_set_unknown")
    world.clock.advance(timedelta(minutes=11))
    assert (await status(world))["state"] == "not_heard"


async def test_a_revocation_does_not_wait_for_a_snapshot_that_needs_users(world: World) -> None:
    """A collector needs a snapshot while the copy is not current. The leases run out, and what is known is revoked."""
    device = await world.ready()
    ada, bob = await world.tell(world.account()), await world.tell(world.account())
    await world.synced()
    stranger = "6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c"
    world.users[stranger] = 1  # an account that does not arrive
    await world.announce()

    async def is_behind() -> bool:
        world.clock.advance(timedelta(seconds=1))  # what users announced before no longer counts
        return (await status(world))["state"] == "behind"

    await eventually(is_behind, what="the state")
    received = len(device.received)
    ordered = await world.http.post("/api/sync/collectors/press-4/resync", headers=world.bearer())
    assert ordered.status_code == 202
    carol = await world.tell(world.account())  # may not be sent before users confirms the copy
    denied = await world.rules(("role:user", "everywhere", "allow"), (f"account:{ada.account}", "everywhere", "deny"))
    assert denied.status_code == 200
    await eventually(lambda: device.records[ada.account].state == "revoked", what="the revocation")
    assert {one.kind for one in device.received[received:]} <= {"delta", "heartbeat"}
    assert set(device.live) == {bob.account}
    assert not await is_confirmed(world, device)
    del world.users[stranger]
    await world.announce()
    await world.synced()
    assert "snapshot" in {one.kind for one in device.received[received:]}
    assert set(device.live) == {bob.account, carol.account}


@pytest.mark.announces_log("revocation_kept")
@pytest.mark.announces_log("mirror_incident")
@pytest.mark.parametrize("revocation", [{"active": False}, {"deleted": True, "active": False, "email": "", "name": ""}])
async def test_a_change_that_is_no_decision_does_not_lift_a_revocation(
    world: World, revocation: dict[str, object]
) -> None:
    """The database of users was restored to a time before the revocation. Then the owner sets a password by a link."""
    device = await world.ready()
    ada, eve = await world.tell(world.account()), await world.tell(world.account())
    await world.changed(eve, **revocation)
    await world.synced()
    assert set(device.live) == {ada.account}
    users = RestoredUsers(world, ada, eve)
    made = await users.change(eve, verifier=VERIFIER, name="Eve again")
    assert (made.active, made.version > made.state_version) == (True, True)
    found = await until(world, users, "current")
    assert found["kept"] == 1
    assert set(device.live) == {ada.account}
    assert await is_confirmed(world, device), "the sets agree"
    (row,) = await world.rows("SELECT * FROM account WHERE id = $1::uuid", uuid.UUID(eve.account))
    assert (row["src"], row["active"], row["verifier"]) == (made.version, False, None)
    assert world.metric("pulse_mirror_revocations_kept_total") == 1
    assert [row["kind"] for row in await world.rows("SELECT kind FROM incident")] == ["revocation_kept"]

    disabled = await users.change(made, active=False)
    enabled = await users.change(disabled, active=True)
    await world.synced()
    is_lifted = "deleted" not in revocation
    assert (eve.account in device.live) == is_lifted, "a deleted account is never enabled again"
    if is_lifted:
        assert device.live[eve.account].src == enabled.version
        await until(world, users, "current")
        assert (await status(world))["kept"] == 0

"""Verifiers for offline sign-in: made with every password, deleted with the account, adopted from auth."""

import hashlib
import json
from datetime import timedelta
from uuid import UUID

import pytest

from pulse_bus import Reject
from pulse_chassis.identity.caller import COMMAND_LINE
from pulse_contracts.accounts import AccountChanged, MirroredAccount, ReplayRequested, VerifierMade, VerifierRecord
from pulse_contracts.topics import AUTH_VERIFIER, USERS_REPLAY
from pulse_jose import KeySet, SealingKey, seal, unseal
from pulse_passwords import check_digest
from pulse_testkit.waiting import eventually
from pulse_users.actions.changes import ChangeDependencies
from pulse_users.actions.verifiers import Verifiers
from pulse_users.model.accounts import Account

from .conftest import CHEAP, KEY, MIRROR_KEY, VERIFIER, World
from .test_links import GOOD, link, use

pytestmark = pytest.mark.servers
OTHER = "$argon2id$v=19$m=8192,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "B" * 42 + "A"


def mirrored(world: World, message: AccountChanged) -> MirroredAccount:
    context: dict[str, str | int] = {"account": message.account, "version": message.version}
    payload = unseal(message.mirrored or "", KeySet([MIRROR_KEY]), world.clock.seconds, context)
    return MirroredAccount.model_validate_json(payload)


async def newest(world: World) -> MirroredAccount:
    """What the newest event in the outbox tells sync-publisher."""
    (row,) = await world.rows("SELECT message FROM outbox WHERE template LIKE 'users/event%' ORDER BY id DESC LIMIT 1")
    return mirrored(world, AccountChanged.model_validate_json(str(row["message"])))


async def hashes(world: World, account: Account) -> tuple[str | None, str | None]:
    (row,) = await world.rows("SELECT digest, verifier FROM account WHERE id = $1", account.id)
    return row["digest"], row["verifier"]  # type: ignore[return-value]  # two text columns


def made(world: World, of: Account, **more: str | int) -> VerifierMade:
    """What auth publishes after a sign-in."""
    fields = {
        "account": str(of.id),
        "digest_hash": hashlib.sha256(world.digest.encode()).hexdigest(),
        "verifier": OTHER,
        "made": world.clock(),
    } | more
    record = VerifierRecord.model_validate(fields)
    sealed = seal(record.model_dump_json().encode(), KEY, world.clock.seconds, {"account": str(of.id)})
    return VerifierMade(account=str(of.id), sealed=sealed)


@pytest.fixture
def verifiers(world: World) -> Verifiers:
    deps: ChangeDependencies = world.accounts._deps
    return Verifiers(deps, KEY, CHEAP)


async def test_every_way_to_set_a_password_makes_a_verifier_of_its_own_salt(world: World) -> None:
    admin, invited = await world.add(), await world.invited()
    token = await link(world, admin, invited, "invitation")
    assert (await use(world, token)).status_code == 204
    body = {"email": "b@example.org", "name": "Bea", "password": "violet-harbour-candle"}
    answer = await world.http.post("/api/users", json=body, headers=world.bearer(admin))
    assert answer.status_code == 201, answer.text
    change = {"current": "correct horse battery", "new": "violet-harbour-candle"}
    changed = await world.http.put("/api/profile/password", json=change, headers=world.bearer(admin))
    assert changed.status_code == 204, changed.text
    seen = set()
    for row in await world.rows("SELECT digest, verifier FROM account"):
        digest, verifier = str(row["digest"]), str(row["verifier"])
        assert check_digest(digest) == check_digest(verifier) == CHEAP
        seen |= {digest, verifier}
        assert digest.split("$")[4] != verifier.split("$")[4]
    assert len(seen) == 6
    assert (await newest(world)).verifier in seen


async def test_a_deleted_account_keeps_no_verifier(world: World) -> None:
    admin, other = await world.add(), await world.add("b@example.org")
    assert (await newest(world)).verifier == VERIFIER
    headers = world.bearer(admin) | {"If-Match": "*"}
    assert (await world.http.delete(f"/api/users/{other.id}", headers=headers)).status_code == 204
    assert await hashes(world, other) == (None, None)
    assert ((await newest(world)).deleted, (await newest(world)).verifier) == (True, None)


async def test_a_verifier_of_auth_is_stored_once_as_a_new_version(world: World, verifiers: Verifiers) -> None:
    world.verifier = None
    account = await world.add()
    assert (await newest(world)).verifier is None
    await verifiers.store(made(world, account))
    assert await hashes(world, account) == (world.digest, OTHER)
    event = await newest(world)
    assert (event.version, event.verifier) == (2, OTHER)
    await verifiers.store(made(world, account, verifier=VERIFIER))
    assert await hashes(world, account) == (world.digest, OTHER)
    assert [kind for kind, *_ in await world.audit()] == ["account_created", "verifier_stored"]


async def test_a_verifier_of_an_older_password_or_a_missing_account_is_not_stored(
    world: World, verifiers: Verifiers
) -> None:
    world.verifier = None
    account, invited = await world.add(), await world.invited()
    late = made(world, account, digest_hash=hashlib.sha256(b"another digest").hexdigest())
    for message in (late, made(world, invited)):
        await verifiers.store(message)
    assert await world.rows("SELECT 1 FROM account WHERE verifier IS NOT NULL") == []
    await world.add("b@example.org")
    headers = world.bearer(await world.add("c@example.org")) | {"If-Match": "*"}
    await world.http.delete(f"/api/users/{account.id}", headers=headers)
    await verifiers.store(made(world, account))
    assert await world.rows("SELECT 1 FROM account WHERE verifier IS NOT NULL") == []


async def test_a_disabled_account_gets_no_verifier(world: World, verifiers: Verifiers) -> None:
    world.verifier = None
    account = await world.add(role="user")
    await world.add("b@example.org")
    await world.accounts.set_active(COMMAND_LINE, account.email, active=False)
    await verifiers.store(made(world, account))
    assert await hashes(world, account) == (world.digest, None)
    assert (await newest(world)).account != str(account.id) or not (await newest(world)).active


@pytest.mark.parametrize("age", [timedelta(minutes=61), timedelta(minutes=-2), None])
async def test_an_old_verifier_that_somebody_repeats_is_not_stored(
    world: World, verifiers: Verifiers, age: timedelta | None
) -> None:
    """The database of users was restored to a time before the verifier. None: a verifier without a time."""
    world.verifier = None
    account = await world.add()
    at = 0 if age is None else world.clock() - int(age / timedelta(microseconds=1))
    await verifiers.store(made(world, account, made=at))
    assert await hashes(world, account) == (world.digest, None)
    await verifiers.store(made(world, account, made=world.clock() - 59 * 60_000_000))
    assert await hashes(world, account) == (world.digest, OTHER)


async def test_a_forged_foreign_or_hostile_verifier_is_rejected(world: World, verifiers: Verifiers) -> None:
    world.verifier = None
    account, other = await world.add(), await world.add("b@example.org")
    good = made(world, account)
    thief = SealingKey("accounts", bytes(range(7, 39)))
    record = b'{"account": "x"}'
    forged = seal(record, thief, world.clock.seconds, {"account": str(account.id)})
    unreadable = seal(record, KEY, world.clock.seconds, {"account": str(account.id)})
    for message, reason in (
        (VerifierMade(account=str(account.id), sealed=forged), "seal_refused"),
        (VerifierMade(account=str(other.id), sealed=good.sealed), "seal_refused"),
        (VerifierMade(account=str(account.id), sealed=unreadable), "record_unreadable"),
        (made(world, account, account=str(other.id)), "record_foreign"),
        (made(world, account, verifier=OTHER.replace("t=1", "t=2")), "verifier_refused"),
        (made(world, account, verifier=OTHER.replace("m=8192", "m=4194304")), "verifier_refused"),
    ):
        with pytest.raises(Reject, match=reason):
            await verifiers.store(message)
    assert await world.rows("SELECT 1 FROM account WHERE verifier IS NOT NULL") == []


async def test_the_service_listens_to_auth_and_replays_for_sync_publisher(world: World) -> None:
    world.verifier = None
    account = await world.add()
    await world.bus.wait_connected()
    await world.bus.publish(AUTH_VERIFIER, made(world, account), account=str(account.id))

    async def is_stored() -> bool:
        return (await hashes(world, account))[1] == OTHER

    await eventually(is_stored)
    await world.bus.publish(USERS_REPLAY, ReplayRequested(have="0" * 64), service="sync-publisher")
    published = world.bus.broker.published
    await eventually(lambda: any(address == f"users/event/{account.id}" for address, _ in published))
    payload = next(payload for address, payload in published if address == f"users/event/{account.id}")
    assert mirrored(world, AccountChanged.model_validate(json.loads(payload))).verifier == OTHER


async def test_a_password_of_the_command_line_has_a_verifier(world: World) -> None:
    account = await world.add()
    new = await world.routes.passwords.hashes(GOOD, account.email, account.name)
    stored = await world.accounts.set_password(COMMAND_LINE, account.email, new)
    assert await hashes(world, account) == (stored.digest, stored.verifier) == (new.digest, new.verifier)
    assert UUID(str(stored.id)) == account.id

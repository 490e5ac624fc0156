"""The copies of accounts and collectors heal by themselves: the first start, missed events, a collector seen first."""

import pytest

from pulse_bus import Delivery
from pulse_contracts.accounts import ReplayRequested, set_digest
from pulse_contracts.auth import VerificationKeyRecord
from pulse_contracts.collectors import AccessRecord, CollectorsDigest
from pulse_contracts.topics import (
    AUTH_COLLECTORS,
    AUTH_REPLAY,
    AUTH_TRUSTED_KEYS,
    USERS_DIGEST,
    USERS_EVENT,
    USERS_REPLAY,
)
from pulse_contracts.trust import TRUSTED_KEYS_TYPE, TrustedKey, TrustedKeys, TrustedKeySet
from pulse_jose import MessageSigner, SigningKey
from pulse_testkit.waiting import eventually

from .conftest import World, announced
from .device import Device

pytestmark = pytest.mark.servers


async def test_the_first_start_gets_every_account_by_a_replay(world: World) -> None:
    ada = world.account()
    requests = list[str]()

    async def replay(delivery: Delivery[ReplayRequested]) -> None:
        requests.append(delivery.levels["service"])
        await world.bus.publish(USERS_EVENT, world.event(ada), account=ada.account)

    await world.bus.subscribe(USERS_REPLAY, replay)
    await world.bus.publish(USERS_DIGEST, announced({ada.account: ada.version}, world.clock()))
    await world.applied(ada)
    assert set(requests) == {"sync-publisher"}


async def test_a_missed_collector_is_found_by_the_digest(world: World) -> None:
    device = Device("press-4", world.bus, world.clock, world.trusted_key())
    device.enrol(1)
    record = device.described()

    async def replay(_: Delivery[ReplayRequested]) -> None:
        await world.tell_collector(record)

    await world.bus.subscribe(AUTH_REPLAY, replay)
    set_ = set_digest([(record.device, record.version)])
    await world.bus.publish(AUTH_COLLECTORS, CollectorsDigest(count=1, set=set_))

    async def is_known() -> bool:
        return await world.rows("SELECT device FROM collector") == [{"device": "press-4"}]

    await eventually(is_known, what="the collector")


async def test_rules_from_auth_are_adopted_once(world: World) -> None:
    ada = await world.tell(world.account())
    access = [AccessRecord(subject="role:user", is_allowed=True)]
    device = await world.enrol(access=access)
    await device.hello()
    await world.synced()
    assert set(device.live) == {ada.account}
    assert (await world.rules()).status_code == 200
    await world.tell_collector(device.described(access=access, name="Press"))
    await world.synced()
    assert device.live == {}
    assert await world.rows("SELECT 1 FROM rule") == []


async def test_an_older_collector_event_changes_nothing(world: World) -> None:
    device = await world.ready()
    old = device.record
    assert old is not None
    await world.tell_collector(device.described(site="new"))
    await world.tell_collector(old)
    await world.enrol("lathe-1")  # marks the end: events of collectors are applied in order
    query = "SELECT site, version FROM collector WHERE device = 'press-4'"
    assert await world.rows(query) == [{"site": "new", "version": old.version + 1}]


async def test_a_verifier_that_is_made_later_arrives(world: World) -> None:
    device = await world.ready()
    ada = await world.tell(world.account(verifier=None))
    await world.synced()
    assert device.live[ada.account].verifier is None
    made = await world.changed(ada, verifier="$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$" + "B" * 43)
    await world.synced()
    assert device.live[ada.account].verifier == made.verifier


async def test_it_says_since_when_collectors_trust_its_key(world: World) -> None:
    url = "/api/sync/collectors"
    before = await world.http.get(url, headers=world.bearer())
    assert before.json()["key_trusted_since"] is None
    own = world.trusted_key()
    jwk = own.to_jwk()
    record = VerificationKeyRecord(kid=own.kid, x=str(jwk["x"]), y=str(jwk["y"]), not_before=0)
    keys = TrustedKeySet(n=1, at=world.clock(), keys=[TrustedKey(purpose="mirror", key=record)])
    signer = MessageSigner(SigningKey.generate(), TRUSTED_KEYS_TYPE, world.clock.seconds)
    signed = signer.sign(keys.model_dump_json().encode())
    await world.bus.publish(AUTH_TRUSTED_KEYS, TrustedKeys(signed=signed))
    await eventually(lambda: world.metric("pulse_mirror_key_is_trusted") == 1, what="the key is certified")
    after = await world.http.get(url, headers=world.bearer())
    assert after.json()["key_trusted_since"].startswith("2026-01-01T00:00:00")
    await world.bus.publish(AUTH_TRUSTED_KEYS, TrustedKeys(signed="junk"))
    gone = signer.sign(keys.model_copy(update={"keys": []}).model_dump_json().encode())
    await world.bus.publish(AUTH_TRUSTED_KEYS, TrustedKeys(signed=gone))
    await eventually(lambda: world.metric("pulse_mirror_key_is_trusted") == 0, what="the key is not certified any more")

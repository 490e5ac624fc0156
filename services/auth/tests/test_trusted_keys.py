"""Keys that collectors trust: announced by services, kept, signed by the root, and published."""

from datetime import timedelta

import pytest

from pulse_auth.actions.trusted_keys import TrustedKeyring
from pulse_bus import Reject
from pulse_contracts.auth import VerificationKeyRecord
from pulse_contracts.topics import SYSTEM_KEY
from pulse_contracts.trust import (
    TRUSTED_KEYS_TYPE,
    AnnouncedKey,
    KeyAnnounced,
    Purpose,
    TrustedKeys,
    TrustedKeySet,
)
from pulse_jose import KeySet, MessageVerifier, SealingKey, SigningKey, VerificationKey, seal
from pulse_testkit.waiting import eventually

from .conftest import COLLECTORS_SECRET, GATEWAY_SECRET, SECRET, World
from .test_collectors import create, enrol

pytestmark = pytest.mark.servers
SECRETS = {"sync-publisher": COLLECTORS_SECRET, "telemetry-gateway": GATEWAY_SECRET}


def record(key: SigningKey, **more: str) -> VerificationKeyRecord:
    jwk = key.verification_key().to_jwk()
    fields = {"kid": key.kid, "x": jwk["x"], "y": jwk["y"], "not_before": 0} | more
    return VerificationKeyRecord.model_validate(fields)


def announced(
    world: World,
    key: VerificationKeyRecord,
    purpose: Purpose = "mirror",
    service: str = "sync-publisher",
    **more: bytes,
) -> KeyAnnounced:
    """What a service publishes."""
    payload = AnnouncedKey(purpose=purpose, key=key).model_dump_json().encode()
    sealing = SealingKey(service, more.get("secret", SECRETS[service]))
    return KeyAnnounced(sealed=seal(payload, sealing, world.clock.seconds, {"service": service}))


@pytest.fixture
def keyring(admin: World) -> TrustedKeyring:
    step = admin.jobs["trusted_keys"].step
    found = getattr(step, "__self__", None)
    assert isinstance(found, TrustedKeyring)
    return found


async def published(world: World) -> TrustedKeySet | None:
    """What a collector reads: verified with the root that it pinned at its enrolment."""
    await world.bus.wait_connected()
    await world.jobs["trusted_keys"].step()
    payload = world.bus.broker.retained.get("auth/trusted-keys")
    if payload is None:
        return None
    (root,) = (await enrol(world, await create(world, id=f"press-{len(world.bus.broker.published)}"))).roots
    key = VerificationKey.from_jwk({"kty": "EC", "crv": "P-256", "kid": root.kid, "x": root.x, "y": root.y})
    verifier = MessageVerifier(KeySet([key]), TRUSTED_KEYS_TYPE, world.clock.seconds)
    return TrustedKeySet.model_validate_json(verifier.verify(TrustedKeys.model_validate_json(payload).signed))


async def test_an_announced_key_is_signed_by_the_root_and_published(admin: World, keyring: TrustedKeyring) -> None:
    assert await published(admin) is None
    mirror, command = record(SigningKey.generate()), record(SigningKey.generate())
    await keyring.receive("sync-publisher", announced(admin, mirror))
    first = await published(admin)
    assert first is not None
    assert [(one.purpose, one.key) for one in first.keys] == [("mirror", mirror)]
    await keyring.receive("telemetry-gateway", announced(admin, command, "command", "telemetry-gateway"))
    second = await published(admin)
    assert second is not None
    assert {one.purpose: one.key for one in second.keys} == {"mirror": mirror, "command": command}
    assert second.n > first.n
    assert (await admin.kinds()).count("trusted_key_added") == 2


async def test_a_repeated_announcement_changes_nothing(admin: World, keyring: TrustedKeyring) -> None:
    message = announced(admin, record(SigningKey.generate()))
    await keyring.receive("sync-publisher", message)
    first = await published(admin)
    admin.clock.advance(timedelta(seconds=5))
    keyring.due.clear()
    await keyring.receive("sync-publisher", message)
    assert not keyring.due.is_set()
    second = await published(admin)
    assert first is not None
    assert second is not None
    assert (second.n, second.keys) == (first.n, first.keys)


async def test_the_newest_two_keys_are_trusted_and_an_old_announcement_brings_no_key_back(
    admin: World, keyring: TrustedKeyring
) -> None:
    keys = [record(SigningKey.generate()) for _ in range(3)]
    messages = [announced(admin, key) for key in keys]
    for message in messages:
        await keyring.receive("sync-publisher", message)
    await keyring.receive("sync-publisher", messages[0])
    found = await published(admin)
    assert found is not None
    assert [one.key.kid for one in found.keys] == [keys[2].kid, keys[1].kid]


async def test_the_number_exceeds_that_of_a_database_which_was_restored(admin: World, keyring: TrustedKeyring) -> None:
    await keyring.receive("sync-publisher", announced(admin, record(SigningKey.generate())))
    before = await published(admin)
    await admin.rows("DELETE FROM trusted_key RETURNING kid")
    await admin.rows("UPDATE trusted_key_counter SET n = 0 RETURNING n")
    admin.clock.advance(timedelta(seconds=1))
    await keyring.receive("sync-publisher", announced(admin, record(SigningKey.generate())))
    after = await published(admin)
    assert before is not None
    assert after is not None
    assert after.n > before.n


async def test_a_forged_foreign_or_unusable_announcement_is_rejected(admin: World, keyring: TrustedKeyring) -> None:
    key = SigningKey.generate()
    good = record(key)
    await keyring.receive("sync-publisher", announced(admin, good))
    other = record(SigningKey.generate(), kid=good.kid)
    sealing = SealingKey("sync-publisher", COLLECTORS_SECRET)
    unreadable = seal(b"{}", sealing, admin.clock.seconds, {"service": "sync-publisher"})
    for service, message, reason in (
        ("sync-publisher", announced(admin, good, secret=SECRET), "seal_refused"),
        ("sync-publisher", announced(admin, good, "command", "telemetry-gateway"), "seal_refused"),
        ("telemetry-gateway", announced(admin, good), "seal_refused"),
        ("telemetry-gateway", announced(admin, good, "mirror", "telemetry-gateway"), "purpose_foreign"),
        ("sync-publisher", announced(admin, good, "command"), "purpose_foreign"),
        ("users", announced(admin, good), "service_unknown"),
        ("sync-publisher", announced(admin, other), "key_conflict"),
        ("sync-publisher", announced(admin, record(key, kid="new", x="A" * 43)), "key_unusable"),
        ("sync-publisher", KeyAnnounced(sealed=unreadable), "record_unreadable"),
    ):
        with pytest.raises(Reject, match=reason):
            await keyring.receive(service, message)
    assert len(await admin.rows("SELECT 1 FROM trusted_key")) == 1


async def test_the_service_listens_to_announcements(admin: World, keyring: TrustedKeyring) -> None:
    await admin.bus.wait_connected()
    keyring.due.clear()
    await admin.bus.publish(SYSTEM_KEY, announced(admin, record(SigningKey.generate())), service="sync-publisher")
    await eventually(keyring.due.is_set)
    assert await published(admin) is not None

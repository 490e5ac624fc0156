"""Forged, foreign, replayed and reordered messages: nothing changes, and each is counted and logged."""

import base64
import json
from pathlib import Path

import pytest

from pulse_contracts.mirror import MirrorMessage
from pulse_contracts.topics import AUTH_TRUSTED_KEYS, USERS_WIPE
from pulse_jose import SigningKey
from pulse_testkit.waiting import eventually

from .mirror_desk import Desk, WorldClock, desk, synced_desk
from .publisher import FakePublisher, account, live, revoked


async def unchanged(one: Desk, *messages: MirrorMessage, code: str) -> None:
    """Sends messages that must change nothing, then a good one that must work."""
    before, count = one.mirror.view.refused, one.mirror.view.count
    state, seq = one.mirror.view.state, one.mirror.view.seq
    one.publisher.send(one.broker, *messages)
    await one.refuses(before + len(messages))
    assert (one.mirror.view.state, one.mirror.view.seq, one.mirror.view.count) == (state, seq, count), code
    one.publisher.send(one.broker, one.publisher.delta(one.publisher.change(live(99, one.publisher.ver + 1))))
    await one.reaches(state, seq + 1)


@pytest.mark.announces_log("code=foreign")
async def test_a_delta_for_another_collector_changes_nothing(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
        forged = publisher.sign(publisher.envelope("delta", [live(2, 9)], base=1, seq=2, to="press-5"))
        await unchanged(one, forged, code="foreign")


@pytest.mark.announces_log("code=sealed")
async def test_content_that_was_sealed_for_another_message_changes_nothing(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
        other = publisher.envelope("delta", [live(2, 9)], base=1, seq=2, to="press-5")
        mine = publisher.envelope("delta", [live(3, 9)], base=1, seq=2)
        await unchanged(one, publisher.sign(mine.model_copy(update={"sealed": other.sealed})), code="sealed")


async def test_an_old_snapshot_after_a_newer_one_changes_nothing(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
        old = publisher.snapshot()
        publisher.change(revoked(1, 5))
        publisher.send(one.broker, *publisher.snapshot())
        await one.reaches("resync", 2) if one.mirror.view.state == "resync" else await one.reaches("synced", 2)
        await unchanged(one, *old, code="old_snapshot")


async def test_a_replayed_heartbeat_does_not_prolong_the_lease(tmp_path: Path) -> None:
    clock = WorldClock()
    async with synced_desk(tmp_path, live(1, 1), clock=clock.clock) as one:
        publisher = one.publisher
        await one.answer_hello() if publisher.nonce(one.broker) != one.answered else None
        replayed = publisher.heartbeat(one.answered)
        publisher.send(one.broker, replayed)
        clock.passed += 50
        await eventually(lambda: (one.mirror.view.fresh_age or 0) > 49)
        await unchanged(one, replayed, code="old_heartbeat")
        assert (one.mirror.view.fresh_age or 0) > 49


@pytest.mark.announces_log("code=unknown_key")
async def test_a_wrong_signer_changes_nothing(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
        forged = publisher.sign(publisher.envelope("delta", [live(2, 9)], base=1, seq=2), SigningKey.generate())
        await unchanged(one, forged, code="unknown_key")


@pytest.mark.announces_log("code=signature")
async def test_a_wrong_signer_with_the_kid_of_the_right_one_changes_nothing(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
        other = SigningKey.generate(kid=publisher.signing.kid)
        await unchanged(one, publisher.sign(publisher.envelope("wipe"), other), code="signature")


@pytest.mark.announces_log("code=malformed")
@pytest.mark.announces_log("code=header")
async def test_a_stripped_signature_changes_nothing(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        header, payload, signature = one.publisher.wipe().signed.split(".")
        none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"pulse-mirror"}').decode().rstrip("=")
        stripped = (f"{header}.{payload}.", f"{header}.{payload}", f"{none}.{payload}.{signature}")
        await unchanged(one, *(MirrorMessage(signed=text) for text in stripped), code="malformed")


@pytest.mark.announces_log("code=type")
async def test_a_message_of_another_type_changes_nothing(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
        await unchanged(one, publisher.sign(publisher.envelope("wipe"), typ="pulse-command"), code="type")


@pytest.mark.announces_log("code=other_generation")
async def test_a_wipe_of_another_generation_changes_nothing(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
        await unchanged(one, publisher.wipe(gen=2), publisher.wipe(gen=7), code="other_generation")


async def test_a_truncated_snapshot_changes_nothing(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
        publisher.held[account(2)] = live(2, 1)
        publisher.held[account(3)] = live(3, 1)
        parts = publisher.snapshot(parts=3)
        publisher.send(one.broker, *parts[:2])
        publisher.send(one.broker, parts[0])
        publisher.send(one.broker, publisher.delta([live(4, 9)], base=7, seq=9))  # a gap shows that all was handled
        await one.refuses(1)
        assert one.mirror.view.count == 1
        publisher.send(one.broker, parts[2])
        await eventually(lambda: one.mirror.view.count == 3)


@pytest.mark.announces_log("code=bad_record")
async def test_a_record_with_an_unknown_state_changes_nothing(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
        draft = publisher.envelope("delta", [], base=1, seq=2)
        good = live(2, 9).model_dump(mode="json")
        raw = json.dumps({"records": [good, good | {"account": account(3), "state": "suspended"}]}).encode()
        sealed = publisher.seal_records([], draft, raw)
        await unchanged(one, publisher.sign(draft.model_copy(update={"sealed": sealed})), code="bad_record")


@pytest.mark.announces_log("code=wrong_topic")
async def test_only_a_wipe_is_accepted_on_its_topic(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
        message = publisher.delta([live(2, 9)], base=1, seq=2)
        address = USERS_WIPE.address(device=publisher.device)
        one.broker.deliver(address, message.model_dump_json().encode(), 0)
        await one.refuses(1)
        assert one.mirror.view.seq == 1


# -- trusted keys


@pytest.mark.announces_log("kind=trusted_keys")
async def test_trusted_keys_of_another_root_or_with_a_lower_number_are_refused(tmp_path: Path) -> None:
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher = one.publisher
        publisher.publish_keys(one.broker, n=5)
        await eventually(lambda: json.loads((tmp_path / "mirror-keys.json").read_text())["trusted_n"] == 5)
        evil = FakePublisher(root=publisher.root)
        for message in (evil.trusted_keys(4), evil.trusted_keys(9, SigningKey.generate())):
            one.broker.deliver(AUTH_TRUSTED_KEYS.address(), message.model_dump_json().encode(), 0)
        await one.refuses(2)
        publisher.send(one.broker, publisher.delta(publisher.change(live(2, 2))))
        await one.reaches("synced", 2)


@pytest.mark.announces_log("code=unknown_key")
async def test_a_key_for_commands_does_not_sign_the_mirror(tmp_path: Path) -> None:
    publisher = FakePublisher()
    async with desk(tmp_path, publisher) as one:
        await one.listens()
        message = publisher.trusted_keys(2, purpose="command", mirror=SigningKey.generate())
        one.broker.deliver(AUTH_TRUSTED_KEYS.address(), message.model_dump_json().encode(), 0)
        await eventually(lambda: json.loads((tmp_path / "mirror-keys.json").read_text())["trusted_n"] == 2)
        publisher.send(one.broker, publisher.wipe())
        await one.refuses(1)
        assert one.mirror.view.state == "new"

"""The broker's access rules: derived from the catalogue, deny by default, and each account only its own topics."""

import pytest

from pulse_contracts.access import SERVICES, Action, credential_fingerprint, grants
from pulse_contracts.changes import Changed
from pulse_contracts.topics import CATALOGUE, Party

ACTIONS: tuple[Action, ...] = ("receive", "subscribe")


def topics(party: Party, name: str, action: Action) -> set[str]:
    return {one.topic for one in grants(party, name) if one.action == action}


def test_a_device_may_publish_under_its_own_name_only() -> None:
    for topic in topics("collector", "press-4", "publish"):
        assert topic.endswith("/press-4"), topic
        assert "+" not in topic
        assert "#" not in topic


def test_a_device_may_receive_only_its_own_topics_and_the_trusted_keys() -> None:
    actions: tuple[Action, ...] = ("subscribe", "receive")
    for action in actions:
        assert topics("collector", "press-4", action) == {
            "pulse/v1/telemetry/have/press-4",
            "pulse/v1/telemetry/ack/press-4",
            "pulse/v1/users/sync/press-4",
            "pulse/v1/users/wipe/press-4",
            "pulse/v1/system/command/press-4",
            "pulse/v1/auth/trusted-keys",
        }
        assert topics("plain-device", "ESP_01", action) == set()


def test_only_sync_publisher_speaks_to_mirrors_and_no_service_announces_the_key_of_another() -> None:
    for service in SERVICES:
        sends = topics(service, service, "publish")
        for topic in ("users/sync/+", "users/wipe/+", "users/mirror/+", "auth/replay/sync-publisher"):
            assert (f"pulse/v1/{topic}" in sends) is (service == "sync-publisher"), topic
        for topic in ("auth/collector/+", "auth/collectors", "auth/verifier/+", "auth/trusted-keys"):
            assert (f"pulse/v1/{topic}" in sends) is (service == "auth"), topic
        keys = {one for one in sends if one.startswith("pulse/v1/system/key/")}
        assert keys == (
            {f"pulse/v1/system/key/{service}"} if service in {"sync-publisher", "telemetry-gateway"} else set()
        )


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_use_only_its_topics_of_the_catalogue(service: Party) -> None:
    sends = {f"pulse/v1/{t.template}".split("{")[0] for t in CATALOGUE if service in t.publishers}
    for topic in topics(service, service, "publish"):
        assert any(topic.startswith(prefix) for prefix in sends)
    receives = {f"pulse/v1/{t.template}".split("{")[0] for t in CATALOGUE if service in t.consumers}
    for topic in topics(service, service, "receive"):
        assert any(topic.startswith(prefix) for prefix in receives)


def test_only_users_may_publish_accounts_and_only_auth_keys() -> None:
    for service in SERVICES:
        sends = topics(service, service, "publish")
        assert ("pulse/v1/users/event/+" in sends) is (service == "users")
        assert ("pulse/v1/auth/keys" in sends) is (service == "auth")


CHANGES: dict[str, set[Party]] = {
    "changes/people/+": {"users", "auth"},
    "changes/collectors/+": {"auth"},
    "changes/devices/+": {"telemetry-gateway"},
    "changes/entitlement": {"sync-publisher"},
}


@pytest.mark.parametrize("topic", CHANGES)
def test_only_the_owner_of_data_announces_its_changes_and_only_the_gateway_hears_them(topic: str) -> None:
    parties: tuple[Party, ...] = (*SERVICES, "collector", "plain-device", "integrator")
    assert {one for one in parties if f"pulse/v1/{topic}" in topics(one, one, "publish")} == CHANGES[topic]
    for action in ACTIONS:
        hears = {one for one in parties if f"pulse/v1/{topic}" in topics(one, one, action)}
        assert hears == {"telemetry-gateway"}


def test_a_notice_of_a_change_carries_a_time_and_nothing_else() -> None:
    known = {topic.message for topic in CATALOGUE if topic.template.startswith("changes/")}
    assert known == {Changed}
    assert set(Changed.model_fields) == {"v", "at"}


def test_a_shared_subscription_is_granted_only_with_its_share_group() -> None:
    granted = topics("telemetry-gateway", "telemetry-gateway", "subscribe")
    assert "$share/gateway/pulse/v1/telemetry/data/+" in granted
    assert "pulse/v1/telemetry/data/+" not in granted


def test_a_fingerprint_distinguishes_secrets_and_names() -> None:
    pairs = [("press-4", "one"), ("press-5", "one"), ("press-4", "o")]
    assert len({credential_fingerprint(name, secret) for name, secret in pairs}) == len(pairs)
    assert credential_fingerprint("press-4", "one") == credential_fingerprint("press-4", "one")

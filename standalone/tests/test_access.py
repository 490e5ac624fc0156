"""The broker's access rules: made from the catalogue, deny by default, and each account its own topics only."""

import json

import pytest

from pulse_contracts.topics import CATALOGUE, Party
from pulse_standalone.access import SERVICES, dynamic_security, rules


def topics(party: Party, name: str, kind: str) -> set[str]:
    return {str(rule["topic"]) for rule in rules(party, name) if rule["acltype"] == kind}


def test_a_device_may_publish_under_its_own_name_only() -> None:
    for topic in topics("collector", "press-4", "publishClientSend"):
        assert topic.endswith("/press-4"), topic
        assert "+" not in topic
        assert "#" not in topic


def test_a_device_may_read_what_is_addressed_to_it_only() -> None:
    for kind in ("subscribePattern", "publishClientReceive"):
        assert topics("collector", "press-4", kind) == {
            "pulse/v1/telemetry/have/press-4",
            "pulse/v1/telemetry/ack/press-4",
        }


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_may_use_its_topics_of_the_catalogue_and_no_other(service: Party) -> None:
    sends = {f"pulse/v1/{t.template}".split("{")[0] for t in CATALOGUE if service in t.publishers}
    for topic in topics(service, service, "publishClientSend"):
        assert any(topic.startswith(prefix) for prefix in sends)
    receives = {f"pulse/v1/{t.template}".split("{")[0] for t in CATALOGUE if service in t.consumers}
    for topic in topics(service, service, "publishClientReceive"):
        assert any(topic.startswith(prefix) for prefix in receives)


def test_only_users_may_publish_accounts_and_only_auth_keys() -> None:
    for service in SERVICES:
        sends = topics(service, service, "publishClientSend")
        assert ("pulse/v1/users/event/+" in sends) is (service == "users")
        assert ("pulse/v1/auth/keys" in sends) is (service == "auth")


def test_a_shared_subscription_is_granted_in_its_shared_form_only() -> None:
    granted = topics("telemetry-gateway", "telemetry-gateway", "subscribePattern")
    assert "$share/gateway/pulse/v1/telemetry/data/+" in granted
    assert "pulse/v1/telemetry/data/+" not in granted


def test_the_default_is_to_deny_and_no_password_stands_in_clear() -> None:
    made = dynamic_security("admin-secret", {"users": "users-secret"}, {"press-4": "press-secret"})
    access = made["defaultACLAccess"]
    assert isinstance(access, dict)
    assert [access[k] for k in ("publishClientSend", "publishClientReceive", "subscribe")] == [False, False, False]
    text = json.dumps(made)
    assert not any(secret in text for secret in ("admin-secret", "users-secret", "press-secret"))


def test_a_device_is_bound_to_its_client_id_and_a_service_may_have_replicas() -> None:
    made = dynamic_security("x", {"users": "y"}, {"press-4": "z"})
    clients = made["clients"]
    assert isinstance(clients, list)
    assert {c["username"]: c.get("clientid") for c in clients} == {
        "broker-admin": None,
        "users": None,
        "press-4": "press-4",
    }

"""Accounts and rules in the formats of Mosquitto's file and of its answers."""

import json

from pulse_bus.credentials import BrokerAccount
from pulse_bus.dynsec import dynamic_security, observed
from pulse_contracts.access import Grant

USERS = BrokerAccount("users", "users", "users-secret")
PRESS = BrokerAccount("press-4", "collector", "press-secret", is_enabled=False)


def security_file(
    *accounts: BrokerAccount, before: dict[str, object] | None = None
) -> dict[str, list[dict[str, object]]]:
    return json.loads(json.dumps(dynamic_security("admin-secret", accounts, before)))  # type: ignore[no-any-return]


def test_access_is_denied_by_default_and_passwords_are_hashed() -> None:
    found = dynamic_security("admin-secret", [USERS, PRESS])
    access = found["defaultACLAccess"]
    assert isinstance(access, dict)
    assert [access[k] for k in ("publishClientSend", "publishClientReceive", "subscribe")] == [False, False, False]
    text = json.dumps(found)
    assert not any(secret in text for secret in ("admin-secret", "users-secret", "press-secret"))


def test_a_device_is_bound_to_its_client_id_and_a_service_may_have_replicas() -> None:
    assert {c["username"]: c.get("clientid") for c in security_file(USERS, PRESS)["clients"]} == {
        "broker-admin": None,
        "users": None,
        "press-4": "press-4",
    }


def test_written_accounts_are_observed_as_desired() -> None:
    found = security_file(USERS, PRESS)
    roles = {str(role["rolename"]): role for role in found["roles"]}
    clients = {str(client["username"]): client for client in found["clients"]}
    for account in (USERS, PRESS):
        assert observed(clients[account.name], roles) == account.observed()
    assert observed(clients["broker-admin"], roles).fingerprint is None


def test_a_foreign_rule_is_observed_as_a_difference() -> None:
    roles = {"r": {"acls": [{"acltype": "subscribeLiteral", "topic": "#", "allow": True}]}}
    client = {"username": "x", "roles": [{"rolename": "r"}]}
    assert observed(client, roles).grants == {Grant("subscribe", "?subscribeLiteral #")}


def test_accounts_created_at_run_time_survive_a_new_file() -> None:
    before = security_file(USERS, PRESS)
    after = security_file(BrokerAccount("users", "users", "other"), before=before)  # type: ignore[arg-type]
    assert {c["username"] for c in after["clients"]} == {"users", "press-4", "broker-admin"}
    kept = next(c for c in after["clients"] if c["username"] == "press-4")
    assert kept == next(c for c in before["clients"] if c["username"] == "press-4")

"""Mosquitto's form of accounts and rules, as its file holds them and as its answers show them."""

import json

from pulse_bus.credentials import BrokerAccount
from pulse_bus.dynsec import dynamic_security, observed
from pulse_contracts.access import Grant

USERS = BrokerAccount("users", "users", "users-secret")
PRESS = BrokerAccount("press-4", "collector", "press-secret", is_enabled=False)


def made(*accounts: BrokerAccount, before: dict[str, object] | None = None) -> dict[str, list[dict[str, object]]]:
    return json.loads(json.dumps(dynamic_security("admin-secret", accounts, before)))  # type: ignore[no-any-return]


def test_the_default_is_to_deny_and_no_password_stands_in_clear() -> None:
    found = dynamic_security("admin-secret", [USERS, PRESS])
    access = found["defaultACLAccess"]
    assert isinstance(access, dict)
    assert [access[k] for k in ("publishClientSend", "publishClientReceive", "subscribe")] == [False, False, False]
    text = json.dumps(found)
    assert not any(secret in text for secret in ("admin-secret", "users-secret", "press-secret"))


def test_a_device_is_bound_to_its_client_id_and_a_service_may_have_replicas() -> None:
    assert {c["username"]: c.get("clientid") for c in made(USERS, PRESS)["clients"]} == {
        "broker-admin": None,
        "users": None,
        "press-4": "press-4",
    }


def test_what_was_written_is_observed_as_it_should_be() -> None:
    found = made(USERS, PRESS)
    roles = {str(role["rolename"]): role for role in found["roles"]}
    clients = {str(client["username"]): client for client in found["clients"]}
    for account in (USERS, PRESS):
        assert observed(clients[account.name], roles) == account.observed()
    assert observed(clients["broker-admin"], roles).mark is None


def test_a_rule_that_we_never_write_shows_as_a_difference() -> None:
    roles = {"r": {"acls": [{"acltype": "subscribeLiteral", "topic": "#", "allow": True}]}}
    client = {"username": "x", "roles": [{"rolename": "r"}]}
    assert observed(client, roles).grants == {Grant("subscribe", "?subscribeLiteral #")}


def test_accounts_made_while_the_broker_ran_stay_when_the_file_is_made_again() -> None:
    before = made(USERS, PRESS)
    after = made(BrokerAccount("users", "users", "other"), before=before)  # type: ignore[arg-type]
    assert {c["username"] for c in after["clients"]} == {"users", "press-4", "broker-admin"}
    kept = next(c for c in after["clients"] if c["username"] == "press-4")
    assert kept == next(c for c in before["clients"] if c["username"] == "press-4")

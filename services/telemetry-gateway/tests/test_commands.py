"""Commands to collectors: signed, addressed, numbered, expiring; their outcomes; and who may send them."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from pulse_bus import Delivery
from pulse_chassis.process.settings import decoded_key
from pulse_contracts.commands import COMMAND_TYPE, Command, CommandMessage, CommandReply, Outcome
from pulse_contracts.topics import SYSTEM_COMMAND, SYSTEM_KEY, SYSTEM_REPLY
from pulse_contracts.trust import AnnouncedKey, KeyAnnounced
from pulse_jose import KeySet, MessageVerifier, SealingKey, VerificationKey, unseal
from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.model.commands import follows, next_number
from pulse_testkit.buses import running
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

from .conftest import PASSWORD
from .system import KEY_TEXT, Collector, Gateway, bus_of, collector, gateway, token

pytestmark = pytest.mark.servers


@pytest.fixture
async def started(servers: Servers, database_url: str) -> AsyncIterator[Gateway]:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url, has_intake=False, gateway_key=KEY_TEXT) as opened:
        yield opened


class Device:
    """A collector that records commands. `key`: as auth would sign it for collectors."""

    def __init__(self, alpha: Collector, key: VerificationKey) -> None:
        self.alpha, self.commands = alpha, list[Command]()
        self._verifier = MessageVerifier(KeySet([key]), COMMAND_TYPE, time.time)

    async def take(self, delivery: Delivery[CommandMessage]) -> None:
        self.commands.append(Command.model_validate_json(self._verifier.verify(delivery.message.signed)))

    async def reply(self, command: Command, outcome: str, **more: Any) -> None:
        fields = {"id": command.id, "n": command.n, "outcome": outcome, "at": time.time_ns() // 1000} | more
        await self.alpha.bus.publish(SYSTEM_REPLY, CommandReply.model_validate(fields), device=self.alpha.name)


async def announced_key(servers: Servers, database: Database) -> VerificationKey:
    """The gateway's key as auth reads it. The broker may still have the announcement of an earlier test's gateway."""
    found: list[VerificationKey] = []
    keys = KeySet([SealingKey("telemetry-gateway", decoded_key(SecretStr(KEY_TEXT)))])

    async def take(delivery: Delivery[KeyAnnounced]) -> None:
        payload = unseal(delivery.message.sealed, keys, time.time, {"service": "telemetry-gateway"})
        record = AnnouncedKey.model_validate_json(payload)
        assert record.purpose == "command"
        jwk = {"kty": "EC", "crv": "P-256", "kid": record.key.kid, "x": record.key.x, "y": record.key.y}
        found.append(VerificationKey.from_jwk(jwk))

    async def is_announced() -> bool:
        async with database.connection() as connection:
            kid = await connection.fetchval("SELECT kid FROM command_key")
        return bool(found) and found[-1].kid == kid

    auth = bus_of(servers, "auth")
    await auth.subscribe(SYSTEM_KEY, take, service="telemetry-gateway")
    async with running(auth):
        await eventually(is_announced)
    return found[-1]


@pytest.fixture
async def device(servers: Servers, started: Gateway, database: Database) -> AsyncIterator[Device]:
    key = await announced_key(servers, database)
    async with collector(servers) as alpha:
        made = Device(alpha, key)
        await alpha.bus.subscribe(SYSTEM_COMMAND, made.take, device="alpha")
        await alpha.declare()
        yield made


async def ask(started: Gateway, path: str, body: object = None, *, role: str = "admin", key: str | None = None) -> Any:
    headers = {"Authorization": f"Bearer {token(role=role)}"} | ({"Idempotency-Key": key} if key else {})
    method = "GET" if body is None else "POST"
    return await started.http.request(method, f"/api/telemetry/devices{path}", headers=headers, json=body)


async def test_a_command_reaches_the_collector_and_its_outcome_the_history(started: Gateway, device: Device) -> None:
    sent = await ask(started, "/alpha/commands", {"action": "fetch_log", "lines": 20})
    assert (sent.status_code, sent.json()["state"]) == (202, "sent"), sent.text
    await eventually(lambda: len(device.commands) == 1)
    command = device.commands[0]
    assert (command.to, command.action, command.lines, command.id) == ("alpha", "fetch_log", 20, sent.json()["id"])
    assert command.by == "00000000-0000-0000-0000-000000000001"
    assert 0 < command.expires - command.at <= 60_000_000
    path = f"/alpha/commands/{command.id}"
    for outcome, output in (("accepted", ""), ("done", "one\ntwo")):
        await device.reply(command, outcome, output=output)

        async def is_there(outcome: str = outcome) -> bool:
            return bool((await ask(started, path)).json()["state"] == outcome)

        await eventually(is_there)
    found = (await ask(started, path)).json()
    assert (found["output"], found["lines"], found["actor"]) == ("one\ntwo", 20, "00000000-0000-0000-0000-000000000001")
    assert (await ask(started, "/alpha/commands")).json() == {"items": [found], "next": None}


async def test_numbers_increase_also_over_a_restored_database(
    started: Gateway, device: Device, database: Database
) -> None:
    for _ in range(3):
        assert (await ask(started, "/alpha/commands", {"action": "collect_now"})).status_code == 202
    await eventually(lambda: len(device.commands) == 3)
    numbers = [one.n for one in device.commands]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]
    async with database.connection() as connection:
        await connection.execute("TRUNCATE command, command_number")  # an older backup

    async def is_higher() -> bool:
        await ask(started, "/alpha/commands", {"action": "collect_now"})
        await eventually(lambda: len(device.commands) > 3)
        return device.commands[-1].n > numbers[-1]

    await eventually(is_higher)


@given(st.integers(0, 2**61), st.integers(0, 2**40))
def test_the_next_number_is_higher_and_not_below_the_time(last: int, seconds: int) -> None:
    assert next_number(last, seconds) > last
    assert next_number(last, seconds) >= seconds


@given(st.lists(st.sampled_from(["accepted", "refused", "done", "failed"]), max_size=6))
def test_a_final_outcome_stays(replies: list[Any]) -> None:
    state, finals = None, []
    for reply in replies:
        if follows(state, reply):
            state = reply
            finals += [reply] * (reply != "accepted")
    assert len(finals) <= 1
    assert state == (finals[0] if finals else "accepted" if replies else None)


def test_only_a_report_replaces_an_unknown_outcome() -> None:
    outcomes: tuple[Outcome, ...] = ("accepted", "refused", "done", "failed")
    assert [one for one in outcomes if follows("unknown", one)] == ["done", "failed"]


async def test_replies_of_another_collector_and_to_unknown_commands_change_nothing(
    servers: Servers, started: Gateway, device: Device
) -> None:
    await ask(started, "/alpha/commands", {"action": "run_doctor"})
    await eventually(lambda: len(device.commands) == 1)
    command = device.commands[0]
    async with collector(servers, "beta") as beta:
        other = CommandReply(id=command.id, n=command.n, outcome="done", at=0)
        await beta.bus.publish(SYSTEM_REPLY, other, device="beta")
        await device.reply(command.model_copy(update={"id": str(uuid4())}), "done")
        counted = "pulse_command_replies_total"
        await eventually(
            lambda: started.runtime.metrics.registry.get_sample_value(counted, {"outcome": "ignored"}) == 2
        )
    await device.reply(command, "refused", reason="not_allowed")

    async def is_refused() -> bool:
        found = (await ask(started, f"/alpha/commands/{command.id}")).json()
        return (found["state"], found["reason"]) == ("refused", "not_allowed")

    await eventually(is_refused)


async def test_bad_requests_get_a_precise_answer_and_send_nothing(started: Gateway, device: Device) -> None:
    for path, body, status, code in (
        ("/alpha/commands", {"action": "explode"}, 422, "invalid_request"),
        ("/alpha/commands", {"action": "set_interval"}, 422, "invalid_argument"),
        ("/alpha/commands", {"action": "restart", "lines": 3}, 422, "invalid_argument"),
        ("/alpha/commands", {"action": "set_interval", "seconds": 0}, 422, "invalid_request"),
        ("/nobody/commands", {"action": "restart"}, 404, "not_found"),
    ):
        answer = await ask(started, path, body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), (path, body, answer.text)
    assert (await ask(started, f"/alpha/commands/{UUID(int=0)}")).status_code == 404
    assert (await ask(started, "/nobody/commands")).status_code == 404
    refused = await ask(started, "/alpha/commands", {"action": "restart"}, role="user")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert (await ask(started, "/alpha/commands", role="user")).status_code == 403
    assert device.commands == []


async def test_a_repeated_request_with_its_key_sends_one_command(started: Gateway, device: Device) -> None:
    key = str(uuid4())
    first = await ask(started, "/alpha/commands", {"action": "restart"}, key=key)
    second = await ask(started, "/alpha/commands", {"action": "restart"}, key=key)
    assert (first.status_code, second.json()) == (202, first.json())
    await ask(started, "/alpha/commands", {"action": "run_doctor"})
    await eventually(lambda: [one.action for one in device.commands] == ["restart", "run_doctor"])


async def test_a_plain_device_gets_no_commands(servers: Servers, database_url: str) -> None:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url, gateway_key=KEY_TEXT) as started, collector(servers) as alpha:
        await alpha.raw("plain", json.dumps({"x": 1}).encode())

        async def is_refused() -> bool:
            answer = await ask(started, "/alpha/commands", {"action": "restart"})
            return bool(answer.json().get("code") == "plain_device_has_no_commands")

        await eventually(is_refused)


async def test_without_a_key_commands_are_refused_with_the_remedy(servers: Servers, database_url: str) -> None:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url, has_intake=False) as started:
        answer = await ask(started, "/alpha/commands", {"action": "restart"})
        assert (answer.status_code, answer.json()["code"]) == (503, "commands_not_configured")


async def test_replicas_sign_with_one_key(servers: Servers, database_url: str, database: Database) -> None:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    for _ in range(2):
        async with gateway(servers, url, has_intake=False, gateway_key=KEY_TEXT):
            await announced_key(servers, database)
    async with database.connection() as connection:
        row = await connection.fetchrow("SELECT count(*) AS n, max(sealed) AS sealed FROM command_key")
    assert row is not None
    assert row["n"] == 1
    assert "PRIVATE" not in row["sealed"]


@pytest.mark.announces_log("command_key_replaced")
async def test_a_replaced_gateway_key_replaces_the_signing_key(
    servers: Servers, database_url: str, database: Database
) -> None:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    kids: list[str] = []
    for key in ("B" * 42 + "A", KEY_TEXT):
        async with gateway(servers, url, has_intake=False, gateway_key=key):

            async def is_made(kids: list[str] = kids) -> bool:
                async with database.connection() as connection:
                    kid = await connection.fetchval("SELECT kid FROM command_key")
                return kid is not None and kid not in kids

            await eventually(is_made)
            async with database.connection() as connection:
                kids.append(str(await connection.fetchval("SELECT kid FROM command_key")))
    assert len(set(kids)) == 2


async def test_a_command_without_an_answer_says_so_after_its_time(
    started: Gateway, device: Device, database: Database
) -> None:
    sent = (await ask(started, "/alpha/commands", {"action": "restart"})).json()
    async with database.connection() as connection:
        await connection.execute("UPDATE command SET expires_at = now() - interval '1 second'")
    assert (await ask(started, f"/alpha/commands/{sent['id']}")).json()["state"] == "no_answer"


async def test_an_accepted_command_without_an_outcome_is_unknown_until_a_late_report(
    started: Gateway, device: Device, database: Database
) -> None:
    """The collector's process died after it accepted the command."""
    await ask(started, "/alpha/commands", {"action": "restart"})
    await ask(started, "/alpha/commands", {"action": "run_doctor"})
    await eventually(lambda: len(device.commands) == 2)
    restart, doctor = device.commands
    for command in (restart, doctor):
        await device.reply(command, "accepted")

    async def has(command: Command, state: str) -> bool:
        return bool((await ask(started, f"/alpha/commands/{command.id}")).json()["state"] == state)

    await eventually(lambda: has(restart, "accepted"))
    await eventually(lambda: has(doctor, "accepted"))
    mark = started.jobs["commands_unknown"].step
    await mark()
    assert await has(restart, "accepted"), "10 minutes have not passed"
    async with database.connection() as connection:
        query = "UPDATE command SET answered_at = answered_at - interval '10 minutes' WHERE id = $1"
        await connection.execute(query, UUID(restart.id))
    assert not await mark()
    found = (await ask(started, f"/alpha/commands/{restart.id}")).json()
    assert (found["state"], found["reason"]) == ("unknown", "no_outcome_reported")
    assert await has(doctor, "accepted")
    await mark()
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT actor, target, after FROM audit WHERE kind = 'command_outcome_unknown'")
    assert [(row["actor"], row["target"]) for row in rows] == [("system", "device:alpha")]
    assert json.loads(rows[0]["after"])["command"] == restart.id
    await device.reply(restart, "done", output="late")
    await eventually(lambda: has(restart, "done"))
    found = (await ask(started, f"/alpha/commands/{restart.id}")).json()
    assert (found["output"], found["reason"]) == ("late", "")

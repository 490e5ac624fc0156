"""`enrolment-code` on the command line, without a broker."""

import asyncio
import json
import os
import subprocess
import sys

import asyncpg
import pytest

from pulse_jose.enrolment import Code
from pulse_postgres.admin import with_role

from .conftest import ROLE_PASSWORD

pytestmark = pytest.mark.servers


@pytest.fixture
def environment(superuser_url: str) -> dict[str, str]:
    keys = {f"PULSE_{name}_KEY": "A" * 43 for name in ("AUDIT", "ACCOUNTS", "COLLECTORS", "GATEWAY", "KEY_ENCRYPTION")}
    return {
        **os.environ,
        **keys,
        "PULSE_DATABASE_URL": with_role(superuser_url, "pulse_auth", ROLE_PASSWORD),
        "PULSE_MQTT_URL": "mqtt://127.0.0.1:1",
        "PULSE_MQTT_PASSWORD": "unused",
    }


async def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pulse_auth", "enrolment-code", *words]
    return await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False, timeout=30
    )


async def test_a_code_is_printed_once_and_the_collector_and_its_event_are_stored(environment: dict[str, str]) -> None:
    made = await run(environment, "--device", "own-machine", "--name", "Own machine")
    answer = json.loads(made.stdout)
    assert (made.returncode, answer["collector"], answer["state"]) == (0, "own-machine", "enabled")
    code = Code.read(answer["code"])
    assert answer["expires_at"]
    connection = await asyncpg.connect(environment["PULSE_DATABASE_URL"])
    try:
        stored = await connection.fetchrow("SELECT c.name, e.id FROM collector c JOIN enrolment_code e ON true")
        kinds = await connection.fetch("SELECT kind, actor FROM audit ORDER BY n")
        events = await connection.fetch("SELECT template FROM outbox ORDER BY id")
    finally:
        await connection.close()
    assert stored is not None
    assert (stored["name"], stored["id"]) == ("Own machine", code.id)
    assert [tuple(row) for row in kinds] == [("collector_created", "command-line")]
    assert [row["template"] for row in events] == [
        "auth/collector/{device}",
        "changes/collectors/{device}",
    ]
    again = json.loads((await run(environment, "--device", "own-machine")).stdout)
    assert again["code"] != answer["code"]


@pytest.mark.parametrize(
    ("words", "exit_code", "explanation"),
    [
        (("--device", "Own Machine"), 2, "the id must have 1 to 32"),
        (("--device", "own", "--name", "a\nb"), 2, "printable characters"),
        (("--device", "own", "--name", "x" * 129), 2, "printable characters"),
        (("--device", "auth"), 1, "is reserved"),
    ],
)
async def test_an_invalid_collector_is_rejected_in_one_line(
    environment: dict[str, str], words: tuple[str, ...], exit_code: int, explanation: str
) -> None:
    refused = await run(environment, *words)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (exit_code, "", 1)
    assert explanation in refused.stderr

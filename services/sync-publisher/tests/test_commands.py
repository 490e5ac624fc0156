"""`allow` and `list-rules` on the command line, without a broker."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest

from .conftest import KEY_TEXT, World

pytestmark = pytest.mark.servers


@pytest.fixture
def environment(own_url: str) -> dict[str, str]:
    names = ("AUDIT_KEY", "MIRROR_ACCOUNTS_KEY", "COLLECTORS_KEY", "KEY_ENCRYPTION_KEY")
    return {
        **os.environ,
        "PULSE_DATABASE_URL": own_url,
        "PULSE_MQTT_URL": "mqtt://127.0.0.1:1",
        "PULSE_MQTT_PASSWORD": "unused",
        **{f"PULSE_{name}": KEY_TEXT for name in names},
    }


async def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pulse_sync_publisher", *words]
    return await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False, timeout=30
    )


async def test_an_account_is_allowed_at_a_collector(world: World, environment: dict[str, str]) -> None:
    device = await world.enrol()
    await device.hello()
    ada = await world.tell(world.account(role="admin", email="Ada@example.org"))
    made = await run(environment, "allow", "--email", "ada@example.org", "--device", "press-4")
    assert (made.returncode, made.stderr) == (0, "")
    assert json.loads(made.stdout)["changes"] == 1
    again = await run(environment, "allow", "--email", "ada@example.org", "--device", "press-4")
    assert json.loads(again.stdout)["changes"] == 0
    world.clock.advance(timedelta(days=365))  # the command has the real time
    await device.hello()
    await world.synced()
    assert set(device.live) == {ada.account}
    listed = await run(environment, "list-rules")
    assert [json.loads(line) for line in listed.stdout.splitlines()] == [
        {"subject": f"account:{ada.account}", "place": "device:press-4", "effect": "allow", "origin": "administrator"}
    ]


async def test_an_unknown_name_is_explained_in_one_line(world: World, environment: dict[str, str]) -> None:
    await world.tell(world.account(email="ada@example.org"))
    for email, device, text in (
        ("bob@example.org", "press-4", "No account has the e-mail bob@example.org."),
        ("ada@example.org", "press-4", "No collector has the id press-4."),
    ):
        refused = await run(environment, "allow", "--email", email, "--device", device)
        assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
        assert text in refused.stderr

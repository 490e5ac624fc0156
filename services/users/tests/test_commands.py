"""`create-admin`, `set-password`, `activate` and `deactivate` on the command line, without a broker."""

import asyncio
import json
import os
import subprocess
import sys

import asyncpg
import pytest

from pulse_passwords import check_verifier

pytestmark = pytest.mark.servers


@pytest.fixture
def environment(own_url: str) -> dict[str, str]:
    return {
        **os.environ,
        "PULSE_DATABASE_URL": own_url,
        "PULSE_MQTT_URL": "mqtt://127.0.0.1:1",
        "PULSE_MQTT_PASSWORD": "unused",
        "PULSE_AUDIT_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "PULSE_ACCOUNTS_KEY": "A" * 43,
        "PULSE_MIRROR_ACCOUNTS_KEY": "B" * 42 + "A",
    }


async def run(environment: dict[str, str], *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pulse_users", *words]
    return await asyncio.to_thread(
        subprocess.run, command, env=environment, input=stdin, capture_output=True, text=True, check=False, timeout=30
    )


async def test_an_administrator_is_created_once(environment: dict[str, str]) -> None:
    made = await run(environment, "create-admin", "--email", "ada@example.org", "--if-missing")
    answer = json.loads(made.stdout)
    assert answer["email"] == "ada@example.org"
    assert len(answer["password"]) == 24
    again = await run(environment, "create-admin", "--email", "b@example.org", "--if-missing")
    assert (again.returncode, again.stdout) == (0, "{}\n")


@pytest.mark.parametrize(
    ("email", "password", "explanation"),
    [
        ("ADA@example.org", "violet harbour", "An account with the e-mail ADA@example.org exists."),
        ("x" * 10_000, "violet harbour", "An e-mail address has at most 254 characters"),
        ("b@example.org", "violet harb", "It needs at least 12"),
        ("b@example.org", "a" * 10_000, "at most 128 characters"),
        ("b@example.org", "", "It needs at least 12"),
    ],
)
async def test_an_error_is_explained_in_one_line(
    environment: dict[str, str], email: str, password: str, explanation: str
) -> None:
    first = await run(
        environment, "create-admin", "--email", "ada@example.org", "--password-stdin", stdin="violet harbour"
    )
    assert json.loads(first.stdout) == {"email": "ada@example.org"}
    refused = await run(environment, "create-admin", "--email", email, "--password-stdin", stdin=password + "\n")
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert explanation in refused.stderr


async def test_an_account_is_disabled_and_enabled(environment: dict[str, str]) -> None:
    for email in ("a@example.org", "b@example.org"):
        await run(environment, "create-admin", "--email", email)
    disabled = await run(environment, "deactivate", "--email", "a@example.org")
    assert json.loads(disabled.stdout) == {"email": "a@example.org", "active": False}
    last = await run(environment, "deactivate", "--email", "b@example.org")
    assert last.returncode == 1
    assert "last active administrator" in last.stderr
    on = await run(environment, "activate", "--email", "a@example.org")
    assert json.loads(on.stdout)["active"] is True


async def test_a_new_password_for_an_administrator_is_set_and_audited(environment: dict[str, str]) -> None:
    await run(environment, "create-admin", "--email", "a@example.org")
    weak = await run(environment, "set-password", "--email", "a@example.org", stdin="organization\n")
    assert (weak.returncode, weak.stdout) == (1, "")
    assert "a common password" in weak.stderr
    unknown = await run(environment, "set-password", "--email", "b@example.org", stdin="violet-harbour-candle\n")
    assert unknown.returncode == 1
    done = await run(environment, "set-password", "--email", "A@example.org", stdin="violet-harbour-candle\n")
    assert (json.loads(done.stdout), done.returncode) == ({"email": "a@example.org"}, 0)
    connection = await asyncpg.connect(environment["PULSE_DATABASE_URL"])
    rows = await connection.fetch("SELECT kind, actor, before, after FROM audit ORDER BY n")
    (verifier,) = [row["verifier"] for row in await connection.fetch("SELECT verifier FROM account")]
    check_verifier(verifier)
    await connection.close()
    assert [(row["kind"], row["actor"]) for row in rows] == [
        ("account_created", "command-line"),
        ("password_set", "command-line"),
    ]
    assert "argon" not in str(rows)
    verified = await run(environment, "verify-audit")
    assert verified.stdout.startswith("intact: 2 entries")

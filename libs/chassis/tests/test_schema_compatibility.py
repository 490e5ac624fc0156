"""A service on a schema that a newer release has migrated: it runs after an expand migration, and refuses after a
contract migration."""

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

import httpx
import pytest

from pulse_postgres import Migrations
from pulse_postgres.admin import create_database, drop_database, provision
from pulse_standalone.ports import free_port
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

pytestmark = [pytest.mark.servers, pytest.mark.timeout(180)]
PASSWORD = "test-password-test-password"
EXPAND = "-- expand\nALTER TABLE device ADD COLUMN note_of_the_next_release text;"
CONTRACT = "-- contract\nALTER TABLE device DROP COLUMN note_of_the_next_release;"


def next_release(folder: Path, *steps: str) -> Migrations:
    """Returns the gateway's migrations with these after them, as a package of their own."""
    package = folder / "next_release"
    with as_file(files("pulse_telemetry_gateway.migrations")) as current:
        shutil.copytree(current, package, dirs_exist_ok=True)
        head = len(list(current.glob("*.sql")))
    for number, step in enumerate(steps, head + 1):
        (package / f"{number:04d}_next.sql").write_text(step)
    importlib.invalidate_caches()
    return Migrations("next_release")


@contextmanager
def serving(env: dict[str, str]) -> "Iterator[subprocess.Popen[str]]":
    command = [sys.executable, "-m", "pulse_telemetry_gateway", "serve"]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=15)


def is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    except httpx.TransportError:
        return False


async def test_the_previous_release_runs_until_a_contract_migration(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    database = await create_database(servers.database_url, "next_release")
    url = await provision(database, "telemetry", "pulse_telemetry", PASSWORD)
    port = free_port()
    env = {
        **os.environ,
        "PULSE_DATABASE_URL": url,
        "PULSE_MQTT_URL": servers.mqtt_url,
        "PULSE_MQTT_PASSWORD": servers.passwords["telemetry-gateway"],
        "PULSE_MQTT_SESSION_EXPIRY": "PT0S",
        "PULSE_PLAIN_SESSION_EXPIRY": "PT0S",
        "PULSE_AUDIT_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "PULSE_HTTP_PORT": str(port),
        "PULSE_MIGRATE_ON_START": "true",
    }
    with serving(env) as process:
        await eventually(lambda: is_ready(port), seconds=30, what="the current release is ready")
        assert await next_release(tmp_path, EXPAND).apply(url)
        assert process.poll() is None
    with serving(env) as process:
        await eventually(lambda: is_ready(port), seconds=30, what="a restarted replica is ready on the newer schema")
        assert await next_release(tmp_path, EXPAND, CONTRACT).apply(url)
        await eventually(lambda: process.poll() is not None, seconds=30, what="it ends after the contract migration")
        assert process.returncode == 1
    for command, wanted in (("serve", "serve"), ("migrate", "migrate")):
        found = subprocess.run(  # noqa: S603, ASYNC221
            [sys.executable, "-m", "pulse_telemetry_gateway", command],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.returncode == 1
        (line,) = found.stderr.splitlines()
        assert f"{wanted}: the schema has version" in line
        assert "start the newer release again" in line
    await drop_database(servers.database_url, "next_release")

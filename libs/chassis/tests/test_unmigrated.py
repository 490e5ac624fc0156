"""A service started before its schema exists waits for it, and says so; it does not die and does not touch the bus."""

import os
import subprocess
import sys

import httpx
import pytest

from pulse_postgres.admin import create_database, drop_database, provision
from pulse_standalone.ports import free_port
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

pytestmark = pytest.mark.servers
PASSWORD = "test-password-test-password"


def ready(port: int) -> dict[str, object] | None:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/readyz")
    except httpx.TransportError:
        return None
    return {"status": answer.status_code, **answer.json()["checks"]}


async def test_it_becomes_ready_when_the_schema_arrives(servers: Servers) -> None:
    database = await create_database(servers.database_url, "unmigrated")
    port = free_port()
    env = {
        **os.environ,
        "PULSE_DATABASE_URL": await provision(database, "telemetry", "pulse_telemetry", PASSWORD),
        "PULSE_MQTT_URL": servers.mqtt_url,
        "PULSE_MQTT_PASSWORD": servers.passwords["telemetry-gateway"],
        "PULSE_HTTP_PORT": str(port),
    }
    command = [sys.executable, "-m", "pulse_telemetry_gateway"]
    with subprocess.Popen([*command, "serve"], env=env, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603, ASYNC220
        try:
            unready = {"status": 503, "database": True, "migrations": False, "bus": False}
            await eventually(lambda: ready(port) == unready, what="it answers, and is not ready")
            subprocess.run([*command, "migrate"], env=env, check=True, capture_output=True)  # noqa: S603, ASYNC221
            await eventually(lambda: (ready(port) or {}).get("status") == 200, what="it is ready")
        finally:
            process.terminate()
            _, said = process.communicate(timeout=15)
    assert process.returncode == 0
    assert "waiting for the schema" in said
    await drop_database(servers.database_url, "unmigrated")

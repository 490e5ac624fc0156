"""A service that starts before its schema or its database waits for them and logs it."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from urllib.parse import urlsplit

import httpx
import pytest

from pulse_chassis.http.connection import MAX_HEAD
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


async def test_the_service_becomes_ready_when_the_schema_is_migrated(servers: Servers) -> None:
    database = await create_database(servers.database_url, "unmigrated")
    port = free_port()
    env = {
        **os.environ,
        "PULSE_DATABASE_URL": await provision(database, "telemetry", "pulse_telemetry", PASSWORD),
        "PULSE_MQTT_URL": servers.mqtt_url,
        "PULSE_MQTT_PASSWORD": servers.passwords["telemetry-gateway"],
        "PULSE_AUDIT_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "PULSE_HTTP_PORT": str(port),
    }
    command = [sys.executable, "-m", "pulse_telemetry_gateway"]
    with subprocess.Popen([*command, "serve"], env=env, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603, ASYNC220
        try:
            unready = {"status": 503, "database": True, "migrations": False, "bus": False}
            await eventually(lambda: ready(port) == unready, what="it answers, and is not ready")
            subprocess.run([*command, "migrate"], env=env, check=True, capture_output=True)  # noqa: S603, ASYNC221
            await eventually(lambda: (ready(port) or {}).get("status") == 200, what="it is ready")
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
                assert (await http.get("/livez", headers={"x": "y" * MAX_HEAD})).status_code == 431
        finally:
            process.terminate()
            _, log_text = process.communicate(timeout=15)
    assert process.returncode == 0
    assert "waiting_for_schema" in log_text
    await drop_database(servers.database_url, "unmigrated")


def migrating(database_url: str, servers: Servers, port: int) -> "subprocess.Popen[str]":
    """Starts the service users, which migrates at its start."""
    env = {
        **os.environ,
        "PULSE_DATABASE_URL": database_url,
        "PULSE_MQTT_URL": servers.mqtt_url,
        "PULSE_MQTT_PASSWORD": servers.passwords["users"],
        "PULSE_AUDIT_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "PULSE_ACCOUNTS_KEY": "A" * 43,
        "PULSE_MIRROR_ACCOUNTS_KEY": "A" * 43,
        "PULSE_HTTP_PORT": str(port),
        "PULSE_MIGRATE_ON_START": "true",
        "PULSE_MQTT_SESSION_EXPIRY": "PT0S",
    }
    command = [sys.executable, "-m", "pulse_users", "serve"]
    return subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)  # noqa: S603


async def waits_for_database(process: "subprocess.Popen[str]") -> None:
    assert process.stderr is not None
    line = await asyncio.to_thread(process.stderr.readline)
    assert "waiting_for_database" in line, line


async def test_the_service_migrates_when_the_database_starts(servers: Servers) -> None:
    database = await create_database(servers.database_url, "late")
    theirs = await provision(database, "users", "pulse_late", PASSWORD)
    real, late, port = urlsplit(theirs), free_port(), free_port()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # one side has closed the connection
        finally:
            writer.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(real.hostname, real.port)
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    url = theirs.replace(f":{real.port}/", f":{late}/")
    with migrating(url, servers, port) as process:
        try:
            await waits_for_database(process)
            listening = await asyncio.start_server(relay, "127.0.0.1", late)
            async with httpx.AsyncClient() as http:

                async def is_ready() -> bool:
                    try:
                        return (await http.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
                    except httpx.TransportError:
                        return False

                await eventually(is_ready, seconds=20)
        finally:
            process.terminate()
            await asyncio.to_thread(process.communicate, timeout=15)
    listening.close()
    assert process.returncode == 0
    await drop_database(servers.database_url, "late")


@pytest.mark.parametrize("answers", [False, True], ids=["no listener", "it accepts and is silent"])
async def test_a_service_that_waits_for_the_database_stops_at_sigterm(servers: Servers, answers: bool) -> None:
    with socket.socket() as hung:
        hung.bind(("127.0.0.1", 0))
        port = hung.getsockname()[1] if answers else free_port()
        hung.listen()
        url = f"postgresql://pulse_users:{PASSWORD}@127.0.0.1:{port}/none"
        with migrating(url, servers, free_port()) as process:
            try:
                if answers:
                    hung.settimeout(20)
                    silent, _ = await asyncio.to_thread(hung.accept)
                else:
                    await waits_for_database(process)
                began = time.monotonic()
            finally:
                process.terminate()
                await asyncio.to_thread(process.communicate, timeout=15)
        if answers:
            silent.close()
    assert process.returncode == 0
    assert time.monotonic() - began < 2

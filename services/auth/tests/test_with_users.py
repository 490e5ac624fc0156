"""users and auth as two processes with real servers."""

import asyncio
import base64
import json
import os
import random
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import asyncpg
import httpx
import pytest

from pulse_bus import Delivery
from pulse_bus.mqtt import MqttBus, MqttSettings
from pulse_contracts.auth import SessionRevoked
from pulse_contracts.topics import AUTH_EVENT
from pulse_postgres.admin import provision
from pulse_testkit.servers import Servers
from pulse_testkit.waiting import eventually

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]


async def nothing(_: str) -> None:
    """The template of an empty database."""


@dataclass
class Pair:
    """The two services of one test. The test starts each."""

    environments: dict[str, dict[str, str]]
    urls: dict[str, str]

    async def run(self, service: str, *words: str) -> str:
        """One command of a service, which must succeed; its stdout."""
        command = [sys.executable, "-m", f"pulse_{service}", *words]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, env=self.environments[service], stdout=pipe)
        out, _ = await process.communicate()
        assert process.returncode == 0
        return out.decode()

    @asynccontextmanager
    async def serving(self, service: str) -> AsyncIterator[None]:
        """The service's process; it must end with exit code 0 on SIGTERM."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"pulse_{service}", "serve", env=self.environments[service]
        )
        try:
            async with httpx.AsyncClient() as http:

                async def is_ready() -> bool:
                    assert process.returncode is None
                    try:
                        return (await http.get(f"{self.urls[service]}/readyz")).status_code == 200
                    except httpx.TransportError:
                        return False

                await eventually(is_ready, seconds=30)
            yield
        finally:
            process.terminate()
            code = await asyncio.wait_for(process.wait(), 20)
        assert code == 0

    async def execute(self, service: str, query: str) -> str:
        connection = await asyncpg.connect(self.environments[service]["PULSE_DATABASE_URL"])
        try:
            return str(await connection.execute(query))
        finally:
            await connection.close()


@pytest.fixture
async def pair(
    servers: Servers, new_database: Callable[[str, Callable[[str], Awaitable[None]]], Awaitable[str]], tmp_path: Path
) -> Pair:
    database = await new_database("empty", nothing)
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    environments, urls = {}, {}
    for service in ("users", "auth"):
        folder = tmp_path / service
        folder.mkdir()
        (folder / "pulse_mqtt_password").write_text(servers.passwords[service])
        (folder / "pulse_accounts_key").write_text(key)
        (folder / "pulse_audit_key").write_text(key)
        for shared in ("mirror_accounts", "collectors", "gateway"):
            (folder / f"pulse_{shared}_key").write_text(key)
        if service == "auth":
            secret = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
            (folder / "pulse_key_encryption_key").write_text(secret)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environments[service] = {
            **os.environ,
            "PULSE_DATABASE_URL": await provision(database, service, f"pair_{service}", secrets.token_urlsafe(24)),
            "PULSE_MQTT_URL": servers.mqtt_url,
            "PULSE_SECRETS_DIR": str(folder),
            "PULSE_HTTP_PORT": str(port),
            "PULSE_LOG_FORMAT": "console",
            "PULSE_MQTT_SESSION_EXPIRY": "PT0S",  # tests must not share sessions at the broker
        }
        urls[service] = f"http://127.0.0.1:{port}"
    made = Pair(environments, urls)
    await made.run("users", "migrate")
    await made.run("auth", "migrate")
    return made


async def sign_in(pair: Pair, http: httpx.AsyncClient, made: str) -> httpx.Response:
    """Waits until the copy has the account, then signs in once."""
    email = json.loads(made)["email"]

    async def is_known() -> bool:
        return (await pair.execute("auth", f"SELECT 1 FROM account WHERE email = '{email}'")) == "SELECT 1"  # noqa: S608

    await eventually(is_known, seconds=30)
    return await http.post(f"{pair.urls['auth']}/api/auth/login", json=json.loads(made))


async def test_an_administrator_created_by_command_can_sign_in_to_both_services(pair: Pair) -> None:
    async with pair.serving("users"), pair.serving("auth"), httpx.AsyncClient() as http:
        made = await pair.run("users", "create-admin", "--email", "ada@example.org")
        answer = await sign_in(pair, http, made)
        assert answer.status_code == 200
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        profile = await http.get(f"{pair.urls['users']}/api/profile", headers=bearer)
        assert profile.json()["email"] == "ada@example.org"
        everybody = await http.get(f"{pair.urls['users']}/api/users", headers=bearer)
        assert len(everybody.json()["items"]) == 1


async def test_renewed_keys_end_all_sessions_of_a_running_service(pair: Pair) -> None:
    made = await pair.run("users", "create-admin", "--email", "ada@example.org")
    async with pair.serving("users"), pair.serving("auth"), httpx.AsyncClient() as http:
        answer = await sign_in(pair, http, made)
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        await pair.run("auth", "renew-keys")

        async def is_refused() -> bool:
            return (await http.get(f"{pair.urls['users']}/api/profile", headers=bearer)).status_code == 401

        await eventually(is_refused, seconds=20)
        again = await http.post(f"{pair.urls['auth']}/api/auth/login", json=json.loads(made))
        assert again.status_code == 200


async def test_a_lost_event_is_repaired_by_the_digest(pair: Pair) -> None:
    made = await pair.run("users", "create-admin", "--email", "lost@example.org")
    assert await pair.execute("users", "DELETE FROM outbox") == "DELETE 3"
    async with pair.serving("auth"), pair.serving("users"), httpx.AsyncClient() as http:
        assert (await sign_in(pair, http, made)).status_code == 200


async def test_an_account_from_before_verifiers_gets_one_at_its_next_sign_in(pair: Pair) -> None:
    made = await pair.run("users", "create-admin", "--email", "old@example.org")
    assert await pair.execute("users", "UPDATE account SET verifier = NULL") == "UPDATE 1"
    await pair.execute("users", "DELETE FROM outbox")
    async with pair.serving("users"), pair.serving("auth"), httpx.AsyncClient() as http:
        assert (await sign_in(pair, http, made)).status_code == 200

        async def has_verifier(service: str, condition: str) -> bool:
            return (await pair.execute(service, f"SELECT 1 FROM account WHERE {condition}")) == "SELECT 1"  # noqa: S608

        await eventually(lambda: has_verifier("users", "verifier LIKE '$argon2id$v=19$m=65536,t=3,p=1$%'"), seconds=30)
        await eventually(lambda: has_verifier("auth", "has_verifier"), seconds=30)


async def test_users_rejects_a_token_whose_session_was_signed_out(pair: Pair) -> None:
    made = await pair.run("users", "create-admin", "--email", "out@example.org")
    async with pair.serving("users"), pair.serving("auth"), httpx.AsyncClient() as http, httpx.AsyncClient() as other:
        answer, elsewhere = await sign_in(pair, http, made), await sign_in(pair, other, made)

        async def profile(signed_in: httpx.Response) -> int:
            bearer = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
            async with httpx.AsyncClient() as bare:
                return (await bare.get(f"{pair.urls['users']}/api/profile", headers=bearer)).status_code

        async def is_refused() -> bool:
            return await profile(answer) == 401

        async def is_welcome() -> bool:
            return await profile(answer) == 200

        await eventually(is_welcome, seconds=20)
        ended = await http.post(f"{pair.urls['auth']}/api/auth/logout", headers={"X-Pulse-CSRF": "1"})
        assert ended.status_code == 204
        await eventually(is_refused, seconds=20)
        assert await profile(elsewhere) == 200


async def test_a_sign_in_right_after_a_new_password_is_accepted_by_both_services(pair: Pair) -> None:
    made = await pair.run("users", "create-admin", "--email", "new@example.org")
    async with pair.serving("users"), pair.serving("auth"), httpx.AsyncClient() as http:
        passwords = [json.loads(made)["password"], "violet-harbour-candle", "copper-lantern-window"]
        token = (await sign_in(pair, http, made)).json()["access_token"]
        for current, new in pairwise(passwords):
            before = {"Authorization": f"Bearer {token}"}
            change = {"current": current, "new": new}
            answer = await http.put(f"{pair.urls['users']}/api/profile/password", headers=before, json=change)
            assert answer.status_code == 204
            credentials, tokens = {"email": "new@example.org", "password": new}, list[str]()

            async def is_signed_in(credentials: dict[str, str] = credentials, tokens: list[str] = tokens) -> bool:
                answer = await http.post(f"{pair.urls['auth']}/api/auth/login", json=credentials)
                tokens += [answer.json()["access_token"]] if answer.status_code == 200 else []
                return bool(tokens)

            async def is_old_one_refused(before: dict[str, str] = before) -> bool:
                return (await http.get(f"{pair.urls['users']}/api/profile", headers=before)).status_code == 401

            await eventually(is_signed_in, seconds=20)
            await eventually(is_old_one_refused, seconds=20)
            token = tokens[0]
            for url in (f"{pair.urls['auth']}/api/auth/sessions", f"{pair.urls['users']}/api/profile"):
                assert (await http.get(url, headers={"Authorization": f"Bearer {token}"})).status_code == 200


async def test_a_disabled_account_loses_its_session_and_the_revocation_is_published(
    pair: Pair, servers: Servers
) -> None:
    received: list[SessionRevoked] = []

    async def hear(delivery: Delivery[SessionRevoked]) -> None:
        received.append(delivery.message)

    party = "telemetry-gateway"
    settings = MqttSettings(servers.mqtt_url, party, servers.passwords[party], party)
    bus = MqttBus(settings, clock=lambda: time.time_ns() // 1000, rng=random.Random(1))
    await bus.subscribe(AUTH_EVENT, hear)
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        running = group.create_task(bus.run())
        stack.callback(running.cancel)
        await stack.enter_async_context(pair.serving("users"))
        await stack.enter_async_context(pair.serving("auth"))
        http = await stack.enter_async_context(httpx.AsyncClient())
        await bus.wait_connected()
        made = [await pair.run("users", "create-admin", "--email", f"{n}@example.org") for n in ("a", "b")]
        answer = await sign_in(pair, http, made[0])
        assert answer.status_code == 200
        await pair.run("users", "deactivate", "--email", "a@example.org")
        account = answer.json()["account"]["id"]
        await eventually(lambda: any(message.account == account for message in received), seconds=20)
        assert received[0].sid is None
        cookie = {"Cookie": f"pulse_rt={answer.cookies['pulse_rt']}", "X-Pulse-CSRF": "1"}
        refreshed = await http.post(f"{pair.urls['auth']}/api/auth/refresh", headers=cookie)
        assert (refreshed.status_code, refreshed.json()["code"]) == (401, "session_ended")
        again = await http.post(f"{pair.urls['auth']}/api/auth/login", json=json.loads(made[0]))
        assert again.status_code == 401
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        for url in (f"{pair.urls['auth']}/api/auth/session", f"{pair.urls['users']}/api/profile"):
            assert (await http.get(url, headers=bearer)).status_code == 401


async def test_an_invited_account_and_its_deletion_reach_auth_even_if_the_broker_loses_the_event(pair: Pair) -> None:
    users, auth = f"{pair.urls['users']}/api/users", f"{pair.urls['auth']}/api/auth"
    made = await pair.run("users", "create-admin", "--email", "ada@example.org")
    async with pair.serving("auth"), httpx.AsyncClient() as admin, httpx.AsyncClient() as http:
        async with pair.serving("users"):
            token = (await sign_in(pair, admin, made)).json()["access_token"]
            bearer = {"Authorization": f"Bearer {token}"}
            new = {"email": "eve@example.org", "name": "Eve"}
            eve = (await admin.post(users, json=new, headers=bearer)).json()
            invited = await admin.post(f"{users}/{eve['id']}/invitation", json={}, headers=bearer)
            link = invited.json()["link"].partition("#")[2]
            body = {"token": link, "password": "violet-harbour-candle"}
            assert (await http.post(f"{users}/set-password", json=body)).status_code == 204
            credentials = {"email": "eve@example.org", "password": "violet-harbour-candle"}

            async def is_welcome() -> bool:
                return (await http.post(f"{auth}/login", json=credentials)).status_code == 200

            await eventually(is_welcome, seconds=20)
        # A deletion whose event the broker lost.
        connection = await asyncpg.connect(pair.environments["users"]["PULSE_DATABASE_URL"])
        await connection.execute(
            "UPDATE account SET email = NULL, email_key = NULL, name = '', digest = NULL, verifier = NULL, "
            "active = false, deleted_at = now(), version = (SELECT version + 1 FROM account_counter) WHERE id = $1",
            eve["id"],
        )
        await connection.execute("UPDATE account_counter SET version = version + 1")
        await connection.close()
        async with pair.serving("users"):

            async def is_refused() -> bool:
                return (await http.post(f"{auth}/login", json=credentials)).status_code == 401

            await eventually(is_refused, seconds=20)

            async def is_free() -> bool:
                made_again = await admin.post(users, json=new, headers=bearer)
                return made_again.status_code in {201, 409}

            await eventually(is_free, seconds=20)
            versions = "SELECT id::text, version FROM account ORDER BY id"

            async def rows(service: str) -> list[object]:
                connection = await asyncpg.connect(pair.environments[service]["PULSE_DATABASE_URL"])
                try:
                    return [tuple(row) for row in await connection.fetch(versions)]
                finally:
                    await connection.close()

            async def is_equal() -> bool:
                both = await rows("users"), await rows("auth")
                return both[0] == both[1] and len(both[0]) == 3

            await eventually(is_equal, seconds=20)

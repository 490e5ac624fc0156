"""Mail: queued with the change, and sent until a mail server accepts it. The server here speaks just enough SMTP."""

import asyncio
import email
import email.policy
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from pulse_postgres import Database
from pulse_testkit.clock import FakeClock
from pulse_testkit.waiting import eventually
from pulse_users.settings import UsersSettings

from .conftest import World, open_world


@dataclass
class SmtpServer:
    """`refusals`: answers to RCPT TO before one is accepted. `mails`: the accepted mails."""

    port: int = 0
    refusals: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    sender_refusal: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode():
            verb = line.split(maxsplit=1)[0].upper()
            if verb == "RCPT" and self.refusals:
                writer.write(f"{self.refusals.pop(0)} no\r\n".encode())
            elif verb == "MAIL" and self.sender_refusal:
                writer.write(f"{self.sender_refusal} no\r\n".encode())
            elif verb == "DATA":
                writer.write(b"354 go on\r\n")
                self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                writer.write(b"250 taken\r\n")
            elif verb == "QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 ok\r\n")
        writer.close()
        await writer.wait_closed()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()


@pytest.fixture
async def smtp() -> SmtpServer:
    server = SmtpServer()
    async with server.running():
        pass
    return server


@pytest.fixture
async def world(database: Database, clock: FakeClock, digest: str, smtp: SmtpServer) -> AsyncIterator[World]:
    settings: dict[str, Any] = {
        "smtp_host": "127.0.0.1",
        "smtp_port": smtp.port,
        "smtp_from": "pulse@example.org",
        "smtp_tls": "none",
    }
    async with open_world(database, clock, digest, company="Works", **settings) as made:
        yield made


async def invite(world: World) -> str:
    admin, account = await world.add(), await world.invited()
    answer = await world.http.post(
        f"/api/users/{account.id}/invitation", headers=world.bearer(admin), json={"mail": True}
    )
    assert answer.json()["mailed"] is True
    return str(answer.json()["link"])


@pytest.mark.servers
async def test_an_invitation_is_mailed(world: World, smtp: SmtpServer) -> None:
    async with smtp.running():
        link = await invite(world)
        await eventually(lambda: bool(smtp.mails))
    message = email.message_from_string(smtp.mails[0], policy=email.policy.default)
    assert (message["to"], message["from"]) == ("new@example.org", "pulse@example.org")
    body = message.get_body()
    assert body is not None
    assert link in body.get_content()

    async def is_empty() -> bool:
        return not await world.rows("SELECT 1 FROM mail")

    await eventually(is_empty)


@pytest.mark.servers
@pytest.mark.announces_log("mail_postponed")
async def test_mails_are_kept_while_the_mail_server_is_down(world: World, smtp: SmtpServer) -> None:
    link = await invite(world)

    async def is_postponed() -> bool:
        return bool(await world.rows("SELECT 1 FROM mail WHERE attempts = 1 AND due_at < created_at + interval '1m'"))

    await eventually(is_postponed)
    (row,) = await world.rows("SELECT sealed FROM mail")
    assert link.partition("#")[2] not in str(row["sealed"])
    smtp.refusals = ["451"]
    async with smtp.running():
        for attempt in (2, 3):
            world.clock.advance(timedelta(seconds=30))
            world.routes.links._mail.written.set()

            async def is_tried(attempt: int = attempt) -> bool:
                rows = await world.rows("SELECT attempts, due_at - created_at AS wait FROM mail")
                return not rows or (rows[0]["attempts"] == attempt and rows[0]["wait"] < timedelta(minutes=2))  # type: ignore[operator]

            await eventually(is_tried)
        await eventually(lambda: len(smtp.mails) == 1)


@pytest.mark.servers
@pytest.mark.announces_log("mail_rejected")
async def test_a_mail_to_a_permanently_rejected_address_is_dropped(world: World, smtp: SmtpServer) -> None:
    smtp.refusals = ["550"]
    async with smtp.running():
        await invite(world)

        async def is_dropped() -> bool:
            return not await world.rows("SELECT 1 FROM mail")

        await eventually(is_dropped)
    assert smtp.mails == []


@pytest.mark.servers
async def test_a_forgotten_password_is_reset_by_mail_with_a_limit(world: World, smtp: SmtpServer) -> None:
    account = await world.add()
    async with smtp.running():
        for _ in range(4):
            for address in ("ADA@example.org", "nobody@example.org"):
                answer = await world.http.post("/api/users/password-reset", json={"email": address})
                assert answer.status_code == 202

        async def is_done() -> bool:
            return not await world.rows("SELECT 1 FROM reset_request UNION ALL SELECT 1 FROM mail")

        await eventually(is_done)
        await eventually(lambda: len(smtp.mails) == 3)
    tokens = [found[0] for mail in smtp.mails if (found := re.findall(r"set-password#([\w-]{43})", mail))]
    assert len(tokens) == 3
    body = {"token": tokens[-1], "password": "violet-harbour-candle"}
    assert (await world.http.post("/api/users/set-password", json=body)).status_code == 204
    assert (await world.accounts.find(account.email)).digest != account.digest


@pytest.mark.parametrize(
    "bad",
    [
        {"smtp_host": "mail.example.org"},
        {"smtp_host": "mail.example.org", "smtp_from": "a@b.c", "smtp_tls": "none"},
        {"smtp_from": "a\r\nBcc: x@y.z"},
        {"smtp_port": 0},
        {"password_blocklist": "/nowhere"},
        {"list_limit": "often"},
        {"password_min_length": 7},
    ],
)
def test_invalid_settings_are_rejected(bad: dict[str, object]) -> None:
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    required: dict[str, object] = {"database_url": "x", "mqtt_url": "x", "mqtt_password": "x"}
    with pytest.raises(ValidationError):
        UsersSettings.model_validate(
            required | {"accounts_key": key, "mirror_accounts_key": key, "audit_key": key} | bad
        )


@pytest.mark.servers
async def test_a_test_mail_says_what_the_mail_server_answered_and_is_audited(world: World, smtp: SmtpServer) -> None:
    own = world.bearer(await world.add("admin@example.org"))
    smtp.refusals = ["550"]
    async with smtp.running():
        answers = [(await world.http.post("/api/users/mail/test", headers=own)).json() for _ in range(2)]
    answers.append((await world.http.post("/api/users/mail/test", headers=own)).json())
    assert "550 no" in answers[0]["reason"]
    assert [answer["outcome"] for answer in answers] == ["rejected", "accepted", "failed"]
    assert [answer["to"] for answer in answers] == ["admin@example.org"] * 3
    assert [answer["reason"] == "" for answer in answers] == [False, True, False]
    message = email.message_from_string(smtp.mails[0], policy=email.policy.default)
    assert (message["to"], message["subject"]) == ("admin@example.org", "Test mail of PrecisionPulse")
    assert [kind for kind, _, _ in await world.audit()][-3:] == ["mail_tested"] * 3


@pytest.mark.servers
@pytest.mark.parametrize(
    ("refusal", "outcome"),
    [("550 5.7.1 Relay\tdenied\x1b[31m for \u202eyou", "rejected"), ("451 4.7.1 Greylisted,\x07 come later", "failed")],
)
async def test_a_test_mail_quotes_the_mail_servers_answer_without_control_characters(
    world: World, smtp: SmtpServer, refusal: str, outcome: str
) -> None:
    own = world.bearer(await world.add("admin@example.org"))
    smtp.refusals = [f"{refusal} {'x' * 300}"]
    async with smtp.running():
        answer = (await world.http.post("/api/users/mail/test", headers=own)).json()
    assert answer["outcome"] == outcome
    quoted = answer["reason"].rpartition("): ")[2]
    assert len(quoted) == 200
    assert quoted.isprintable()
    assert quoted.startswith(refusal[:10])


@pytest.mark.servers
async def test_a_test_mail_says_why_the_server_rejects_the_sender(world: World, smtp: SmtpServer) -> None:
    own = world.bearer(await world.add("admin@example.org"))
    smtp.sender_refusal = "530 5.7.0 Authentication required"
    async with smtp.running():
        answer = (await world.http.post("/api/users/mail/test", headers=own)).json()
    assert answer["reason"] == "the mail server failed: SMTPSenderRefused: 530 5.7.0 Authentication required no"


@pytest.mark.servers
async def test_test_mails_are_limited_and_for_administrators_only(world: World) -> None:
    own = world.bearer(await world.add("admin@example.org"))
    user = world.bearer(await world.add("user@example.org", role="user"))
    assert (await world.http.post("/api/users/mail/test", headers=user)).status_code == 403
    assert (await world.http.get("/api/users/mail", headers=user)).status_code == 403
    found = [(await world.http.post("/api/users/mail/test", headers=own)).status_code for _ in range(6)]
    assert found == [200] * 5 + [429]


@pytest.mark.servers
async def test_the_mail_settings_are_shown_without_the_password(
    database: Database, clock: FakeClock, digest: str
) -> None:
    settings: dict[str, Any] = {"smtp_host": "mail.example.org", "smtp_from": "pulse@example.org"}
    async with open_world(database, clock, digest, **settings, smtp_user="u", smtp_password="hunter2") as made:
        own = made.bearer(await made.add("admin@example.org"))
        answer = await made.http.get("/api/users/mail", headers=own)
    assert "hunter2" not in answer.text
    assert answer.json()["server"] == {
        "host": "mail.example.org",
        "port": 587,
        "sender": "pulse@example.org",
        "encryption": "starttls",
        "has_password": True,
    }


@pytest.mark.servers
async def test_without_a_mail_server_a_test_says_so(database: Database, clock: FakeClock, digest: str) -> None:
    async with open_world(database, clock, digest) as made:
        own = made.bearer(await made.add("admin@example.org"))
        assert (await made.http.get("/api/users/mail", headers=own)).json() == {"server": None}
        answer = await made.http.post("/api/users/mail/test", headers=own)
    assert (answer.status_code, answer.json()["code"]) == (409, "mail_not_configured")

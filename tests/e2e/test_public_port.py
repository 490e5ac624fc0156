"""The public port: requests that it rejects, and that responses never contain an internal address."""

import json
import os
import secrets
import signal
import socket
from contextlib import closing

import httpx
import pytest

from tests.system import System, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


def raw(system: System, *lines: str) -> str:
    """Returns everything until the server closes the connection. Raises an error at the socket's timeout."""
    url = httpx.URL(system.url)
    with closing(socket.create_connection((url.host, url.port or 80), timeout=10)) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts).decode()


@pytest.mark.parametrize("path", ["/metrics", "/favicon.png", "/API/users", "/.env", "/dashboard/x/y", "/api/nothing"])
def test_unknown_paths_are_404_for_every_caller(system: System, path: str) -> None:
    answer = httpx.get(f"{system.url}{path}")
    assert answer.status_code == 404
    assert "location" not in answer.headers


@pytest.mark.parametrize("path", ["/api/users", "/api/profile", "/api/auth/session", "/api/telemetry/devices"])
def test_no_response_contains_an_internal_address(system: System, path: str) -> None:
    inside = [each["port"] for each in system.status()["processes"] if each["name"] != "web" and each["port"]]
    bearer = {"Authorization": f"Bearer {system.token()}"}
    for requested in (path, f"{path}/"):
        for headers in ({}, bearer):
            answer = httpx.get(f"{system.url}{requested}", headers=headers)
            assert answer.status_code == (404 if requested != path else 200 if headers else 401)
            header_text = json.dumps(dict(answer.headers))
            assert "x-middleware" not in header_text.lower()
            assert not [port for port in inside if f":{port}" in header_text]


@pytest.mark.parametrize(
    ("protocol", "path"), [("h2c", "/"), ("websocket", "/dashboard"), ("h2c", "/socket.io/?EIO=4")]
)
def test_an_unknown_upgrade_is_answered_and_closed(system: System, protocol: str, path: str) -> None:
    answer = raw(system, f"GET {path} HTTP/1.1", "Host: a", "Connection: Upgrade", f"Upgrade: {protocol}")
    assert answer.startswith("HTTP/1.1 400 ")


def test_two_hosts_invalid_targets_and_trace_are_rejected(system: System) -> None:
    assert raw(system, "GET /login HTTP/1.1", "Host: a", "Host: b").startswith("HTTP/1.1 400 ")
    for target in ("OPTIONS *", "GET http://evil.example/dashboard"):
        assert raw(system, f"{target} HTTP/1.1", "Host: a").startswith("HTTP/1.1 400 ")
    answer = raw(system, "TRACE /login HTTP/1.1", "Host: a")
    assert answer.startswith("HTTP/1.1 405 ")
    assert "node_modules" not in answer


def test_healthz_says_whether_the_system_is_well_without_details(system: System) -> None:
    def answer() -> tuple[int, str]:
        got = httpx.get(f"{system.url}/healthz", timeout=20)
        assert got.headers["cache-control"] == "no-store"
        return got.status_code, got.text

    wait_until(lambda: answer() == (200, '{"status":"ok"}'), seconds=20, what="the system is well")
    assert httpx.head(f"{system.url}/healthz").status_code == 200
    pid = system.child("sync-publisher")["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: answer() == (503, '{"status":"degraded"}'), seconds=20, what="the system is degraded")
        assert httpx.get(f"{system.url}/livez").status_code == 200
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: answer()[0] == 200, seconds=20, what="the system is well again")


def test_one_request_id_finds_the_request_in_the_logs_of_web_and_service(system: System) -> None:
    mark = secrets.token_hex(8)
    forged = {"x-request-id": mark, "x-forwarded-for": "6.6.6.6", "authorization": f"Bearer {system.token()}"}
    path = "/api/users/00000000-0000-4000-8000-000000000000"
    answer = httpx.get(f"{system.url}{path}?email=hidden", headers=forged)
    assert (answer.status_code, answer.headers["x-request-id"]) == (404, mark)

    def lines(name: str) -> list[dict[str, object]]:
        text = (system.state / f"logs/{name}.log").read_text()
        return [json.loads(line) for line in text.splitlines() if mark in line]

    wait_until(lambda: bool(lines("web") and lines("users")), seconds=20, what="both have logged it")
    ((web,), (service,)) = lines("web"), lines("users")
    assert (web["method"], web["path"], web["status"], web["client"]) == ("GET", path, 404, "127.0.0.1")
    assert (service["method"], service["status"], service["client"]) == ("GET", 404, "127.0.0.1")
    assert {"event", "service", "level", "logger", "timestamp", "method", "status", "ms", "client", "request_id"} <= (
        web.keys() & service.keys()
    )
    assert service["account"]
    assert "hidden" not in str((web, service))


def test_every_line_of_the_web_log_is_a_json_event(system: System) -> None:
    lines = (system.state / "logs/web.log").read_text().splitlines()
    assert lines
    assert all({"event", "service", "level", "timestamp"} <= json.loads(line).keys() for line in lines)

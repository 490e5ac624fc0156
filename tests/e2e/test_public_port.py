"""The public port: requests that it rejects, and that responses never contain an internal address."""

import json
import socket
from contextlib import closing

import httpx
import pytest

from tests.system import System

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


@pytest.mark.parametrize("path", ["/metrics", "/favicon.ico", "/API/users", "/.env", "/dashboard/x", "/api/nothing"])
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

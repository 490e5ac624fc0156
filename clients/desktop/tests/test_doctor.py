"""The doctor: every check reports the problem and the remedy, and the exit code counts."""

import asyncio
import contextlib
import json
import os
import re
import socket
import socketserver
import sqlite3
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from pulse_desktop.__main__ import main
from pulse_desktop.cli import doctor_mirror
from pulse_desktop.cli.finding import Finding
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.identity.enrolled import Enrolled
from pulse_desktop.core.mirror.database import FILE
from pulse_desktop.core.model import BufferLimits
from pulse_desktop.core.status import snapshot
from pulse_testkit.servers import Servers

from .mirror_desk import synced_desk
from .publisher import FakePublisher, live, revoked

Out = pytest.CaptureFixture[str]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    Buffer(folder, 1, BufferLimits(), Clock()).close()
    return folder


def findings(out: str) -> dict[str, str]:
    return {line.split()[1]: line.split()[0] for line in out.splitlines() if line[:4].strip() in {"OK", "WARN", "FAIL"}}


def examine(folder: Path, *words: str) -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"mqtt://127.0.0.1:{free.getsockname()[1]}"
    return main(["doctor", "--state-dir", str(folder), "--device", "alpha", "--mqtt-url", url, *words])


def test_an_unreachable_broker_fails_and_the_other_checks_run(home: Path, capsys: Out) -> None:
    assert examine(home) == 1
    found = findings(capsys.readouterr().out)
    assert found["broker"] == "FAIL"
    assert (found["permissions"], found["buffer"]) == ("OK", "OK")


def test_a_corrupt_buffer_fails(home: Path, capsys: Out) -> None:
    (home / "buffer.db").write_bytes(b"this is no database, " * 1_000)
    assert examine(home) == 1
    assert findings(capsys.readouterr().out)["buffer"] == "FAIL"


def test_a_shared_folder_and_a_replaced_corrupt_buffer_cause_warnings(home: Path, capsys: Out) -> None:
    home.chmod(0o755)
    (home / "buffer.corrupt-20260101T000000Z").write_bytes(b"")
    examine(home)
    out = capsys.readouterr().out
    assert findings(out)["permissions"] == "WARN"
    assert "corrupt buffer that was replaced" in out
    assert f"chmod 700 {home}" in out


def test_a_full_disk_fails(home: Path, capsys: Out) -> None:
    examine(home, "--buffer-min-free-bytes", str(2**44))
    assert findings(capsys.readouterr().out)["disk"] == "FAIL"


@pytest.mark.parametrize(
    ("content", "mode", "state"), [("", 0o600, "FAIL"), ("hunter2-x", 0o644, "WARN"), ("hunter2-x", 0o600, "OK")]
)
def test_the_password_file(
    home: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch, content: str, mode: int, state: str
) -> None:
    file = home.parent / "password"
    file.write_text(content)
    file.chmod(mode)
    monkeypatch.setenv("PULSE_MQTT_PASSWORD_FILE", str(file))
    examine(home)
    out = capsys.readouterr().out
    assert findings(out)["credentials"] == state
    assert "hunter2-x" not in out


def test_a_clock_behind_the_last_status_fails(home: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "read", lambda _: {"written": 4_000_000_000_000_000})
    examine(home)
    assert findings(capsys.readouterr().out)["clock"] == "FAIL"


# -- the mirror


@pytest.fixture
def mirrored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An enrolled collector that is off. It has an account with a verifier, one without, and a tombstone."""
    monkeypatch.setenv("PULSE_SECRETS", "file")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    folder = tmp_path / "enrolled"
    folder.mkdir(mode=0o700)

    async def fill() -> None:
        async with synced_desk(folder, live(1, 1), live(2, 2, verifier=None), revoked(3, 3)):
            pass

    asyncio.run(fill())
    return folder


def check(folder: Path, capsys: Out) -> dict[str, Finding]:
    """The findings of the mirror by name. Each problem has a remedy."""
    found = asyncio.run(doctor_mirror.findings(folder))
    assert all(one.todo for one in found if one.state != "OK")
    main(["doctor", "--state-dir", str(folder), "--mqtt-url", "mqtt://127.0.0.1:9"])
    out = capsys.readouterr().out
    assert all(f"{one.state:<5} {one.check:<12} {one.text}" in out for one in found)
    return {one.check: one for one in found}


def test_a_mirror_in_order_passes_every_check(mirrored: Path, capsys: Out) -> None:
    found = check(mirrored, capsys)
    assert {name: one.state for name, one in found.items()} == dict.fromkeys(
        ("state.db", "keystore", "mirror", "heartbeat", "accounts"), "OK"
    )
    assert found["mirror"].text == "synced, position 1"
    assert re.fullmatch(
        r"the server confirmed the accounts \d+ s ago; offline sign-in ends in 3 days", found["heartbeat"].text
    )
    assert found["accounts"].text == "1 accounts can sign in without the network, 1 cannot, 1 are revoked"


def test_a_collector_without_an_enrolment_has_no_mirror_to_check(home: Path, capsys: Out) -> None:
    examine(home)
    assert {"state.db", "keystore", "mirror", "heartbeat", "accounts"}.isdisjoint(findings(capsys.readouterr().out))


def test_a_collector_that_has_not_run_since_its_enrolment(tmp_path: Path, capsys: Out) -> None:
    FakePublisher().enrol(Enrolled(tmp_path, None, None))
    assert {name: one.state for name, one in check(tmp_path, capsys).items()} == {"mirror": "WARN"}


@pytest.mark.parametrize(
    ("damage", "state", "todo"),
    [
        ("missing", "FAIL", "enrol this collector again with --replace"),
        ("foreign", "FAIL", "enrol again with --replace"),
        ("shared", "WARN", "chmod 600"),
    ],
)
def test_a_keystore_that_cannot_be_used_or_that_others_can_read(
    mirrored: Path, capsys: Out, damage: str, state: str, todo: str
) -> None:
    keys = mirrored / "mirror-keys.json"
    if damage == "missing":
        keys.unlink()
    elif damage == "foreign":
        keys.write_text(keys.read_text().replace("press-4", "press-5"))
    else:
        keys.chmod(0o644)
    found = check(mirrored, capsys)
    assert found["keystore"].state == state
    assert todo in found["keystore"].todo
    assert found["mirror"].state == ("OK" if damage == "shared" else "FAIL")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")
def test_a_keystore_of_another_user(mirrored: Path, capsys: Out) -> None:
    os.chown(mirrored / "mirror-keys.json", 12_345, 12_345)
    found = check(mirrored, capsys)
    assert found["keystore"].state == "FAIL"
    assert "belongs to uid 12345" in found["keystore"].text


def test_a_corrupt_state_database(mirrored: Path, capsys: Out) -> None:
    (mirrored / FILE).write_bytes(b"not a database" * 1_000)
    found = check(mirrored, capsys)
    assert {name: one.state for name, one in found.items()} == {"state.db": "FAIL"}
    assert "restart the collector: it replaces the file" in found["state.db"].todo


@pytest.mark.parametrize(
    ("sql", "name", "state", "text"),
    [
        ("UPDATE position SET applied = 0", "mirror", "FAIL", "restored from a backup"),
        ("UPDATE position SET state = 'resync'", "mirror", "WARN", "some changes of accounts are missing"),
        ("UPDATE position SET fresh = NULL", "heartbeat", "WARN", "never confirmed"),
        ("UPDATE position SET fresh = fresh - 3600000000", "heartbeat", "WARN", "offline sign-in ends in"),
        ("UPDATE position SET fresh = fresh - 360000000000", "heartbeat", "FAIL", "offline sign-in ended 28 h ago"),
        ("UPDATE record SET lease = 0", "heartbeat", "OK", "no account has a lease"),
        ("UPDATE record SET verifier_hash = NULL", "accounts", "WARN", "0 accounts can sign in"),
        ("DELETE FROM record", "accounts", "WARN", "no account may sign in here"),
        (
            "INSERT INTO conflict (at, kind, decision) VALUES (1, 'audit_ahead', 'audit_numbers_raised')",
            "conflicts",
            "WARN",
            "1 conflicts with the server",
        ),
    ],
)
def test_each_problem_of_the_mirror_is_found(
    mirrored: Path, capsys: Out, sql: str, name: str, state: str, text: str
) -> None:
    with contextlib.closing(sqlite3.connect(mirrored / FILE)) as connection, connection:
        connection.execute(sql)
    found = check(mirrored, capsys)[name]
    assert found.state == state
    assert text in found.text


def test_a_clock_that_went_back(mirrored: Path, capsys: Out) -> None:
    keys = mirrored / "mirror-keys.json"
    kept = json.loads(keys.read_text())
    keys.write_text(json.dumps(kept | {"elapsed": kept["elapsed"] + 3_600_000_000}))
    found = check(mirrored, capsys)["mirror"]
    assert found.state == "FAIL"
    assert "clock of this machine went back" in found.text
    assert "set the clock" in found.todo


@pytest.mark.servers
@pytest.mark.announces_log("broker_connection_failed state=refused")
def test_the_sign_in_succeeds_or_fails_with_the_password(
    home: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch, servers: Servers
) -> None:
    file = home.parent / "password"
    file.touch(0o600)
    monkeypatch.setenv("PULSE_MQTT_PASSWORD_FILE", str(file))
    for password, state, code in ((servers.passwords["alpha"], "OK", 0), ("wrong", "FAIL", 1)):
        file.write_text(password)
        assert examine(home, "--mqtt-url", servers.mqtt_url) == code
        out = capsys.readouterr().out
        assert findings(out)["sign-in"] == state
        assert password not in out or password == "wrong"


@contextlib.contextmanager
def broker_with(certificate: trustme.LeafCert) -> Iterator[str]:
    """A TLS server with this certificate that answers nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError), context.wrap_socket(self.request, server_side=True) as wrapped:
                wrapped.recv(1)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"mqtts://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.announces_log("broker_connection_failed state=waiting")
@pytest.mark.parametrize(
    ("case", "todo"),
    [
        ("expired", "renew the broker's certificate"),
        ("not yet valid", "the clock of this machine is behind"),
        ("another host", "for other host names"),
        ("another authority", "not the broker of the enrolment"),
    ],
)
def test_a_rejected_certificate_is_not_reported_as_a_wrong_password(
    home: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch, case: str, todo: str
) -> None:
    file, authorities = home.parent / "password", home.parent / "ca.pem"
    file.touch(0o600)
    file.write_text("secret")
    monkeypatch.setenv("PULSE_MQTT_PASSWORD_FILE", str(file))
    ours, day = trustme.CA(), timedelta(days=1)
    signer = trustme.CA() if case == "another authority" else ours
    ours.cert_pem.write_to_path(str(authorities))
    monkeypatch.setenv("PULSE_MQTT_CA_FILE", str(authorities))
    begins = datetime.now(UTC) + (day if case == "not yet valid" else -2 * day)
    ends = begins + (day if case == "expired" else 3 * day)
    certificate = signer.issue_cert(
        "localhost" if case == "another host" else "127.0.0.1", not_before=begins, not_after=ends
    )
    with broker_with(certificate) as url:
        assert examine(home, "--mqtt-url", url) == 1
    out = capsys.readouterr().out
    assert findings(out)["certificate"] == "FAIL"
    assert todo in out
    assert "disabled" not in out

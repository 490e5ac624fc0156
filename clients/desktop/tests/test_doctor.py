"""The doctor: every check reports the problem and the remedy, and the exit code counts."""

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from pulse_desktop.__main__ import main
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import BufferLimits
from pulse_desktop.core.status import snapshot
from pulse_testkit.servers import Servers

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

"""`pulse-collector enrol` against a fake of auth."""

import base64
import json
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pulse_contracts.auth import VerificationKeyRecord
from pulse_contracts.enrolment import EnrolledDevice, EnrolmentOffer
from pulse_desktop.__main__ import main
from pulse_desktop.cli.credentials import broker_password, load_settings
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.identity.enrolled import AUTHORITIES, IDENTITY, PLAIN, SEALED, Enrolled
from pulse_desktop.core.identity.keyrings import system_keyring
from pulse_desktop.core.identity.model import CREDENTIAL
from pulse_desktop.core.model import BufferLimits, Reading, SeriesSpec
from pulse_desktop.core.settings import BadSettingsError
from pulse_desktop.core.state_directory import lock
from pulse_jose.enrolment import Code, answer_offer

Out = pytest.CaptureFixture[str]
PASSWORD = "p" * 43


@dataclass
class Server:
    """A fake of auth's enrolment endpoint."""

    url: str = ""
    codes: dict[str, Code] = field(default_factory=dict)
    device: str = "press-4"
    gen: int = 0
    status: int = 200
    forges: bool = False

    def code(self) -> Code:
        made = Code.generate(secrets.token_bytes)
        self.codes[base64.urlsafe_b64encode(made.id).decode().rstrip("=")] = made
        return made

    def answer(self, body: bytes) -> tuple[int, bytes]:
        if self.status != 200:
            return self.status, b"{}"
        offer = EnrolmentOffer.model_validate_json(body)
        code = self.codes.pop(offer.code_id, None)
        if code is None:
            return 403, json.dumps({"code": "enrolment_refused"}).encode()
        self.gen += 1
        root = VerificationKeyRecord(kid="root", x="A" * 43, y="A" * 43, not_before=0)
        device = EnrolledDevice(
            device=self.device,
            name="Press 4",
            gen=self.gen,
            broker_url="mqtts://broker.example:8883",
            password=PASSWORD,
            prefix="pulse/v1",
            ca="-----BEGIN CERTIFICATE-----\n",
            roots=[root],
        )
        answer, _ = answer_offer(offer, code.key, device.model_dump_json().encode(), secrets.token_bytes, time.time)
        if self.forges:
            answer = answer.model_copy(update={"mac": "A" * 43})
        return 200, answer.model_dump_json().encode()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, server: Server, *args: object) -> None:
        self.fake = server
        super().__init__(*args)  # type: ignore[arg-type]

    def do_POST(self) -> None:
        status, body = self.fake.answer(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        """Writes no log."""


@pytest.fixture
def server() -> Iterator[Server]:
    fake = Server()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, fake)) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        fake.url = f"http://127.0.0.1:{http.server_address[1]}"
        yield fake
        http.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hides the environment of the machine that runs the test."""
    for name in ("PULSE_DEVICE", "PULSE_MQTT_URL", "PULSE_MQTT_PASSWORD_FILE", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PULSE_SECRETS", "file")


def enrol(folder: Path, server: Server, code: Code, *more: str) -> int:
    return main(["enrol", server.url, code.text.lower(), "--state-dir", str(folder), *more])


def test_run_needs_no_settings_after_enrolment(tmp_path: Path, server: Server, capsys: Out) -> None:
    assert enrol(tmp_path, server, server.code()) == 0
    out = capsys.readouterr().out
    assert "enrolled as press-4 (Press 4), generation 1" in out
    assert "only this user can read" in out
    assert PASSWORD not in out
    settings = load_settings({"state_dir": str(tmp_path)})
    assert (settings.device, settings.mqtt_url, settings.name) == ("press-4", "mqtts://broker.example:8883", "Press 4")
    assert settings.mqtt_ca_file == tmp_path / AUTHORITIES
    assert broker_password(settings) == PASSWORD
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in (IDENTITY, PLAIN)} == {0o600}
    assert PASSWORD not in (tmp_path / IDENTITY).read_text()


def test_a_missing_pinned_authority_is_an_error(tmp_path: Path, server: Server) -> None:
    assert enrol(tmp_path, server, server.code()) == 0
    (tmp_path / AUTHORITIES).unlink()
    with pytest.raises(BadSettingsError, match=r"broker-ca.pem is missing.*enrol again"):
        load_settings({"state_dir": str(tmp_path)})


def test_flags_and_environment_override_the_enrolment(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(tmp_path, server, server.code())
    monkeypatch.setenv("PULSE_MQTT_URL", "mqtts://other:8883")
    assert load_settings({"state_dir": str(tmp_path), "name": "X"}).mqtt_url == "mqtts://other:8883"
    with pytest.raises(BadSettingsError, match="enrolled as press-4"):
        load_settings({"state_dir": str(tmp_path), "device": "press-5"})


def test_an_enrolled_collector_is_overwritten_only_with_replace(tmp_path: Path, server: Server, capsys: Out) -> None:
    enrol(tmp_path, server, server.code())
    code = server.code()
    assert enrol(tmp_path, server, code) == 1
    assert "--replace" in capsys.readouterr().err
    assert server.gen == 1  # the code is still valid
    assert enrol(tmp_path, server, code, "--replace") == 0
    assert "generation 2" in capsys.readouterr().out
    server.device = "press-5"
    assert enrol(tmp_path, server, server.code(), "--replace") == 1
    assert "belongs to press-4" in capsys.readouterr().err
    assert load_settings({"state_dir": str(tmp_path)}).device == "press-4"


@pytest.mark.parametrize("was_enrolled", [True, False])
def test_waiting_readings_are_never_delivered_for_another_device(
    tmp_path: Path, server: Server, capsys: Out, was_enrolled: bool
) -> None:
    """Also when the identity file is damaged, or when the collector was configured by the environment."""
    buffer = Buffer(tmp_path, 1, BufferLimits(), Clock())
    (series,) = buffer.declare([SeriesSpec("level", "float")])
    buffer.append([Reading(series.id, 1, 1.0)])
    buffer.close()
    (tmp_path / "status.json").write_text(json.dumps({"device": "press-5", "written": 0}))
    if was_enrolled:
        (tmp_path / IDENTITY).write_text("{")
    assert enrol(tmp_path, server, server.code(), "--replace") == 1
    assert "belongs to press-5" in capsys.readouterr().err
    server.device = "press-5"
    assert enrol(tmp_path, server, server.code(), "--replace") == 0


def test_a_used_code_is_reported(tmp_path: Path, server: Server, capsys: Out) -> None:
    code = server.code()
    enrol(tmp_path / "one", server, code)
    assert enrol(tmp_path / "two", server, code) == 1
    assert "ask an administrator for a new one" in capsys.readouterr().err
    assert not (tmp_path / "two" / IDENTITY).exists()


def test_an_answer_without_knowledge_of_the_code_changes_nothing(tmp_path: Path, server: Server, capsys: Out) -> None:
    server.forges = True
    assert enrol(tmp_path, server, server.code()) == 1
    assert "could not prove that it knows the code" in capsys.readouterr().err
    assert not (tmp_path / IDENTITY).exists()


@pytest.mark.parametrize(
    ("status", "message"), [(404, "check the URL"), (429, "too many"), (503, "same code"), (302, "check the URL")]
)
def test_every_error_of_the_server_is_explained(
    tmp_path: Path, server: Server, capsys: Out, status: int, message: str
) -> None:
    server.status = status
    assert enrol(tmp_path, server, server.code()) == 1
    assert message in capsys.readouterr().err


def test_invalid_arguments_and_unreachable_servers_are_reported(tmp_path: Path, capsys: Out) -> None:
    folder = ["--state-dir", str(tmp_path)]
    assert main(["enrol", "http://127.0.0.1:1", "ABC", *folder]) == 1
    assert "the code is invalid" in capsys.readouterr().err
    code = Code.generate(secrets.token_bytes).text
    assert main(["enrol", "http://127.0.0.1:1", code, *folder]) == 1
    assert "cannot be reached" in capsys.readouterr().err
    assert main(["enrol", "ftp://x", code, *folder]) == 1
    assert "not the URL of a server" in capsys.readouterr().err


def test_enrol_changes_nothing_while_a_collector_is_running(tmp_path: Path, server: Server, capsys: Out) -> None:
    with lock.acquire(tmp_path):
        assert enrol(tmp_path, server, server.code()) == 1
    assert "stop it first" in capsys.readouterr().err


def test_a_service_credential_encrypts_the_secrets(
    tmp_path: Path, server: Server, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / CREDENTIAL).write_text("A" * 43 + "\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    home = tmp_path / "home"
    assert enrol(home, server, server.code()) == 0
    assert "service credential" in capsys.readouterr().out
    assert PASSWORD not in (home / SEALED).read_text()
    assert not (home / PLAIN).exists()
    assert broker_password(load_settings({"state_dir": str(home)})) == PASSWORD
    (credentials / CREDENTIAL).write_text("B" * 43)
    with pytest.raises(BadSettingsError, match="enrol again"):
        broker_password(load_settings({"state_dir": str(home)}))


class Ring:
    """A fake keyring. With `forgets`, it stores nothing."""

    def __init__(self, *, forgets: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.forgets = forgets

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if not self.forgets:
            self.kept[service, username] = password


def test_a_working_keyring_is_preferred_and_a_forgetful_one_is_not_used(tmp_path: Path) -> None:
    assert Enrolled(tmp_path, Ring(), None).prepare() == "keyring"
    assert Enrolled(tmp_path, Ring(forgets=True), None).prepare() == "file"


def test_backends_that_store_nothing_or_clear_text_are_not_used() -> None:
    ring = Ring()
    assert system_keyring(lambda: (ring, 5.0, "keyring.backends.SecretService")) is ring
    assert system_keyring(lambda: (ring, 0.0, "keyring.backends.fail")) is None
    assert system_keyring(lambda: (ring, 1.5, "keyrings.alt.file")) is None


def test_the_doctor_checks_the_enrolment(tmp_path: Path, server: Server, capsys: Out) -> None:
    home = tmp_path / "home"
    enrol(home, server, server.code())
    main(["doctor", "--state-dir", str(home), "--mqtt-url", "mqtt://127.0.0.1:1"])
    assert "enrolled as press-4, generation 1" in capsys.readouterr().out
    (home / PLAIN).chmod(0o644)
    main(["doctor", "--state-dir", str(home), "--mqtt-url", "mqtt://127.0.0.1:1"])
    assert f"chmod 600 {home / PLAIN}" in capsys.readouterr().out
    (home / PLAIN).unlink()
    assert main(["doctor", "--state-dir", str(home), "--mqtt-url", "mqtt://127.0.0.1:1"]) == 1
    assert "--replace" in capsys.readouterr().out

"""The state directory and its commands: clear messages, and nothing half-done."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pulse_contracts.access import SERVICES
from pulse_standalone import children
from pulse_standalone.files import SetupError, rotate
from pulse_standalone.mosquitto import BrokerAccounts, Mosquitto, Program
from pulse_standalone.runner import Runner
from pulse_standalone.settings import BadSettingsError, Settings
from pulse_standalone.state import AlreadyRunningError, State
from pulse_standalone.system import System, check_port

SHARED = {
    "pulse_accounts_key": ("users", "auth"),
    "pulse_mirror_accounts_key": ("users", "sync-publisher"),
    "pulse_collectors_key": ("auth", "sync-publisher"),
    "pulse_gateway_key": ("auth", "telemetry-gateway"),
}


def pulse(*arguments: str, state: Path, typed: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
    """Runs one command as make calls it."""
    full = {**os.environ, "PULSE_STATE_DIR": str(state), **env}
    command = [sys.executable, "-m", "pulse_standalone", *arguments]
    return subprocess.run(command, env=full, input=typed, capture_output=True, text=True, check=False, timeout=30)


def test_secrets_are_generated_once_with_mode_0600(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    state.prepare_secrets()
    first = {p: p.read_text() for p in (state.folder / "secrets").rglob("*") if p.is_file()}
    State(tmp_path / "state").prepare_secrets()
    assert {p: p.read_text() for p in first} == first
    assert all(p.stat().st_mode & 0o077 == 0 for p in first)
    for name, services in SHARED.items():
        assert len({state.secret(service, name) for service in services}) == 1
    assert len(set(first.values())) == len(first) - len(SHARED)


def test_auth_forgets_the_accounts_of_the_embedded_broker_when_another_broker_is_used(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.prepare_secrets()
    before = {file.name for file in state.secrets_of("auth").iterdir()}
    state.share_broker_accounts("secret", {"press-4": "secret"})
    assert len(list(state.secrets_of("auth").iterdir())) == len(before) + 2
    for _ in range(2):
        state.forget_broker_accounts()
        assert {file.name for file in state.secrets_of("auth").iterdir()} == before


def test_a_second_supervisor_is_rejected_with_the_pid_of_the_first(tmp_path: Path) -> None:
    state = State(tmp_path)
    with state.owned():
        assert State(tmp_path).owner() == os.getpid()
        with pytest.raises(AlreadyRunningError, match=rf"pid {os.getpid()}"), State(tmp_path).owned():
            pass
    assert State(tmp_path).owner() is None


def test_a_read_only_state_directory_is_reported_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="PULSE_STATE_DIR"):
        State(tmp_path / "file" / "state").create()


def test_a_port_in_use_is_reported_with_its_process_and_the_remedy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=rf"port {port} is used by .*PULSE_PORT"):
            check_port(port)


def test_the_address_of_another_machine_is_rejected_by_name() -> None:
    with pytest.raises(SetupError, match=r"PULSE_HOST=192\.0\.2\.1 is not an address of this machine"):
        check_port(8080, "192.0.2.1")


@pytest.mark.parametrize("port", ["", "http", "0", "65536", "-1", "²", "٣", "808080808080"])
def test_an_invalid_port_is_rejected(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PULSE_PORT", port or " ")
    with pytest.raises(BadSettingsError, match=r"^PULSE_PORT: must be a number from 1 to 65535$"):
        Settings.load()


def test_every_bad_setting_is_listed_on_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = {
        "PULSE_PORT": "http",
        "PULSE_GATEWAYS": "17",
        "PULSE_BROKER_PORT": "-1",
        "PULSE_MQTT_PLAIN": "yes",
        "DATABASE_URL": "mysql://root:hidden@127.0.0.1/x",
    }
    for name, value in bad.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BadSettingsError) as caught:
        Settings.load()
    assert {line.partition(":")[0] for line in caught.value.lines} == bad.keys()
    assert "hidden" not in str(caught.value)


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PULSE_PORT", "PULSE_STATE_DIR", "PULSE_GATEWAYS", "PULSE_DEVICES", "PULSE_MQTT_PLAIN", "MQTT_URL"):
        monkeypatch.setenv(name, "")
    settings = Settings.load()
    assert (settings.port, settings.gateways, settings.devices, settings.mqtt_plain) == (8080, 1, (), False)
    assert settings.state_dir == Path.cwd() / ".pulse"


def test_devices_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_DEVICES", "press-4,,press-5")
    assert Settings.load().devices == ("press-4", "press-5")


def test_reset_asks_and_deletes_nothing_without_a_yes(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    state.prepare_secrets()
    for typed in ("", "no\n", "y\n"):
        done = pulse("reset", state=state.folder, typed=typed)
        assert done.returncode == 1
        assert "nothing deleted" in done.stdout
    assert (state.folder / "secrets").exists()
    assert pulse("reset", state=state.folder, typed="yes\n").returncode == 0
    assert not state.folder.exists()


def test_reset_deletes_only_state_directories(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    done = pulse("reset", "--yes", state=tmp_path)
    assert done.returncode == 1
    assert "does not look like a state directory" in done.stderr
    assert (tmp_path / "mine.txt").exists()


def test_status_without_a_run_is_json(tmp_path: Path) -> None:
    done = pulse("status", state=tmp_path / "state")
    assert done.returncode == 1
    assert json.loads(done.stdout)["running"] is False


def test_stop_without_a_run_succeeds(tmp_path: Path) -> None:
    done = pulse("stop", state=tmp_path / "state")
    assert (done.returncode, done.stdout) == (0, "the system is not running\n")


@pytest.mark.parametrize("command", ["status", "logs", "stop", "reset"])
def test_commands_without_a_run_create_nothing_and_ignore_the_port(tmp_path: Path, command: str) -> None:
    done = pulse(command, state=tmp_path / "state", PULSE_PORT="²")
    assert "Traceback" not in done.stderr
    assert "PULSE_PORT" not in done.stderr
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff"])
def test_a_damaged_status_file_is_ignored(tmp_path: Path, text: str) -> None:
    state = State(tmp_path)
    with state.owned():
        state.status_file.write_text(text)
        assert state.status() == {"running": True, "ready": False, "state_dir": str(tmp_path), "processes": []}


def test_an_empty_or_unreadable_secret_is_reported_with_its_remedy(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.prepare_secrets()
    file = tmp_path / "secrets/auth/pulse_key_encryption_key"
    file.write_text("")
    with pytest.raises(SetupError, match=rf"{file} is empty: restore it, or delete it"):
        state.prepare_secrets()
    file.unlink()
    file.mkdir()
    with pytest.raises(SetupError, match=rf"{file} cannot be read"):
        state.prepare_secrets()
    file.rmdir()
    state.prepare_secrets()


@pytest.mark.parametrize("name", SHARED)
def test_a_new_shared_key_reaches_both_services(tmp_path: Path, name: str) -> None:
    state = State(tmp_path)
    state.prepare_secrets()
    owner, other = SHARED[name]
    before = state.secret(owner, name)
    (tmp_path / "secrets" / owner / name).unlink()
    state.prepare_secrets()
    assert before != state.secret(owner, name) == state.secret(other, name)


def test_only_the_services_that_share_a_key_have_it(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.prepare_secrets()
    found = {name: sorted(p.parent.name for p in (tmp_path / "secrets").rglob(name)) for name in SHARED}
    assert found == {name: sorted(services) for name, services in SHARED.items()}
    assert not (tmp_path / "secrets/users/pulse_key_encryption_key").exists()


def test_only_the_owner_can_read_the_state_directory(tmp_path: Path) -> None:
    (tmp_path / "lock").touch(0o644)
    with State(tmp_path).owned():
        modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in ("lock", "collector", "logs", "secrets")}
    assert modes == {"lock": 0o600, "collector": 0o700, "logs": 0o700, "secrets": 0o700}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "localhost"),
        ("DATABASE_URL", "mysql://root:hidden@127.0.0.1/x"),
        ("DATABASE_URL", "postgresql://root:hidden@127.0.0.1:port/x"),
        ("MQTT_URL", "127.0.0.1:1883"),
        ("MQTT_URL", "mqtt://me:hidden@127.0.0.1"),
        ("MQTT_URL", "mqtt://127.0.0.1:99999"),
    ],
)
def test_an_invalid_url_stops_the_run_with_its_name_and_without_its_value(
    tmp_path: Path, name: str, value: str
) -> None:
    done = pulse("run", state=tmp_path / "state", **{name: value, "PULSE_PORT": "18999"})
    assert done.returncode == 2
    assert done.stderr.startswith(f"{name}: ")
    assert done.stderr.count("\n") == 1
    assert "hidden" not in done.stderr


@pytest.mark.parametrize("count", ["0", "17", "two", "-1"])
def test_an_invalid_number_of_gateways_is_rejected(monkeypatch: pytest.MonkeyPatch, count: str) -> None:
    monkeypatch.setenv("PULSE_GATEWAYS", count)
    with pytest.raises(BadSettingsError, match=r"^PULSE_GATEWAYS: must be a number from 1 to 16$"):
        Settings.load()


def test_gateways_share_a_broker_account_and_have_their_own_names_and_ports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_GATEWAYS", "3")
    monkeypatch.setenv("PULSE_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("PULSE_PORT", raising=False)
    state = State(tmp_path)
    state.prepare_secrets()
    system = System(Settings.load(), state)
    for service in SERVICES:
        system._service_urls[service] = "postgresql://pulse@127.0.0.1:1/pulse"
    found = {child.name: child for child in system.services() if isinstance(child, children.Program)}
    names = ["telemetry-gateway", "telemetry-gateway-2", "telemetry-gateway-3"]
    assert [name for name in found if name.startswith("telemetry")] == names
    assert len({found[name].port for name in names}) == 3
    assert [found[name]._env.get("PULSE_MQTT_CLIENT_ID") for name in names] == names


def test_broker_rules_are_written_only_when_they_change(tmp_path: Path) -> None:
    def inodes(*devices: str) -> tuple[int, int]:
        accounts = BrokerAccounts("admin", {"users": "x"}, dict.fromkeys(devices, "y"))
        broker = Mosquitto(Runner(tmp_path), tmp_path, Program(Path("/b"), Path("/p"), {}), accounts)
        broker.port = 1
        broker.write_rules()
        files = tmp_path / "mqtt/store/dynamic-security.json", tmp_path / "mqtt/mosquitto.conf"
        return files[0].stat().st_ino, files[1].stat().st_ino

    first = inodes("alpha")
    assert inodes("alpha") == first
    assert "beta" not in (tmp_path / "mqtt/store/dynamic-security.json").read_text()
    inodes("alpha", "beta")
    assert "beta" in (tmp_path / "mqtt/store/dynamic-security.json").read_text()


def test_a_large_log_is_renamed_once(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_bytes(b"short")
    rotate(log)
    assert log.exists()
    os.truncate(log, 10_000_001)
    rotate(log)
    assert [p.name for p in tmp_path.iterdir()] == ["web.log.1"]


def test_help_names_every_command(tmp_path: Path) -> None:
    done = pulse("--help", state=tmp_path)
    assert all(word in done.stdout for word in ("run", "stop", "status", "logs", "reset", "PULSE_PORT"))


def test_every_process_has_a_log_that_can_be_followed(tmp_path: Path) -> None:
    state = State(tmp_path)
    assert state.log_to_follow("web") == tmp_path / "logs/web.log"
    assert state.log_to_follow("mosquitto") == tmp_path / "mqtt/log"
    assert state.log_to_follow("postgres") == tmp_path / "postgres/log"

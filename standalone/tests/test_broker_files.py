"""The broker's files: accounts, port and certificates, also after a kill between two files."""

import json
import socket
from pathlib import Path

import pytest

from pulse_contracts.access import SERVICES
from pulse_standalone import mosquitto
from pulse_standalone.certificates import Authority, TlsFiles, now
from pulse_standalone.files import SetupError
from pulse_standalone.members import BrokerChild
from pulse_standalone.mosquitto import BrokerAccounts, Listeners, Mosquitto, Program
from pulse_standalone.ports import free_port
from pulse_standalone.runner import Runner
from pulse_standalone.settings import Settings
from pulse_standalone.state import State
from pulse_standalone.system import System

NO_PROGRAM = Program(Path("/no/broker"), Path("/no/plugin"), {})
NO_ACCOUNTS = BrokerAccounts("a" * 43, {}, {})


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    authority = Authority(tmp_path / "tls")
    authority.ensure(now())
    return authority.files


def broker(folder: Path, files: TlsFiles) -> Mosquitto:
    return Mosquitto(Runner(folder), folder, NO_PROGRAM, NO_ACCOUNTS, Listeners(files))


async def test_a_restart_does_not_restore_a_device_that_auth_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulse_standalone.system.find", lambda _: NO_PROGRAM)
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@127.0.0.1/postgres")
    state = State(tmp_path)
    state.prepare_secrets()
    settings = Settings(state_dir=tmp_path, tools_dir=tmp_path / "tools", devices=("press-4",), first_collector=False)
    (child,) = await System(settings, state).servers()
    assert isinstance(child, BrokerChild)
    child.server.write_rules()
    written = json.loads((tmp_path / "mqtt/store/dynamic-security.json").read_text())
    assert {one["username"] for one in written["clients"]} == {"broker-admin", *SERVICES}
    shared = json.loads((state.secrets_of("auth") / "pulse_broker_accounts").read_text())
    assert "press-4" in shared  # auth decides which of them may connect
    assert state.device_id() not in shared  # it is enrolled


async def test_the_broker_keeps_the_port_that_enrolled_collectors_know(
    tmp_path: Path, files: TlsFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mosquitto, "_START_SECONDS", 0)
    port = free_port()
    (tmp_path / "mqtt").mkdir()
    (tmp_path / "mqtt/port").write_text(str(port))
    with socket.create_server(("127.0.0.1", port)), pytest.raises(SetupError, match=f"port {port}.*PULSE_BROKER_PORT"):
        await broker(tmp_path, files).spawn()
    assert (tmp_path / "mqtt/port").read_text() == str(port)
    again = broker(tmp_path, files)
    again.write_rules()
    assert again.port == port


@pytest.mark.parametrize("name", ["broker.key", "broker.pem", "authority.key", "authority.pem"])
def test_certificates_that_do_not_match_after_a_kill_are_created_again(
    tmp_path: Path, files: TlsFiles, name: str
) -> None:
    """A kill may leave one file of an older certificate among the others."""
    folder, other = files.key.parent, Authority(tmp_path / "other")
    other.ensure(now())
    (tmp_path / "other" / name).replace(folder / name)
    assert Authority(folder).ensure(now())
    assert not Authority(folder).ensure(now())


def test_an_authority_stays_when_its_key_is_kept_elsewhere(files: TlsFiles) -> None:
    pinned = files.authority.read_bytes()
    (files.key.parent / "authority.key").unlink()
    assert not Authority(files.key.parent).ensure(now())
    assert files.authority.read_bytes() == pinned

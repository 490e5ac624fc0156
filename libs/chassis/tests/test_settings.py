"""Invalid settings are listed by name, all at once, and without their values."""

from datetime import timedelta
from pathlib import Path

import pytest

from pulse_bus.mqtt import MqttSettings
from pulse_chassis.process.broker import mqtt_settings
from pulse_chassis.process.settings import ServiceSettings, load
from pulse_contracts.topics import SYSTEM_STATUS

GOOD = {
    "PULSE_DATABASE_URL": "postgresql://h/d",
    "PULSE_MQTT_URL": "mqtt://h",
    "PULSE_MQTT_PASSWORD": "hunter2",
    "PULSE_AUDIT_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
}


def set_environment(monkeypatch: pytest.MonkeyPatch, **changed: str) -> None:
    for name, value in (GOOD | changed).items():
        monkeypatch.setenv(name, value)


def test_every_invalid_setting_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_environment(
        monkeypatch, PULSE_HTTP_PORT="s3cret", PULSE_LOG_FORMAT="s3cret", PULSE_MQTT_SESSION_EXPIRY="s3cret"
    )
    monkeypatch.delenv("PULSE_DATABASE_URL")
    with pytest.raises(SystemExit) as leaving:
        load(ServiceSettings)
    errors = capsys.readouterr().err
    assert leaving.value.code == 2
    names = {line.partition(":")[0] for line in errors.splitlines()}
    assert names == {"PULSE_HTTP_PORT", "PULSE_LOG_FORMAT", "PULSE_MQTT_SESSION_EXPIRY", "PULSE_DATABASE_URL"}
    assert "s3cret" not in errors
    assert "hunter2" not in errors


def test_secrets_are_read_from_files_and_hidden(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    set_environment(monkeypatch)
    monkeypatch.delenv("PULSE_MQTT_PASSWORD")
    (tmp_path / "pulse_mqtt_password").write_text("from-a-file")
    monkeypatch.setenv("PULSE_SECRETS_DIR", str(tmp_path))
    settings = load(ServiceSettings)
    assert settings.mqtt_password.get_secret_value() == "from-a-file"
    assert "from-a-file" not in repr(settings)


def test_there_may_be_further_origins(monkeypatch: pytest.MonkeyPatch) -> None:
    set_environment(monkeypatch, PULSE_PUBLIC_URL="http://127.0.0.1:8080/")
    assert load(ServiceSettings).origins == ("http://127.0.0.1:8080",)
    set_environment(
        monkeypatch, PULSE_ALLOWED_ORIGINS='["http://localhost:8080", "http://[::1]:8080", "http://127.0.0.1:8080"]'
    )
    assert load(ServiceSettings).origins == ("http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080")


@pytest.mark.parametrize(
    "origin", ["*", "null", "", "localhost:8080", "http://a/b", "http://a/", "ftp://a", "http://a b"]
)
def test_an_invalid_origin_is_rejected(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], origin: str
) -> None:
    set_environment(monkeypatch, PULSE_ALLOWED_ORIGINS=f'["{origin}"]')
    with pytest.raises(SystemExit):
        load(ServiceSettings)
    assert "PULSE_ALLOWED_ORIGINS" in capsys.readouterr().err


def test_without_a_client_id_each_process_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def client(hostname: str, port: str, client_id: str | None = None) -> MqttSettings:
        monkeypatch.setattr("socket.gethostname", lambda: hostname)
        set_environment(monkeypatch, PULSE_HTTP_PORT=port, **({"PULSE_MQTT_CLIENT_ID": client_id} if client_id else {}))
        return mqtt_settings("users", load(ServiceSettings), 0)

    pods = [f"telemetry-gateway-{'x' * 30}-{end}" for end in ("7d9f8-abcde", "7d9f8-fghij")]
    ids = [client(host, port).client_id for host in ("a.example.org", *pods) for port in ("8000", "8001", "0", "0")]
    assert len(set(ids)) == len(ids)
    assert ids[0] == "users-a.example.org-8000"
    assert client("täst host", "8000").client_id == "users-t-st-host-8000"
    for one in ids:
        assert SYSTEM_STATUS.address(kind="users", id=one)  # a valid topic level
    assert client("a", "8000").session_expiry == timedelta(0)  # perhaps no process resumes this session
    assert client("a", "8000", "users-2").client_id == "users-2"
    assert client("a", "8000", "users-2").session_expiry == timedelta(hours=1)


def test_a_renamed_setting_is_refused_with_its_new_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_environment(monkeypatch, PULSE_PUBLIC_ORIGIN="https://pulse.example.org")
    with pytest.raises(SystemExit) as leaving:
        load(ServiceSettings)
    assert leaving.value.code == 2
    assert capsys.readouterr().err == "PULSE_PUBLIC_ORIGIN: this setting is now called PULSE_PUBLIC_URL\n"

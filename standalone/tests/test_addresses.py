"""The addresses and ports of a run: the public URL, HTTPS, and the fixed ports of the services."""

import json
from pathlib import Path

import pytest
from cryptography import x509

from pulse_contracts.access import SERVICES
from pulse_standalone import children
from pulse_standalone.certificates import now
from pulse_standalone.files import SetupError
from pulse_standalone.members import WebChild
from pulse_standalone.settings import BadSettingsError, Settings
from pulse_standalone.state import State
from pulse_standalone.system import System


@pytest.mark.parametrize(
    ("host", "url", "others"),
    [
        ("", "http://127.0.0.1:8080", ["http://localhost:8080"]),
        ("0.0.0.0", "http://127.0.0.1:8080", ["http://localhost:8080"]),  # noqa: S104
        ("192.168.7.5", "http://192.168.7.5:8080", ["http://localhost:8080", "http://192.168.7.5:8080"]),
        ("::1", "http://[::1]:8080", ["http://localhost:8080", "http://[::1]:8080"]),
    ],
)
def test_the_public_url_follows_from_the_listening_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, url: str, others: list[str]
) -> None:
    monkeypatch.setenv("PULSE_HOST", host)
    monkeypatch.setenv("PULSE_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("PULSE_PORT", raising=False)
    chosen = Settings.load()
    system = System(chosen, State(tmp_path))
    system._service_urls["users"] = "postgresql://pulse_users@127.0.0.1:1/pulse"
    environment = system._environment("users")
    assert (system.url, environment["PULSE_PUBLIC_URL"]) == (url, url)
    assert json.loads(environment["PULSE_ALLOWED_ORIGINS"]) == others


def test_services_have_fixed_ports_behind_the_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PULSE_PORT", "PULSE_SERVICE_PORT_BASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PULSE_GATEWAYS", "2")
    monkeypatch.setenv("PULSE_STATE_DIR", str(tmp_path))
    state = State(tmp_path)
    state.prepare_secrets()
    system = System(Settings.load(), state)
    for service in SERVICES:
        system._service_urls[service] = "postgresql://pulse@127.0.0.1:1/pulse"
    found = {child.name: child for child in system.services() if isinstance(child, children.Program)}
    expected = {"auth": 18081, "users": 18082, "sync-publisher": 18083}
    expected |= {"telemetry-gateway": 18091, "telemetry-gateway-2": 18092}
    assert {name: child.port for name, child in found.items()} == expected
    assert {name: int(child._env["PULSE_HTTP_PORT"]) for name, child in found.items()} == expected
    assert system.web()._env["PULSE_GATEWAY_URL"] == "http://127.0.0.1:18091"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "value"),
    [("PULSE_PORT", "18082"), ("PULSE_BROKER_PORT", "18091"), ("PULSE_BROKER_TLS12_PORT", "18083")],
)
def test_a_public_port_that_is_the_port_of_a_service_is_rejected(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.delenv("PULSE_SERVICE_PORT_BASE", raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSettingsError, match=rf"^{name}: {value} is the port of .*PULSE_SERVICE_PORT_BASE"):
        Settings.load()


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://Pulse.Example.org/", "https://pulse.example.org"),
        ("https://pulse.example.org:443", "https://pulse.example.org"),
        ("http://192.168.1.20:8080", "http://192.168.1.20:8080"),
        ("http://[2001:db8::1]:80", "http://[2001:db8::1]"),
    ],
)
def test_the_public_url_is_the_origin_that_browsers_send(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, url: str
) -> None:
    monkeypatch.setenv("PULSE_PUBLIC_URL", given)
    monkeypatch.setenv("PULSE_TRUSTED_PROXIES", "192.0.2.1, 198.51.100.0/24")
    monkeypatch.delenv("PULSE_PORT", raising=False)
    system = System(Settings(state_dir=tmp_path), State(tmp_path))
    system._service_urls["users"] = "postgresql://pulse_users@127.0.0.1:1/pulse"
    system._ports |= dict.fromkeys(SERVICES, 1)
    environment, web = system._environment("users"), system.web()._env  # type: ignore[attr-defined]
    assert environment["PULSE_PUBLIC_URL"] == web["PULSE_PUBLIC_URL"] == system.url == url
    assert json.loads(environment["PULSE_ALLOWED_ORIGINS"]) == ["http://localhost:8080", "http://127.0.0.1:8080"]
    assert json.loads(web["PULSE_TRUSTED_PROXIES"]) == ["192.0.2.1/32", "198.51.100.0/24"]
    assert json.loads(environment["PULSE_TRUSTED_PROXIES"]) == ["127.0.0.0/8", "::1/128"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PULSE_PUBLIC_URL", "pulse.example.org"),
        ("PULSE_PUBLIC_URL", "ftp://pulse.example.org"),
        ("PULSE_PUBLIC_URL", "https://pulse.example.org/app"),
        ("PULSE_PUBLIC_URL", "https://me:hidden@pulse.example.org"),
        ("PULSE_PUBLIC_MQTT_URL", "broker.example.org:8883"),
        ("PULSE_PUBLIC_MQTT_URL", "https://broker.example.org"),
        ("PULSE_PUBLIC_MQTT_URL", "mqtts://broker.example.org:0"),
        ("PULSE_PUBLIC_MQTT_URL", "mqtts://broker.example.org:99999"),
        ("PULSE_PUBLIC_MQTT_URL", "mqtts://:8883"),
        ("PULSE_PUBLIC_MQTT_URL", "mqtts://broker.example.org:8883/pulse"),
        ("PULSE_PUBLIC_MQTT_URL", "mqtts://broker.example.org:8883?a=1"),
        ("PULSE_PUBLIC_MQTT_URL", "mqtts://me:hidden@broker.example.org:8883"),
        ("PULSE_PUBLIC_MQTT_URL", "mqtts://@broker.example.org:8883"),
        ("PULSE_PUBLIC_MQTT_URL", "mqtts://broker example.org:8883"),
        ("PULSE_PUBLIC_MQTT_URL", f"mqtts://{'a' * 254}:8883"),
        ("PULSE_HSTS", "yes"),
        ("PULSE_TLS", "on"),
        ("PULSE_TLS", "cert.pem"),
        ("PULSE_TRUSTED_PROXIES", "nginx"),
        ("PULSE_TRUSTED_PROXIES", "[1"),
    ],
)
def test_an_invalid_public_address_is_rejected_with_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSettingsError) as caught:
        Settings.load()
    assert {line.partition(":")[0] for line in caught.value.lines} == {name}
    assert "hidden" not in str(caught.value)


def test_the_web_server_gets_the_certificate_of_the_local_authority_or_of_the_operator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PULSE_PORT", raising=False)

    def web_of(tls: str) -> WebChild:
        chosen = Settings(state_dir=tmp_path, tls=tls, public_url="https://pulse.example.org")
        system = System(chosen, State(tmp_path))
        system._ports |= dict.fromkeys(SERVICES, 1)
        child = system.web()
        assert isinstance(child, WebChild)
        return child

    own = web_of("authority")
    certificate, key = (Path(own._env[f"PULSE_TLS_{part}_FILE"]) for part in ("CERT", "KEY"))
    assert own.is_tls
    names = x509.load_pem_x509_certificate(certificate.read_bytes()).extensions
    alternative = names.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "pulse.example.org" in alternative.get_values_for_type(x509.DNSName)
    given = web_of(f"{certificate},{key}")
    assert (given._env["PULSE_TLS_CERT_FILE"], given.authority) == (str(certificate), None)
    with pytest.raises(SetupError, match=r"PULSE_TLS: .* is not the key of"):
        web_of(f"{certificate},{tmp_path / 'tls/authority.key'}")
    with pytest.raises(SetupError, match=r"PULSE_TLS: .* cannot be read"):
        web_of(f"{tmp_path / 'missing'},{key}")


@pytest.mark.parametrize(
    ("given", "host", "url"),
    [
        ("", "0.0.0.0", "mqtts://pulse.example.org:8001"),  # noqa: S104
        ("", "2001:db8::7", "mqtts://[2001:db8::7]:8001"),
        ("mqtts://Broker.example.org:18883", "0.0.0.0", "mqtts://broker.example.org:18883"),  # noqa: S104
        ("mqtts://broker.example.org/", "127.0.0.1", "mqtts://broker.example.org:8883"),
        ("mqtt://192.168.1.20:1884", "127.0.0.1", "mqtt://192.168.1.20:1884"),
        ("mqtts://[2001:db8::1]:8883", "127.0.0.1", "mqtts://[2001:db8::1]:8883"),
    ],
)
def test_collectors_get_the_brokers_public_address_if_it_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, host: str, url: str
) -> None:
    monkeypatch.setenv("PULSE_PUBLIC_MQTT_URL", given)
    chosen = Settings(state_dir=tmp_path, public_url="https://pulse.example.org", host=host)
    assert System(chosen, State(tmp_path)).public.broker_url(8001) == url


def test_an_existing_broker_may_have_another_address_for_collectors(tmp_path: Path) -> None:
    inside, outside = "mqtts://10.0.0.5:8883", "mqtts://broker.example.org:8883"
    chosen = Settings(state_dir=tmp_path, mqtt_url=inside, public_mqtt_url=outside)
    system = System(chosen, State(tmp_path))
    system._service_urls["auth"] = "postgresql://pulse_auth@127.0.0.1:1/pulse"
    environment = system._environment("auth")
    assert (environment["PULSE_MQTT_URL"], environment["PULSE_BROKER_URL"]) == (inside, outside)


def test_the_certificate_of_the_local_authority_is_for_every_public_name(tmp_path: Path) -> None:
    chosen = Settings(
        state_dir=tmp_path,
        host="192.168.7.5",
        public_url="https://pulse.example.org",
        public_mqtt_url="mqtts://broker.example.org:8883",
    )
    authority = System(chosen, State(tmp_path)).public.authority()
    authority.ensure(now())
    found = x509.load_pem_x509_certificate(authority.files.certificate.read_bytes()).extensions
    names = found.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"localhost", "pulse.example.org", "broker.example.org"} <= set(names.get_values_for_type(x509.DNSName))
    assert "192.168.7.5" in map(str, names.get_values_for_type(x509.IPAddress))


@pytest.mark.parametrize(
    ("tls", "hsts", "expected"),
    [
        ("", "", "on"),  # a proxy serves HTTPS
        ("authority", "", "off"),
        ("authority", "on", "on"),
        ("", "off", "off"),
    ],
)
def test_browsers_learn_to_use_https_only_unless_the_local_authority_issued_the_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: str, hsts: str, expected: str
) -> None:
    monkeypatch.setenv("PULSE_TLS", tls)
    monkeypatch.setenv("PULSE_HSTS", hsts)
    system = System(Settings(state_dir=tmp_path, public_url="https://pulse.example.org"), State(tmp_path))
    system._ports |= dict.fromkeys(SERVICES, 1)
    assert system.web()._env["PULSE_HSTS"] == expected  # type: ignore[attr-defined]

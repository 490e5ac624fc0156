"""HTTPS under a host name in a real browser: served by the public port itself, and by a proxy in front of it."""

import base64
import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import httpx
import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import BrowserContext, expect

from pulse_standalone.certificates import Authority, now
from pulse_standalone.ports import free_port
from tests.conftest import Launch
from tests.e2e.conftest import sign_in
from tests.e2e.tls_proxy import tls_proxy
from tests.system import System, running_system, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]
NAME, OTHER = "pulse.test", "other.test"


def own_address() -> str:
    """An address of this machine in its network; the loopback if it has no network."""
    every = [one for addresses in psutil.net_if_addrs().values() for one in addresses]
    found = [one.address for one in every if one.family == socket.AF_INET and not one.address.startswith("127.")]
    return found[0] if found else "127.0.0.1"


@dataclass
class Site:
    """A running system at https://pulse.test. `address`: where the browser finds that name. `client`: the address of
    the browser that the services must see."""

    system: System
    port: int
    address: str
    client: str
    certificate: Path

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The public port listens on every address, and serves HTTPS with a certificate of the local authority."""
    port, address = free_port(), own_address()
    env = {
        "PULSE_HOST": "0.0.0.0",  # noqa: S104  # what this test is about
        "PULSE_PORT": str(port),
        "PULSE_BROKER_PORT": str(free_port()),
        "PULSE_PUBLIC_URL": f"https://{NAME}:{port}",
        "PULSE_TLS": "authority",
    }
    with running_system(tmp_path_factory.mktemp("https") / "state", env) as running:
        running.port, running.scheme = port, "https"
        yield Site(running, port, address, address, running.state / "tls/broker.pem")


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A proxy on this machine serves HTTPS in front of a system that listens on the loopback without TLS."""
    port, client, folder = free_port(), "192.0.2.77", tmp_path_factory.mktemp("proxied")
    authority = Authority(folder / "tls", [NAME])
    authority.ensure(now())
    env = {"PULSE_PUBLIC_URL": f"https://{NAME}:{port}", "PULSE_TRUSTED_PROXIES": "127.0.0.1"}
    files = authority.files.certificate, authority.files.key
    with running_system(folder / "state", env) as running, tls_proxy(port, running.port, files, client):
        yield Site(running, port, "127.0.0.1", client, authority.files.certificate)


@pytest.fixture(scope="module", params=["own", "proxied"])
def site(request: pytest.FixtureRequest) -> Site:
    found: Site = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def visitor(launch: Launch, site: Site) -> Iterator[BrowserContext]:
    """A browser that knows the two host names, and trusts the key of the site's certificate only."""
    public = x509.load_pem_x509_certificate(site.certificate.read_bytes()).public_key()
    pin = base64.b64encode(sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest())
    flags = f"--host-resolver-rules=MAP *.test {site.address}", f"--ignore-certificate-errors-spki-list={pin.decode()}"
    browser = launch(*flags)
    made = browser.new_context(base_url=site.url, viewport={"width": 1440, "height": 1000})
    made.set_default_timeout(30_000)
    yield made
    browser.close()


def test_people_sign_in_and_watch_live_readings(visitor: BrowserContext, site: Site) -> None:
    page = visitor.new_page()
    page.goto("/dashboard")
    page.wait_for_url(f"{site.url}/login*")
    sign_in(page, site.system)
    expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live")
    cookies = [cookie for cookie in visitor.cookies() if "pulse_at" in cookie["name"]]
    assert [(cookie["name"], cookie["secure"]) for cookie in cookies] == [("__Host-pulse_at", True)]
    page.reload()
    page.wait_for_url("**/dashboard*")

    def clients() -> set[str]:
        lines = map(json.loads, (site.system.state / "logs/auth.log").read_text().splitlines())
        return {line["client"] for line in lines if line.get("route") == "/api/auth/login"}

    wait_until(lambda: site.client in clients(), seconds=20, what="auth has logged the browser's address")


def test_a_wrong_address_names_the_expected_one_and_the_setting(visitor: BrowserContext, site: Site) -> None:
    page = visitor.new_page()
    page.goto(f"https://{OTHER}:{site.port}/login")
    page.get_by_test_id("login-email").fill(site.system.admin["email"])
    page.get_by_test_id("login-password").fill(site.system.admin["password"])
    page.get_by_test_id("login-submit").click()
    expect(page.get_by_text(f"this system expects {site.url}")).to_be_visible()
    expect(page.get_by_text("PULSE_PUBLIC_URL")).to_be_visible()


def test_the_certificate_of_the_local_authority_is_valid_for_the_name_and_the_loopback(own: Site) -> None:
    trusted = ssl.create_default_context(cafile=own.system.broker_ca)

    def ask(name: str, verify: ssl.SSLContext | bool = trusted) -> int:
        with httpx.Client(verify=verify) as http:
            return http.get(f"{own.system.url}/livez", extensions={"sni_hostname": name}).status_code

    assert [ask(name) for name in (NAME, "localhost", "127.0.0.1")] == [200] * 3
    with pytest.raises(httpx.ConnectError, match="not valid for"):
        ask(OTHER)
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(NAME, verify=True)


def test_a_collector_enrols_over_https_with_the_local_authority(own: Site, tmp_path: Path) -> None:
    system, ca = own.system, own.system.broker_ca
    with httpx.Client(verify=ssl.create_default_context(cafile=ca), base_url=system.url, timeout=20) as http:
        signed_in = http.post("/api/auth/login", json=system.admin, headers={"origin": own.url})
        bearer = {"authorization": f"Bearer {signed_in.json()['access_token']}"}
        made = http.post("/api/collectors", json={"id": "press-4", "name": "Press 4"}, headers=bearer)
    env = os.environ | {"PULSE_SECRETS": "file", "PULSE_COLLECTOR_STATE_DIR": str(tmp_path / "collector")}

    def enrol(*extra: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "pulse_desktop", "enrol", system.url, "-", *extra]
        return subprocess.run(command, env=env, input=made.json()["code"], capture_output=True, text=True, check=False)

    untrusted = enrol()
    assert untrusted.returncode != 0
    assert "--ca" in untrusted.stderr
    done = enrol("--ca", str(ca))
    assert done.returncode == 0, done.stderr
    assert f"mqtts://{NAME}:" in (tmp_path / "collector/identity.json").read_text()

"""The public address in a real browser and for collectors: a LAN address, and HTTPS under a host name, by the public
port or by a proxy in front of it."""

import base64
import json
import ssl
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import BrowserContext, Page, expect

from tests.conftest import Launch
from tests.e2e.conftest import sign_in
from tests.e2e.sites import NAME, OTHER, SITES, Site, SiteCollector
from tests.system import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
DEVICE = "press-4"
PATIENCE = 90_000
"""Milliseconds for a page, also on a busy machine."""
CREATE = """async ([token, id]) => {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = JSON.stringify({ id, name: "Press 4" });
  const answer = await fetch("/api/collectors", { method: "POST", headers, body });
  return { status: answer.status, code: (await answer.json()).code };
}"""
MOST = """() => Math.max(0, ...Object.values(window.__pulse?.seriesIds() ?? {}).map(
  (id) => window.__pulse.series(id).t.length
))"""
HOLDS = f"(n) => ({MOST})() > n"


@pytest.fixture(scope="module", params=list(SITES))
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with SITES[request.param](tmp_path_factory.mktemp(request.param)) as found:
        yield found


@pytest.fixture
def visitor(launch: Launch, site: Site) -> Iterator[BrowserContext]:
    """A browser that knows the host names, and trusts the key of the site's certificate only."""
    flags = [f"--host-resolver-rules=MAP *.test {site.address}"]
    if site.certificate is not None:
        public = x509.load_pem_x509_certificate(site.certificate.read_bytes()).public_key()
        pin = base64.b64encode(sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest())
        flags.append(f"--ignore-certificate-errors-spki-list={pin.decode()}")
    browser = launch(*flags)
    made = browser.new_context(base_url=site.url, viewport={"width": 1440, "height": 1000})
    made.set_default_timeout(PATIENCE)
    yield made
    browser.close()


@pytest.fixture
def collector(site: Site, tmp_path: Path) -> Iterator[SiteCollector]:
    made = SiteCollector(site, tmp_path / "collector")
    yield made
    made.stop()


def test_people_sign_in_and_stay_signed_in(visitor: BrowserContext, site: Site) -> None:
    page = visitor.new_page()
    page.goto("/dashboard")
    page.wait_for_url(f"{site.url}/login*")
    sign_in(page, site.system)
    expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live", timeout=PATIENCE)
    cookies = [cookie for cookie in visitor.cookies() if "pulse_at" in cookie["name"]]
    is_https = site.url.startswith("https:")
    expected = ("__Host-pulse_at", True) if is_https else ("pulse_at", False)
    assert [(cookie["name"], cookie["secure"]) for cookie in cookies] == [expected]
    page.reload()
    page.wait_for_url("**/dashboard*")

    def clients() -> set[str]:
        lines = map(json.loads, (site.system.state / "logs/auth.log").read_text().splitlines())
        return {line["client"] for line in lines if line.get("route") == "/api/auth/login"}

    wait_until(lambda: site.client in clients(), seconds=20, what="auth has logged the browser's address")


def test_a_collector_enrols_at_the_public_address_and_its_readings_arrive_live(
    visitor: BrowserContext, site: Site, collector: SiteCollector
) -> None:
    page = visitor.new_page()
    code = create_collector(page, site)
    options = ["--ca", str(site.authority)] if site.authority else []
    if options:
        untrusted = collector.enrol(code)
        assert untrusted.returncode != 0
        assert "--ca" in untrusted.stderr
    done = collector.enrol(code, *options)
    assert done.returncode == 0, done.stderr
    assert f"at {site.broker}\n" in done.stdout
    collector.start()
    page.goto(f"/dashboard?device={DEVICE}&range=5m")
    expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live", timeout=PATIENCE)
    page.wait_for_function(HOLDS, arg=5)
    shown: int = page.evaluate(MOST)
    page.wait_for_function(HOLDS, arg=shown + 20)  # without a reload


def create_collector(page: Page, site: Site) -> str:
    """Signs in, and creates a collector from the page. Returns its one-time code."""
    with page.expect_response("**/api/auth/login") as login:
        sign_in(page, site.system)
    made = page.evaluate(CREATE, [login.value.json()["access_token"], DEVICE])
    assert made["status"] == httpx.codes.CREATED
    return str(made["code"])


def test_browsers_learn_to_use_https_only_unless_the_local_authority_issued_the_certificate(
    visitor: BrowserContext, site: Site
) -> None:
    page = visitor.new_page()
    with page.expect_response("**/api/auth/login") as login:
        sign_in(page, site.system)
    opened = page.goto("/login")
    assert opened is not None
    missing = page.goto("/api/nothing")
    assert missing is not None
    found = [answer.headers.get("strict-transport-security") for answer in (login.value, opened, missing)]
    assert found == [site.strict_transport] * 3


def test_a_wrong_address_names_the_expected_one_and_the_setting(visitor: BrowserContext, site: Site) -> None:
    page, parts = visitor.new_page(), urlsplit(site.url)
    page.goto(f"{parts.scheme}://{OTHER}:{parts.port}/login")
    page.get_by_test_id("login-email").fill(site.system.admin["email"])
    page.get_by_test_id("login-password").fill(site.system.admin["password"])
    page.get_by_test_id("login-submit").click()
    expect(page.get_by_text(f"this system expects {site.url}")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("PULSE_PUBLIC_URL")).to_be_visible()


@pytest.mark.parametrize("site", ["own"], indirect=True)
def test_the_certificate_of_the_local_authority_is_valid_for_the_name_and_the_loopback(site: Site) -> None:
    trusted = ssl.create_default_context(cafile=site.authority)

    def ask(name: str, verify: ssl.SSLContext | bool = trusted) -> int:
        with httpx.Client(verify=verify) as http:
            return http.get(f"{site.system.url}/livez", extensions={"sni_hostname": name}).status_code

    assert [ask(name) for name in (NAME, "localhost", "127.0.0.1")] == [200] * 3
    with pytest.raises(httpx.ConnectError, match="not valid for"):
        ask(OTHER)
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(NAME, verify=True)

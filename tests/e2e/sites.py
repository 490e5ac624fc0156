"""Whole systems at a public address: a LAN address, or HTTPS under a host name by the public port or by a proxy. The
collectors and browsers of a test find the host names as if a name server knew them."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from pulse_standalone.certificates import Authority, now
from pulse_standalone.ports import free_port
from tests.e2e.tls_proxy import tls_proxy
from tests.system import ROOT, System, running_system

NAME, BROKER, OTHER = "pulse.test", "broker.test", "other.test"
EVERYWHERE = "0.0.0.0"  # noqa: S104  # what these tests are about


@dataclass
class Site:
    """A running system. `url`: its public address. `address`: where browsers and collectors find the host names.
    `client`: the address of the browser that the services must see. `broker`: the broker's address for collectors.
    `certificate`, `authority`: of the public address; None for HTTP. `strict_transport`: the expected header
    Strict-Transport-Security."""

    system: System
    url: str
    address: str
    client: str
    broker: str
    certificate: Path | None = None
    authority: Path | None = None
    strict_transport: str | None = None


@dataclass
class SiteCollector:
    """A collector on a machine that knows the site's address and has no other settings."""

    site: Site
    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    def enrol(self, code: str, *options: str) -> "subprocess.CompletedProcess[str]":
        """Runs `pulse-collector enrol` with the public address."""
        return subprocess.run(
            self._command("enrol", self.site.url, "-", *options),
            cwd=ROOT,
            env=self._env(),
            input=code,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self) -> None:
        """Runs `pulse-collector run` with simulated readings."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = self._command("run", "--no-host-metrics", "--simulator-rate", "20", "--simulator-series", "2")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self._env(), stdout=log, stderr=log)

    def stop(self) -> None:
        """Ends the process if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def _command(self, *words: str) -> list[str]:
        resolving = [sys.executable, "-m", "tests.e2e.resolving", self.site.address]
        return [*resolving, "pulse_desktop", *words, "--state-dir", str(self.folder / "state")]

    @staticmethod
    def _env() -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("PULSE_")}
        return kept | {"PULSE_SECRETS": "file"}


def lan_address() -> str | None:
    """An IPv4 address of this machine in its network. None without a network."""
    every = [one for addresses in psutil.net_if_addrs().values() for one in addresses]
    found = [one.address for one in every if one.family == socket.AF_INET and not one.address.startswith("127.")]
    return found[0] if found else None


@contextmanager
def on_lan(folder: Path) -> Iterator[Site]:
    """HTTP at the address of this machine in its network. Skips the test without one."""
    address = lan_address()
    if address is None:
        pytest.skip("this machine has no IPv4 address besides the loopback: the LAN address is not tested")
    port, broker = free_port(), free_port()
    env = {"PULSE_HOST": EVERYWHERE, "PULSE_PORT": str(port), "PULSE_PUBLIC_URL": f"http://{address}:{port}"}
    with _running(folder, env | {"PULSE_BROKER_PORT": str(broker)}) as running:
        running.port = port
        yield Site(running, f"http://{address}:{port}", address, address, f"mqtts://{address}:{broker}")


@contextmanager
def with_own_https(folder: Path) -> Iterator[Site]:
    """The public port listens on every address, and serves HTTPS under a host name with a certificate of the local
    authority."""
    port, broker, address = free_port(), free_port(), lan_address() or "127.0.0.1"
    env: dict[str, Any] = {
        "PULSE_HOST": EVERYWHERE,
        "PULSE_PORT": str(port),
        "PULSE_BROKER_PORT": str(broker),
        "PULSE_PUBLIC_URL": f"https://{NAME}:{port}",
        "PULSE_TLS": "authority",
    }
    with _running(folder, env) as running:
        running.port, running.scheme = port, "https"
        certificate, authority = running.state / "tls/broker.pem", running.broker_ca
        broker_url = f"mqtts://{NAME}:{broker}"
        yield Site(running, env["PULSE_PUBLIC_URL"], address, address, broker_url, certificate, authority)


@contextmanager
def behind_proxy(folder: Path) -> Iterator[Site]:
    """A proxy serves HTTPS under a host name, in front of a system that listens on the loopback without TLS. Collectors
    find the broker under another name."""
    port, broker, client = free_port(), free_port(), "192.0.2.77"
    authority = Authority(folder / "proxy", [NAME])
    authority.ensure(now())
    files = authority.files
    env = {
        "PULSE_PUBLIC_URL": f"https://{NAME}:{port}",
        "PULSE_TRUSTED_PROXIES": "127.0.0.1",
        "PULSE_BROKER_PORT": str(broker),
        "PULSE_PUBLIC_MQTT_URL": f"mqtts://{BROKER}:{broker}",
    }
    with _running(folder, env) as running, tls_proxy(port, running.port, (files.certificate, files.key), client):
        url, broker_url = env["PULSE_PUBLIC_URL"], env["PULSE_PUBLIC_MQTT_URL"]
        found = Site(running, url, "127.0.0.1", client, broker_url, files.certificate, files.authority)
        found.strict_transport = "max-age=31536000"
        yield found


@contextmanager
def _running(folder: Path, env: dict[str, str]) -> Iterator[System]:
    with running_system(folder / "state", env | {"PULSE_FIRST_COLLECTOR": "off"}) as running:
        yield running


SITES = {"lan": on_lan, "own": with_own_https, "proxied": behind_proxy}

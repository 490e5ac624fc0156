"""A separate broker for a test, with TLS and dynamic security, and buses that connect to it."""

import random
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pulse_bus.mqtt import MqttBus, MqttSettings
from pulse_contracts.access import ADMIN, SERVICES
from pulse_standalone.certificates import Authority, TlsFiles, now
from pulse_standalone.mosquitto import BrokerAccounts, Listeners, Mosquitto, fetch, find
from pulse_standalone.ports import free_port
from pulse_standalone.runner import Runner
from pulse_testkit.plugin import REPOSITORY


@dataclass
class Broker:
    """A running broker, its certificate authority and the passwords of its accounts."""

    server: Mosquitto
    files: TlsFiles
    passwords: Mapping[str, str]

    def settings(self, name: str, password: str | None = None) -> MqttSettings:
        """Returns the settings of an account with its own client id."""
        secret = self.passwords.get(name, "") if password is None else password
        return MqttSettings(self.server.url, name, secret, name, ca_file=self.files.authority)

    def bus(self, name: str, password: str | None = None) -> MqttBus:
        """Returns a bus of this account, which does not run yet."""
        return bus_of(self.settings(name, password))

    @property
    def admin(self) -> MqttSettings:
        return self.settings(ADMIN)


def bus_of(settings: MqttSettings) -> MqttBus:
    """Returns a bus that does not run yet."""
    return MqttBus(settings, clock=lambda: 0, rng=random.Random(1))


@asynccontextmanager
async def running_broker(
    folder: Path,
    devices: tuple[str, ...] = (),
    services: tuple[str, ...] = SERVICES,
    *,
    has_tls12: bool = False,
    is_traced: bool = False,
) -> AsyncIterator[Broker]:
    """Starts a broker with these accounts and stops it at the end. `has_tls12`: adds a port that accepts TLS 1.2.
    `is_traced`: logs every packet."""
    for one in (folder, *folder.parents):  # pytest makes its folders private, but the broker runs as another account
        if one.name == "tmp" or one == one.parent:
            break
        one.chmod(one.stat().st_mode | 0o111)
    authority = Authority(folder / "tls")
    authority.ensure(now())
    accounts = BrokerAccounts(
        secrets.token_urlsafe(32),
        {name: secrets.token_urlsafe(32) for name in SERVICES if name in services},
        {name: secrets.token_urlsafe(32) for name in devices},
    )
    tools = REPOSITORY / ".tools"
    program = find(tools) or await fetch(tools)
    # a port of its own: two brokers that start at once would both find the standard port free
    tls12 = free_port() if has_tls12 else 0
    listeners = Listeners(authority.files, port=free_port(), tls12_port=tls12, is_traced=is_traced)
    server = Mosquitto(Runner(folder), folder, program, accounts, listeners)
    await server.start()
    passwords = {ADMIN: accounts.admin, **{one.name: one.secret for one in accounts.all()}}
    try:
        yield Broker(server, authority.files, passwords)
    finally:
        await server.stop()

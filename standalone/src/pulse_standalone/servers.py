"""`pulse servers`: PostgreSQL and the broker alone, as the tests and the benchmarks need them. Prints one line of JSON
when both answer, and stops both when its standard input closes or it is told to."""

import asyncio
import json
import secrets
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from pulse_contracts.access import SERVICES
from pulse_standalone.certificates import Authority, now
from pulse_standalone.mosquitto import BrokerAccounts, Listeners, Mosquitto, fetch, find
from pulse_standalone.ports import free_port
from pulse_standalone.postgres import Postgres
from pulse_standalone.runner import Runner


@dataclass(frozen=True)
class ServersWanted:
    """What to start: `devices` get broker accounts; throw-away servers are fast and not durable."""

    state: Path
    tools: Path
    devices: tuple[str, ...]
    is_throwaway: bool


async def serve(wanted: ServersWanted) -> None:
    """Runs until SIGTERM, SIGINT or end of input. Raises SetupError."""
    wanted.state.mkdir(parents=True, exist_ok=True)
    wanted.state.chmod(0o755)
    runner = Runner(wanted.state)
    accounts = BrokerAccounts(
        secrets.token_urlsafe(32),
        {name: secrets.token_urlsafe(32) for name in SERVICES},
        {name: secrets.token_urlsafe(32) for name in wanted.devices},
    )
    postgres = Postgres(runner, wanted.state, is_throwaway=wanted.is_throwaway)
    program = find(wanted.tools) or await fetch(wanted.tools)
    authority = Authority(wanted.state / "tls")
    authority.ensure(now())
    port = free_port() if wanted.is_throwaway else 0  # never the usual one: several may start at once
    broker = Mosquitto(runner, wanted.state, program, accounts, Listeners(authority.files, has_plain=True, port=port))
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sig in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sig, stopped.set)
    loop.add_reader(sys.stdin.fileno(), stopped.set)
    try:
        await asyncio.gather(_ready(postgres), broker.start())
        passwords: dict[str, str] = {str(name): value for name, value in accounts.services.items()}
        passwords.update(accounts.devices)
        told = {
            "database_url": postgres.url,
            "mqtt_url": broker.plain_url,
            "mqtts_url": broker.url,
            "ca_file": str(authority.files.authority),
            "passwords": passwords,
            "pids": {
                "postgres": postgres.process.pid if postgres.process else 0,
                "mosquitto": broker.process.pid if broker.process else 0,
            },
        }
        print(json.dumps(told), flush=True)
        await stopped.wait()
    finally:
        await asyncio.gather(postgres.stop(), broker.stop())


async def _ready(postgres: Postgres) -> None:
    await postgres.prepare()
    await postgres.start()

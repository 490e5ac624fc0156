"""`pulse servers`: PostgreSQL and the broker alone, for tests and benchmarks.

Prints one line of JSON when both answer. Stops both at the end of standard input, or on SIGTERM or SIGINT."""

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
class ServerOptions:
    """`devices`: ids with broker accounts. `is_throwaway`: the servers are fast and not durable."""

    state: Path
    tools: Path
    devices: tuple[str, ...]
    is_throwaway: bool


async def serve(options: ServerOptions) -> None:
    """Runs until SIGTERM, SIGINT or the end of standard input. Raises SetupError."""
    options.state.mkdir(parents=True, exist_ok=True)
    options.state.chmod(0o755)
    runner = Runner(options.state)
    accounts = BrokerAccounts(
        secrets.token_urlsafe(32),
        {name: secrets.token_urlsafe(32) for name in SERVICES},
        {name: secrets.token_urlsafe(32) for name in options.devices},
    )
    postgres = Postgres(runner, options.state, is_throwaway=options.is_throwaway)
    program = find(options.tools) or await fetch(options.tools)
    authority = Authority(options.state / "tls")
    authority.ensure(now())
    port = (
        free_port() if options.is_throwaway else 0
    )  # not the default port: several test runs may start at the same time
    broker = Mosquitto(runner, options.state, program, accounts, Listeners(authority.files, has_plain=True, port=port))
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sig in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sig, stopped.set)
    loop.add_reader(sys.stdin.fileno(), stopped.set)
    try:
        await asyncio.gather(_ready(postgres), broker.start())
        passwords: dict[str, str] = {str(name): value for name, value in accounts.services.items()}
        passwords.update(accounts.devices)
        addresses = {
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
        print(json.dumps(addresses), flush=True)
        await stopped.wait()
    finally:
        await asyncio.gather(postgres.stop(), broker.stop())


async def _ready(postgres: Postgres) -> None:
    await postgres.prepare()
    await postgres.start()

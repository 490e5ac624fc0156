"""`python -m pulse_standalone`: the whole system on one machine, or its servers alone."""

import argparse
import asyncio
import sys
from pathlib import Path

from pulse_standalone.runner import SetupError
from pulse_standalone.servers import ServersWanted, serve


def main() -> int:
    """Returns the exit code: 0 stopped as asked, 1 the machine lacks something (said in one line)."""
    parser = argparse.ArgumentParser(prog="pulse", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    servers = commands.add_parser("servers", help="PostgreSQL and the broker alone, for tests")
    servers.add_argument("--state-dir", type=Path, required=True)
    servers.add_argument("--tools-dir", type=Path, default=Path(".tools"))
    servers.add_argument("--device", action="append", default=[], help="a broker account for this device (repeatable)")
    servers.add_argument("--throwaway", action="store_true", help="fast and not durable")
    given = parser.parse_args()
    wanted = ServersWanted(given.state_dir.resolve(), given.tools_dir.resolve(), tuple(given.device), given.throwaway)
    try:
        asyncio.run(serve(wanted))
    except SetupError as error:
        print(f"pulse: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

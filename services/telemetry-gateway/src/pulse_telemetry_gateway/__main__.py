"""`python -m pulse_telemetry_gateway serve | migrate | openapi`."""

import sys

from pulse_chassis.commands import Program
from pulse_chassis.commands import main as run
from pulse_telemetry_gateway.assembly import IDENTITY, serve
from pulse_telemetry_gateway.routes import router
from pulse_telemetry_gateway.settings import GatewaySettings

PROGRAM = Program(IDENTITY, GatewaySettings, serve, lambda: [router], {})


def main() -> int:
    """Returns the exit code."""
    return run(PROGRAM)


if __name__ == "__main__":
    sys.exit(main())

"""`python -m pulse_auth serve | migrate | openapi | verify-audit`."""

import sys

from pulse_auth.assembly import IDENTITY, ROUTERS, serve
from pulse_auth.settings import AuthSettings
from pulse_chassis.commands import Program
from pulse_chassis.commands import main as run

PROGRAM = Program(IDENTITY, AuthSettings, serve, lambda: ROUTERS, {})


def main() -> int:
    """Returns the exit code."""
    return run(PROGRAM)


if __name__ == "__main__":
    sys.exit(main())

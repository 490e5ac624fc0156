"""`python -m pulse_auth serve | migrate | openapi`."""

import sys

from pulse_auth.assembly import IDENTITY, serve
from pulse_auth.routes.sessions import router
from pulse_auth.settings import AuthSettings
from pulse_chassis.commands import Program
from pulse_chassis.commands import main as run

PROGRAM = Program(IDENTITY, AuthSettings, serve, lambda: [router], {})


def main() -> int:
    """Returns the exit code."""
    return run(PROGRAM)


if __name__ == "__main__":
    sys.exit(main())

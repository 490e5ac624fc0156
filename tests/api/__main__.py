"""`make fuzz-api`: a long fuzzing run, with a new seed unless one is given."""

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

from tests.api.fuzzing import SERVICES, fuzz
from tests.system import running_system


def main() -> int:
    """Returns 0 when no service failed."""
    parser = argparse.ArgumentParser(prog="make fuzz-api", description="Fuzz the HTTP APIs by their OpenAPI documents.")
    parser.add_argument("--examples", type=int, default=500, help="an operation (500)")
    parser.add_argument("--seed", type=int, help="drawn, and printed")
    parser.add_argument("--only", choices=SERVICES)
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else secrets.randbits(32)
    print(f"seed {seed}", flush=True)
    failed = []
    for service in [arguments.only] if arguments.only else SERVICES:
        with (
            tempfile.TemporaryDirectory(prefix="pulse-fuzz-") as folder,
            running_system(Path(folder) / "state") as system,
        ):
            if fuzz(system, service, examples=arguments.examples, seed=seed):
                failed.append(service)
    print("failed: " + ", ".join(failed) if failed else "nothing was found", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

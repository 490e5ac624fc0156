"""`python -m tests.fuzz --count N --seed S`: mutants against a whole gateway; exit code 1 when something is wrong."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from benchmarks import stage
from tests.fuzz.run import DEVICES
from tests.fuzz.whole import fuzz


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="make fuzz", description="Mutants against a whole gateway, and a judge.")
    parser.add_argument("--count", type=int, default=5_000, help="how many (5000)")
    parser.add_argument("--seed", type=int, help="which (drawn, and printed)")
    parser.add_argument("--report", type=Path, help="also write the report to this file")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(2**31) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)

    def told(done: int) -> None:
        if done % 10_000 == 0:
            print(f"{done:,} of {given.count:,}", flush=True)

    with tempfile.TemporaryDirectory() as folder, stage.servers(Path(folder), list(DEVICES)) as servers:
        report = fuzz(servers, Path(folder), given.count, seed, told)
    print(report.as_text())
    if given.report:
        given.report.write_text(report.as_text() + "\n")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())

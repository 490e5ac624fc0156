"""`python -m tests.fuzz --count N --seed S`: sends mutants to a whole gateway. The exit code is 1 when a check
fails."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from benchmarks import stage
from pulse_testkit.logs import show_warnings
from tests.fuzz.run import DEVICES
from tests.fuzz.whole import fuzz


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="make fuzz", description="Mutants against a whole gateway, and a judge.")
    parser.add_argument("--count", type=int, default=5_000, help="how many (5000)")
    parser.add_argument("--seed", type=int, help="which (drawn, and printed)")
    parser.add_argument("--report", type=Path, help="also write the report to this file")
    arguments = parser.parse_args()
    show_warnings()
    seed = random.SystemRandom().randrange(2**31) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)

    def show_progress(done: int) -> None:
        if done % 10_000 == 0:
            print(f"{done:,} of {arguments.count:,}", flush=True)

    with tempfile.TemporaryDirectory() as folder, stage.servers(Path(folder), list(DEVICES)) as servers:
        report = fuzz(servers, Path(folder), arguments.count, seed, show_progress)
    print(report.as_text())
    if arguments.report:
        arguments.report.write_text(report.as_text() + "\n")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m tests.resilience --faults N --seed S`: runs a campaign and prints its report. The exit code is 1 when a
reading was lost, duplicated or altered. `--mirror` runs the campaign against the credential mirror, and
`--gateways N` the one against several gateways."""

import argparse
import asyncio
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from pulse_testkit.logs import show_warnings
from tests.resilience.campaign import Plan, Report, run
from tests.resilience.faults import FAULTS
from tests.resilience.gateways import GatewayPlan, GatewayReport, run_gateways
from tests.resilience.mirror_campaign import MirrorPlan, MirrorReport, run_mirror
from tests.resilience.mirror_faults import MIRROR_FAULTS
from tests.resilience.mirror_world import MirrorSize
from tests.resilience.world import Size


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="make resilience", description="Faults in whole processes, and a judge.")
    parser.add_argument("--faults", type=int, default=60, help="how many (60)")
    parser.add_argument("--seed", type=int, help="which faults in which order (drawn, and printed)")
    parser.add_argument("--at-once", type=int, default=1, choices=(1, 2, 3), help="faults in a round (1)")
    parser.add_argument("--mirror", action="store_true", help="against the credential mirror")
    parser.add_argument("--accounts", type=int, default=1_000, help="of the mirror (1000)")
    parser.add_argument("--partitions", type=int, default=30, help="how many of the mirror's faults at least (30)")
    parser.add_argument("--gateways", type=int, help="against so many gateways, with a fleet of devices")
    parser.add_argument("--devices", type=int, default=200, help="of the fleet (200)")
    parser.add_argument("--minutes", type=float, default=10.0, help="of the campaign against gateways (10)")
    parser.add_argument("--collectors", type=int, help="how many (4, with --mirror 20)")
    parser.add_argument("--rate", type=int, default=250, help="readings a second of each collector (250)")
    kinds = sorted({*FAULTS, *MIRROR_FAULTS})
    parser.add_argument("--only", action="append", default=[], choices=kinds, metavar="KIND", help=", ".join(kinds))
    parser.add_argument("--keep", type=Path, help="work in this empty folder and leave it there")
    parser.add_argument("--report", type=Path, help="also write the report to this file")
    arguments = parser.parse_args()
    show_warnings()
    seed = random.SystemRandom().randrange(2**31) if arguments.seed is None else arguments.seed
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        if arguments.keep:
            arguments.keep.mkdir(parents=True, exist_ok=False)
        place = arguments.keep or Path(folder)
        report = _campaign_of(arguments)(arguments, seed, place)
    print(report.as_text())
    if arguments.report:
        arguments.report.write_text(report.as_text() + "\n")
    return 1 if report.problems else 0


AnyReport = Report | MirrorReport | GatewayReport


def _campaign_of(arguments: argparse.Namespace) -> Callable[[argparse.Namespace, int, Path], AnyReport]:
    if arguments.gateways:
        return _against_gateways
    return _against_mirror if arguments.mirror else _against_readings


def _against_gateways(arguments: argparse.Namespace, seed: int, folder: Path) -> GatewayReport:
    plan = GatewayPlan(seed, arguments.gateways, arguments.devices, arguments.minutes)
    return asyncio.run(run_gateways(plan, folder / "world"))


def _against_readings(arguments: argparse.Namespace, seed: int, folder: Path) -> Report:
    size = Size(collectors=arguments.collectors or 4, rate=arguments.rate)
    return asyncio.run(run(Plan(arguments.faults, seed, size, tuple(arguments.only), arguments.at_once), folder))


def _against_mirror(arguments: argparse.Namespace, seed: int, folder: Path) -> MirrorReport:
    size = MirrorSize(arguments.collectors or 20, arguments.accounts)
    plan = MirrorPlan(arguments.faults, seed, size, arguments.partitions, tuple(arguments.only))
    return run_mirror(plan, folder / "mirror")


if __name__ == "__main__":
    sys.exit(main())

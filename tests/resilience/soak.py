"""`python -m tests.resilience.soak --minutes 60`: runs the system without faults and samples memory, descriptors, disk
and lag. The report gives the slope of each over the second half of the run, after the warm-up."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import numpy as np
import psutil
from rich.progress import Progress

from pulse_testkit.logs import show_warnings
from tests.resilience.checker import judge
from tests.resilience.world import Size, World

_EVERY = 5.0


@dataclass
class Samples:
    """Values by name. `at`: their times, in seconds since the start."""

    at: list[float] = field(default_factory=list)
    values: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def slope(self, name: str) -> float:
        """Returns the slope per hour over the second half (least squares)."""
        half = len(self.at) // 2
        return float(np.polyfit(self.at[half:], self.values[name][half:], 1)[0]) * 3_600

    def lines(self) -> list[str]:
        """The lines of a table with the first, last and highest value and the slope."""
        head = f"{'':44} {'first':>12} {'last':>12} {'most':>12} {'per hour':>12}"
        rows = [
            f"{name:44} {v[0]:12.1f} {v[-1]:12.1f} {max(v):12.1f} {self.slope(name):+12.1f}"
            for name, v in sorted(self.values.items())
        ]
        return [head, *rows]


async def run(minutes: float, folder: Path, size: Size) -> tuple[Samples, list[str]]:
    """The samples of the whole run, and the checker's verdict."""
    samples, problems = Samples(), list[str]()
    async with World.opened(folder, size) as world:
        await world.flows()
        began = time.monotonic()
        with Progress() as bar:
            task = bar.add_task("soaking", total=minutes * 60)
            while (passed := time.monotonic() - began) < minutes * 60:
                await _sample(world, samples, passed)
                bar.update(task, completed=passed)
                await asyncio.sleep(_EVERY)
        await world.drain()
        for collector in world.collectors:
            verdict = await judge(collector.journals, world.database, collector.device)
            problems += [f"{collector.device}: {problem}" for problem in verdict.problems]
            problems.append(f"{collector.device}: {verdict.produced} produced, {verdict.stored} stored")
    return samples, problems


async def _sample(world: World, samples: Samples, passed: float) -> None:
    samples.at.append(passed)
    for member in [*world.gateways, *world.collectors]:
        if member.process is None:
            continue
        process = psutil.Process(member.process.pid)
        samples.values[f"{member.name}: memory, MB"].append(process.memory_info().rss / 1e6)
        samples.values[f"{member.name}: descriptors"].append(process.num_fds())
    for collector in world.collectors:
        status = collector.status()
        samples.values[f"{collector.name}: waiting readings"].append(float(str(status.get("waiting") or 0)))
        samples.values[f"{collector.name}: buffer, MB"].append(float(str(status.get("buffer_bytes") or 0)) / 1e6)
    broker = world.broker.process
    if broker is not None:
        samples.values["broker: memory, MB"].append(psutil.Process(broker.pid).memory_info().rss / 1e6)
    connection = await asyncpg.connect(world.database)
    try:
        size = await connection.fetchval("SELECT pg_database_size(current_database())")
        lag = await connection.fetchval(
            "SELECT coalesce(max(extract(epoch FROM now() - b.received)), 0) FROM telemetry.batch b "
            "JOIN telemetry.compaction c USING (device_id) WHERE b.pos = c.pos + 1"
        )
        stored = await connection.fetchval("SELECT coalesce(sum(stored_n), 0) FROM telemetry.stream")
    finally:
        await connection.close()
    samples.values["database, MB"].append(size / 1e6)
    samples.values["compaction behind, s"].append(float(lag))
    samples.values["readings stored, thousands"].append(float(stored) / 1e3)


def main() -> int:
    """Returns the exit code: 1 when the checker found a problem."""
    parser = argparse.ArgumentParser(prog="make soak", description="Runs without faults and reports trends.")
    parser.add_argument("--minutes", type=float, default=60.0, help="duration in minutes (default: 60)")
    parser.add_argument("--collectors", type=int, default=4, help="number of collectors (default: 4)")
    parser.add_argument("--rate", type=int, default=500, help="readings per second of each collector (default: 500)")
    parser.add_argument("--report", type=Path, help="also write the report to this file")
    arguments = parser.parse_args()
    show_warnings()
    with tempfile.TemporaryDirectory() as folder:
        size = Size(collectors=arguments.collectors, rate=arguments.rate)
        samples, found = asyncio.run(run(arguments.minutes, Path(folder), size))
    head = f"{arguments.minutes:g} minutes, {size.collectors} collectors at {size.rate} readings/s each"
    text = "\n".join([head, "", *samples.lines(), "", *found])
    print(text)
    if arguments.report:
        arguments.report.write_text(text + "\n")
    return int(any(" produced, " not in line for line in found))


if __name__ == "__main__":
    sys.exit(main())

"""The cost of the idle system: memory of every process, and the times to start and stop."""

import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.report import Result
from tests.system import running_system, wait_until

REST_SECONDS = 20


def measure() -> list[Result]:
    """One cold start, then three warm ones."""
    warm, stops = [], []
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        with running_system(state) as system:
            cold = system.start_seconds
            end = time.monotonic() + REST_SECONDS
            wait_until(lambda: time.monotonic() > end, seconds=REST_SECONDS + 5, what="it is at rest")
            processes = system.status()["processes"]
            stops.append(system.stop())
        for _ in range(3):
            with running_system(state) as system:
                warm.append(system.start_seconds)
                stops.append(system.stop())
    memory = sum(entry["memory_mb"] for entry in processes)
    start, stop = statistics.median(warm), max(stops)
    results = [
        Result("all processes at rest", round(memory, 1), "MB PSS", target="< 800 MB", met=memory < 800),
        Result("start with an empty state directory", round(cold, 2), "s"),
        Result("warm start", round(start, 2), "s", target="< 10 s", met=start < 10),
        Result("clean stop, slowest", round(stop, 2), "s", target="< 5 s", met=stop < 5),
    ]
    results += [Result(f"  {entry['name']}", entry["memory_mb"], "MB PSS") for entry in processes]
    return results

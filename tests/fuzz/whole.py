"""A gateway of its own, a run against it, and a look at what it logged and whether it lives."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from benchmarks import stage
from tests.fuzz.run import Fuzz, Report


def fuzz(given: stage.Servers, folder: Path, count: int, seed: int, told: Callable[[int], None]) -> Report:
    """Returns when the gateway has ended."""
    url = asyncio.run(stage.new_database(given))
    with stage.gateway(given, folder, url) as one:
        run = Fuzz(given, one, url, seed)
        report = asyncio.run(run.run(count, told))
    lines = (folder / "gateway.log").read_text(errors="replace").splitlines()
    report.problems += [f"the gateway's log: {line}" for line in lines[:60]]  # it logs warnings and worse only
    return report

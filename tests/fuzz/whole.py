"""Starts a gateway, runs mutants against it, and checks its log and that it still runs."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from benchmarks import stage
from tests.fuzz.run import Fuzz, Report


def fuzz(backend: stage.Servers, folder: Path, count: int, seed: int, on_progress: Callable[[int], None]) -> Report:
    """Returns when the gateway has ended."""
    url = asyncio.run(stage.new_database(backend))
    with stage.gateway(backend, folder, url) as one:
        run = Fuzz(backend, one, url, seed)
        report = asyncio.run(run.run(count, on_progress))
    lines = (folder / "gateway.log").read_text(errors="replace").splitlines()
    report.problems += [f"the gateway's log: {line}" for line in lines[:60]]  # it logs warnings and errors only
    return report

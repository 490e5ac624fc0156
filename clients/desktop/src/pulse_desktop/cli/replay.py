"""`pulse-collector replay`: how fast the backlog may drain. Live readings are never held back."""

from pathlib import Path

from pulse_desktop.cli.terminal import FAILED, OK, complain, say
from pulse_desktop.core import lock, replay_control
from pulse_desktop.core.replay_control import ReplayWish


def change(folder: Path, *, pause: bool | None, rate: float | None) -> int:
    """Changes what was given, and says what holds now. `rate`: readings a second, 0 for no limit. Raises OSError."""
    try:
        wish = replay_control.read(folder)
    except ValueError as error:
        complain(str(error), "starting again from no limit")
        wish = ReplayWish()
    fresh = wish.model_copy(
        update={
            "is_paused": wish.is_paused if pause is None else pause,
            "rate": wish.rate if rate is None else rate or None,
        }
    )
    if fresh.rate is not None and not 0 < fresh.rate <= replay_control.MAX_RATE:
        complain(f"--rate: readings a second, 0 for no limit, at most {replay_control.MAX_RATE:,}")
        return FAILED
    if pause is not None or rate is not None:
        if not folder.is_dir():
            complain(f"no collector has run in {folder}")
            return FAILED
        replay_control.write(folder, fresh)
    running = "the running collector follows within a second" if lock.is_held(folder) else "no collector is running"
    say(f"backlog: {fresh} ({running})")
    return OK

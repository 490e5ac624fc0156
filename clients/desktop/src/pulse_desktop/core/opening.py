"""Opens the buffer's file, whatever state it is in: a corrupt one is replaced by a new one that holds what could still
be read of it. The new one is built beside it and swapped in whole: killed at any moment, the next start goes on there.
"""

import os
from pathlib import Path
from typing import Final

import structlog

from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import BufferLimits, Holdings, StoreFailure
from pulse_desktop.core.salvage import examine, move_aside
from pulse_desktop.core.store import Store

log = structlog.get_logger("pulse.desktop.buffer")

FILE: Final = "buffer.db"
_BUILDING: Final = "buffer.building"
_BUILT: Final = "buffer.built"
"""While this file exists it is the buffer, and whatever is called `buffer.db` is the corrupt one."""


def open_store(folder: Path, limits: BufferLimits, clock: Clock) -> tuple[Store, Holdings]:
    """The store and what it holds. What a corrupt file must have held beyond what was saved is recorded as lost. Raises
    StoreFailure; then a corrupt file is still in its place, and the next call tries again."""
    _swap(folder, clock)
    for _ in range(2):
        store: Store | None = None
        try:
            store = Store(folder / FILE, limits)
            found = store.holdings()
        except StoreFailure as failure:
            if store is not None:
                store.close()
            if failure.kind != "corrupt":
                raise
            rescue(folder, failure.detail, limits, clock)
        else:
            return store, found
    raise StoreFailure("corrupt", f"a new file in {folder} is corrupt at once")


def rescue(folder: Path, why: str, limits: BufferLimits, clock: Clock) -> None:
    """Puts a new file in the corrupt one's place: with what can be read of it, and with the rest declared lost. Says it
    loudly. Raises StoreFailure; then nothing has changed."""
    wreck = examine(folder / FILE)
    missing = wreck.missing()
    try:
        for stale in folder.glob(f"{_BUILDING}*"):
            stale.unlink()
        building = Store(folder / _BUILDING, limits)
        try:
            building.adopt(wreck)
            building.give_up(missing, {}, {})
        finally:
            building.close()
        if (folder / f"{_BUILDING}-wal").exists():
            raise StoreFailure("i/o error", "the new file could not be completed")
        (folder / _BUILDING).replace(folder / _BUILT)
        _sync(folder)
    except OSError as error:
        raise StoreFailure("i/o error", f"the corrupt file cannot be replaced: {error}") from error
    lost = sum(drop.hi - drop.lo for drop in missing)
    kept = _swap(folder, clock)
    log.error(
        "buffer_corrupt",
        why=why,
        kept_as=kept.name if kept else "",
        saved=wreck.saved,
        lost_at_most=lost if wreck.is_told else "unknown: not even its list of epochs can be read",
    )


def _swap(folder: Path, clock: Clock) -> Path | None:
    """Finishes what `rescue` began: sets the corrupt file aside and gives its name to the new one."""
    if not (folder / _BUILT).exists():
        return None
    try:
        kept = move_aside(folder / FILE, clock.micros())
        (folder / _BUILT).replace(folder / FILE)
        _sync(folder)
    except OSError as error:
        raise StoreFailure("i/o error", f"the corrupt file cannot be moved: {error}") from error
    return kept


def _sync(folder: Path) -> None:
    """Makes renames durable."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)

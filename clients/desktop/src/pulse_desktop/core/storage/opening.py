"""Opens the buffer's file. A corrupt file is replaced by a new one with everything that is still readable.

The new file is built beside the corrupt one and renamed when it is complete. A process killed at any moment continues
at the next start.
"""

import os
from pathlib import Path
from typing import Final

import structlog

from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import BufferLimits, Holdings, StoreFailure
from pulse_desktop.core.storage.salvage import examine, move_aside
from pulse_desktop.core.storage.store import Store

log = structlog.get_logger("pulse.desktop.buffer")

FILE: Final = "buffer.db"
_BUILDING: Final = "buffer.building"
_BUILT: Final = "buffer.built"
"""While this file exists, it is the buffer, and `buffer.db` is the corrupt file."""


def open_store(folder: Path, limits: BufferLimits, clock: Clock) -> tuple[Store, Holdings]:
    """The store and its holdings. Readings of a corrupt file that are not readable are recorded as lost. Raises
    StoreFailure; a corrupt file is then still in place, and the next call tries again."""
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
    raise StoreFailure("corrupt", f"a new file in {folder} is already corrupt")


def rescue(folder: Path, detail: str, limits: BufferLimits, clock: Clock) -> None:
    """Replaces a corrupt file by a new one with the readable blocks, and records the rest as lost. Logs an error with
    both numbers. `detail`: how the corruption was found. Raises StoreFailure; nothing has changed then."""
    salvage = examine(folder / FILE)
    missing = salvage.missing()
    try:
        for stale in folder.glob(f"{_BUILDING}*"):
            stale.unlink()
        building = Store(folder / _BUILDING, limits)
        try:
            building.adopt(salvage)
            building.record_drops(missing, {}, {})
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
        detail=detail,
        kept_as=kept.name if kept else "",
        readable=salvage.readable,
        lost_at_most=lost if salvage.has_epochs else "unknown: the list of epochs is not readable",
    )


def _swap(folder: Path, clock: Clock) -> Path | None:
    """Finishes an interrupted `rescue`: renames the corrupt file, then gives its name to the new one."""
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

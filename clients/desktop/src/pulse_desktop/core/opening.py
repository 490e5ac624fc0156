"""Opens the buffer's file, whatever state it is in: a corrupt one is set aside for a new one that takes over what can
still be read."""

from pathlib import Path

import structlog

from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import BufferLimits, Holdings, StoreFailure
from pulse_desktop.core.salvage import Wreck, examine, move_aside
from pulse_desktop.core.store import Store

log = structlog.get_logger("pulse.desktop.buffer")

FILE = "buffer.db"


def open_store(folder: Path, limits: BufferLimits, clock: Clock) -> tuple[Store, Holdings]:
    """The store and what it holds. What a corrupt file must have held beyond what was saved is recorded as lost. Raises
    StoreFailure."""
    wreck: Wreck | None = None
    for _ in range(2):
        store: Store | None = None
        try:
            store = Store(folder / FILE, limits)
            if wreck is not None:
                store.adopt(wreck)
                store.give_up(wreck.missing(), {}, {})
            found = store.holdings()
        except StoreFailure as failure:
            if store is not None:
                store.close()
            if failure.kind != "corrupt":
                raise
            wreck = set_aside(folder, failure.detail, clock)
        else:
            return store, found
    raise StoreFailure("corrupt", f"a new file in {folder} is corrupt at once")


def set_aside(folder: Path, why: str, clock: Clock) -> Wreck:
    """Moves the corrupt file away, says it loudly, and returns what can still be read of it. Raises StoreFailure."""
    try:
        kept = move_aside(folder / FILE, clock.micros())
    except OSError as error:
        raise StoreFailure("i/o error", f"the corrupt file cannot be moved: {error}") from error
    wreck = examine(kept)
    lost = sum(drop.hi - drop.lo for drop in wreck.missing())
    log.error(
        "buffer_corrupt",
        why=why,
        kept_as=kept.name,
        saved=wreck.saved,
        lost_at_most=lost if wreck.is_told else "unknown: not even its list of epochs can be read",
    )
    return wreck

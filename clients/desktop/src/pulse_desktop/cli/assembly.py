"""What every process does that runs a collector: it owns the state directory, and builds the engine."""

from collections.abc import Iterator
from contextlib import contextmanager

from pulse_desktop.cli import doctor
from pulse_desktop.cli.broker import open_bus
from pulse_desktop.core.engine import Engine, World
from pulse_desktop.core.settings import Settings
from pulse_desktop.core.state_directory import lock
from pulse_desktop.core.state_directory.privacy import keep_private


class StateDirectoryError(Exception):
    """The state directory cannot be written."""


@contextmanager
def owned(settings: Settings) -> Iterator[None]:
    """The state directory is private, and belongs to this process meanwhile. Raises AlreadyRunningError and
    StateDirectoryError."""
    folder = settings.state_dir
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        keep_private(folder)
        held = lock.acquire(folder)
    except OSError as error:
        raise StateDirectoryError(f"the state directory {folder} cannot be written: {error.strerror}") from error
    with held:
        yield


def make_engine(settings: Settings, password: str) -> Engine:
    """The engine of this collector, on a real broker. Raises BadSettingsError."""
    world = World()
    return Engine(
        settings, open_bus(settings, password, world), world, doctor=lambda: "\n".join(doctor.report(settings)[0])
    )

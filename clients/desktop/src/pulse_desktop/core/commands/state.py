"""What remote commands changed on this collector: `remote.json` in the state directory."""

import os
import time
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pulse_desktop.core.state_directory.privacy import open_private

log = structlog.get_logger("pulse.desktop.commands")

FILE = "remote.json"
_MAX_BYTES = 4_096


class RemoteState(BaseModel):
    """`last`: the highest number of an executed command. `interval`: seconds between two readings of this machine's own
    values; None for the default."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    last: int = Field(default=0, ge=0, lt=2**62)
    interval: float | None = Field(default=None, ge=0.1, le=3_600, allow_inf_nan=False)


def read(folder: Path) -> RemoteState:
    """The state; the default without a file. Raises OSError when the file cannot be read.

    An invalid file is renamed. The state then starts with the time in seconds since 1970 as the last number: the
    gateway gives higher numbers to commands that it sends later, so that no earlier command is executed again.
    """
    path = folder / FILE
    try:
        with path.open("rb") as file:
            return RemoteState.model_validate_json(file.read(_MAX_BYTES))
    except FileNotFoundError:
        return RemoteState()
    except ValidationError:
        aside = path.with_name(f"{FILE}.corrupt-{time.time_ns()}")
        path.replace(aside)
        log.warning("remote_state_corrupt", file=str(path), set_aside=str(aside))
        return RemoteState(last=int(time.time()))


def write(folder: Path, state: RemoteState) -> None:
    """Writes the file atomically; it is durable when this returns. Raises OSError."""
    fresh = folder / f"{FILE}.new"
    with open_private(fresh) as file:
        file.write(state.model_dump_json().encode())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / FILE)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

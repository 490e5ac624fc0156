"""The operator's rate limit for the backlog: `replay.json` in the state directory. The command line writes the file, a
running collector reads it every second."""

import json
import os
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

log = structlog.get_logger("pulse.desktop.replay")

FILE = "replay.json"
_MAX_BYTES = 4_096
MAX_RATE = 10_000_000


class ReplayLimit(BaseModel):
    """`rate`: maximum number of backlog readings per second; None for no limit. `is_paused`: send none; `rate` applies
    again after the pause."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    is_paused: bool = False
    rate: float | None = Field(default=None, gt=0, le=MAX_RATE, allow_inf_nan=False)

    @property
    def allowed(self) -> float | None:
        """The effective limit: readings per second, None for no limit, 0 for a pause."""
        return 0.0 if self.is_paused else self.rate

    def __str__(self) -> str:
        limit = "no limit" if self.rate is None else f"at most {self.rate:,.10g} readings per second"
        return f"paused (after that: {limit})" if self.is_paused else limit


def read(folder: Path) -> ReplayLimit:
    """The limit; the default when there is no file. Raises ValueError when the file cannot be read or is invalid."""
    try:
        with (folder / FILE).open("rb") as file:
            return ReplayLimit.model_validate_json(file.read(_MAX_BYTES))
    except FileNotFoundError:
        return ReplayLimit()
    except OSError as error:
        raise ValueError(f"{folder / FILE}: {error.strerror}") from error
    except ValidationError as error:
        raise ValueError(f"{folder / FILE}: {error.errors()[0]['msg']}") from error


def write(folder: Path, limit: ReplayLimit) -> None:
    """Writes the file atomically; it is durable when this returns. Raises OSError."""
    fresh = folder / f"{FILE}.new"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(limit.model_dump(), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / FILE)


class ReplayWatch:
    """Detects changes of the limit. An unreadable file changes nothing and is logged once."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._is_bad = folder, False
        self.limit = ReplayLimit()

    def has_changed(self) -> bool:
        """Reads the file; returns whether the limit changed since the last call."""
        try:
            limit = read(self._folder)
        except ValueError as error:
            if not self._is_bad:
                log.warning("replay_limit_unreadable", error=str(error), kept=str(self.limit))
            self._is_bad = True
            return False
        self._is_bad = False
        changed, self.limit = limit != self.limit, limit
        return changed

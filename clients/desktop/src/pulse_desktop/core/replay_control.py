"""The operator's wish for the backlog, durable: `replay.json` in the state directory. The command line writes it, a
running collector looks at it each second."""

import json
import os
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

log = structlog.get_logger("pulse.desktop.replay")

FILE = "replay.json"
_MAX_BYTES = 4_096
MAX_RATE = 10_000_000


class ReplayWish(BaseModel):
    """`rate`: readings of the backlog a second at most; None: as many as the gateway takes. `is_paused`: none for now,
    the rate is kept for later."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    is_paused: bool = False
    rate: float | None = Field(default=None, gt=0, le=MAX_RATE, allow_inf_nan=False)

    @property
    def allowed(self) -> float | None:
        """What the delivery may do now: readings a second, None for no limit, 0 for a pause."""
        return 0.0 if self.is_paused else self.rate

    def __str__(self) -> str:
        limit = (
            "as fast as the gateway takes it" if self.rate is None else f"at most {self.rate:,.10g} readings a second"
        )
        return f"paused (then {limit})" if self.is_paused else limit


def read(folder: Path) -> ReplayWish:
    """The wish; the default when nobody ever wished. Raises ValueError for a file that says nothing sensible."""
    try:
        with (folder / FILE).open("rb") as file:
            return ReplayWish.model_validate_json(file.read(_MAX_BYTES))
    except FileNotFoundError:
        return ReplayWish()
    except OSError as error:
        raise ValueError(f"{folder / FILE}: {error.strerror}") from error
    except ValidationError as error:
        raise ValueError(f"{folder / FILE}: {error.errors()[0]['msg']}") from error


def write(folder: Path, wish: ReplayWish) -> None:
    """Atomically, and durable before it returns. Raises OSError."""
    fresh = folder / f"{FILE}.new"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(wish.model_dump(), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / FILE)


class ReplayWatch:
    """Notices a changed wish. An unreadable one changes nothing and is said once."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._is_bad = folder, False
        self.wish = ReplayWish()

    def look(self) -> bool:
        """Whether the wish is another one since the last look."""
        try:
            wish = read(self._folder)
        except ValueError as error:
            if not self._is_bad:
                log.warning("replay_wish_unreadable", why=str(error), kept=str(self.wish))
            self._is_bad = True
            return False
        self._is_bad = False
        changed, self.wish = wish != self.wish, wish
        return changed

"""The operator's limit for the backlog. The command line and remote commands change it in the configuration; a running
collector reads it every second."""

import structlog
from pydantic import BaseModel, ConfigDict, Field

from pulse_desktop.core.mirror.configuration import MAX_RATE, Configuration
from pulse_desktop.core.model import StoreFailure

log = structlog.get_logger("pulse.desktop.replay")


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


async def read(configuration: Configuration) -> ReplayLimit:
    """The stored limit; the default before the first change. Raises StoreFailure."""
    stored = await configuration.read()
    return ReplayLimit(is_paused=stored.is_replay_paused, rate=stored.replay_rate)


async def write(configuration: Configuration, limit: ReplayLimit) -> None:
    """Stores the limit; it is durable when this returns. Raises StoreFailure."""
    await configuration.limit_replay(is_paused=limit.is_paused, rate=limit.rate)


class ReplayWatch:
    """Detects changes of the limit. A failure of the disk changes nothing and is logged once."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration, self._is_bad = configuration, False
        self.limit = ReplayLimit()

    async def has_changed(self) -> bool:
        """Reads the limit; returns whether it changed since the last call."""
        try:
            limit = await read(self._configuration)
        except StoreFailure as error:
            level = log.debug if self._is_bad else log.warning
            level("replay_limit_unreadable", error=str(error), kept=str(self.limit))
            self._is_bad = True
            return False
        self._is_bad = False
        changed, self.limit = limit != self.limit, limit
        return changed

"""When to connect again: a small state machine without I/O. Full jitter keeps a fleet from returning in step."""

import random
from dataclasses import dataclass
from datetime import timedelta

from pulse_bus.port import LinkState
from pulse_contracts.backoff import retry_delay


@dataclass(frozen=True)
class ReconnectPolicy:
    """The n-th failure in a row waits between half of and the whole of `floor * 2**(n-1)`, at most `cap`; a refused
    password waits at least `refused`, so that a wrong secret does not hammer the broker."""

    floor: timedelta = timedelta(milliseconds=100)
    cap: timedelta = timedelta(seconds=5)
    refused: timedelta = timedelta(seconds=3)


class Reconnect:
    """Takes what happened, says what the state is and how long to wait (AWS, "Exponential Backoff And Jitter")."""

    def __init__(self, policy: ReconnectPolicy, rng: random.Random) -> None:
        self._policy, self._rng = policy, rng
        self._failures = 0
        self.state = LinkState.CONNECTING
        self.detail = ""

    def connected(self) -> None:
        """The connection stands and every subscription was granted."""
        self._failures, self.state, self.detail = 0, LinkState.CONNECTED, ""

    def lost(self, detail: str, *, is_refusal: bool = False) -> float:
        """The connection failed or ended; returns the seconds to wait before the next try."""
        self._failures += 1
        self.state = LinkState.REFUSED if is_refusal else LinkState.WAITING
        self.detail = detail
        floor, cap = self._policy.floor.total_seconds(), self._policy.cap.total_seconds()
        delay = retry_delay(self._failures, floor, cap, self._rng)
        return max(delay, self._policy.refused.total_seconds()) if is_refusal else delay

    def retrying(self) -> None:
        """The wait is over."""
        self.state = LinkState.CONNECTING

    def closed(self) -> None:
        """Closed on purpose: the last state."""
        self.state, self.detail = LinkState.CLOSED, ""

    @property
    def is_first_failure(self) -> bool:
        """Whether the failure just reported is worth a warning: the following ones say the same."""
        return self._failures == 1

"""When to reconnect: a state machine without I/O. Jitter keeps many clients from reconnecting at the same moment."""

import random
from dataclasses import dataclass
from datetime import timedelta

from pulse_bus.port import LinkState
from pulse_contracts.backoff import retry_delay


@dataclass(frozen=True)
class ReconnectPolicy:
    """Delays between attempts. The n-th failure in a row waits between half of and all of `floor * 2**(n-1)`, at most
    `cap`. After a refusal, such as a wrong password, the delay is at least `refused`."""

    floor: timedelta = timedelta(milliseconds=100)
    cap: timedelta = timedelta(seconds=5)
    refused: timedelta = timedelta(seconds=3)


class Reconnect:
    """Takes connection events and provides the state and the delay before the next attempt (AWS Architecture Blog,
    "Exponential Backoff And Jitter")."""

    def __init__(self, policy: ReconnectPolicy, rng: random.Random) -> None:
        self._policy, self._rng = policy, rng
        self._failures = 0
        self.state = LinkState.CONNECTING
        self.detail = ""

    def connected(self) -> None:
        """Records that the connection is established and the broker has granted every subscription."""
        self._failures, self.state, self.detail = 0, LinkState.CONNECTED, ""

    def lost(self, detail: str, *, is_refusal: bool = False) -> float:
        """Records that the connection failed or ended. Returns the seconds to wait before the next attempt."""
        self._failures += 1
        self.state = LinkState.REFUSED if is_refusal else LinkState.WAITING
        self.detail = detail
        floor, cap = self._policy.floor.total_seconds(), self._policy.cap.total_seconds()
        delay = retry_delay(self._failures, floor, cap, self._rng)
        return max(delay, self._policy.refused.total_seconds()) if is_refusal else delay

    def retrying(self) -> None:
        """Records that the next attempt starts."""
        self.state = LinkState.CONNECTING

    def closed(self) -> None:
        """Records that the bus was closed on purpose. This state is final."""
        self.state, self.detail = LinkState.CLOSED, ""

    @property
    def is_first_failure(self) -> bool:
        """Whether the last failure was the first in a row. Only the first is logged as a warning."""
        return self._failures == 1

"""When to reconnect, and whether the connection is unstable: a state machine without I/O. Jitter keeps many clients
from reconnecting at the same moment."""

import random
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pulse_bus.port import LinkState
from pulse_contracts.backoff import retry_delay

SHORT: Final = 5.0
"""A connection that ends within this time (in seconds) is short. It does not end the back-off."""
UNSTABLE: Final = 4
"""Short connections within `WINDOW` that make the connection unstable. Two processes with one client id cause them: the
broker disconnects each of them in turn (MQTT 5, 3.1.4-3), and some brokers do not say why. One or two are harmless: for
example, a new replica starts before the old one has ended."""
WINDOW: Final = 60.0
"""In seconds."""


@dataclass(frozen=True)
class ReconnectPolicy:
    """Delays between attempts. The n-th failure in a row waits between half of and all of `floor * 2**(n-1)`, at most
    `cap`. After a refusal, such as a wrong password, the delay is at least `refused`."""

    floor: timedelta = timedelta(milliseconds=100)
    cap: timedelta = timedelta(seconds=5)
    refused: timedelta = timedelta(seconds=3)


class Reconnect:
    """Takes connection events and provides the state and the delay before the next attempt (AWS Architecture Blog,
    "Exponential Backoff And Jitter"). `now`: seconds of a monotonic clock."""

    def __init__(self, policy: ReconnectPolicy, rng: random.Random) -> None:
        self._policy, self._rng = policy, rng
        self._failures = 0
        self._connected_at: float | None = None
        self._short: deque[float] = deque(maxlen=UNSTABLE)
        self.short_connections = 0
        """Connections that ended within `SHORT`, in total."""
        self.state = LinkState.CONNECTING
        self.detail = ""

    def connected(self, now: float) -> None:
        """Records that the connection is established and the broker has granted every subscription."""
        self._connected_at, self.state, self.detail = now, LinkState.CONNECTED, ""

    def lost(self, detail: str, now: float, *, is_refusal: bool = False) -> float:
        """Records that the connection failed or ended. Returns the seconds to wait before the next attempt."""
        since, self._connected_at = self._connected_at, None
        if since is not None and now - since > SHORT:
            self._failures = 0
        elif since is not None:
            self.short_connections += 1
            self._short.append(now)
        self._failures += 1
        self.state = LinkState.REFUSED if is_refusal else LinkState.WAITING
        self.detail = detail
        floor, cap = self._policy.floor.total_seconds(), self._policy.cap.total_seconds()
        delay = retry_delay(self._failures, floor, cap, self._rng)
        return max(delay, self._policy.refused.total_seconds()) if is_refusal else delay

    def is_unstable(self, now: float) -> bool:
        """Whether there were several short connections lately."""
        return len(self._short) == UNSTABLE and now - self._short[0] <= WINDOW

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

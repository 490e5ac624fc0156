"""When the collector sends a hello, and which answers it accepts. Does no I/O; callers pass the time."""

from collections.abc import Callable
from random import Random
from typing import Final

from pulse_contracts.backoff import backoff
from pulse_desktop.core.mirror.signals import MirrorPolicy, Moment

MAX_OUTSTANDING: Final = 8
"""Maximum number of hellos whose answer is still accepted. The oldest one is dropped."""


class Hellos:
    """The hellos of one run. `nonce` returns a new random nonce. `due`: when to send the next one (monotonic); None
    before the first connection."""

    def __init__(self, policy: MirrorPolicy, rng: Random, nonce: Callable[[], str]) -> None:
        self._policy, self._rng, self._nonce = policy, rng, nonce
        self.due: float | None = None
        self._sent = float("-inf")
        self._unanswered = 0
        self._is_wanted = False
        self._outstanding: dict[str, int] = {}

    def connected(self, now: Moment) -> None:
        """Sends one at once, and repeats it quickly until it is answered."""
        self.due, self._unanswered = now.monotonic, 0

    def want(self, now: Moment) -> None:
        """Sends one soon, even if the last one is answered."""
        soon = max(now.monotonic, self._sent + self._policy.hello_min)
        self.due = soon if self.due is None else min(self.due, soon)
        self._is_wanted = True

    def is_due(self, now: Moment) -> bool:
        """Whether to send one now."""
        return self.due is not None and now.monotonic >= self.due

    def send(self, now: Moment) -> str:
        """Returns the nonce of a hello that is sent now. Until one is answered, the next one follows after 1, 2, 4, …
        seconds: sync-publisher may not know this collector yet, or the message was lost."""
        nonce = self._nonce()
        while len(self._outstanding) >= MAX_OUTSTANDING:
            del self._outstanding[next(iter(self._outstanding))]
        self._outstanding[nonce] = now.elapsed
        self._unanswered += 1
        self._sent, self._is_wanted = now.monotonic, False
        delay = backoff(self._unanswered, self._policy.hello_first, self._policy.hello_every)
        self.due = now.monotonic + self._shortened(delay)
        return nonce

    def answer(self, nonce: str | None) -> int | None:
        """Takes the answer to a hello. Returns the elapsed time at which that hello was sent; None for an unknown
        nonce. Answers to earlier hellos are not accepted afterwards, so that freshness never goes back."""
        if nonce is None or nonce not in self._outstanding:
            return None
        sent = self._outstanding[nonce]
        self._outstanding = {other: at for other, at in self._outstanding.items() if at > sent}
        self._unanswered = 0
        if not self._is_wanted:
            self.due = self._sent + self._shortened(self._policy.hello_every)
        return sent

    def forget(self) -> None:
        """Accepts no answer to the hellos so far."""
        self._outstanding.clear()

    def _shortened(self, seconds: float) -> float:
        return seconds * (1 - self._rng.random() * self._policy.jitter)

"""Background jobs: steps that a service repeats until its process ends."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, TypeVar

import structlog

from pulse_bus import PublishRefused, TemporarilyRefused
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.backoff import retry_delay
from pulse_contracts.errors import Unavailable

log = structlog.get_logger("pulse.background")
_ZERO = timedelta(0)

T = TypeVar("T")
FailureKind = Literal["outage", "refused", "bug"]
Step = Callable[[], Awaitable[bool | None]]
"""One round of work. Returns True when more work is waiting: the next round then starts immediately."""


@dataclass(frozen=True)
class Job:
    """A step and the rule that says when it runs again.

    name: label of the metrics and field of the logs, in snake_case.
    interval: time from the end of a round to the start of the next. None: only `wake` starts a round.
    wake: starts a round early. The runner clears it before the round.
    gather: wait after a wake-up, so that several wake-ups share a round.
    pause: shortest time between two rounds, also after a wake-up.
    retry_floor, retry_cap: bounds of the exponential back-off after a failed round.
    """

    name: str
    step: Step
    interval: timedelta | None = None
    wake: asyncio.Event | None = None
    gather: timedelta = _ZERO
    pause: timedelta = _ZERO
    retry_floor: timedelta = timedelta(milliseconds=100)
    retry_cap: timedelta = timedelta(seconds=5)

    def __post_init__(self) -> None:
        if self.interval is None and self.wake is None:
            raise ValueError(f"job {self.name} needs an interval or a wake-up")


class Background:
    """Runs jobs. A failed round never ends the process: it is counted, logged once, and retried with back-off."""

    def __init__(self, metrics: Metrics, rng: random.Random, clock: Callable[[], float] = time.time) -> None:
        self._rng, self._clock = rng, clock
        self._states: dict[str, _State] = {}
        self._failures = metrics.counter(
            "background_failures",
            "Failed rounds of a background job. kind is outage, refused (by the broker) or bug.",
            ["job", "kind"],
        )
        self._last_success = metrics.gauge(
            "background_last_success_timestamp_seconds", "Unix time of the last successful round", ["job"]
        )

    async def run(self, job: Job) -> None:
        """Runs the job until cancelled. The first round starts immediately, or with the first wake-up when the job has
        no interval."""
        for kind in ("outage", "refused", "bug"):
            self._failures.labels(job.name, kind)
        state = self._states[job.name] = _State(job.name)
        if job.interval is None:
            await _wait(job)
        while True:
            if job.wake is not None:
                job.wake.clear()
            try:
                is_more = await job.step()
            except Exception as error:  # noqa: BLE001  # a bug in one job must not end the process: logged and counted
                self._fail(state, _kind_of(error), error)
                await asyncio.sleep(self._delay(job, state))
            else:
                self._succeed(state)
                if job.pause:
                    await asyncio.sleep(job.pause.total_seconds())
                if not is_more:
                    await _wait(job)

    def progress(self, name: str) -> None:
        """Counts as the success of a round that is still running: for a step that keeps a connection open."""
        self._succeed(self._states[name])

    def _delay(self, job: Job, state: "_State") -> float:
        return retry_delay(state.failures, job.retry_floor.total_seconds(), job.retry_cap.total_seconds(), self._rng)

    def _fail(self, state: "_State", kind: FailureKind, error: Exception) -> None:
        self._failures.labels(state.job, kind).inc()
        state.failures += 1
        reason = f"{type(error).__name__}: {error}"
        if kind in state.logged:
            log.debug("background_job_failed", job=state.job, kind=kind, reason=reason, failures=state.failures)
            return
        state.logged.add(kind)
        if kind == "bug":
            log.error("background_job_failed", job=state.job, kind=kind, reason=reason, exc_info=error)
        else:
            log.warning("background_job_failed", job=state.job, kind=kind, reason=reason)

    def _succeed(self, state: "_State") -> None:
        self._last_success.labels(state.job).set(self._clock())
        if state.failures:
            log.info("background_job_recovered", job=state.job, failures=state.failures)
            state.failures = 0
            state.logged.clear()


class _State:
    """Failures in a row, and which kinds of them are already logged."""

    def __init__(self, job: str) -> None:
        self.job, self.failures = job, 0
        self.logged: set[str] = set()


async def _wait(job: Job) -> None:
    """Returns after the interval, or earlier with a wake-up."""
    seconds = None if job.interval is None else job.interval.total_seconds()
    if job.wake is None:
        await asyncio.sleep(seconds or 0)
        return
    try:
        async with asyncio.timeout(seconds):
            await job.wake.wait()
    except TimeoutError:
        return
    if job.gather:
        await asyncio.sleep(job.gather.total_seconds())


async def for_each(items: Iterable[T], action: Callable[[T], Awaitable[object]]) -> None:
    """Runs the action for every item, also after a bug in one of them, and raises the first bug at the end: one bad
    item must not keep a round from the items behind it. Raises Unavailable immediately, because the next item would
    meet the outage too."""
    first: Exception | None = None
    for item in items:
        try:
            await action(item)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  # raised below, logged and counted by the runner
            first = first or error
    if first is not None:
        raise first


def _kind_of(error: Exception) -> FailureKind:
    """A refusal of the broker that may end is neither an outage nor a bug."""
    cause = error if isinstance(error, PublishRefused) else error.__cause__
    if isinstance(error, TemporarilyRefused) or (isinstance(cause, PublishRefused) and cause.is_temporary):
        return "refused"
    return "outage" if isinstance(error, Unavailable) else "bug"

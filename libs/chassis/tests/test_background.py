"""The runner of background jobs: the start of a round, and failed rounds."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
import structlog

from pulse_bus import PublishRefused, TemporarilyRefused
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.background import Background, Job, for_each
from pulse_contracts.errors import Unavailable
from pulse_testkit.waiting import eventually

_SOON, _NEVER = timedelta(milliseconds=1), timedelta(hours=1)
_TEST = "background_job_failed"


class Rounds:
    """A step that counts its rounds and raises one of the given errors in each."""

    def __init__(self, *errors: Exception | None, more: int = 0) -> None:
        self.count, self._errors, self._more = 0, list(errors), more

    async def __call__(self) -> bool:
        self.count += 1
        if self._errors and (error := self._errors.pop(0)) is not None:
            raise error
        return self.count <= self._more


@contextlib.asynccontextmanager
async def running(background: Background, job: Job) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(background.run(job))
        yield
        task.cancel()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def background(metrics: Metrics) -> Background:
    return Background(metrics, random.Random(1), lambda: 1234.0)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


async def reached(rounds: Rounds, count: int) -> None:
    await eventually(lambda: rounds.count >= count, what=lambda: f"{rounds.count} rounds, expected {count}")


async def test_a_job_repeats_after_its_interval(background: Background, metrics: Metrics) -> None:
    rounds = Rounds()
    async with running(background, Job("sweep", rounds, interval=_SOON)):
        await reached(rounds, 3)
    assert value(metrics, "pulse_background_last_success_timestamp_seconds", job="sweep") == 1234.0
    assert value(metrics, "pulse_background_failures_total", job="sweep", kind="bug") == 0


async def test_more_work_starts_the_next_round_at_once(background: Background) -> None:
    rounds = Rounds(more=4)
    async with running(background, Job("sweep", rounds, interval=_NEVER)):
        await reached(rounds, 5)
        await asyncio.sleep(0)
        assert rounds.count == 5


async def test_a_wake_up_starts_a_round_early(background: Background) -> None:
    rounds, wake = Rounds(), asyncio.Event()
    async with running(background, Job("sweep", rounds, interval=_NEVER, wake=wake, gather=_SOON)):
        await reached(rounds, 1)
        wake.set()
        await reached(rounds, 2)


async def test_without_an_interval_the_first_round_waits_for_a_wake_up(background: Background) -> None:
    rounds, wake = Rounds(), asyncio.Event()
    async with running(background, Job("replay", rounds, wake=wake, pause=_SOON)):
        for _ in range(10):
            await asyncio.sleep(0)
        assert rounds.count == 0
        wake.set()
        await reached(rounds, 1)


@pytest.mark.announces_log(_TEST)
async def test_a_bug_does_not_end_the_job_and_is_logged_once(background: Background, metrics: Metrics) -> None:
    rounds = Rounds(KeyError("a"), KeyError("b"), None)
    async with running(background, Job("sweep", rounds, interval=_SOON, retry_floor=_SOON)):
        await reached(rounds, 4)
    assert value(metrics, "pulse_background_failures_total", job="sweep", kind="bug") == 2


@pytest.mark.announces_log(_TEST)
async def test_an_outage_is_retried_without_a_wake_up(background: Background, metrics: Metrics) -> None:
    rounds, wake = Rounds(Unavailable("database"), None), asyncio.Event()
    wake.set()
    async with running(background, Job("replay", rounds, wake=wake, retry_floor=_SOON)):
        await reached(rounds, 2)
    assert value(metrics, "pulse_background_failures_total", job="replay", kind="outage") == 1


def _of_a_relay(refused: PublishRefused) -> Unavailable:
    failure = Unavailable(str(refused))
    failure.__cause__ = refused
    return failure


@pytest.mark.parametrize(
    "seen", [TemporarilyRefused, lambda refused: refused, _of_a_relay], ids=["told", "raw", "relay"]
)
async def test_a_message_that_the_broker_rejects_is_no_outage(
    background: Background, metrics: Metrics, seen: Callable[[PublishRefused], Exception]
) -> None:
    refusal = seen(PublishRefused("changes/devices/a", 0x87, "not authorized"))
    rounds = Rounds(refusal, refusal, None)
    with structlog.testing.capture_logs() as lines:
        async with running(background, Job("notices", rounds, interval=_SOON, retry_floor=_SOON)):
            await reached(rounds, 4)
    assert value(metrics, "pulse_background_failures_total", job="notices", kind="refused") == 2
    assert value(metrics, "pulse_background_failures_total", job="notices", kind="outage") == 0
    warnings = [line for line in lines if line["log_level"] == "warning"]
    assert [(line["job"], line["kind"]) for line in warnings] == [("notices", "refused")]
    assert "changes/devices/a: the broker rejected the message: 0x87 not authorized" in warnings[0]["reason"]


def test_a_job_needs_an_interval_or_a_wake_up() -> None:
    with pytest.raises(ValueError, match="needs an interval or a wake-up"):
        Job("sweep", Rounds())


async def test_a_bug_in_one_item_does_not_keep_a_round_from_the_others() -> None:
    done: list[int] = []

    async def act(number: int) -> None:
        if number == 2:
            raise KeyError(number)
        done.append(number)

    with pytest.raises(KeyError):
        await for_each([1, 2, 3], act)
    assert done == [1, 3]


async def test_an_outage_ends_the_round() -> None:
    done: list[int] = []

    async def act(number: int) -> None:
        done.append(number)
        raise Unavailable("database")

    with pytest.raises(Unavailable):
        await for_each([1, 2, 3], act)
    assert done == [1]

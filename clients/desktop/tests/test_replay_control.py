"""The replay limit: it is durable, a running collector applies it, and live readings are not limited."""

from pathlib import Path
from random import Random

import pytest
from structlog.testing import capture_logs

from pulse_contracts.telemetry import Have
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.delivery import replay_control
from pulse_desktop.core.delivery.replay import Replay
from pulse_desktop.core.delivery.replay_control import ReplayLimit, ReplayWatch
from pulse_desktop.core.delivery.signals import (
    Command,
    Committed,
    Connected,
    HaveReceived,
    Policy,
    RateChanged,
    SendBatch,
    Tick,
)
from pulse_desktop.core.mirror.configuration import Configuration, Configured
from pulse_desktop.core.model import Epoch, Holdings, StoreFailure

DIGEST = "0" * 64


def opened(rate: float | None) -> tuple[Replay, list[SendBatch]]:
    holdings = Holdings(ords={3: 1}, pending={3: ((0, 10_000),)})
    replay = Replay(Epoch(9, 5), holdings, DIGEST, Random(0), Policy(jitter=0.0))
    replay.handle(RateChanged(rate), 0)
    replay.handle(Connected("s-1"), 0)
    have = Have(session="s-1", newest=[], epochs=[], credit=64, series=DIGEST)
    return replay, sends(replay.handle(HaveReceived(have), 0))


def sends(commands: list[Command]) -> list[SendBatch]:
    return [c for c in commands if isinstance(c, SendBatch)]


def test_a_pause_stops_the_backlog_and_not_the_live_lane() -> None:
    replay, first = opened(0)
    assert first == []
    assert [s.lane for s in sends(replay.handle(Committed(((0, 5),)), 1))] == ["live"]
    assert {s.lane for s in sends(replay.handle(RateChanged(None), 2))} == {"backlog"}


@pytest.mark.parametrize("rate", [40, 700, 2_500])
def test_the_backlog_keeps_the_rate(rate: int) -> None:
    replay, first = opened(rate)
    sent, now = sum(s.hi - s.lo for s in first), 0.0
    while True:
        deadline = replay.deadline()
        assert deadline is not None
        assert deadline > now, "the deadline must be in the future"
        now = deadline
        if now >= 3.5:
            break
        sent += sum(s.hi - s.lo for s in sends(replay.handle(Tick(), now)))
    assert sent == pytest.approx(rate * 3.5, abs=min(rate, 1000))


async def test_the_limit_is_stored(tmp_path: Path) -> None:
    async with Configuration(tmp_path, Clock()) as configuration:
        assert await replay_control.read(configuration) == ReplayLimit()
        assert list(tmp_path.iterdir()) == [], "reading creates no file"
        await replay_control.write(configuration, ReplayLimit(is_paused=True, rate=500))
        assert (await replay_control.read(configuration)).allowed == 0
        await replay_control.write(configuration, ReplayLimit(rate=500))
        assert (await replay_control.read(configuration)).allowed == 500


async def test_a_change_is_detected_once_and_a_failure_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Configuration(tmp_path, Clock()) as configuration, Configuration(tmp_path, Clock()) as command:
        watch = ReplayWatch(configuration)
        assert not await watch.has_changed()
        await replay_control.write(command, ReplayLimit(is_paused=True))
        assert (await watch.has_changed(), await watch.has_changed()) == (True, False)

        async def broken(self: Configuration) -> Configured:
            raise StoreFailure("i/o error", "disk")

        with monkeypatch.context() as patch, capture_logs() as lines:
            patch.setattr(Configuration, "read", broken)
            assert (await watch.has_changed(), await watch.has_changed()) == (False, False)
        assert [line["event"] for line in lines if line["log_level"] == "warning"] == ["replay_limit_unreadable"]
        assert watch.limit.is_paused
        assert not await watch.has_changed()

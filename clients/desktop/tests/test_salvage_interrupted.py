"""A rescue of a corrupt buffer that is killed at any step, or finds the disk full: the next attempt continues, and
every durable reading waits or is declared lost."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pulse_contracts.ranges import count, normalized
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import BufferLimits, Reading, SeriesSpec, StoreFailure
from pulse_desktop.core.storage.opening import FILE
from pulse_desktop.core.storage.store import Store

from .test_salvage import CLOCK, NOON, left_behind, open_buffer, spoil, spoil_index

N = 20_000


def accounted(buffer: Buffer, epoch: int = 1) -> int:
    """The sequence numbers of the epoch that wait or are declared lost."""
    found = buffer.holdings
    declared = [(drop.lo, drop.hi) for drop in found.drops if drop.epoch == epoch]
    return count(normalized([*found.pending.get(epoch, ()), *declared]))


class Killed(BaseException):
    """Simulates SIGKILL: no handler of ours catches it."""


class Killer:
    """Kills the process before the n-th step that changes the disk."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int) -> None:
        self.left = at
        for owner, name in ((Store, "adopt"), (Store, "record_drops"), (Path, "replace"), (Path, "unlink")):
            patch.setattr(owner, name, self.around(getattr(owner, name)))

    def around(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: object, **kwargs: object) -> object:
            self.left -= 1
            if self.left == 0:
                raise Killed
            return inner(*args, **kwargs)

        return step


_WITH_LOG = pytest.mark.announces_log("buffer_corrupt")


@pytest.mark.parametrize("at", [*(pytest.param(n, marks=_WITH_LOG) for n in (1, 2, 3, 8)), 4, 5, 6, 7])
def test_a_rescue_killed_at_any_step_loses_nothing_silently(tmp_path: Path, at: int) -> None:
    left_behind(tmp_path, N)
    for place in (0.2, 0.4, 0.6):
        spoil(tmp_path / FILE, place, 8_192)
    spoil_index(tmp_path / FILE)
    with pytest.MonkeyPatch.context() as patch:
        killer = Killer(patch, at)
        try:
            open_buffer(tmp_path, 2).close()
        except Killed:
            assert killer.left == 0
    buffer = open_buffer(tmp_path, 3)
    assert accounted(buffer) == N
    assert buffer.waiting > 0
    assert list(tmp_path.glob("buffer.corrupt-*Z"))
    buffer.close()


@pytest.mark.announces_log("ballast_freed")
@pytest.mark.announces_log("buffer_corrupt")
def test_a_full_disk_during_the_rescue_leaves_the_corrupt_file_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_behind(tmp_path, N)
    for place in (0.2, 0.4, 0.6):
        spoil(tmp_path / FILE, place, 8_192)
    spoil_index(tmp_path / FILE)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "adopt", full)
        with pytest.raises(StoreFailure, match="full"):
            open_buffer(tmp_path, 2)
    buffer = open_buffer(tmp_path, 3)
    assert accounted(buffer) == N
    buffer.close()


def full(*_: object) -> None:
    raise StoreFailure("full", "database or disk is full")


@pytest.mark.announces_log("ballast_freed")
@pytest.mark.announces_log("buffer_")
def test_a_file_that_gets_corrupt_is_rescued_once_the_disk_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    buffer = Buffer(tmp_path, 1, BufferLimits(), Clock(lambda: NOON, lambda: now[0]))
    buffer.declare([SeriesSpec("level", "float")])
    for lo in range(0, N, 1_000):
        buffer.append([Reading(1, lo + i, float(i)) for i in range(1_000)])

    def corrupt(*_: object) -> None:
        raise StoreFailure("corrupt", "database disk image is malformed")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "append", corrupt)
        buffer.append([Reading(1, 30_000, 1.0)])
    with monkeypatch.context() as patch:
        patch.setattr(Store, "adopt", full)
        now[0] += 5
        buffer.append([])
        assert "full" in buffer.fault
    now[0] += 5
    buffer.append([])
    assert buffer.fault == ""
    assert buffer.waiting == N + 1
    assert buffer.read(1, 0, 1_000) is not None
    buffer.close()
    again = Buffer(tmp_path, 2, BufferLimits(), CLOCK)
    assert accounted(again) == N + 1
    again.close()


def test_an_unanswered_reading_that_the_file_lost_is_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = open_buffer(tmp_path, 1)
    buffer.append([Reading(1, NOON, 1.0), Reading(1, NOON + 1, 2.0)])
    monkeypatch.setattr(Store, "quarantine", lambda *_: None)
    (drop,) = buffer.quarantine(1, 1, "unanswered")
    assert (drop.epoch, drop.lo, drop.hi, drop.reason) == (1, 1, 2, "unreadable")
    assert buffer.waiting == 1
    buffer.close()

"""A number that the collector was told never stops it: neither while it runs nor at any later start."""

import sqlite3
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pulse_contracts.telemetry import MAX_ORD, Hello
from pulse_desktop.core.delivery.signals import Committed, Connected, RaiseOrd
from pulse_desktop.core.storage.opening import FILE

from .machine import CALM, ack, have, make, opened
from .simulation import Simulation
from .test_doctor import examine, findings, home

__all__ = ["home"]
FAR = 2**62


def spoil(folder: Path, told: int) -> None:
    """As a collector of an earlier version left the file behind after it was told `told`."""
    db = sqlite3.connect(folder / FILE, isolation_level=None)
    db.execute("UPDATE epoch SET ord = ?", (told,))
    db.execute("INSERT OR REPLACE INTO meta VALUES ('highest_ord', ?)", (told,))
    db.close()


@given(told=st.integers(0, FAR))
def test_whatever_it_is_told_its_own_order_can_be_said_in_a_hello(told: int) -> None:
    replay, _ = opened()
    replay.handle(ack(9, (0, 1), newest=[(told, 1)]), 1)
    replay.handle(Committed(((0, 1),)), 1.1)
    assert replay.epoch.ord <= MAX_ORD
    Hello.model_validate({"epoch": 9, "ord": replay.epoch.ord, "next": 0, "pending": [], "session": "s"} | DIGESTS)


DIGESTS = {"series": "0" * 64}


@pytest.mark.parametrize("told", [MAX_ORD, FAR - 1, FAR], ids=["limit", "below the contract's", "contract's limit"])
def test_an_order_that_nobody_can_have_reached_is_not_followed(told: int) -> None:
    replay = make()
    replay.handle(Connected("s-1"), 0)
    commands = replay.handle(have(newest=[(told, 1), (7, 2)]), 0.1)
    assert RaiseOrd(8) in commands


@pytest.mark.parametrize("told", [FAR, FAR - 1, MAX_ORD + 1])
def test_a_disk_that_was_told_so_starts_again_and_delivers_what_it_holds(tmp_path: Path, told: int) -> None:
    simulation = Simulation(tmp_path, policy=CALM)
    simulation.produce(5)
    simulation.buffer.close()
    spoil(tmp_path, told)
    simulation.start()
    simulation.gateway.ords[12345] = 41
    simulation.produce(3)
    simulation.settle_down()
    simulation.check_drained()
    assert simulation.buffer.epoch.ord == 42
    simulation.restart()
    assert simulation.buffer.epoch.ord == 43


def test_at_the_limit_itself_it_stays_there(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path, policy=CALM)
    simulation.produce(1)
    simulation.buffer.close()
    spoil(tmp_path, MAX_ORD)
    simulation.start()
    simulation.produce(1)
    assert simulation.buffer.epoch.ord == MAX_ORD
    simulation.settle_down()
    simulation.restart()
    assert simulation.buffer.epoch.ord == MAX_ORD


def test_the_doctor_says_so_before_the_next_start(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(home, FAR)
    examine(home)
    out = capsys.readouterr().out
    assert findings(out)["buffer"] == "WARN"
    assert f"impossible ord {FAR}" in out

"""An impossible `ord` from the gateway never stops the collector, neither now nor at a later start."""

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


def spoil(folder: Path, ord_: int) -> None:
    """Writes the `ord` that an earlier version of the collector would have stored."""
    db = sqlite3.connect(folder / FILE, isolation_level=None)
    db.execute("UPDATE epoch SET ord = ?", (ord_,))
    db.execute("INSERT OR REPLACE INTO meta VALUES ('highest_ord', ?)", (ord_,))
    db.close()


@given(told=st.integers(0, FAR))
def test_the_ord_in_a_hello_is_always_valid(told: int) -> None:
    replay, _ = opened()
    replay.handle(ack(9, (0, 1), newest=[(told, 1)]), 1)
    replay.handle(Committed(((0, 1),)), 1.1)
    assert replay.epoch.ord <= MAX_ORD
    Hello.model_validate({"epoch": 9, "ord": replay.epoch.ord, "next": 0, "pending": [], "session": "s"} | DIGESTS)


DIGESTS = {"series": "0" * 64}


@pytest.mark.parametrize("told", [MAX_ORD, FAR - 1, FAR], ids=["limit", "below the contract's", "contract's limit"])
def test_an_impossible_ord_is_ignored(told: int) -> None:
    replay = make()
    replay.handle(Connected("s-1"), 0)
    commands = replay.handle(have(newest=[(told, 1), (7, 2)]), 0.1)
    assert RaiseOrd(8) in commands


@pytest.mark.announces_log("impossible_ord_reset")
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


def test_an_ord_at_the_limit_stays_there(tmp_path: Path) -> None:
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


def test_the_doctor_reports_an_impossible_ord(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil(home, FAR)
    examine(home)
    out = capsys.readouterr().out
    assert findings(out)["buffer"] == "WARN"
    assert f"impossible ord {FAR}" in out

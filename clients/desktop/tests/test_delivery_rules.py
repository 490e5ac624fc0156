"""One test per rule of the protocol without which a model lost data: each fails when its rule is taken out."""

from itertools import pairwise
from pathlib import Path

import pytest

from pulse_contracts.telemetry import BatchAck, Dropped, Hello, SeriesDeclared
from pulse_desktop.core.delivery.signals import (
    Committed,
    Connected,
    Quarantined,
    RaiseOrd,
    SendHello,
    SeriesChanged,
    Settle,
    Tick,
)
from pulse_desktop.core.model import BufferLimits, Drop, Holdings, StoreFailure

from .machine import CALM, OTHER, ack, have, make, opened, sends
from .simulation import Simulation


@pytest.fixture
def simulation(tmp_path: Path) -> Simulation:
    return Simulation(tmp_path, policy=CALM)


# -- before the have


def test_before_the_have_of_this_session_there_is_nothing_but_hello_each_second() -> None:
    replay = make(Holdings(ords={3: 1}, pending={3: ((0, 50),)}, drops=(Drop(3, 50, 60, "overflow"),)))
    first = replay.handle(Connected("s-1"), 0)
    assert [type(c).__name__ for c in first] == ["DeclareSeries", "SendHello"]
    for second in (1, 2, 3):
        assert replay.deadline() == second
        assert [type(c).__name__ for c in replay.handle(Tick(), second)] == ["SendHello"]
    assert replay.handle(Committed(((0, 5),)), 3.1) == []
    assert replay.handle(have("s-0"), 3.2) == [], "the have of another session opens nothing"
    assert [type(c).__name__ for c in replay.handle(have(), 3.3)] == ["DeclareLoss", "SendBatch", "SendBatch"]


def test_a_have_that_means_other_series_makes_the_collector_declare_again() -> None:
    replay = make(Holdings(ords={3: 1}, pending={3: ((0, 50),)}))
    replay.handle(Connected("s-1"), 0)
    assert replay.handle(have(series=None), 0.5) == []
    assert [type(c).__name__ for c in replay.handle(Tick(), 1)] == ["DeclareSeries", "SendHello"]
    assert sends(replay.handle(have(), 1.1))


def test_an_ack_that_asks_for_the_declaration_stops_the_data_until_the_next_have() -> None:
    replay, _ = opened(Holdings(ords={3: 1}, pending={3: ((0, 50),)}))
    replay.handle(Connected("s-1"), 0)
    replay.handle(have(), 0)
    again = replay.handle(ack(3, declare=True), 1)
    assert [type(c).__name__ for c in again] == ["DeclareSeries", "SendHello"]
    assert replay.handle(Committed(((0, 5),)), 1.1) == []
    assert len(sends(replay.handle(have(), 1.2))) == 2


def test_new_series_are_declared_and_confirmed_before_readings_that_use_them() -> None:
    replay, _ = opened()
    assert [type(c).__name__ for c in replay.handle(SeriesChanged(OTHER), 1)] == ["DeclareSeries", "SendHello"]
    assert replay.handle(Committed(((0, 5),)), 1) == []
    assert replay.handle(have(), 1.1) == [], "that have answers the declaration before"
    assert sends(replay.handle(have(series=OTHER), 1.15))


def test_what_the_have_settles_is_not_sent_again() -> None:
    replay = make(Holdings(ords={3: 1}, pending={3: ((0, 1_000),)}))
    replay.handle(Connected("s-1"), 0)
    commands = replay.handle(have(epochs=[{"epoch": 3, "settled": [(0, 900)]}]), 0.1)
    assert [(s.lo, s.hi) for s in sends(commands)] == [(900, 1_000)]


# -- leaving the buffer


def test_only_an_ack_or_a_have_lets_readings_leave(simulation: Simulation) -> None:
    simulation.produce(100)
    simulation.connect()
    while simulation.up:
        simulation.pass_up()
        while simulation.down and not isinstance(simulation.down[0], BatchAck):
            simulation.pass_down()
    assert simulation.gateway.stored, "the broker and the gateway took it"
    assert simulation.buffer.waiting == 100, "and still nothing left, for no ack is here"
    simulation.pass_down()
    assert simulation.buffer.waiting == 0


def test_a_refused_reading_goes_to_the_local_quarantine(simulation: Simulation) -> None:
    simulation.gateway.refuses = lambda value: value < 0.3
    simulation.produce(200)
    simulation.settle_down()
    usage = simulation.buffer.usage()
    assert usage is not None
    assert usage.quarantined == 200 - len(simulation.gateway.stored) > 0


# -- identity


def test_every_start_is_a_new_epoch_so_a_restored_disk_reuses_no_number(simulation: Simulation, tmp_path: Path) -> None:
    simulation.produce(10)
    simulation.back_up(tmp_path / "backup")
    simulation.produce(10)
    simulation.settle_down()
    before = simulation.buffer.epoch.id
    simulation.restore(tmp_path / "backup")
    assert simulation.buffer.epoch.id != before
    simulation.produce(30)
    simulation.settle_down()
    simulation.check_drained()
    assert len(simulation.gateway.stored) == 50


def test_batches_that_are_cut_differently_after_a_restart_store_nothing_twice(simulation: Simulation) -> None:
    simulation.connect()
    simulation.pass_up()
    simulation.pass_up()
    simulation.pass_down()
    for n in (3, 4, 5):
        simulation.produce(n)
        simulation.wait(0.01)
    cuts = [(s.lo, s.hi) for s in simulation.sent]
    while simulation.up:
        simulation.pass_up()
    simulation.down.clear()
    simulation.gateway.settled[simulation.buffer.epoch.id] = ((0, 3),)
    for seq in range(3, 12):
        simulation.gateway.stored.pop((simulation.buffer.epoch.id, seq), None)
    simulation.sent.clear()
    simulation.restart()
    simulation.settle_down()
    assert [(s.lo, s.hi) for s in simulation.sent] != cuts
    simulation.check_drained()
    assert len(simulation.gateway.stored) == 12


@pytest.mark.parametrize("newest", [[(5, 1)], [(7, 1)], [(5, 9), (5, 1)]], ids=["equal", "higher", "tie after mine"])
def test_ord_rises_above_another_life_that_a_have_names(newest: list[tuple[int, int]]) -> None:
    replay = make()
    replay.handle(Connected("s-1"), 0)
    commands = replay.handle(have(newest=newest), 0.1)
    assert RaiseOrd(newest[-1][0] + 1) in commands
    replay.handle(Committed(((0, 1),)), 0.2)
    assert replay.epoch.ord == newest[-1][0] + 1


def test_ord_rises_above_another_life_that_an_ack_names_and_later_batches_carry_it() -> None:
    replay, _ = opened()
    first = sends(replay.handle(Committed(((0, 1),)), 1))
    assert [s.ord for s in first] == [5]
    assert RaiseOrd(8) in replay.handle(ack(9, (0, 1), newest=[(7, 1), (5, 9)]), 1.1)
    assert [s.ord for s in sends(replay.handle(Committed(((1, 2),)), 1.2))] == [8]


def test_ord_stays_when_the_newest_life_is_my_own_or_older() -> None:
    replay, _ = opened()
    assert not [c for c in replay.handle(ack(9, newest=[(5, 9), (4, 1)]), 1) if isinstance(c, RaiseOrd)]


def test_a_raised_ord_is_kept_on_the_disk(simulation: Simulation) -> None:
    simulation.gateway.ords[12345] = 41
    simulation.produce(3)
    simulation.settle_down()
    assert simulation.buffer.epoch.ord == 42
    simulation.restart()
    assert simulation.buffer.epoch.ord == 43


# -- losses


def test_a_loss_is_declared_again_until_it_is_acknowledged_also_after_a_restart(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path, policy=CALM, limits=BufferLimits(max_bytes=150_000))
    for _ in range(40):
        simulation.produce(500)
    lost = simulation.losses()
    assert lost
    for _ in range(2):
        simulation.connect()
        for _ in range(20):
            for message in list(simulation.up):
                simulation.up.remove(message)
                if isinstance(message, Hello | SeriesDeclared):
                    simulation.down += simulation.gateway.take(message)
                elif isinstance(message, Dropped):
                    assert set(lost) == {message.epoch}
                    break
            else:
                while simulation.down:
                    simulation.pass_down()
                simulation.wait(5)
                continue
            break
        else:
            pytest.fail("not declared again")
        simulation.restart()
        assert simulation.losses() == lost
    simulation.settle_down()
    simulation.check_drained()


def test_a_lost_declaration_is_repeated_with_growing_patience() -> None:
    replay, _ = opened(Holdings(ords={3: 1}, drops=(Drop(3, 0, 10, "overflow"),)))
    said, now = [0.0], 0.0
    while len(said) < 6:
        now += 0.5
        if any(type(c).__name__ == "DeclareLoss" for c in replay.handle(Tick(), now)):
            said.append(now)
    assert [b - a for a, b in pairwise(said)] == [5, 10, 20, 40, 60]
    replay.handle(ack(3, (0, 10)), now)
    assert not [c for c in replay.handle(Tick(), now + 500) if type(c).__name__ == "DeclareLoss"]


def test_a_refusal_is_confirmed_once_the_quarantine_holds_it_until_a_have_answers() -> None:
    replay, _ = opened()
    replay.handle(Committed(((0, 4),)), 1)
    told = ack(9, (0, 4), refused=[{"seq": 2, "code": "wrong_type"}])
    (settle,) = [c for c in replay.handle(told, 1.1) if isinstance(c, Settle)]
    assert settle.settlement.unconfirmed == ((2, 3),)
    assert not [c for c in replay.handle(Tick(), 2.5) if isinstance(c, SendHello)], (
        "confirmed although nothing is durable"
    )
    for at, again in ((2.6, Quarantined(9, ((2, 3),))), (3.7, Tick())):
        (say,) = [c for c in replay.handle(again, at) if isinstance(c, SendHello)]
        assert [(part.epoch, part.ranges) for part in say.hello.kept] == [(9, [(2, 3)])]
    replay.handle(have(), 3.8)
    assert not [c for c in replay.handle(Tick(), 9) if isinstance(c, SendHello)]


def test_while_the_disk_refuses_nothing_is_confirmed(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    simulation.gateway.refuses = lambda _: True
    simulation.connect()
    while simulation.up or simulation.down:
        simulation.pass_up() if simulation.up else simulation.pass_down()
    simulation.produce(3)
    simulation.pass_up()

    def full(*_: object) -> None:
        raise StoreFailure("i/o error", "no")

    monkeypatch.setattr(simulation.buffer._store, "settle", full)
    simulation.pass_down()
    simulation.wait(3)
    assert not [m for m in simulation.up if isinstance(m, Hello) and m.kept]
    monkeypatch.undo()
    simulation.restart()
    simulation.settle_down()
    simulation.check_drained()
    assert simulation.kept == {(e, seq) for e, seq in simulation.produced}

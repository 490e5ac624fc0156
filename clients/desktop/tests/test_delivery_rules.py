"""One test for each rule of the protocol that prevents data loss. Each test fails without its rule."""

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
    ShardRefused,
    Tick,
)
from pulse_desktop.core.model import BufferLimits, Drop, Holdings, StoreFailure

from .machine import CALM, OTHER, ack, have, make, opened, sends
from .simulation import Simulation


@pytest.fixture
def simulation(tmp_path: Path) -> Simulation:
    return Simulation(tmp_path, policy=CALM)


# -- before the have


def test_before_the_have_of_this_session_only_hellos_are_sent() -> None:
    replay = make(Holdings(ords={3: 1}, pending={3: ((0, 50),)}, drops=(Drop(3, 50, 60, "overflow"),)))
    first = replay.handle(Connected("s-1"), 0)
    assert [type(c).__name__ for c in first] == ["DeclareSeries", "SendHello"]
    for second in (1, 2, 3):
        assert replay.deadline() == second
        assert [type(c).__name__ for c in replay.handle(Tick(), second)] == ["SendHello"]
    assert replay.handle(Committed(((0, 5),)), 3.1) == []
    assert replay.handle(have("s-0"), 3.2) == [], "a have of another session does not open this one"
    assert [type(c).__name__ for c in replay.handle(have(), 3.3)] == ["DeclareLoss", "SendBatch", "SendBatch"]


def test_a_have_for_another_series_table_causes_a_new_declaration() -> None:
    replay = make(Holdings(ords={3: 1}, pending={3: ((0, 50),)}))
    replay.handle(Connected("s-1"), 0)
    assert replay.handle(have(series=None), 0.5) == []
    assert [type(c).__name__ for c in replay.handle(Tick(), 1)] == ["DeclareSeries", "SendHello"]
    assert sends(replay.handle(have(), 1.1))


def test_an_ack_that_requests_the_declaration_stops_data_until_the_next_have() -> None:
    replay, _ = opened(Holdings(ords={3: 1}, pending={3: ((0, 50),)}))
    replay.handle(Connected("s-1"), 0)
    replay.handle(have(), 0)
    again = replay.handle(ack(3, declare=True), 1)
    assert [type(c).__name__ for c in again] == ["DeclareSeries", "SendHello"]
    assert replay.handle(Committed(((0, 5),)), 1.1) == []
    assert len(sends(replay.handle(have(), 1.2))) == 2


def test_new_series_are_declared_and_confirmed_before_their_readings() -> None:
    replay, _ = opened()
    assert [type(c).__name__ for c in replay.handle(SeriesChanged(OTHER), 1)] == ["DeclareSeries", "SendHello"]
    assert replay.handle(Committed(((0, 5),)), 1) == []
    assert replay.handle(have(), 1.1) == [], "this have answers the previous declaration"
    assert sends(replay.handle(have(series=OTHER), 1.15))


def test_readings_that_the_have_settles_are_not_sent_again() -> None:
    replay = make(Holdings(ords={3: 1}, pending={3: ((0, 1_000),)}))
    replay.handle(Connected("s-1"), 0)
    commands = replay.handle(have(epochs=[{"epoch": 3, "settled": [(0, 900)]}]), 0.1)
    assert [(s.lo, s.hi) for s in sends(commands)] == [(900, 1_000)]


def test_after_a_refused_shard_the_topic_without_one_is_used_until_the_next_connection() -> None:
    replay = make(Holdings(ords={3: 1}, pending={3: ((0, 50),)}))
    replay.handle(Connected("s-1"), 0)
    (first,) = sends(replay.handle(have(shard=17), 0.1))
    assert first.shard == 17
    (again,) = sends(replay.handle(ShardRefused("s-1", first.lease), 0.2))
    assert (again.shard, again.lo, again.hi) == (None, first.lo, first.hi), "it is sent again at once"
    replay.handle(have(shard=17), 1.0)
    assert [one.shard for one in sends(replay.handle(Committed(((0, 5),)), 1.1))] == [None]
    replay.handle(Connected("s-2"), 2)
    assert {one.shard for one in sends(replay.handle(have("s-2", shard=17), 2.1))} == {17}


# -- leaving the buffer


def test_readings_leave_only_after_an_ack_or_a_have(simulation: Simulation) -> None:
    simulation.produce(100)
    simulation.connect()
    while simulation.up:
        simulation.pass_up()
        while simulation.down and not isinstance(simulation.down[0], BatchAck):
            simulation.pass_down()
    assert simulation.gateway.stored, "the gateway stored the readings"
    assert simulation.buffer.waiting == 100, "no reading leaves without an ack"
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


def test_every_start_has_a_new_epoch_so_a_restored_disk_reuses_no_number(
    simulation: Simulation, tmp_path: Path
) -> None:
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


def test_different_batches_after_a_restart_store_nothing_twice(simulation: Simulation) -> None:
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
def test_ord_rises_above_another_epoch_in_a_have(newest: list[tuple[int, int]]) -> None:
    replay = make()
    replay.handle(Connected("s-1"), 0)
    commands = replay.handle(have(newest=newest), 0.1)
    assert RaiseOrd(newest[-1][0] + 1) in commands
    replay.handle(Committed(((0, 1),)), 0.2)
    assert replay.epoch.ord == newest[-1][0] + 1


def test_ord_rises_above_another_epoch_in_an_ack_and_later_batches_have_it() -> None:
    replay, _ = opened()
    first = sends(replay.handle(Committed(((0, 1),)), 1))
    assert [s.ord for s in first] == [5]
    assert RaiseOrd(8) in replay.handle(ack(9, (0, 1), newest=[(7, 1), (5, 9)]), 1.1)
    assert [s.ord for s in sends(replay.handle(Committed(((1, 2),)), 1.2))] == [8]


def test_ord_stays_when_the_newest_epoch_is_the_running_one_or_older() -> None:
    replay, _ = opened()
    assert not [c for c in replay.handle(ack(9, newest=[(5, 9), (4, 1)]), 1) if isinstance(c, RaiseOrd)]


def test_a_raised_ord_is_stored(simulation: Simulation) -> None:
    simulation.gateway.ords[12345] = 41
    simulation.produce(3)
    simulation.settle_down()
    assert simulation.buffer.epoch.ord == 42
    simulation.restart()
    assert simulation.buffer.epoch.ord == 43


# -- losses


def test_a_loss_is_declared_until_it_is_acknowledged_also_after_a_restart(tmp_path: Path) -> None:
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
            pytest.fail("the loss was not declared again")
        simulation.restart()
        assert simulation.losses() == lost
    simulation.settle_down()
    simulation.check_drained()


def test_an_unanswered_declaration_is_repeated_with_growing_delays() -> None:
    replay, _ = opened(Holdings(ords={3: 1}, drops=(Drop(3, 0, 10, "overflow"),)))
    declared, now = [0.0], 0.0
    while len(declared) < 6:
        now += 0.5
        if any(type(c).__name__ == "DeclareLoss" for c in replay.handle(Tick(), now)):
            declared.append(now)
    assert [b - a for a, b in pairwise(declared)] == [5, 10, 20, 40, 60]
    replay.handle(ack(3, (0, 10)), now)
    assert not [c for c in replay.handle(Tick(), now + 500) if type(c).__name__ == "DeclareLoss"]


def test_a_durable_refusal_is_confirmed_until_a_have_answers() -> None:
    replay, _ = opened()
    replay.handle(Committed(((0, 4),)), 1)
    refusal = ack(9, (0, 4), refused=[{"seq": 2, "code": "wrong_type"}])
    (settle,) = [c for c in replay.handle(refusal, 1.1) if isinstance(c, Settle)]
    assert settle.settlement.unconfirmed == ((2, 3),)
    assert not [c for c in replay.handle(Tick(), 2.5) if isinstance(c, SendHello)], "nothing is durable yet"
    for at, event in ((2.6, Quarantined(9, ((2, 3),))), (3.7, Tick())):
        (hello,) = [c for c in replay.handle(event, at) if isinstance(c, SendHello)]
        assert [(part.epoch, part.ranges) for part in hello.hello.kept] == [(9, [(2, 3)])]
    replay.handle(have(), 3.8)
    assert not [c for c in replay.handle(Tick(), 9) if isinstance(c, SendHello)]


@pytest.mark.announces_log("buffer_unavailable")
def test_nothing_is_confirmed_while_the_disk_fails(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    simulation.gateway.refuses = lambda _: True
    simulation.connect()
    while simulation.up or simulation.down:
        simulation.pass_up() if simulation.up else simulation.pass_down()
    simulation.produce(3)
    simulation.pass_up()

    def full(*_: object, **__: object) -> None:
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

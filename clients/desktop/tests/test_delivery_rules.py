"""One test per rule of the protocol without which a model lost data: each fails when its rule is taken out."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from pulse_contracts.telemetry import BatchAck, Dropped, Have, Hello, ReadingBatch, SeriesDeclared
from pulse_desktop.core.model import BufferLimits, Drop, Holdings, Life
from pulse_desktop.core.replay import Replay
from pulse_desktop.core.signals import (
    Command,
    Committed,
    Connected,
    GotAck,
    GotHave,
    LinkLost,
    Policy,
    RaiseOrd,
    Say,
    Send,
    TableChanged,
    Tick,
    TooLarge,
)

from .simulation import Simulation

DIGEST = "0" * 64
OTHER = "1" * 64
CALM = Policy(jitter=0.0)


def make(holdings: Holdings | None = None, life: Life = Life(9, 5)) -> Replay:  # noqa: B008  # frozen
    return Replay(life, holdings or Holdings(), DIGEST, Random(0), CALM)


def have(session: str = "s-1", credit: int = 8, **more: object) -> GotHave:
    return GotHave(Have(**{"session": session, "newest": [], "epochs": [], "credit": credit, "series": DIGEST, **more}))


def ack(epoch: int, *settled: tuple[int, int], **more: object) -> GotAck:
    return GotAck(BatchAck(**{"epoch": epoch, "settled": list(settled), "newest": [], "credit": 8, **more}))


def opened(holdings: Holdings | None = None, credit: int = 8) -> tuple[Replay, list[Send]]:
    replay = make(holdings)
    replay.handle(Connected("s-1"), 0)
    return replay, sends(replay.handle(have(credit=credit), 0))


def sends(commands: Sequence[Command]) -> list[Send]:
    return [c for c in commands if isinstance(c, Send)]


@pytest.fixture
def simulation(tmp_path: Path) -> Simulation:
    return Simulation(tmp_path, policy=CALM)


# -- before the have


def test_before_the_have_of_this_session_there_is_nothing_but_hello_each_second() -> None:
    replay = make(Holdings(ords={3: 1}, pending={3: ((0, 50),)}, drops=(Drop(3, 50, 60, "overflow"),)))
    first = replay.handle(Connected("s-1"), 0)
    assert [type(c).__name__ for c in first] == ["Declare", "Say"]
    for second in (1, 2, 3):
        assert replay.deadline() == second
        assert [type(c).__name__ for c in replay.handle(Tick(), second)] == ["Say"]
    assert replay.handle(Committed(((0, 5),)), 3.1) == []
    assert replay.handle(have("s-0"), 3.2) == [], "the have of another session opens nothing"
    assert [type(c).__name__ for c in replay.handle(have(), 3.3)] == ["DeclareLoss", "Send", "Send"]


def test_a_have_that_means_other_series_makes_the_collector_declare_again() -> None:
    replay = make(Holdings(ords={3: 1}, pending={3: ((0, 50),)}))
    replay.handle(Connected("s-1"), 0)
    assert replay.handle(have(series=None), 0.5) == []
    assert [type(c).__name__ for c in replay.handle(Tick(), 1)] == ["Declare", "Say"]
    assert sends(replay.handle(have(), 1.1))


def test_an_ack_that_asks_for_the_declaration_stops_the_data_until_the_next_have() -> None:
    replay, _ = opened(Holdings(ords={3: 1}, pending={3: ((0, 50),)}))
    replay.handle(Connected("s-1"), 0)
    replay.handle(have(), 0)
    again = replay.handle(ack(3, declare=True), 1)
    assert [type(c).__name__ for c in again] == ["Declare", "Say"]
    assert replay.handle(Committed(((0, 5),)), 1.1) == []
    assert len(sends(replay.handle(have(), 1.2))) == 2


def test_new_series_are_declared_and_confirmed_before_readings_that_use_them() -> None:
    replay, _ = opened()
    assert [type(c).__name__ for c in replay.handle(TableChanged(OTHER), 1)] == ["Declare", "Say"]
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
    before = simulation.buffer.life.epoch
    simulation.restore(tmp_path / "backup")
    assert simulation.buffer.life.epoch != before
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
    simulation.gateway.settled[simulation.buffer.life.epoch] = ((0, 3),)
    for seq in range(3, 12):
        simulation.gateway.stored.pop((simulation.buffer.life.epoch, seq), None)
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
    assert replay.life.ord == newest[-1][0] + 1


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
    simulation.gateway.lives[12345] = 41
    simulation.produce(3)
    simulation.settle_down()
    assert simulation.buffer.life.ord == 42
    simulation.restart()
    assert simulation.buffer.life.ord == 43


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


# -- lanes, credit, resending


def test_live_never_waits_behind_the_backlog_and_credit_bounds_both() -> None:
    replay, first = opened(Holdings(ords={3: 1}, pending={3: ((0, 100_000),)}), credit=6)
    assert [(s.lane, s.lo, s.hi) for s in first] == [("backlog", i * 1_000, i * 1_000 + 1_000) for i in range(4)]
    live = [sends(replay.handle(Committed(((i, i + 1),)), 0.01 * i)) for i in range(4)]
    assert [[(s.lane, s.lo) for s in got] for got in live] == [[("live", 0)], [("live", 1)], [], []]
    after = sends(replay.handle(ack(9, (0, 1), credit=6), 0.05))
    assert [(s.lane, s.lo, s.hi) for s in after] == [("live", 2, 4)]


def test_readings_older_than_200_ms_are_the_backlog_lanes_after_everything_older() -> None:
    replay, _ = opened(credit=1)
    replay.handle(Committed(((0, 1),)), 1)
    replay.handle(Committed(((1, 2),)), 1.01)
    commands = sends(replay.handle(ack(9, (0, 1), credit=8), 1.5))
    assert [(s.lane, s.lo, s.hi) for s in commands] == [("backlog", 1, 2)]


def test_a_paused_live_lane_leaves_its_readings_to_the_backlog() -> None:
    replay, _ = opened()
    replay.handle(ack(9, live_paused=True), 0.5)
    assert replay.handle(Committed(((0, 5),)), 1) == []
    assert replay.deadline() == pytest.approx(1.2)
    assert [s.lane for s in sends(replay.handle(Tick(), 1.2))] == ["backlog"]


def test_without_credit_the_collector_asks_from_time_to_time() -> None:
    replay, first = opened(Holdings(ords={3: 1}, pending={3: ((0, 10),)}), credit=0)
    assert first == []
    assert replay.deadline() == 5
    assert [type(c) for c in replay.handle(Tick(), 5)] == [Say]
    assert sends(replay.handle(have(credit=3), 5.1))


def test_at_most_100_epochs_are_asked_about_oldest_first_and_the_next_ones_after_them() -> None:
    lives = {1_000 + i: i for i in range(130)}
    replay = make(Holdings(ords=lives, pending=dict.fromkeys(lives, ((0, 2),))), Life(9, 500))
    hello = next(c.hello for c in replay.handle(Connected("s-1"), 0) if isinstance(c, Say))
    assert [p.epoch for p in hello.pending] == [1_000 + i for i in range(100)]
    commands = replay.handle(
        have(credit=64, epochs=[{"epoch": e, "settled": [(0, 2)]} for e in range(1_000, 1_100)]), 1
    )
    second = next(c.hello for c in commands if isinstance(c, Say))
    assert [p.epoch for p in second.pending] == [1_100 + i for i in range(30)]
    assert not sends(commands), "of the others the gateway has not been asked"
    assert len(sends(replay.handle(have(credit=64), 1.1))) == 30


def test_an_unanswered_batch_is_sent_again_after_5_10_20_40_60_seconds() -> None:
    replay, _ = opened(Holdings(ords={3: 1}, pending={3: ((0, 10),)}))
    sent, now = [0.0], 0.0
    while len(sent) < 7:
        now += 0.5
        if sends(replay.handle(Tick(), now)):
            sent.append(now)
    assert [b - a for a, b in pairwise(sent)] == [5, 10, 20, 40, 60, 60]


def test_an_outage_of_days_does_not_count_itself_to_death() -> None:
    replay, _ = opened(Holdings(ords={3: 1}, pending={3: ((0, 10),)}, drops=(Drop(3, 10, 20, "overflow"),)))
    for hour_sixtieth in range(3_000):
        replay.handle(Tick(), 60.0 * hour_sixtieth)
    assert replay.waiting == 10


def test_a_range_without_an_answer_cannot_keep_the_only_slot_from_the_others() -> None:
    replay, first = opened(Holdings(ords={3: 1}, pending={3: ((0, 2_000),)}), credit=1)
    assert [s.lo for s in first] == [0]
    assert [s.lo for s in sends(replay.handle(Tick(), 5))] == [0]
    assert [s.lo for s in sends(replay.handle(Tick(), 15))] == [1_000]
    assert [s.lo for s in sends(replay.handle(ack(3, (1_000, 2_000), credit=1), 16))] == [0]


def test_a_new_connection_sends_again_at_once() -> None:
    replay, first = opened(Holdings(ords={3: 1}, pending={3: ((0, 10),)}))
    replay.handle(LinkLost("s-1"), 1)
    assert replay.deadline() is None
    replay.handle(Connected("s-2"), 2)
    assert [(s.lo, s.hi) for s in sends(replay.handle(have("s-2"), 2.1))] == [(s.lo, s.hi) for s in first]


def test_the_late_end_of_an_old_connection_does_not_close_the_new_one() -> None:
    replay, _ = opened()
    replay.handle(Connected("s-2"), 1)
    replay.handle(have("s-2"), 1.1)
    replay.handle(LinkLost("s-1"), 1.2)
    assert replay.is_open


def test_a_batch_that_the_broker_finds_too_large_is_cut() -> None:
    replay, first = opened(Holdings(ords={3: 1}, pending={3: ((0, 800),)}))
    assert [(s.lo, s.hi) for s in first] == [(0, 800)]
    assert [(s.lo, s.hi) for s in sends(replay.handle(TooLarge(first[0].lease), 1))] == [(0, 400), (400, 800)]


def test_the_one_reading_that_never_gets_an_answer_is_found_quarantined_and_declared(simulation: Simulation) -> None:
    poison: list[float] = []
    simulation.gateway.ignores = lambda value: value in poison
    simulation.produce(64)
    poison.append(simulation.produced[simulation.buffer.life.epoch, 21])
    simulation.wait(1)
    simulation.connect()
    for _ in range(3_000):
        while simulation.up or simulation.down:
            if simulation.up:
                simulation.pass_up()
            if simulation.down:
                simulation.pass_down()
        if not simulation.buffer.waiting and not simulation.losses():
            break
        simulation.wait(0.5)
        simulation.produce(1)
    simulation.check_drained()
    missing = {k for k in simulation.produced if k not in simulation.gateway.stored}
    assert missing == {(simulation.buffer.life.epoch, 21)}
    row = simulation.buffer._store._db.execute("SELECT seq, code FROM quarantine").fetchall()
    assert row == [(21, "unanswered")]


def test_a_gateway_that_is_down_costs_no_reading_however_long(simulation: Simulation) -> None:
    simulation.produce(8)
    simulation.connect()
    while not simulation.replay.is_open:
        simulation.pass_up()
        while simulation.down:
            simulation.pass_down()
    simulation.gateway.is_down = True
    for _ in range(1_000):
        simulation.wait(10)
        while simulation.up:
            simulation.pass_up()
    assert simulation.buffer.waiting == 8
    simulation.settle_down()
    assert len(simulation.gateway.stored) == 8


def test_a_gateway_that_answers_hellos_but_stores_nothing_costs_no_reading(simulation: Simulation) -> None:
    simulation.gateway.ignores = lambda _: True
    simulation.produce(8)
    simulation.connect()
    for _ in range(1_000):
        while simulation.up or simulation.down:
            if simulation.up:
                simulation.pass_up()
            if simulation.down:
                simulation.pass_down()
        simulation.wait(10)
    assert simulation.buffer.waiting == 8
    simulation.gateway.ignores = lambda _: False
    simulation.settle_down()
    assert len(simulation.gateway.stored) == 8


def test_a_batch_has_at_most_1000_readings_and_stays_below_200_kb(simulation: Simulation) -> None:
    simulation.produce(5_000)
    simulation.settle_down()
    assert {s.hi - s.lo for s in simulation.sent} == {1_000}
    simulation.produce(1_000)
    batches = [m for m in simulation.up if isinstance(m, ReadingBatch)]
    assert batches
    assert all(len(m.model_dump_json()) < 200_000 for m in batches)

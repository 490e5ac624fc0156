"""Lanes, credit and resends: which batches are sent when, and what happens without an ack."""

from itertools import pairwise
from pathlib import Path

import pytest

from pulse_contracts.telemetry import ReadingBatch
from pulse_desktop.core.delivery.signals import (
    BatchTooLarge,
    Committed,
    Connected,
    ConnectionLost,
    SendHello,
    Tick,
)
from pulse_desktop.core.model import Drop, Epoch, Holdings

from .machine import CALM, ack, have, make, opened, sends
from .simulation import Simulation


@pytest.fixture
def simulation(tmp_path: Path) -> Simulation:
    return Simulation(tmp_path, policy=CALM)


def test_live_never_waits_behind_the_backlog_and_credit_limits_both() -> None:
    replay, first = opened(Holdings(ords={3: 1}, pending={3: ((0, 100_000),)}), credit=6)
    assert [(s.lane, s.lo, s.hi) for s in first] == [("backlog", i * 1_000, i * 1_000 + 1_000) for i in range(4)]
    live = [sends(replay.handle(Committed(((i, i + 1),)), 0.01 * i)) for i in range(4)]
    assert [[(s.lane, s.lo) for s in got] for got in live] == [[("live", 0)], [("live", 1)], [], []]
    after = sends(replay.handle(ack(9, (0, 1), credit=6), 0.05))
    assert [(s.lane, s.lo, s.hi) for s in after] == [("live", 2, 4)]


def test_readings_older_than_200_ms_go_to_the_backlog_lane() -> None:
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


def test_without_credit_the_collector_probes_the_gateway() -> None:
    replay, first = opened(Holdings(ords={3: 1}, pending={3: ((0, 10),)}), credit=0)
    assert first == []
    assert replay.deadline() == 5
    assert [type(c) for c in replay.handle(Tick(), 5)] == [SendHello]
    assert sends(replay.handle(have(credit=3), 5.1))


def test_a_hello_has_at_most_100_epochs_oldest_first() -> None:
    ords = {1_000 + i: i for i in range(130)}
    replay = make(Holdings(ords=ords, pending=dict.fromkeys(ords, ((0, 2),))), Epoch(9, 500))
    hello = next(c.hello for c in replay.handle(Connected("s-1"), 0) if isinstance(c, SendHello))
    assert [p.epoch for p in hello.pending] == [1_000 + i for i in range(100)]
    commands = replay.handle(
        have(credit=64, epochs=[{"epoch": e, "settled": [(0, 2)]} for e in range(1_000, 1_100)]), 1
    )
    second = next(c.hello for c in commands if isinstance(c, SendHello))
    assert [p.epoch for p in second.pending] == [1_100 + i for i in range(30)]
    assert not sends(commands), "the gateway has not answered for the other epochs"
    assert len(sends(replay.handle(have(credit=64), 1.1))) == 30


def test_an_unanswered_batch_is_sent_again_after_5_10_20_40_60_seconds() -> None:
    replay, _ = opened(Holdings(ords={3: 1}, pending={3: ((0, 10),)}))
    sent, now = [0.0], 0.0
    while len(sent) < 7:
        now += 0.5
        if sends(replay.handle(Tick(), now)):
            sent.append(now)
    assert [b - a for a, b in pairwise(sent)] == [5, 10, 20, 40, 60, 60]


def test_an_outage_of_days_does_not_overflow_the_back_off() -> None:
    replay, _ = opened(Holdings(ords={3: 1}, pending={3: ((0, 10),)}, drops=(Drop(3, 10, 20, "overflow"),)))
    for hour_sixtieth in range(3_000):
        replay.handle(Tick(), 60.0 * hour_sixtieth)
    assert replay.waiting == 10


def test_an_unanswered_range_does_not_block_a_window_of_one() -> None:
    replay, first = opened(Holdings(ords={3: 1}, pending={3: ((0, 2_000),)}), credit=1)
    assert [s.lo for s in first] == [0]
    assert [s.lo for s in sends(replay.handle(Tick(), 5))] == [0]
    assert [s.lo for s in sends(replay.handle(Tick(), 15))] == [1_000]
    assert [s.lo for s in sends(replay.handle(ack(3, (1_000, 2_000), credit=1), 16))] == [0]


def test_a_new_connection_sends_again_at_once() -> None:
    replay, first = opened(Holdings(ords={3: 1}, pending={3: ((0, 10),)}))
    replay.handle(ConnectionLost("s-1"), 1)
    assert replay.deadline() is None
    replay.handle(Connected("s-2"), 2)
    assert [(s.lo, s.hi) for s in sends(replay.handle(have("s-2"), 2.1))] == [(s.lo, s.hi) for s in first]


def test_the_late_end_of_an_old_connection_does_not_close_the_new_session() -> None:
    replay, _ = opened()
    replay.handle(Connected("s-2"), 1)
    replay.handle(have("s-2"), 1.1)
    replay.handle(ConnectionLost("s-1"), 1.2)
    assert replay.is_open


def test_a_batch_that_is_too_large_for_the_broker_is_split() -> None:
    replay, first = opened(Holdings(ords={3: 1}, pending={3: ((0, 800),)}))
    assert [(s.lo, s.hi) for s in first] == [(0, 800)]
    assert [(s.lo, s.hi) for s in sends(replay.handle(BatchTooLarge(first[0].lease), 1))] == [(0, 400), (400, 800)]


def test_a_reading_that_never_gets_an_ack_is_found_and_quarantined(simulation: Simulation) -> None:
    poison: list[float] = []
    simulation.gateway.ignores = lambda value: value in poison
    simulation.produce(64)
    poison.append(simulation.produced[simulation.buffer.epoch.id, 21])
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
    assert missing == {(simulation.buffer.epoch.id, 21)}
    row = simulation.buffer._store._db.execute("SELECT seq, code FROM quarantine").fetchall()
    assert row == [(21, "unanswered")]


def test_no_reading_is_lost_while_the_gateway_is_down(simulation: Simulation) -> None:
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


def test_no_reading_is_lost_while_the_gateway_stores_nothing(simulation: Simulation) -> None:
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

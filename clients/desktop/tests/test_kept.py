"""Settled readings stay on the disk for the backup interval. They are offered again when the gateway no longer has
them."""

import tempfile
from dataclasses import replace
from pathlib import Path
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import rule

from pulse_contracts.telemetry import HAVE_RANGES, EpochSettled
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.delivery.kept import Kept
from pulse_desktop.core.model import BufferLimits, Drop, Reading, SeriesSpec, Settlement, StoreFailure

from .simulation import ModelGateway, Simulation
from .test_delivery_model import Delivery

EPOCH = 77
DAY = 86_400.0
KEEPING = BufferLimits(keep_settled=DAY)
NOISE = Random(1)


class RestoredGateway(Delivery):
    """The database of the gateway is replaced by older backups, at any moment, beside every other fault but a restored
    disk of the collector: that one no longer has what it kept."""

    def make(self, seed: int, credit: int) -> Simulation:
        self.tmp = tempfile.TemporaryDirectory()
        disk = Path(self.tmp.name) / "disk"
        disk.mkdir()
        gateway = ModelGateway(credit=credit, refuses=lambda v: v < 0.05)
        self.databases = [gateway.back_up()]
        return Simulation(disk, seed, KEEPING, gateway=gateway)

    def restore(self) -> None:
        """Not a fault of this search."""

    @rule()
    def gateway_is_backed_up(self) -> None:
        self.databases.append(self.sim.gateway.back_up())

    @rule(data=st.data(), is_quiet=st.booleans())
    def gateway_is_restored(self, data: st.DataObject, is_quiet: bool) -> None:
        if is_quiet:  # everything is settled before
            self.heal()
        self.sim.gateway.restore(data.draw(st.sampled_from(self.databases)))

    @rule()
    def heal(self) -> None:
        self.sim.gateway.credit = max(1, self.sim.gateway.credit)
        if self.sim.session:
            self.sim.cut()  # a restore of the gateway also ends its connections
        self.sim.up.clear()
        self.sim.down.clear()  # answers from before the restore may still settle readings; the next hello finds them
        self.sim.settle_down()
        self.sim.check_drained()


TestRestoredGateway = RestoredGateway.TestCase
TestRestoredGateway.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_a_running_collector_finds_a_restore_without_a_reconnect(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path, limits=KEEPING)
    backup = simulation.gateway.back_up()
    simulation.produce(2_000)
    simulation.settle_down()
    assert len(simulation.gateway.stored) == 2_000
    simulation.gateway.restore(backup)
    simulation.gateway.digest = simulation.replay._digest
    simulation.wait(simulation.policy.kept_every + 1)
    simulation.settle_down()
    assert len(simulation.gateway.stored) == 2_000
    assert simulation.buffer.counts.offered_again == 2_000


def test_a_reconnect_finds_a_restore_at_once(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path, limits=KEEPING)
    simulation.produce(10)
    simulation.settle_down()
    simulation.produce(10)
    backup = simulation.gateway.back_up()
    simulation.settle_down()
    simulation.cut()
    simulation.settle_down()
    simulation.gateway.restore(backup)
    began = simulation.now
    simulation.cut()
    simulation.settle_down()
    assert len(simulation.gateway.stored) == 20
    assert simulation.buffer.counts.offered_again == 10
    assert simulation.now - began < 10


def test_a_collector_that_keeps_nothing_offers_nothing_again(tmp_path: Path) -> None:
    simulation = Simulation(tmp_path)
    backup = simulation.gateway.back_up()
    simulation.produce(2_000)
    simulation.settle_down()
    simulation.gateway.restore(backup)
    simulation.cut()
    simulation.settle_down()
    assert simulation.gateway.stored == {}
    assert simulation.kept_on_disk() == set()


def test_acknowledgements_in_flight_cause_no_second_delivery(tmp_path: Path) -> None:
    """A hello asks only for what was settled before it was sent."""
    simulation = Simulation(tmp_path, limits=KEEPING)
    simulation.produce(10)
    simulation.settle_down()
    simulation.wait(simulation.policy.kept_every + 1)  # sends a hello
    while simulation.up:
        simulation.pass_up()  # the gateway answers it
    simulation.produce(10)
    while len(simulation.up) > 0:
        simulation.pass_up()
    simulation.pass_down(len(simulation.down) - 1)  # the acknowledgement overtakes the answer
    simulation.settle_down()
    assert simulation.buffer.counts.offered_again == 0


def test_frequent_hellos_do_not_postpone_the_comparison() -> None:
    kept = Kept({1: ((0, 10),)}, 300.0, is_enabled=True)
    asked = []
    for second in range(1_000):
        kept.ask([2], 1, float(second))  # no room for more than the epochs with waiting readings
        if kept.ask([], 100, float(second)) and kept.due() == float("-inf"):
            asked.append(second)
            kept.missing([EpochSettled(epoch=1, settled=[(0, 10)])], {1: ((0, 10),)})
    assert asked == [0, 300, 600, 900]


def test_an_answer_at_its_limits_says_nothing_about_what_it_leaves_out() -> None:
    kept = Kept({1: ((0, 10_000),)}, 300.0, is_enabled=True)
    kept.ask([], 100, 0.0)
    parts = [(2 * n, 2 * n + 1) for n in range(HAVE_RANGES)]
    assert kept.missing([EpochSettled(epoch=1, settled=parts)], {1: tuple(parts)}) == []
    kept.begin_round()
    kept.ask([], 100, 1.0)
    assert kept.missing([EpochSettled(epoch=1, settled=parts[1:])], {1: tuple(parts[1:])}) != []


def test_a_failed_restore_is_asked_for_again_at_once() -> None:
    kept = Kept({1: ((0, 10),)}, 300.0, is_enabled=True)
    for second in range(3):
        assert kept.ask([], 100, float(second)) == [1]
        assert kept.missing([EpochSettled(epoch=1, settled=[])], {1: ()}) == [(1, ((0, 10),))]
        assert kept.due() == float("-inf")


def open_buffer(folder: Path, clock: list[float], limits: BufferLimits, epoch: int = EPOCH) -> Buffer:
    buffer = Buffer(folder, epoch, limits, Clock(lambda: int(clock[0] * 1e6), lambda: clock[0]))
    buffer.declare([SeriesSpec("level", "float")])
    return buffer


def some(n: int, start: int = 0) -> list[Reading]:
    return [Reading(1, start + i, NOISE.random()) for i in range(n)]


def test_kept_readings_survive_a_restart_and_expire(tmp_path: Path) -> None:
    clock = [1_000.0]
    first = open_buffer(tmp_path, clock, KEEPING)
    readings = some(2_500)
    first.append(readings)
    first.settle([Settlement(EPOCH, ((0, 1_700),))])
    first.close()
    second = open_buffer(tmp_path, clock, KEEPING, epoch=EPOCH + 1)
    assert second.holdings.pending == {EPOCH: ((1_700, 2_500),)}
    assert second.holdings.kept == {EPOCH: ((0, 1_700),)}
    assert second.restore_kept(EPOCH, ((100, 1_200), (1_650, 1_660))) == ((100, 1_200), (1_650, 1_660))
    for lo, hi in ((100, 1_000), (1_000, 1_200), (1_650, 1_660)):
        piece = second.read(EPOCH, lo, hi)
        assert piece is not None
        assert list(piece.readings) == readings[lo:hi]
    second.settle([Settlement(EPOCH, ((100, 1_200), (1_650, 2_500)))])
    assert second.waiting == 0
    assert second._store.holdings().kept == {EPOCH: ((0, 2_500),)}
    clock[0] += DAY + 1
    assert second.usage() is not None
    assert second.restore_kept(EPOCH, ((0, 2_500),)) == ()
    second.close()
    third = open_buffer(tmp_path, clock, KEEPING, epoch=EPOCH + 2)
    assert third.holdings.kept == {}
    assert EPOCH not in third.holdings.ords
    third.close()


def test_kept_readings_give_way_to_new_ones_and_do_not_count_as_full(tmp_path: Path) -> None:
    limits = replace(KEEPING, max_bytes=1_000_000)
    buffer = open_buffer(tmp_path, [1_000.0], limits)
    lost: list[Drop] = []
    kept = 0
    for start in range(0, 400_000, 5_000):  # about four times what fits
        lost += buffer.append(some(5_000, start)).lost
        buffer.settle([Settlement(EPOCH, ((start, start + 5_000),))])
        usage = buffer.usage()
        assert usage is not None
        assert usage.share < 0.5
        kept = usage.kept
    assert lost == []
    assert kept > 300_000
    assert buffer.holdings.kept == {}
    assert buffer.restore_kept(EPOCH, ((0, 5_000),)) == ()  # the oldest are gone
    assert buffer.restore_kept(EPOCH, ((395_000, 400_000),)) == ((395_000, 400_000),)
    buffer.close()


def test_a_buffer_that_is_full_by_number_keeps_settled_readings(tmp_path: Path) -> None:
    buffer = open_buffer(tmp_path, [1_000.0], replace(KEEPING, max_readings=3_000))
    buffer.append(some(1_000))
    buffer.settle([Settlement(EPOCH, ((0, 1_000),))])
    appended = [buffer.append(some(1_000, start)) for start in range(1_000, 6_000, 1_000)]
    assert any(one.lost for one in appended)
    assert buffer.restore_kept(EPOCH, ((0, 1_000),)) == ((0, 1_000),)
    buffer.close()


@pytest.mark.announces_log("ballast_freed")
def test_a_full_disk_keeps_nothing_and_settles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = open_buffer(tmp_path, [1_000.0], KEEPING)
    buffer.append(some(100))
    settle = buffer._store.settle

    def full(*values: object, keeps: bool) -> None:
        if keeps:
            raise StoreFailure("full", "no room")
        settle(*values, keeps=keeps)  # type: ignore[arg-type]

    monkeypatch.setattr(buffer._store, "settle", full)
    assert buffer.settle([Settlement(EPOCH, ((0, 100),))])
    assert buffer.waiting == 0
    buffer.close()

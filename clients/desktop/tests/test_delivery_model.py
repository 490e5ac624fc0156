"""A stateful search over faults in any order, with the real parts of the collector and a model gateway."""

import tempfile
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pulse_desktop.core.model import BufferLimits

from .simulation import ModelGateway, Simulation

SMALL = BufferLimits(max_bytes=96_000)


class Delivery(RuleBasedStateMachine):
    """Every rule is an event that happens in production."""

    @initialize(seed=st.integers(0, 2**32), credit=st.integers(1, 12))
    def begin(self, seed: int, credit: int) -> None:
        self.sim = self.make(seed, credit)
        self.backups: list[Path] = []

    def make(self, seed: int, credit: int) -> Simulation:
        """The simulation to search. The folder `tmp` is removed at the end."""
        shared = Path("/dev/shm")  # noqa: S108  # faster, where there is one
        self.tmp = tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None)
        disk = Path(self.tmp.name) / "disk"
        disk.mkdir()
        return Simulation(disk, seed, SMALL, gateway=ModelGateway(credit=credit, refuses=lambda v: v < 0.05))

    @rule(n=st.sampled_from([1, 3, 40, 900]))
    def produce(self, n: int) -> None:
        self.sim.produce(n)

    @precondition(lambda self: not self.sim.session)
    @rule()
    def connect(self) -> None:
        self.sim.connect()

    @precondition(lambda self: bool(self.sim.session))
    @rule()
    def cut(self) -> None:
        self.sim.cut()

    @rule(data=st.data(), n=st.integers(1, 8))
    def messages_reach_the_gateway(self, data: st.DataObject, n: int) -> None:
        for _ in range(min(n, len(self.sim.up))):
            index = data.draw(st.integers(0, min(3, len(self.sim.up) - 1)))
            self.sim.pass_up(index, keep=data.draw(st.integers(0, 9)) == 0)

    @rule(data=st.data(), n=st.integers(1, 8))
    def messages_reach_the_collector(self, data: st.DataObject, n: int) -> None:
        for _ in range(min(n, len(self.sim.down))):
            index = data.draw(st.integers(0, min(3, len(self.sim.down) - 1)))
            self.sim.pass_down(index, keep=data.draw(st.integers(0, 9)) == 0)

    @precondition(lambda self: len(self.sim.up) > 0)
    @rule(n=st.integers(1, 5))
    def messages_to_the_gateway_are_lost(self, n: int) -> None:
        del self.sim.up[:n]

    @precondition(lambda self: len(self.sim.down) > 0)
    @rule(n=st.integers(1, 5))
    def messages_to_the_collector_are_lost(self, n: int) -> None:
        del self.sim.down[:n]

    @rule(seconds=st.sampled_from([0.01, 0.3, 1.0, 6.0, 70.0]))
    def wait(self, seconds: float) -> None:
        self.sim.wait(seconds)

    @rule()
    def restart(self) -> None:
        self.sim.restart()

    @rule()
    def back_up(self) -> None:
        path = Path(self.tmp.name) / f"backup{len(self.backups)}"
        self.sim.back_up(path)
        self.backups.append(path)

    @precondition(lambda self: bool(self.backups))
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        self.sim.restore(data.draw(st.sampled_from(self.backups)))

    @rule()
    def gateway_forgets_the_series_table(self) -> None:
        self.sim.gateway.digest = None

    @rule(credit=st.integers(0, 12))
    def credit_changes(self, credit: int) -> None:
        self.sim.gateway.credit = credit

    @rule()
    def heal(self) -> None:
        self.sim.gateway.credit = max(1, self.sim.gateway.credit)
        self.sim.settle_down()
        self.sim.check_drained()

    @invariant()
    def no_reading_is_lost_or_invented(self) -> None:
        if hasattr(self, "sim"):
            self.sim.check()

    def teardown(self) -> None:
        if hasattr(self, "sim"):
            self.heal()
            self.sim.buffer.close()
            self.tmp.cleanup()


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

"""A random search: no order of faults, including clones and restored backups, breaks a promise."""

import os
import tempfile
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import precondition, rule

from clients.desktop.tests.test_delivery_model import SMALL, Delivery
from pulse_desktop.core.delivery.signals import Policy
from pulse_desktop.core.storage import compaction
from tests.model.world import Gateway, World


class WholeDelivery(Delivery):
    """Besides the faults of a collector: gateways die before their commit, two of them receive the same batch, and the
    disk is cloned."""

    def make(self, seed: int, credit: int) -> World:
        shared = Path("/dev/shm")  # noqa: S108  # faster, if it exists
        self.tmp = tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None)
        disk = Path(self.tmp.name) / "disk"
        disk.mkdir()
        world = World(disk, seed, SMALL, Policy(), Gateway(credit=credit, refuses=lambda v: v < 0.05))
        world.is_clock_right = False  # two clones may use epochs with the same `ord`
        return world

    @property
    def world(self) -> World:
        """Returns the argument with its own type."""
        assert isinstance(self.sim, World)
        return self.sim

    @rule(is_holding=st.booleans())
    def gateway_is_slow(self, is_holding: bool) -> None:
        self.world.ledger.is_holding = is_holding

    @rule()
    def gateway_commits(self) -> None:
        self.world.down += self.world.ledger.commit()

    @rule()
    def gateway_dies(self) -> None:
        self.world.gateway_dies()

    @rule(n=st.sampled_from([1, 30]))
    def killed_before_a_commit(self, n: int) -> None:
        self.world.produce_and_die(n)

    @precondition(lambda self: len(self.world.parked) < 2)
    @rule()
    def disk_is_cloned(self) -> None:
        self.world.clone()

    @precondition(lambda self: bool(self.world.parked))
    @rule(data=st.data())
    def clone_takes_over(self, data: st.DataObject) -> None:
        self.world.swap(data.draw(st.sampled_from(sorted(self.world.parked))))

    @rule()
    def a_long_outage(self) -> None:
        if self.world.session:
            self.world.cut()
        for _ in range(3):
            self.world.wait(0.05)
            self.world.produce(2_000)

    @rule()
    def small_groups_and_a_look_at_the_usage(self) -> None:
        for _ in range(compaction.YOUNGEST + 50):
            self.world.produce(1)
        assert self.world.buffer.usage() is not None

    @rule()
    def heal(self) -> None:
        self.world.ledger.credit = max(1, self.world.ledger.credit)
        self.world.drain_every_disk()
        self.world.check_drained()


TestWholeDelivery = pytest.mark.timeout(0)(WholeDelivery.TestCase)
TestWholeDelivery.settings = settings(
    max_examples=int(os.environ.get("PULSE_MODEL_EXAMPLES", "8")),  # thousands for a long search
    phases=[Phase.generate],
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

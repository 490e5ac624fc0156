"""A random search: no order of faults breaks a promise of the credential mirror. Old databases of either side are
restored, each alone and both."""

import os

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.model.mirror_publisher import Down
from tests.model.mirror_world import World

ACCOUNTS = st.integers(0, 5)
DEVICES = st.sampled_from([0, 1])


class WholeMirror(RuleBasedStateMachine):
    """Administrators, faults and time, in any order."""

    world: World

    @initialize(seed=st.integers(0, 2**32), is_healed=st.booleans())
    def start(self, seed: int, is_healed: bool) -> None:
        self.world = World(seed)
        for number in range(4):
            self.world.change(number)
        self.world.allow([(number, device, True) for number in range(4) for device in self.world.devices])
        if is_healed:
            self.world.heal()
        self.world.save()

    # -- people

    @rule(number=ACCOUNTS, role=st.sampled_from(["user", "admin"]), delivered=st.booleans())
    def account_changes(self, number: int, role: str, delivered: bool) -> None:
        self.world.change(number, role="admin" if role == "admin" else "user", delivered=delivered)

    @rule(number=ACCOUNTS, delivered=st.booleans())
    def account_is_disabled_for_good(self, number: int, delivered: bool) -> None:
        self.world.change(number, active=False, delivered=delivered)

    @rule(number=ACCOUNTS)
    def the_owner_sets_a_password(self, number: int) -> None:
        self.world.set_password(number)

    @rule(rules=st.lists(st.tuples(ACCOUNTS, DEVICES, st.booleans()), max_size=12))
    def rules_change(self, rules: list[tuple[int, int, bool]]) -> None:
        self.world.allow([(number, self.world.devices[at], is_allowed) for number, at, is_allowed in rules])

    # -- the network

    @precondition(lambda self: bool(self.world.network))
    @rule(data=st.data(), n=st.integers(1, 4))
    def messages_arrive(self, data: st.DataObject, n: int) -> None:
        for _ in range(min(n, len(self.world.network))):
            at = data.draw(st.integers(0, len(self.world.network) - 1))
            self.world.deliver(self.world.network.pop(at))
            if not self.world.network:
                return

    @precondition(lambda self: bool(self.world.network))
    @rule(data=st.data())
    def a_message_is_lost(self, data: st.DataObject) -> None:
        self.world.network.pop(data.draw(st.integers(0, len(self.world.network) - 1)))

    @precondition(lambda self: bool(self.world.said))
    @rule(data=st.data())
    def an_old_message_comes_again(self, data: st.DataObject) -> None:
        self.world.deliver(self.world.said[data.draw(st.integers(0, len(self.world.said) - 1))])

    @rule(data=st.data(), at=DEVICES)
    def a_message_goes_to_another_collector(self, data: st.DataObject, at: int) -> None:
        sent = [one for one in self.world.said if isinstance(one, Down)]
        if sent:
            self.world.misdirect(sent[data.draw(st.integers(0, len(sent) - 1))], self.world.devices[at])

    @rule(at=DEVICES)
    def connects(self, at: int) -> None:
        self.world.connect(self.world.devices[at])

    @rule(at=DEVICES)
    def is_cut_off(self, at: int) -> None:
        self.world.cut(self.world.devices[at])

    @rule(at=DEVICES)
    def crashes(self, at: int) -> None:
        self.world.crash(self.world.devices[at])

    # -- time and backups

    @rule(seconds=st.sampled_from([1, 5, 20, 70, 3_600, 40 * 3_600, 80 * 3_600]))
    def time_passes(self, seconds: int) -> None:
        self.world.wait(seconds)

    @rule()
    def is_backed_up(self) -> None:
        self.world.save()

    @rule(data=st.data())
    def publisher_is_restored(self, data: st.DataObject) -> None:
        self.world.restore_publisher(self._backup(data))

    @rule(data=st.data(), at=DEVICES, with_keystore=st.booleans())
    def collector_is_restored(self, data: st.DataObject, at: int, with_keystore: bool) -> None:
        self.world.restore_database(self.world.devices[at], self._backup(data), with_keystore=with_keystore)

    @rule(data=st.data(), at=DEVICES)
    def keystore_is_restored(self, data: st.DataObject, at: int) -> None:
        self.world.restore_keystore(self.world.devices[at], self._backup(data))

    @rule(data=st.data(), numbers=st.sets(ACCOUNTS))
    def users_is_restored(self, data: st.DataObject, numbers: set[int]) -> None:
        """The owners of some accounts then set passwords by old links."""
        self.world.restore_users(self._backup(data))
        for number in sorted(numbers):
            self.world.set_password(number)

    @rule()
    def the_set_of_users_is_accepted(self) -> None:
        self.world.accept_users()

    # -- the owner of the broker

    @rule(is_withheld=st.booleans())
    def digests_are_withheld(self, is_withheld: bool) -> None:
        self.world.is_withheld = is_withheld

    @rule(data=st.data())
    def an_old_digest_comes_again(self, data: st.DataObject) -> None:
        self.world.repeat_digest(data.draw(st.integers(0, len(self.world.digests) - 1)))

    @rule()
    def a_digest_is_forged(self) -> None:
        self.world.forge_digest()

    @rule()
    def heals(self) -> None:
        self.world.heal()

    def _backup(self, data: st.DataObject) -> int:
        return int(data.draw(st.integers(0, len(self.world.saved) - 1)))

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.heal()


TestWholeMirror = pytest.mark.timeout(0)(WholeMirror.TestCase)
TestWholeMirror.settings = settings(
    max_examples=int(os.environ.get("PULSE_MODEL_EXAMPLES", "150")),  # thousands for a long search
    phases=[Phase.generate],
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

"""The reconnect state machine: delays are bounded, grow, and are reset by a success. A refusal has a minimum delay."""

import random
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from pulse_bus import LinkState
from pulse_bus.reconnect import Reconnect, ReconnectPolicy

POLICY = ReconnectPolicy(timedelta(milliseconds=100), timedelta(seconds=5), timedelta(seconds=3))
HAPPENINGS = st.lists(st.sampled_from(["lost", "refused", "connected"]), max_size=60)


def state(machine: Reconnect) -> tuple[LinkState, str]:
    return machine.state, machine.detail


@given(HAPPENINGS, st.integers())
def test_each_delay_is_within_its_bounds_and_a_success_resets_it(happenings: list[str], seed: int) -> None:
    machine, failures = Reconnect(POLICY, random.Random(seed)), 0
    for what in happenings:
        machine.retrying()
        assert state(machine) == (LinkState.CONNECTING, machine.detail)
        if what == "connected":
            failures = 0
            machine.connected()
            assert state(machine) == (LinkState.CONNECTED, "")
            continue
        failures += 1
        delay = machine.lost(what, is_refusal=what == "refused")
        ceiling = min(5.0, 0.1 * 2 ** (failures - 1))
        floor = max(ceiling / 2, 3.0 if what == "refused" else 0.0)
        assert floor <= delay <= max(ceiling, floor)
        assert state(machine) == (LinkState.REFUSED if what == "refused" else LinkState.WAITING, what)
        assert machine.is_first_failure == (failures == 1)


def test_clients_reconnect_at_different_times() -> None:
    delays = {Reconnect(POLICY, random.Random(seed)).lost("gone") for seed in range(50)}
    assert len(delays) == 50


def test_a_hundred_thousand_failures_do_not_overflow() -> None:
    machine = Reconnect(POLICY, random.Random(1))
    assert all(machine.lost("gone") <= 5 for _ in range(100_000))


def test_the_state_closed_has_no_reason() -> None:
    machine = Reconnect(POLICY, random.Random(1))
    machine.lost("gone")
    machine.closed()
    assert (machine.state, machine.detail) == (LinkState.CLOSED, "")

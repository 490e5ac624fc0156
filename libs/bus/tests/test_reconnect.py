"""The reconnect state machine: delays are bounded and grow. A connection that lasts resets them."""

import random
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from pulse_bus import LinkState
from pulse_bus.reconnect import SHORT, UNSTABLE, WINDOW, Reconnect, ReconnectPolicy

POLICY = ReconnectPolicy(timedelta(milliseconds=100), timedelta(seconds=5), timedelta(seconds=3))
HAPPENINGS = st.lists(
    st.tuples(st.sampled_from(["lost", "refused", "connected"]), st.sampled_from([0.0, 0.5, 4.9, 5.1, 20.0])),
    max_size=60,
)


def state(machine: Reconnect) -> tuple[LinkState, str]:
    return machine.state, machine.detail


@given(HAPPENINGS, st.integers())
def test_each_delay_is_within_its_bounds_and_only_a_lasting_connection_resets_it(
    happenings: list[tuple[str, float]], seed: int
) -> None:
    machine, failures, now = Reconnect(POLICY, random.Random(seed)), 0, 0.0
    since: float | None = None
    short: list[float] = []
    for what, step in happenings:
        now += step
        machine.retrying()
        assert state(machine) == (LinkState.CONNECTING, machine.detail)
        if what == "connected":
            since = now
            machine.connected(now)
            assert state(machine) == (LinkState.CONNECTED, "")
            continue
        if since is not None and now - since > SHORT:
            failures = 0
        elif since is not None:
            short.append(now)
        failures, since = failures + 1, None
        delay = machine.lost(what, now, is_refusal=what == "refused")
        ceiling = min(5.0, 0.1 * 2 ** (failures - 1))
        floor = max(ceiling / 2, 3.0 if what == "refused" else 0.0)
        assert floor <= delay <= max(ceiling, floor)
        assert state(machine) == (LinkState.REFUSED if what == "refused" else LinkState.WAITING, what)
        assert machine.is_first_failure == (failures == 1)
        assert machine.short_connections == len(short)
        for later in (now, now + 30.0, now + WINDOW + 1):
            assert machine.is_unstable(later) == (sum(later - at <= WINDOW for at in short[-UNSTABLE:]) == UNSTABLE)


def test_clients_reconnect_at_different_times() -> None:
    delays = {Reconnect(POLICY, random.Random(seed)).lost("gone", 0.0) for seed in range(50)}
    assert len(delays) == 50


def test_a_hundred_thousand_failures_do_not_overflow() -> None:
    machine = Reconnect(POLICY, random.Random(1))
    assert all(machine.lost("gone", 0.0) <= 5 for _ in range(100_000))


def test_the_state_closed_has_no_reason() -> None:
    machine = Reconnect(POLICY, random.Random(1))
    machine.lost("gone", 0.0)
    machine.closed()
    assert (machine.state, machine.detail) == (LinkState.CLOSED, "")

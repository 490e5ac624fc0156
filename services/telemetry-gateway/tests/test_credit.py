"""Credit is bounded per device and in total, shrinks when commits are slow, and grows back."""

from hypothesis import given
from hypothesis import strategies as st

from pulse_telemetry_gateway.model.ingest.credit import Credit, CreditLimits

LIMITS = CreditLimits(per_device=32, least=2, total=500, wait_target=0.1)


@given(
    st.lists(
        st.tuples(st.lists(st.integers(0, 400), max_size=30), st.floats(0, 5), st.floats(0, 1)), min_size=1, max_size=60
    )
)
def test_credit_stays_within_its_bounds_whatever_happens(groups: list[tuple[list[int], float, float]]) -> None:
    credit, now = Credit(LIMITS), 0.0
    for devices, waited, passed in groups:
        now += passed
        credit.note([str(device) for device in devices], waited, now)
        assert LIMITS.least <= credit.each <= LIMITS.per_device
        assert credit.each * max(1, credit.active) <= max(LIMITS.total, LIMITS.least * credit.active)


def test_one_device_alone_gets_all_that_one_may_have() -> None:
    credit = Credit(LIMITS)
    credit.note(["a"], 0.0, 0.0)
    assert credit.each == 32


def test_two_hundred_devices_share() -> None:
    credit = Credit(LIMITS)
    credit.note([str(number) for number in range(200)], 0.0, 0.0)
    assert credit.each == 2
    credit.note(["7"], 0.0, 10.0)
    assert credit.active == 1
    assert credit.each == 32


def test_slow_commits_shrink_the_credit_and_fast_commits_restore_it() -> None:
    credit = Credit(LIMITS)
    for step in range(40):
        credit.note(["a"], 1.0, step * 0.1)
    assert credit.each == 2
    for step in range(60):
        credit.note(["a"], 0.01, 4 + step * 0.1)
    assert credit.each == 32

"""When hellos are sent: quickly until one is answered, then every 30 s. Every answer counts from its own hello."""

from itertools import count, pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pulse_desktop.core.mirror.hellos import MAX_OUTSTANDING, Hellos
from pulse_desktop.core.mirror.signals import MirrorPolicy, Moment

from .replica import SECOND, Replica

POLICY = MirrorPolicy()
DELAYS = (1, 2, 4, 8, 16, 30)


def at(seconds: float) -> Moment:
    return Moment(seconds, int(seconds * SECOND))


def made(seed: int, policy: MirrorPolicy = POLICY) -> Hellos:
    numbers = count()
    return Hellos(policy, Random(seed), lambda: f"nonce-{next(numbers)}")


def test_an_unanswered_hello_is_repeated_after_1_2_4_8_16_and_then_every_30_seconds() -> None:
    hellos, now, sent = made(0, MirrorPolicy(jitter=0)), 0.0, []
    hellos.connected(at(now))
    for _ in range(8):
        assert hellos.due is not None
        now = hellos.due
        sent.append(now)
        hellos.send(at(now))
    assert [b - a for a, b in pairwise(sent)] == [1, 2, 4, 8, 16, 30, 30]


def test_the_machine_repeats_its_first_hello_within_a_second() -> None:
    replica = Replica()
    replica.connect()
    assert replica.machine.deadline() == replica.elapsed / SECOND + 1


@given(st.integers(0, 2**32), st.lists(st.sampled_from(["answer", "late answer", "nothing", "want", "connect"])))
def test_repeats_slow_down_until_an_answer_and_freshness_never_goes_back(seed: int, events: list[str]) -> None:
    hellos, now, fresh = made(seed), 0.0, -1
    hellos.connected(at(now))
    sent: dict[str, int] = {}
    unanswered = 0
    for event in events:
        assert hellos.due is not None
        now = max(now, hellos.due)
        nonce = hellos.send(at(now))
        sent[nonce] = at(now).elapsed
        unanswered += 1
        expected = DELAYS[min(unanswered, len(DELAYS)) - 1]
        assert hellos.due is not None
        assert expected * (1 - POLICY.jitter) <= hellos.due - now <= expected
        if event == "answer" or (event == "late answer" and len(sent) > 1):
            answered = nonce if event == "answer" else list(sent)[-2]
            if (found := hellos.answer(answered)) is not None:
                assert found == sent[answered]
                assert found > fresh
                fresh, unanswered = found, 0
                assert 30 * (1 - POLICY.jitter) <= hellos.due - now <= 30
                assert hellos.answer(answered) is None
        elif event == "want":
            hellos.want(at(now))
            assert hellos.due <= now + POLICY.hello_min
        elif event == "connect":
            hellos.connected(at(now))
            unanswered = 0
            assert hellos.is_due(at(now))


def test_old_nonces_are_dropped_and_unknown_ones_answer_nothing() -> None:
    hellos = made(0)
    nonces = [hellos.send(at(n)) for n in range(MAX_OUTSTANDING + 1)]
    assert hellos.answer(nonces[0]) is None
    assert hellos.answer("never sent") is None
    assert hellos.answer(None) is None
    assert hellos.answer(nonces[1]) == SECOND


def test_a_wanted_hello_is_sent_although_an_answer_comes_first() -> None:
    hellos = made(0)
    nonce = hellos.send(at(0))
    hellos.want(at(0))
    hellos.answer(nonce)
    assert hellos.due is not None
    assert hellos.due <= POLICY.hello_min


def test_forgotten_hellos_prove_nothing() -> None:
    hellos = made(0)
    nonce = hellos.send(at(0))
    hellos.forget()
    assert hellos.answer(nonce) is None

"""The bounds of received digests."""

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pulse_passwords import LOGIN_POLICY, MIRROR_POLICY, HashingPolicy, HostileDigest, check_digest, check_verifier

MIB = 1024


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


def phc(
    costs: str = "m=19456,t=2,p=1", salt: bytes = bytes(16), digest: bytes = bytes(32), start: str = "$argon2id$v=19"
) -> str:
    return f"{start}${costs}${b64(salt)}${b64(digest)}"


@given(
    memory_kib=st.integers(8 * MIB, 256 * MIB),
    time_cost=st.integers(1, 10),
    parallelism=st.integers(1, 4),
    salt=st.binary(min_size=16, max_size=32),
)
def test_a_digest_within_the_bounds_yields_its_costs(
    memory_kib: int, time_cost: int, parallelism: int, salt: bytes
) -> None:
    digest = phc(f"m={memory_kib},t={time_cost},p={parallelism}", salt)
    assert check_digest(digest) == HashingPolicy(memory_kib, time_cost, parallelism)


HOSTILE = {
    "empty": "",
    "nothing": "$",
    "four gibibytes": phc("m=4194304,t=1,p=1"),
    "one kibibyte too much": phc(f"m={256 * MIB + 1},t=1,p=1"),
    "one kibibyte too little": phc(f"m={8 * MIB - 1},t=1,p=1"),
    "no passes": phc("m=19456,t=0,p=1"),
    "eleven passes": phc("m=19456,t=11,p=1"),
    "no lanes": phc("m=19456,t=2,p=0"),
    "five lanes": phc("m=19456,t=2,p=5"),
    "a number of a million digits": phc(f"m={'9' * 1_000_000},t=2,p=1"),
    "leading zero": phc("m=019456,t=2,p=1"),
    "negative": phc("m=-19456,t=2,p=1"),
    "arabic digits": phc("m=\u0661\u0669456,t=2,p=1"),
    "other order": phc("t=2,m=19456,p=1"),
    "a key id": phc("m=19456,t=2,p=1,keyid=AAAA"),
    "associated data": phc("m=19456,t=2,p=1,data=AAAA"),
    "short salt": phc(salt=bytes(15)),
    "long salt": phc(salt=bytes(33)),
    "short digest": phc(digest=bytes(31)),
    "long digest": phc(digest=bytes(33)),
    "argon2i": phc(start="$argon2i$v=19"),
    "argon2d": phc(start="$argon2d$v=19"),
    "old version": phc(start="$argon2id$v=16"),
    "no version": phc(start="$argon2id"),
    "no digest": "$argon2id$v=19$m=19456,t=2,p=1$" + b64(bytes(16)),
    "bcrypt": "$2b$12$" + "a" * 53,
    "plain text": "hunter2",
    "newline at the end": phc() + "\n",
    "space before": " " + phc(),
    "padding": phc() + "=",
    "spare bits set": phc()[:-1] + "B",
    "impossible length": f"$argon2id$v=19$m=19456,t=2,p=1${'A' * 25}${b64(bytes(32))}",
}


@pytest.mark.parametrize("digest", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_digest_is_refused_before_it_costs_anything(digest: str) -> None:
    with pytest.raises(HostileDigest):
        check_digest(digest)


@given(st.text(max_size=200))
@example(phc())
def test_no_text_raises_anything_but_hostile_digest(digest: str) -> None:
    try:
        check_digest(digest)
    except HostileDigest:
        assert digest != phc()


@given(position=st.integers(0, len(phc()) - 1), character=st.characters())
def test_a_changed_digest_is_refused_or_still_within_the_bounds(position: int, character: str) -> None:
    mutant = phc()[:position] + character + phc()[position + 1 :]
    try:
        costs = check_digest(mutant)
    except HostileDigest:
        return
    assert 8 * MIB <= costs.memory_kib <= 256 * MIB
    assert 1 <= costs.time_cost <= 10
    assert 1 <= costs.parallelism <= 4


@pytest.mark.parametrize("costs", [(8 * MIB - 1, 1, 1), (256 * MIB + 1, 1, 1), (19456, 0, 1), (19456, 2, 5)])
def test_a_policy_with_costs_out_of_bounds_is_rejected(costs: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="out of bounds"):
        HashingPolicy(*costs)


def test_the_two_policies_have_the_decided_costs() -> None:
    assert HashingPolicy(19 * MIB, 2, 1) == LOGIN_POLICY
    assert HashingPolicy(64 * MIB, 3, 1) == MIRROR_POLICY


@pytest.mark.parametrize(
    "verifier",
    [phc("m=65536,t=2,p=1"), phc("m=65535,t=3,p=1"), phc("m=65536,t=3,p=2"), phc("m=262144,t=10,p=4"), "", phc()],
)
def test_a_verifier_with_other_costs_is_rejected(verifier: str) -> None:
    check_verifier(phc("m=65536,t=3,p=1"))
    with pytest.raises(HostileDigest):
        check_verifier(verifier)

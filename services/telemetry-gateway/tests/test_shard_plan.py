"""Which shards gateways claim and release: they always reach equal shares, and nobody is left out."""

from hypothesis import given
from hypothesis import strategies as st

from pulse_telemetry_gateway.model.shards import Ownership, plan, quota, received

NAMES = st.sampled_from(["a", "b", "c", "d", "gone", "dead"])
OWNERS = st.dictionaries(
    st.integers(0, 63), st.builds(Ownership, st.none() | NAMES, st.booleans()), min_size=1, max_size=64
)
GATEWAYS = st.sets(st.sampled_from(["a", "b", "c", "d"]), min_size=1)


@given(GATEWAYS, st.integers(0, 300))
def test_quotas_add_up_and_differ_by_at_most_one(gateways: set[str], shards: int) -> None:
    quotas = [quota(name, gateways, shards) for name in gateways]
    assert sum(quotas) == shards
    assert max(quotas) - min(quotas) <= 1


@given(OWNERS, GATEWAYS)
def test_after_two_steps_every_gateway_has_its_quota(owners: dict[int, Ownership], gateways: set[str]) -> None:
    for _ in range(2):
        for name in sorted(gateways):
            found = plan(name, gateways, owners, may_take_over=True)
            for shard in found.release:
                assert owners[shard].owner == name
                owners[shard] = Ownership()
            for shard in found.claim:
                assert owners[shard].owner is None or owners[shard].owner not in gateways
                owners[shard] = Ownership(name)
    for name in gateways:
        assert sum(of.owner == name for of in owners.values()) == quota(name, gateways, len(owners))
        assert plan(name, gateways, owners, may_take_over=True).release == ()


@given(OWNERS, GATEWAYS)
def test_shards_of_gateways_without_a_lease_wait_for_the_permission(
    owners: dict[int, Ownership], gateways: set[str]
) -> None:
    for name in gateways:
        found = plan(name, gateways, owners, may_take_over=False)
        assert all(owners[shard].owner is None for shard in found.claim)


@given(OWNERS, st.sets(st.integers(0, 63)), st.sets(st.integers(0, 63)))
def test_a_released_shard_is_received_until_the_new_owner_is_ready(
    owners: dict[int, Ownership], owned: set[int], before: set[int]
) -> None:
    owned, before = owned & set(owners), before & set(owners)
    kept = received("a", owners, owned, before)
    assert owned <= kept <= owned | before
    for shard in before - owned:
        is_taken = owners[shard].owner not in {None, "a"} and owners[shard].is_ready
        assert (shard in kept) == (not is_taken)

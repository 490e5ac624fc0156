"""Which shards a gateway claims and releases, so that every gateway has an equal share (ADR 30)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who owns a shard. owner: None while nobody does. is_ready: the owner receives the readings."""

    owner: str | None = None
    is_ready: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a gateway does next."""

    claim: tuple[int, ...] = ()
    release: tuple[int, ...] = ()


def quota(name: str, gateways: Collection[str], shards: int) -> int:
    """The shards that a gateway should own. The quotas of all gateways differ by at most one and add up to `shards`.
    Raises ValueError when `name` is not one of the gateways."""
    share, rest = divmod(shards, len(gateways))
    return share + (sorted(gateways).index(name) < rest)


def plan(name: str, gateways: Collection[str], owners: Mapping[int, Ownership], *, may_take_over: bool) -> Plan:
    """What `name` does to get its quota. `gateways`: those whose lease is valid, including `name`. `may_take_over`:
    whether shards of gateways without a valid lease are free."""
    mine = sorted(shard for shard, of in owners.items() if of.owner == name)
    wanted = quota(name, gateways, len(owners))
    free = sorted(
        shard for shard, of in owners.items() if of.owner is None or (may_take_over and of.owner not in gateways)
    )
    # gateways begin at different places, so that they rarely claim the same shards
    start = sorted(gateways).index(name) * len(free) // len(gateways)
    missing = max(0, wanted - len(mine))
    return Plan(claim=tuple((free[start:] + free[:start])[:missing]), release=tuple(mine[wanted:]))


def received(
    name: str, owners: Mapping[int, Ownership], owned: Collection[int], before: Collection[int]
) -> frozenset[int]:
    """The shards whose readings `name` receives: those that it owns, and those of `before` whose new owner does not
    receive them yet."""
    left = (shard for shard in before if shard not in owned and not _is_received_by_another(name, owners[shard]))
    return frozenset((*owned, *left))


def _is_received_by_another(name: str, of: Ownership) -> bool:
    return of.owner is not None and of.owner != name and of.is_ready

"""This gateway's share of the devices. See `docs/decisions/0030-shards.md`.

Twice a second the gateway extends its lease, reads who owns which shard, and claims or releases shards until every
gateway has an equal share. A shard that changes its owner is received by both until the new owner is ready: the ledger
stores a batch once, whoever brings it.
"""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import structlog

from pulse_bus import Bus, DividedSubscription, LinkState
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.errors import Unavailable
from pulse_telemetry_gateway.model.shards import Ownership, plan, received
from pulse_telemetry_gateway.store.shards import ShardState, ShardStore

log = structlog.get_logger("pulse.shards")
_POLL = 0.1


@dataclass(frozen=True)
class ShardTimeouts:
    """lease: how long a gateway is taken for alive without a renewal. handover: how long a gateway that stops waits
    for the new owners of its shards."""

    lease: timedelta = timedelta(milliseconds=2_500)
    handover: timedelta = timedelta(milliseconds=2_500)


class Shards:
    """`renew` is the step of a background job that runs every half second, and when `wake` is set."""

    def __init__(
        self,
        store: ShardStore,
        bus: Bus,
        name: str,
        metrics: Metrics,
        timeouts: ShardTimeouts = ShardTimeouts(),  # frozen
    ) -> None:
        self._store, self._bus, self._name, self._timeouts = store, bus, name, timeouts
        self._subscription: DividedSubscription | None = None
        self._received: frozenset[int] = frozenset()
        self._owned: frozenset[int] = frozenset()
        self._may_take_over_at = 0.0
        self._turn, self._is_stopping = asyncio.Lock(), False
        self.wake = asyncio.Event()
        owned = metrics.gauge("shards_owned", "Shards of devices that this gateway owns")
        owned.set_function(lambda: len(self._owned))
        self._taken_over = metrics.counter(
            "shards_taken_over", "Shards that this gateway took from gateways whose lease had passed"
        )
        self._lost = metrics.counter("shards_lost", "Shards that other gateways took from this one")

    def use(self, subscription: DividedSubscription) -> None:
        """Sets the subscription to the readings, and renews at each connect."""
        self._subscription = subscription
        self._bus.on_connected(self._connected)

    async def _connected(self) -> None:
        self.wake.set()

    async def renew(self) -> None:
        """One step. Without a connection to the broker it does nothing, so that other gateways take the shards over.
        Raises Unavailable: this gateway then goes on with the shards that it has."""
        async with self._turn:
            if not self._is_stopping and self._bus.state is LinkState.CONNECTED:
                await self._renew()

    async def _renew(self) -> None:
        now = asyncio.get_running_loop().time()
        if not await self._store.renew(self._name, self._timeouts.lease):
            # after an outage every lease has passed: the others get the time to renew theirs
            self._may_take_over_at = now + self._timeouts.lease.total_seconds()
        state = await self._store.state()
        may_take_over = now >= self._may_take_over_at
        next_ = plan(self._name, state.gateways | {self._name}, state.owners, may_take_over=may_take_over)
        mine = frozenset(shard for shard, of in state.owners.items() if of.owner == self._name)
        self._lost.inc(len(self._owned - mine))
        if next_.release:
            await self._store.release(self._name, next_.release)
        claimed = await self._store.claim(self._name, next_.claim) if next_.claim else frozenset()
        self._taken_over.inc(sum(state.owners[shard].owner is not None for shard in claimed))
        owned = (mine - set(next_.release)) | claimed
        if owned != self._owned:
            log.info("shards_changed", owned=len(owned), before=len(self._owned), gateways=len(state.gateways))
        self._owned = owned
        await self._receive(state, claimed)

    async def _receive(self, state: ShardState, claimed: Collection[int]) -> None:
        """Subscribes to what this gateway should receive, and records that it does."""
        if self._subscription is None:
            raise RuntimeError("no subscription")
        owners = state.owners | {shard: Ownership(self._name) for shard in claimed}
        wanted = received(self._name, owners, self._owned, self._received)
        is_granted = await self._subscription.keep([str(shard) for shard in wanted])
        self._received = wanted
        if is_granted:
            unmarked = [shard for shard in self._owned if not owners[shard].is_ready]
            if unmarked:
                await self._store.mark_ready(self._name, unmarked)

    async def stop(self) -> None:
        """Gives all shards up. Returns when the other gateways receive them, or after the time for a handover."""
        async with self._turn:
            self._is_stopping = True
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(self._timeouts.handover.total_seconds()):
                await self._store.leave(self._name)
                while True:
                    if not await self._is_awaited():
                        break
                    await asyncio.sleep(_POLL)
        self._owned = frozenset()

    async def _is_awaited(self) -> bool:
        """Whether another gateway runs that does not receive all shards of this one yet."""
        state = await self._store.state()
        is_received = all(state.owners[shard].is_ready for shard in self._received)
        return bool(state.gateways - {self._name}) and not is_received

"""This gateway's share of the devices. See `docs/decisions/0030-shards.md`.

Twice a second the gateway extends its lease, reads who owns which shard, and claims or releases shards until every
gateway has an equal share. A shard that changes its owner is received by both until the new owner is ready: the ledger
stores a batch once, whoever brings it.
"""

import asyncio
import math
from collections.abc import Collection
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
    handover: timedelta = timedelta(seconds=2)


class Shards:
    """`renew_lease` and `balance` are the steps of background jobs that run every half second; `wake` starts the second
    one early."""

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
        self._granted: frozenset[int] = frozenset()
        self._renewed_at, self._may_take_over_at = -math.inf, 0.0
        self._turn, self._is_stopping = asyncio.Lock(), False
        self._is_working = True
        self.wake = asyncio.Event()
        owned = metrics.gauge("shards_owned", "Shards of devices that this gateway owns and receives")
        owned.set_function(self._count_owned)
        self._taken_over = metrics.counter(
            "shards_taken_over", "Shards that this gateway took from gateways whose lease had passed"
        )
        self._lost = metrics.counter("shards_lost", "Shards that other gateways took from this one")

    @property
    def is_working(self) -> bool:
        """False after a round that failed by a bug or because the broker refuses the subscription. Devices then use the
        topic without a shard."""
        return self._is_working

    def use(self, subscription: DividedSubscription) -> None:
        """Sets the subscription to the readings, and starts a round at each connect."""
        self._subscription = subscription
        self._bus.on_connected(self._connected)

    async def _connected(self) -> None:
        self.wake.set()

    def _count_owned(self) -> int:
        is_valid = asyncio.get_running_loop().time() - self._renewed_at < self._timeouts.lease.total_seconds()
        is_connected = self._bus.state is LinkState.CONNECTED
        return len(self._owned & self._granted) if is_valid and is_connected else 0

    @property
    def _is_active(self) -> bool:
        return not self._is_stopping and self._bus.state is LinkState.CONNECTED

    async def renew_lease(self) -> None:
        """Extends the lease. Without a connection to the broker it does nothing, so that other gateways take the shards
        over. Raises Unavailable."""
        if not self._is_active:
            return
        was_valid = await self._store.renew(self._name, self._timeouts.lease)
        self._renewed_at = asyncio.get_running_loop().time()
        lease = self._timeouts.lease.total_seconds()
        if not was_valid and self._renewed_at >= self._may_take_over_at + lease:
            # after an outage every lease has passed: the others get the time to renew theirs
            self._may_take_over_at = self._renewed_at + lease

    async def balance(self) -> None:
        """Claims and releases shards. Without a connection to the broker it does nothing. Raises Unavailable: this
        gateway then goes on with the shards that it has."""
        async with self._turn:
            if not self._is_active:
                return
            try:
                if self._renewed_at == -math.inf:
                    await self.renew_lease()
                await self._balance()
            except Unavailable:
                raise
            except Exception:
                self._is_working = False
                raise
            self._is_working = True

    async def _balance(self) -> None:
        state = await self._store.state()
        may_take_over = asyncio.get_running_loop().time() >= self._may_take_over_at
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
        self._granted &= wanted
        is_granted = await self._subscription.keep([str(shard) for shard in wanted])
        self._received = wanted
        if is_granted:
            self._granted = wanted
            unmarked = [shard for shard in self._owned if not owners[shard].is_ready]
            if unmarked:
                await self._store.mark_ready(self._name, unmarked)

    async def stop(self) -> None:
        """Gives all shards up. Returns when the other gateways receive them, or after the time for a handover."""
        self._is_stopping = True
        if self._renewed_at == -math.inf:
            return
        try:
            async with asyncio.timeout(self._timeouts.handover.total_seconds()):
                async with self._turn:
                    await self._store.leave(self._name)
                while True:
                    if not await self._is_awaited():
                        break
                    await asyncio.sleep(_POLL)
        except (Unavailable, TimeoutError) as error:
            log.info("shards_not_handed_over", reason=str(error))
        except Exception as error:  # noqa: BLE001  # the lease passes by itself, and must not disturb the shutdown
            log.warning("shards_not_handed_over", reason=str(error))
        self._owned = frozenset()

    async def _is_awaited(self) -> bool:
        """Whether another gateway runs that does not receive all shards of this one yet."""
        state = await self._store.state()
        is_received = all(state.owners[shard].is_ready for shard in self._received)
        return bool(state.gateways - {self._name}) and not is_received

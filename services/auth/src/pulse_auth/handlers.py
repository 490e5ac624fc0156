"""Calls the actions for messages from the bus."""

from dataclasses import dataclass

from pulse_auth.actions.collector_events import CollectorAnnouncements
from pulse_auth.actions.mirror import Mirror
from pulse_auth.actions.signing_keys import SigningKeys
from pulse_auth.actions.trusted_keys import TrustedKeyring
from pulse_bus import Bus, Delivery, Reject
from pulse_chassis.process.drift import Drift
from pulse_contracts.accounts import AccountChanged, AccountsDigest, ReplayRequested
from pulse_contracts.topics import AUTH_REPLAY, SYSTEM_KEY, USERS_DIGEST, USERS_EVENT
from pulse_contracts.trust import KeyAnnounced


@dataclass(frozen=True)
class HandlerActions:
    """The actions that messages lead to."""

    mirror: Mirror
    drift: Drift
    keys: SigningKeys
    collectors: CollectorAnnouncements
    trusted: TrustedKeyring


class Handlers:
    """Subscribes to accounts, announced keys and requests for replays. Publishes keys and digests at each
    connection."""

    def __init__(self, bus: Bus, actions: HandlerActions) -> None:
        self._bus, self._actions = bus, actions

    async def subscribe(self) -> None:
        """Subscribes to the topics."""
        bus, actions = self._bus, self._actions
        await bus.subscribe(USERS_EVENT, self.account)
        await bus.subscribe(USERS_DIGEST, self.digest)
        await bus.subscribe(AUTH_REPLAY, self.replay)
        await bus.subscribe(SYSTEM_KEY, self.key)
        for on_connected in (actions.keys.publish, actions.collectors.request_digest, actions.trusted.request_publish):
            bus.on_connected(on_connected)

    async def account(self, delivery: Delivery[AccountChanged]) -> None:
        """Applies one account. Raises Reject if the topic names another account."""
        if delivery.levels["account"] != delivery.message.account:
            raise Reject("foreign_account", "the topic and the message name different accounts")
        with self._actions.drift.arriving():
            await self._actions.mirror.apply(delivery.message)

    async def digest(self, delivery: Delivery[AccountsDigest]) -> None:
        """Passes the digest of the users service to `Drift`."""
        self._actions.drift.receive(delivery.message.set)

    async def replay(self, delivery: Delivery[ReplayRequested]) -> None:
        """Publishes all collectors, whatever the consumer has: it applies the newer versions."""
        del delivery
        self._actions.collectors.request_replay()

    async def key(self, delivery: Delivery[KeyAnnounced]) -> None:
        """Stores an announced key. Raises Reject."""
        await self._actions.trusted.receive(delivery.levels["service"], delivery.message)

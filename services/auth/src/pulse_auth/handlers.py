"""Calls the actions for messages from the bus."""

from pulse_auth.actions.mirror import Drift, Mirror
from pulse_auth.actions.signing_keys import SigningKeys
from pulse_bus import Bus, Delivery, Reject
from pulse_contracts.accounts import AccountChanged, AccountsDigest
from pulse_contracts.topics import USERS_DIGEST, USERS_EVENT


class Handlers:
    """Subscribes to the topics of the users service, and publishes the signing keys at each connection."""

    def __init__(self, bus: Bus, mirror: Mirror, drift: Drift, keys: SigningKeys) -> None:
        self._bus, self._mirror, self._drift, self._keys = bus, mirror, drift, keys

    async def subscribe(self) -> None:
        """Subscribes to accounts and their digest."""
        await self._bus.subscribe(USERS_EVENT, self.account)
        await self._bus.subscribe(USERS_DIGEST, self.digest)
        self._bus.on_connected(self._keys.publish)

    async def account(self, delivery: Delivery[AccountChanged]) -> None:
        """Applies one account. Raises Reject if the topic names another account."""
        if delivery.levels["account"] != delivery.message.account:
            raise Reject("foreign_account", "the topic and the message name different accounts")
        await self._mirror.apply(delivery.message)

    async def digest(self, delivery: Delivery[AccountsDigest]) -> None:
        """Passes the digest of the users service to `Drift`."""
        self._drift.receive(delivery.message)

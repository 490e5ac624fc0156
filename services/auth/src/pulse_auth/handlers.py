"""Bus deliveries to actions: accounts change, their digest arrives, and our keys go out at each connect."""

from pulse_auth.actions.mirror import Drift, Mirror
from pulse_auth.actions.signing_keys import SigningKeys
from pulse_bus import Bus, Delivery, Reject
from pulse_contracts.accounts import AccountChanged, AccountsDigest
from pulse_contracts.topics import USERS_DIGEST, USERS_EVENT


class Handlers:
    """Subscribes and translates."""

    def __init__(self, bus: Bus, mirror: Mirror, drift: Drift, keys: SigningKeys) -> None:
        self._bus, self._mirror, self._drift, self._keys = bus, mirror, drift, keys

    async def subscribe(self) -> None:
        """Accounts and their digest; and the keys, whenever there is a broker to keep them."""
        await self._bus.subscribe(USERS_EVENT, self.account)
        await self._bus.subscribe(USERS_DIGEST, self.digest)
        self._bus.on_connected(self._keys.publish)

    async def account(self, delivery: Delivery[AccountChanged]) -> None:
        """One account changed, or is told again."""
        if delivery.levels["account"] != delivery.message.account:
            raise Reject("foreign_account", "topic and payload name different accounts")
        await self._mirror.apply(delivery.message)

    async def digest(self, delivery: Delivery[AccountsDigest]) -> None:
        """What users holds."""
        self._drift.hear(delivery.message)

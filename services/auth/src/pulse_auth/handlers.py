"""Bus deliveries to actions: accounts change, their digest arrives, and our keys go out at each connect."""

from pulse_auth.actions.mirror import Drift, Mirror
from pulse_bus import Bus, Delivery, Reject
from pulse_contracts.accounts import AccountChanged, AccountsDigest
from pulse_contracts.auth import VerificationKeyRecord, VerificationKeys
from pulse_contracts.topics import AUTH_KEYS, USERS_DIGEST, USERS_EVENT
from pulse_jose import VerificationKey


class Handlers:
    """Subscribes and translates."""

    def __init__(self, bus: Bus, mirror: Mirror, drift: Drift, key: VerificationKey) -> None:
        self._bus, self._mirror, self._drift, self._key = bus, mirror, drift, key

    async def subscribe(self) -> None:
        """Accounts and their digest; and the keys, whenever there is a broker to keep them."""
        await self._bus.subscribe(USERS_EVENT, self.account)
        await self._bus.subscribe(USERS_DIGEST, self.digest)
        self._bus.on_connected(self.publish_keys)

    async def account(self, delivery: Delivery[AccountChanged]) -> None:
        """One account changed, or is told again."""
        if delivery.levels["account"] != delivery.message.account:
            raise Reject("foreign_account", "topic and payload name different accounts")
        await self._mirror.apply(delivery.message)

    async def digest(self, delivery: Delivery[AccountsDigest]) -> None:
        """What users holds."""
        self._drift.hear(delivery.message)

    async def publish_keys(self) -> None:
        """Valid since ever: the key's age is not known, and a clock that runs behind must not refuse it."""
        jwk = self._key.to_jwk()
        record = VerificationKeyRecord(kid=self._key.kid, x=str(jwk["x"]), y=str(jwk["y"]), not_before=0)
        await self._bus.publish(AUTH_KEYS, VerificationKeys(keys=[record]))

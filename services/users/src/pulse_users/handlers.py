"""Bus deliveries to actions."""

from pulse_bus import Bus, Delivery, Reject
from pulse_contracts.accounts import ReplayRequested, VerifierMade
from pulse_contracts.topics import AUTH_VERIFIER, USERS_REPLAY
from pulse_users.actions.announcements import Announcements
from pulse_users.actions.verifiers import Verifiers


class Handlers:
    """Subscribes to requests for replays, and to verifiers that auth made."""

    def __init__(self, bus: Bus, announcements: Announcements, verifiers: Verifiers) -> None:
        self._bus, self._announcements, self._verifiers = bus, announcements, verifiers

    async def subscribe(self) -> None:
        """Subscribes to the topics."""
        await self._bus.subscribe(USERS_REPLAY, self.replay)
        await self._bus.subscribe(AUTH_VERIFIER, self.verifier)

    async def replay(self, delivery: Delivery[ReplayRequested]) -> None:
        """Publishes all accounts, whatever the consumer has: it applies the newer versions."""
        del delivery
        self._announcements.request_replay()

    async def verifier(self, delivery: Delivery[VerifierMade]) -> None:
        """Stores a verifier. Raises Reject if the topic names another account."""
        if delivery.levels["account"] != delivery.message.account:
            raise Reject("foreign_account", "the topic and the message name different accounts")
        await self._verifiers.store(delivery.message)

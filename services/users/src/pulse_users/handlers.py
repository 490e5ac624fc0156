"""Bus deliveries to actions."""

from pulse_bus import Bus, Delivery
from pulse_contracts.accounts import ReplayRequested
from pulse_contracts.topics import USERS_REPLAY
from pulse_users.actions.announcements import Announcements


class Handlers:
    """Subscribes to requests for replays."""

    def __init__(self, bus: Bus, announcements: Announcements) -> None:
        self._bus, self._announcements = bus, announcements

    async def subscribe(self) -> None:
        """Subscribes to the topics."""
        await self._bus.subscribe(USERS_REPLAY, self.replay)

    async def replay(self, delivery: Delivery[ReplayRequested]) -> None:
        """Publishes all accounts, whatever the consumer has: it applies the newer versions."""
        del delivery
        self._announcements.request_replay()

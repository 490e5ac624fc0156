"""Bus deliveries to actions: a consumer asks for every account."""

from pulse_bus import Bus, Delivery
from pulse_contracts.accounts import ReplayRequested
from pulse_contracts.topics import USERS_REPLAY
from pulse_users.actions.announcements import Announcements


class Handlers:
    """Subscribes and translates."""

    def __init__(self, bus: Bus, announcements: Announcements) -> None:
        self._bus, self._announcements = bus, announcements

    async def subscribe(self) -> None:
        """Wishes for replays."""
        await self._bus.subscribe(USERS_REPLAY, self.replay)

    async def replay(self, delivery: Delivery[ReplayRequested]) -> None:
        """What the consumer holds does not matter: it gets everything, and goes by version."""
        del delivery
        self._announcements.want_replay()

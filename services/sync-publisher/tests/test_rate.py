"""Many changes to many collectors."""

import asyncio

import pytest

from pulse_contracts.topics import USERS_EVENT

from .conftest import World

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]
_COLLECTORS, _CHANGES = 20, 500


async def test_five_hundred_changes_reach_twenty_collectors(world: World) -> None:
    devices = [await world.enrol(f"press-{n}") for n in range(_COLLECTORS)]
    await world.rules(("role:user", "everywhere", "allow"))
    for device in devices:
        await device.hello()
    await world.synced()
    accounts = [world.account() for _ in range(_CHANGES)]
    events = [world.event(one) for one in accounts]
    for event in events:
        await world.bus.publish(USERS_EVENT, event, account=event.account)
        await asyncio.sleep(0)
    await world.applied(accounts[-1])
    async with asyncio.timeout(60):
        await world.synced()
    sets = {device.set for device in devices}
    assert sets == {await world.digest("press-0")}
    assert len(devices[0].live) == _CHANGES

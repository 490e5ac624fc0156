"""The whole path: an account changes, every entitled collector has it, and the service knows."""

import pytest

from .conftest import World

pytestmark = pytest.mark.servers


async def test_a_new_account_reaches_every_entitled_collector(world: World) -> None:
    press, lathe = await world.enrol("press-4"), await world.enrol("lathe-1")
    await world.rules(("role:user", "device:press-4", "allow"))
    await press.hello()
    await lathe.hello()
    ada = await world.tell(world.account())
    await world.synced()
    assert press.live[ada.account].email == ada.email
    assert press.live[ada.account].verifier == ada.verifier
    assert press.live[ada.account].lease == 259_200
    assert lathe.records == {}
    assert press.set == await world.digest("press-4")

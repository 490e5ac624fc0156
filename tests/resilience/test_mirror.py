"""The mirrors of a fleet agree with the accounts after faults of every kind, and a revoked account stays revoked."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.resilience.mirror_judge import Book, differences
from tests.resilience.mirror_world import REFUSED, MirrorSize, MirrorWorld, wait_for

pytestmark = [pytest.mark.resilience, pytest.mark.timeout(300)]
SEED = int(os.environ.get("SEED", "20261130"))


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder outside pytest's, which another session makes private."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def test_a_change_during_a_partition_arrives_after_it(folder: Path) -> None:
    with MirrorWorld.opened(folder / "world", MirrorSize(2, 20), ()) as world:
        book = Book()
        wait_for(lambda: differences(world, book) == [], 60, "the first snapshots arrive")
        for device in world.devices:
            device.proxy.cut()
        (person,) = world.fetch("SELECT id, version FROM users.account WHERE email = 'person-1@example.org'")
        path, tag = f"/api/users/{person['id']}/toggle-status", f'"{person["version"]}"'
        world.admin.insist("PUT", path, tag=tag)
        assert differences(world, book) != []
        for device in world.devices:
            device.proxy.heal()
        wait_for(lambda: differences(world, book) == [], 60, "the mirrors agree")
        password = world.admin.password
        assert world.devices[0].signs_in("person-1@example.org", password) == REFUSED
        assert world.devices[0].signs_in("person-2@example.org", password) == 0

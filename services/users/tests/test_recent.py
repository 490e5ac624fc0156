"""Accounts are cached for a second, and never after a local change."""

import uuid
from datetime import UTC, datetime
from uuid import UUID

from pulse_users.actions.recent import RecentAccounts
from pulse_users.model.accounts import Account

from .conftest import World

ID = UUID("00000000-0000-4000-8000-000000000001")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def account(version: int = 1) -> Account:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Account(
        ID, "ada@example.org", "Ada", "admin", active=True, digest=None, created=at, updated=at, version=version
    )


def test_an_account_is_cached_for_a_second() -> None:
    clock = Clock()
    recent = RecentAccounts(clock)
    assert recent.get(ID) is None
    recent.keep(account(), recent.changes)
    clock.now += 0.99
    assert recent.get(ID) == account()
    assert recent.get(uuid.uuid4()) is None
    clock.now += 0.02
    assert recent.get(ID) is None


def test_an_account_that_was_read_during_a_change_is_not_cached() -> None:
    recent = RecentAccounts(Clock())
    before = recent.changes
    recent.forget()
    recent.keep(account(), before)
    assert recent.get(ID) is None
    recent.keep(account(2), recent.changes)
    assert recent.get(ID) == account(2)
    recent.forget()
    assert recent.get(ID) is None


async def test_a_local_change_is_seen_at_once(world: World) -> None:
    ada = await world.add()
    for name in ("First", "Second", "Third"):
        seen = (await world.http.get("/api/profile", headers=world.bearer(ada))).json()
        headers = world.bearer(ada) | {"If-Match": f'"{seen["version"]}"'}
        changed = await world.http.put("/api/profile", json={"name": name}, headers=headers)
        assert changed.status_code == 200, changed.text
        again = (await world.http.get("/api/profile", headers=world.bearer(ada))).json()
        assert again["name"] == name

"""The chain of the audit trail is verified over HTTP, part by part."""

import pytest

from .conftest import World

pytestmark = pytest.mark.servers
PATH = "/api/users/audit/verification"


async def test_the_chain_is_verified_and_a_changed_entry_is_named(world: World) -> None:
    own = world.bearer(await world.add())
    await world.add("b@example.org", role="user")
    found = (await world.http.get(PATH, headers=own)).json()
    assert (found["is_complete"], found["fault"], found["verified"]) == (True, None, found["head"])
    place = {"after": found["verified"]["n"], "hash": found["verified"]["hash"]}
    again = (await world.http.get(PATH, headers=own, params=place)).json()
    assert (again["is_complete"], again["verified"]) == (True, found["verified"])

    async with world.database.transaction() as connection:
        await connection.execute("ALTER TABLE audit DISABLE TRIGGER audit_append_only")
        await connection.execute("UPDATE audit SET actor = 'somebody' WHERE n = 1")
        await connection.execute("ALTER TABLE audit ENABLE TRIGGER audit_append_only")
    broken = (await world.http.get(PATH, headers=own)).json()
    assert (broken["is_complete"], broken["broken"], broken["verified"]["n"]) == (False, 1, 0)


async def test_only_auditors_verify_and_places_are_checked(world: World) -> None:
    own = world.bearer(await world.add())
    user = world.bearer(await world.add("b@example.org", role="user"))
    assert (await world.http.get(PATH, headers=user)).status_code == 403
    for wrong in ({"after": -1}, {"after": 2**63}, {"hash": "z" * 64}, {"hash": "00"}):
        assert (await world.http.get(PATH, headers=own, params=wrong)).status_code == 422

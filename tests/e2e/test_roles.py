"""Every page for every role, in both themes and on a phone: shown without a fault, or refused with the permission."""

import pytest
from playwright.sync_api import Page, expect

from pulse_contracts.permissions import ROLES, Permission, Role
from tests.e2e.conftest import Complaints
from tests.e2e.people import Office
from tests.e2e.test_accounts import FIRST, enter, examine
from tests.e2e.test_devices import collector_of
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
PAGES: dict[str, Permission] = {
    "/dashboard": "telemetry.read",
    "/explore": "telemetry.read",
    "/devices": "telemetry.read",
    "/devices/{collector}": "telemetry.read",
    "/users": "accounts.read",
    "/users/{person}": "accounts.read",
    "/offline-access": "mirror.read",
    "/audit": "audit.read",
    "/status": "profile.own",
    "/admin": "system.manage",
    "/profile": "profile.own",
    "/security": "sessions.own",
}
"""The pages that need a sign-in, and the permission of each."""


@pytest.mark.parametrize("role", ["admin", "user", "viewer"])
def test_each_page_is_shown_or_refused_without_a_fault(
    page: Page, system: System, complaints: Complaints, role: Role
) -> None:
    office = Office(system)
    person = office.create(FIRST, role=role)
    collector = collector_of(system)
    enter(page, person)
    refused = 0
    for path, needs in PAGES.items():
        page.goto(path.format(collector=collector, person=person.id))
        if needs in ROLES[role]:
            expect(page.locator("main h1").first).to_be_visible()
            expect(page.locator("main .skeleton")).to_have_count(0)
            examine(page, f"{role}{path.replace('/', '-').replace('{', '').replace('}', '')}")
        else:
            expect(page.get_by_test_id("missing-permission")).to_contain_text(needs)
            refused += 1
    assert refused == sum(needs not in ROLES[role] for needs in PAGES.values())
    assert complaints == []

"""The path of an administrator by keyboard alone, in a browser on a real system."""

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Complaints
from tests.e2e.test_palette import choose, search
from tests.system import System

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
_MOST_STEPS = 60
_NO_MOUSE = "() => addEventListener('pointerdown', event => event.isTrusted && (window.usedMouse = true), true)"


def step_to(page: Page, test_id: str, key: str = "Tab") -> None:
    """Presses `key` until the element has the focus."""
    step_until_focused(page, page.get_by_test_id(test_id), key)


def step_until_focused(page: Page, wanted: Locator, key: str = "Tab") -> None:
    expect(wanted).to_be_visible()
    for _ in range(_MOST_STEPS):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{wanted} is not within {_MOST_STEPS} steps")


def test_an_administrator_works_by_keyboard_alone(page: Page, system: System, complaints: Complaints) -> None:
    token = {"authorization": f"Bearer {system.token()}"}
    device, body = "zz-keyboard", {"id": "zz-keyboard", "name": "Keyboard press"}
    made = httpx.post(f"{system.url}/api/collectors", json=body, headers=token, timeout=20)
    assert made.status_code == 201, made.text
    page.goto("/login")
    page.evaluate(_NO_MOUSE)
    step_to(page, "login-email")
    page.keyboard.type(system.admin["email"])
    step_to(page, "login-password")
    page.keyboard.type(system.admin["password"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard")

    # A panel on a dashboard of one's own.
    search(page, "new dashboard")
    choose(page, "action:new-dashboard")
    step_to(page, "add-chart")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("series-search")).to_be_focused()
    page.keyboard.type("cpu total")
    expect(page.locator("[data-testid^='choose-'][data-testid$='-cpu.total']")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("chosen-series")).to_be_visible()
    step_to(page, "save", key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("edit-board")).to_be_visible()

    # An invitation.
    search(page, "invite")
    choose(page, "action:invite-user")
    expect(page.get_by_test_id("user-name")).to_be_focused()
    page.keyboard.type("Key Board")
    page.keyboard.press("Tab")
    page.keyboard.type(f"keyboard-{system.port}@example.org")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("password-link")).to_be_visible()
    step_to(page, "link-kept")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)

    # A device that must not connect any more.
    search(page, "devices")
    choose(page, "page:/devices")
    step_to(page, "device-search")
    page.keyboard.type(device)
    step_until_focused(page, page.get_by_test_id(f"device-{device}").get_by_role("link"))
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/devices/{device}")
    step_to(page, "device-menu")
    page.keyboard.press("Enter")
    expect(page.locator("[role=menuitem]:focus")).to_have_count(1)
    step_to(page, "action-disable", key="ArrowDown")
    page.keyboard.press("Enter")
    step_to(page, "confirm")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alertdialog")).to_have_count(0)
    found = httpx.get(f"{system.url}/api/collectors/{device}", headers=token, timeout=20).json()
    assert found["state"] == "disabled"
    assert page.evaluate("() => window.usedMouse") is None
    assert complaints == []

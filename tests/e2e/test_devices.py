"""The pages about the fleet and about one device, in a browser on a real system."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Complaints, sign_in
from tests.e2e.device import DEVICE, SECOND, PlainDevice, ToldDevice
from tests.e2e.people import Office
from tests.e2e.test_accounts import FIRST, enter, examine
from tests.system import System, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]
_PROOF = re.compile(
    r"stored [\d,]+ · refused 0 · declared lost 0 · missing [\d,]+: (complete|waiting for the missing ones)"
)


@pytest.fixture
def office(system: System) -> Office:
    return Office(system)


def collector_of(system: System) -> str:
    """The id of the collector that the system started."""
    enrolled = [one for one in system.get("/api/collectors", system.token())["items"] if one["enrolled_at"]]
    return str(min(enrolled, key=lambda one: one["created_at"])["id"])


def test_the_fleet_shows_every_device_and_changes_live(page: Page, system: System, complaints: Complaints) -> None:
    own, now = collector_of(system), time.time_ns() // 1_000 // SECOND * SECOND
    with ToldDevice(system) as told:
        told.deliver(now - 10 * SECOND, now, "live")
        wait_until(
            lambda: any(one["id"] == DEVICE for one in system.get("/api/telemetry/devices", system.token())["items"]),
            seconds=20,
            what="the gateway knows the device",
        )
        sign_in(page, system)
        page.get_by_role("link", name="Devices").click()
        page.wait_for_url("**/devices")
        expect(page.get_by_test_id(f"device-{own}")).to_contain_text("Online")
        expect(page.get_by_test_id(f"device-{own}")).to_contain_text("Ledger")
        row = page.get_by_test_id(f"device-{DEVICE}")
        expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live")
        told.say(54_321)
        expect(row).to_contain_text("54,321")
        expect(row).to_contain_text("Catching up")
        expect(row).to_contain_text("0.9.1")
        examine(page, "devices")
        told.say(54_321, buffer_fill=0.95, full_in=11_400)
        expect(row).to_contain_text("Nearly full")
        expect(row).to_contain_text(re.compile("full in 3 h (9|10) min"))
        told.say(0)
        expect(row).not_to_contain_text("Nearly full")
        told.send_nonsense()
    page.get_by_test_id("device-search").fill("zz-told")
    expect(page.get_by_test_id(f"device-{own}")).to_have_count(0)
    expect(page).to_have_url(re.compile("q=zz-told"))
    page.get_by_test_id("device-search").fill("there is no such device")
    page.get_by_test_id("reset-filter").click()
    page.get_by_test_id(f"device-{own}").get_by_role("link").click()
    page.wait_for_url(f"**/devices/{own}")
    page.goto(f"/devices/{DEVICE}")
    reason = page.get_by_test_id("rejected-reason").first
    expect(reason).to_contain_text("1 message")
    with page.expect_download() as download:
        reason.get_by_test_id("download-rejected").click()
    assert download.value.path().read_bytes() == b"no JSON"
    assert complaints == []


def test_a_device_proves_what_became_of_its_readings_and_executes_commands(
    page: Page, system: System, complaints: Complaints
) -> None:
    own = collector_of(system)
    sign_in(page, system)
    page.goto(f"/devices/{own}")
    expect(page.get_by_test_id("proof")).to_have_text(_PROOF)
    page.get_by_test_id("verify-again").click()
    expect(page.get_by_test_id("series-cpu.total")).to_contain_text("Current")
    page.get_by_test_id("send-command").click()
    page.get_by_test_id("command-collect_now").click()
    page.get_by_test_id("command-submit").click()
    expect(page.get_by_test_id("command").first).to_have_attribute("data-state", "done")
    page.get_by_test_id("send-command").click()
    page.get_by_test_id("command-set_interval").click()
    page.get_by_test_id("command-argument").fill("1,000")
    page.get_by_test_id("command-submit").click()
    expect(page.get_by_test_id("command-error")).to_contain_text("Enter a number from 0.1 to 3600.")
    examine(page, "command")
    page.keyboard.press("Escape")
    examine(page, "device")

    row = page.get_by_test_id("series-cpu.total")
    row.get_by_role("button").click()
    page.get_by_test_id("series-display-name").fill("Whole processor 🦉")
    page.get_by_test_id("series-submit").click()
    expect(row).to_contain_text("Whole processor 🦉")
    row.get_by_role("button").click()
    page.get_by_test_id("series-display-name").fill("")
    page.get_by_test_id("series-submit").click()
    expect(row).not_to_contain_text("Whole processor")
    page.goto("/devices/nope")
    expect(page.get_by_text("There is no device nope")).to_be_visible()
    assert complaints == []


def test_an_administrator_adds_disables_and_deletes_devices(page: Page, system: System, complaints: Complaints) -> None:
    sign_in(page, system)
    page.goto("/devices")
    page.get_by_test_id("add-device").press("Enter")
    page.get_by_test_id("device-id").fill("Press 4")
    page.get_by_test_id("device-name").fill("Press 4")
    page.get_by_test_id("device-tags").fill("hydraulics, hall-b")
    page.get_by_test_id("device-submit").click()
    expect(page.get_by_text("lower case letters, digits and hyphens")).to_be_visible()
    examine(page, "add-device")
    page.get_by_test_id("device-id").fill("press-4")
    page.get_by_test_id("device-submit").click()
    expect(page.get_by_test_id("enrol-command")).to_contain_text(f"pulse-collector enrol {system.url} ")
    page.keyboard.press("Escape")
    examine(page, "enrol-command")
    page.get_by_test_id("credentials-kept").click()
    row = page.get_by_test_id("device-press-4")
    expect(row).to_contain_text("Not enrolled")
    expect(row).to_contain_text("hydraulics")

    page.get_by_test_id("add-device").click()
    page.get_by_test_id("device-kind").get_by_text("Plain MQTT device").click()
    page.get_by_test_id("device-username").fill("ESP_01")
    page.get_by_test_id("device-name").fill("Cold store door")
    page.get_by_test_id("device-submit").click()
    expect(page.get_by_test_id("plain-settings")).to_contain_text("telemetry/plain/ESP_01")
    page.get_by_text("ESPHome", exact=True).click()
    expect(page.get_by_test_id("plain-settings")).to_contain_text("mqtt.publish_json")
    examine(page, "plain-settings")
    page.get_by_test_id("credentials-kept").click()
    page.get_by_role("link", name="Cold store door").click()
    page.wait_for_url("**/devices/esp-01")
    for action, state in (("disable", "Disabled"), ("enable", "No readings yet")):
        page.get_by_test_id("device-menu").click()
        page.get_by_test_id(f"action-{action}").click()
        page.get_by_test_id("confirm").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(state)
    page.get_by_test_id("device-menu").click()
    page.get_by_test_id("action-describe").click()
    page.get_by_test_id("device-site").fill("North")
    page.get_by_test_id("device-submit").click()
    expect(page.get_by_role("link", name="North")).to_be_visible()
    page.get_by_test_id("device-menu").click()
    page.get_by_test_id("action-delete").click()
    expect(page.get_by_test_id("confirm")).to_be_disabled()
    page.get_by_test_id("confirm-text").fill("esp-01")
    page.get_by_test_id("confirm").click()
    expect(page.get_by_text("There is no device esp-01")).to_be_visible()
    assert complaints == []


def test_an_administrator_filters_the_fleet_and_changes_several_devices(
    page: Page, system: System, office: Office, complaints: Complaints
) -> None:
    ids = [f"zz-bulk-{n}" for n in range(3)]
    for n, one in enumerate(ids):
        body = {"id": one, "name": f"Bulk {n}", "site": "Linz plant" if n < 2 else "", "tags": ["zz-mill"]}
        office.ask("POST", "/api/collectors", body)
    sign_in(page, system)
    page.goto("/devices")
    expect(page.get_by_test_id("tile-nothing-lost")).to_contain_text("ledger")
    page.get_by_test_id("filter-site").click()
    page.get_by_test_id("filter-site-choice").filter(has_text="Linz plant").click()
    page.get_by_test_id("filter-tag").click()
    page.get_by_test_id("filter-tag-choice").filter(has_text="zz-mill").click()
    page.get_by_test_id("filter-state").click()
    page.get_by_test_id("filter-state-choice").filter(has_text="Not enrolled").click()
    expect(page.get_by_test_id("pager")).to_contain_text("of 2")
    page.reload()
    expect(page.get_by_test_id("pager")).to_contain_text("of 2")
    expect(page.get_by_test_id("filter-site")).to_contain_text("Linz plant")
    page.get_by_test_id("select-page").check()
    examine(page, "devices-selected")
    page.get_by_test_id("bulk-move").click()
    page.get_by_test_id("bulk-text").fill("Graz plant")
    expect(page.get_by_test_id("bulk-plan")).to_contain_text("2 devices will change")
    examine(page, "devices-move")
    page.get_by_test_id("confirm").click()
    expect(page.get_by_text("No device matches")).to_be_visible()
    page.get_by_test_id("reset-filter").click()
    page.get_by_test_id("device-search").fill("zz-bulk")
    expect(page.get_by_test_id("pager")).to_contain_text("of 3")
    page.get_by_test_id("select-page").check()
    page.get_by_test_id("bulk-more").click()
    page.get_by_test_id("bulk-disable").click()
    expect(page.get_by_test_id("bulk-plan")).to_contain_text("3 devices will change")
    page.get_by_test_id("confirm").click()
    for one in ids:
        expect(page.get_by_test_id(f"device-{one}")).to_contain_text("Disabled")
    expect(page.get_by_test_id("selected-count")).to_have_count(0)
    found = {
        one["id"]: (one["site"], one["tags"], one["state"]) for one in office.ask("GET", "/api/collectors")["items"]
    }
    sites = ["Graz plant", "Graz plant", ""]
    assert [found[one] for one in ids] == [(site, ["zz-mill"], "disabled") for site in sites]
    for one in ids:
        office.ask("DELETE", f"/api/collectors/{one}")
    assert complaints == []


def test_a_user_sees_devices_but_nothing_to_manage(page: Page, office: Office, complaints: Complaints) -> None:
    ada = office.create(FIRST)
    enter(page, ada)
    page.goto("/devices")
    expect(page.get_by_test_id("pager")).to_be_visible()
    expect(page.get_by_test_id("add-device")).to_have_count(0)
    page.get_by_role("rowheader").first.get_by_role("link").click()
    page.wait_for_url("**/devices/*")
    expect(page.get_by_test_id("panel-series")).to_be_visible()
    expect(page.get_by_test_id("device-menu")).to_have_count(0)
    expect(page.get_by_test_id("panel-commands")).to_have_count(0)
    assert complaints == []


def test_a_device_shows_when_it_was_connected(page: Page, system: System, complaints: Complaints) -> None:
    now = time.time_ns() // 1_000 // SECOND * SECOND
    sign_in(page, system)
    events = page.get_by_test_id("connection-event")
    with ToldDevice(system) as told:
        told.deliver(now - 10 * SECOND, now, "live")
        told.say(0)
        wait_until(lambda: _is_online(system), seconds=20, what="the gateway notes the connection")
        page.goto(f"/devices/{DEVICE}")
        expect(events.first).to_contain_text("Connected")
        expect(page.get_by_test_id("panel-connections")).to_contain_text("% connected")
        examine(page, "device-connections")
        n = events.count()
        told.say(0, state="offline")
        expect(events.first).to_contain_text("Disconnected")
        expect(events).to_have_count(min(n + 1, 4))
    assert complaints == []


def _is_online(system: System) -> bool:
    path = f"/api/telemetry/devices/{DEVICE}/connections"
    found = system.get(path, system.token())["items"]
    return bool(found) and bool(found[0]["online"])


def test_an_administrator_changes_how_plain_messages_are_read(
    page: Page, system: System, office: Office, complaints: Complaints
) -> None:
    # Last by name, so that the first collector stays the one that dashboards open with.
    device = f"zz-esp-{time.time_ns() % 10**9}"
    made = office.ask("POST", "/api/collectors/plain-devices", {"username": device, "name": "Door"})
    with PlainDevice(system, device, made["password"]) as plain:
        plain.send(time.time_ns() // 1_000, {"temperature": 20.5})
    wait_until(
        lambda: any(one["id"] == device for one in system.get("/api/telemetry/devices", system.token())["items"]),
        seconds=20,
        what="the gateway knows the device",
    )
    sign_in(page, system)
    page.goto(f"/devices/{device}")
    page.get_by_test_id("edit-plain").click()
    page.get_by_test_id("plain-time-zone").fill("Mars/Olympus")
    page.get_by_test_id("plain-submit").click()
    expect(page.get_by_text("Enter a time zone such as Europe/Berlin or UTC.")).to_be_visible()
    page.get_by_test_id("plain-preset").select_option("tasmota")
    expect(page.get_by_test_id("plain-time-zone")).to_have_value("Mars/Olympus")
    expect(page.get_by_test_id("plain-left-out")).not_to_have_value("")
    page.get_by_test_id("plain-time-zone").fill("Europe/Berlin")
    page.get_by_test_id("plain-left-out").fill("Wifi <b>\nUptime, total 🦉")
    examine(page, "plain-edit")
    page.get_by_test_id("plain-submit").click()
    panel = page.get_by_test_id("panel-plain")
    expect(panel).to_contain_text("Europe/Berlin")
    expect(panel).to_contain_text("Wifi <b>, Uptime, total 🦉")
    stored = system.get(f"/api/telemetry/devices/{device}/plain", system.token())["settings"]
    assert stored["left_out"] == ["Wifi <b>", "Uptime, total 🦉"]
    assert complaints == []

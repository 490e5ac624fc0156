// @vitest-environment jsdom
import { cleanup, fireEvent, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import type { Device } from "@/contracts/http";
import { Backlogs } from "@/lib/readings/backlog";
import { DeviceList } from "./device-list";
import { devicesMatching } from "./device-search";
import { UnknownDevice } from "./unknown-device";
import { render } from "@/testing/render";
import { aDevice } from "@/testing/telemetry";

const device = (id: string, name: string) => aDevice({ id, name });
const many = Array.from({ length: 201 }, (_, index) => device(`press-${index}`, `Press ${index}`));

afterEach(cleanup);

const show = (devices: readonly Device[], selectedId: string | null = null) => {
  const onSelect = vi.fn();
  render(
    <DeviceList backlogs={new Backlogs()} devices={devices} selectedId={selectedId} onSelect={onSelect} />,
  );
  return { onSelect, search: screen.getByRole("combobox", { name: "Find a device" }) };
};
const type = (search: HTMLElement, value: string) => fireEvent.change(search, { target: { value } });
const options = () => screen.queryAllByRole("option").map(({ textContent }) => textContent);

it("finds one of 201 devices by its name, by keyboard alone", () => {
  const { onSelect, search } = show(many, "press-7");
  expect(options()).toHaveLength(50);
  type(search, "press 17");
  expect(options()).toHaveLength(12);
  expect(screen.getByRole("status").textContent).toBe("12 of 201 devices");
  fireEvent.keyDown(search, { key: "ArrowDown" });
  fireEvent.keyDown(search, { key: "ArrowDown" });
  fireEvent.keyDown(search, { key: "ArrowUp" });
  const active = document.getElementById(search.getAttribute("aria-activedescendant")!);
  expect(active?.textContent).toContain("Press 117");
  fireEvent.keyDown(search, { key: "Enter" });
  expect(onSelect).toHaveBeenCalledWith("press-117");
});

it("moves to both ends, and not beyond", () => {
  const { onSelect, search } = show(many);
  fireEvent.keyDown(search, { key: "ArrowUp" });
  fireEvent.keyDown(search, { key: "Enter" });
  fireEvent.keyDown(search, { key: "End" });
  fireEvent.keyDown(search, { key: "ArrowDown" });
  fireEvent.keyDown(search, { key: "Enter" });
  expect(onSelect.mock.calls).toEqual([["press-0"], ["press-49"]]);
});

it("reports that nothing matches, and then selects nothing", () => {
  const { onSelect, search } = show(many);
  type(search, "boiler");
  expect(screen.getByRole("status").textContent).toBe("No device matches “boiler”");
  fireEvent.keyDown(search, { key: "Enter" });
  expect(onSelect).not.toHaveBeenCalled();
});

it("limits the rows on the screen, and says so", () => {
  const { search } = show(Array.from({ length: 1_000 }, (_, index) => device(`d${index}`, `D ${index}`)));
  expect(options()).toHaveLength(50);
  expect(screen.getByRole("status").textContent).toMatch(/^50 of 1,000/);
  type(search, "d 999");
  expect(options()).toHaveLength(1);
});

it("starts at the selected device, also when it is far down in the list", () => {
  const devices = Array.from({ length: 60 }, (_, index) => device(`d${index}`, `D ${index}`));
  const { search, onSelect } = show(devices, "d55");
  expect(options()).toHaveLength(50);
  fireEvent.keyDown(search, { key: "Enter" });
  expect(onSelect).toHaveBeenCalledWith("d55");
});

it("searches every word in name and id, ignoring case", () => {
  const devices = [device("rtm-1", "Cooling Tower"), device("rtm-2", "Boiler"), device("ams-1", "Boiler")];
  const idsFor = (text: string) => devicesMatching(devices, text).map(({ id }) => id);
  expect(idsFor(" BOILER  rtm ")).toEqual(["rtm-2"]);
  expect(idsFor("tower")).toEqual(["rtm-1"]);
  expect(idsFor("")).toHaveLength(3);
});

it("reports an unknown device, and lists the known ones", () => {
  const onSelect = vi.fn();
  render(
    <UnknownDevice id="nope" backlogs={new Backlogs()} devices={many.slice(0, 2)} onSelect={onSelect} />,
  );
  expect(screen.getByRole("alert").textContent).toContain("There is no device nope");
  fireEvent.click(screen.getByTestId("device-press-1"));
  expect(onSelect).toHaveBeenCalledWith("press-1");
});

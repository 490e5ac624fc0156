import { describe, expect, it } from "vitest";
import { currentDevice, devicesOfSeries, seriesKey, seriesScope } from "./series-scope";

const DEVICES = [
  { id: "press-2", name: "Press 2" },
  { id: "press-4", name: "Press 4 north" },
  { id: "mill", name: "Rolling mill" },
];

describe("whose series are searched", () => {
  it("is the device of the page, and those that the words name", () => {
    expect(seriesScope(DEVICES, ["mill", "temperature"], "press-2", [])).toEqual(["press-2", "mill"]);
  });

  it("prefers the device that more words name", () => {
    expect(seriesScope(DEVICES, ["press", "north"], null, [])).toEqual(["press-4", "press-2"]);
  });

  it("is at most three devices, however many the words name", () => {
    const many = Array.from({ length: 2_000 }, (_, n) => ({ id: `pump-${n}`, name: `Pump ${n}` }));
    expect(seriesScope(many, ["pump"], null, [])).toHaveLength(3);
  });

  it("ignores single letters, which many devices have", () => {
    expect(seriesScope(DEVICES, ["p"], null, [])).toEqual([]);
  });

  it("ends with the devices of recent series, as long as there is room", () => {
    expect(seriesScope(DEVICES, ["mill"], "press-2", ["press-4", "press-9"])).toEqual([
      "press-2",
      "mill",
      "press-4",
    ]);
  });

  it("is the devices of recent series before anything is typed", () => {
    expect(
      seriesScope(DEVICES, [], "press-2", devicesOfSeries([seriesKey("mill", 7), "page:/users"])),
    ).toEqual(["mill"]);
  });
});

it.each([
  ["/devices/press-4", "", "press-4"],
  ["/dashboard", "?range=1h&device=mill", "mill"],
  ["/explore", "?s=mill:7.8,press-4:1&range=1h", "mill"],
  ["/devices", "", null],
  ["/devices/..%2Fusers", "", null],
  ["/dashboard", "?device=<b>", null],
])("reads the device of %s%s", (pathname, search, device) => {
  expect(currentDevice({ pathname, search })).toBe(device);
});

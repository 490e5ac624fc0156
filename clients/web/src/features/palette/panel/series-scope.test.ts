import { expect, it } from "vitest";
import { currentDevice, seriesKey, seriesOf } from "./series-scope";

it("knows the ids of series that were chosen lately", () => {
  expect(seriesOf([seriesKey("mill", 7), "page:/users", "series:<b>:1", "series:mill:12345678901"])).toEqual([
    7,
  ]);
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

// @vitest-environment jsdom
import { expect, it } from "vitest";
import type { Series } from "@/contracts/http";
import { momentText, readingsAt, tooltipLines, type PlottedLine } from "./tooltip-lines";
import { AS_DECLARED } from "@/testing/telemetry";

const SECOND = 1_000_000;
const HOUR = 3_600 * SECOND;
const series = (id: number): Series => ({
  id,
  device: "d",
  name: `s${id}`,
  display_name: `Series ${id}`,
  type: "float",
  unit: "hPa",
  ...AS_DECLARED,
  interval_us: null,
  latest: null,
});
const plotted = (id: number, t: number[], v: (number | null)[]): PlottedLine => ({
  series: series(id),
  line: { t, v },
  color: id,
});
const noon = new Date(2026, 10, 20, 12, 0, 7).getTime() * 1_000;
const window = { from: noon - 24 * 30 * HOUR, to: noon + 24 * HOUR };
const none = () => [];
const textsOf = (lines: PlottedLine[], at: number, reach: number, more = {}) =>
  tooltipLines({
    at,
    readings: readingsAt(lines, at, reach),
    gaps: [],
    late: none,
    suspect: none,
    window,
    ...more,
  }).map(({ textContent }) => textContent);

it("shows the time of the reading, not of the pointer", () => {
  const lines = [plotted(1, [noon, noon + 44 * HOUR], [1013.25, 1000])];
  expect(textsOf(lines, noon + 5 * HOUR, 6 * HOUR)).toEqual(["20 Nov, 12:00:07", "Series 11,013.25 hPa"]);
});

it("gives each reading its own time when the times differ", () => {
  const lines = [plotted(1, [noon], [2]), plotted(2, [noon + 3 * SECOND], [5])];
  expect(textsOf(lines, noon, HOUR)).toEqual([
    "Series 25 hPa20 Nov, 12:00:10",
    "Series 12 hPa20 Nov, 12:00:07",
  ]);
});

it("shows nothing out of reach, and the start and end of a gap", () => {
  const lines = [plotted(1, [noon, noon + 1, noon + 40 * HOUR], [1, null, 2])];
  expect(textsOf(lines, noon + 20 * HOUR, HOUR)).toEqual([]);
  const gaps = [{ from: noon, to: noon + 2 * HOUR }];
  expect(textsOf(lines, noon + 1.5 * HOUR, HOUR, { gaps })).toEqual([
    "20 Nov, 12:00:07 to 20 Nov, 14:00:07",
    "No readings for 2 h",
  ]);
});

it("marks readings that arrived late and readings with a suspect time", () => {
  const around = () => [{ from: noon - 1, to: noon + 1 }];
  const found = textsOf([plotted(1, [noon], [2])], noon, HOUR, { late: around, suspect: around });
  expect(found.slice(2)).toEqual([
    "Arrived late",
    "The clock of the device was wrong, so this time may be wrong",
  ]);
});

it("adds the day to a reading from another day", () => {
  const midnight = new Date(2026, 10, 21, 0, 1, 0).getTime() * 1_000;
  const short = { from: midnight - 300 * SECOND, to: midnight };
  expect(momentText(midnight - 120 * SECOND, short)).toBe("20 Nov, 23:59:00");
  expect(momentText(midnight - 10 * SECOND, short)).toBe("00:00:50");
});

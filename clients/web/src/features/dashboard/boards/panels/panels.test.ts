import { expect, it } from "vitest";
import { severityOf, shownValue } from "../../series/shown-value";
import { arc, shareOf } from "./gauge-path";
import { partsOf } from "./links";
import { stateSince } from "./on-off";

const samples = (v: number[]) => ({
  t: Float64Array.from(v, (_, index) => 100 + index * 10),
  v: Float64Array.from(v),
});

it("finds since when a series is on", () => {
  expect(stateSince(samples([1, 0, 1, 1]), true)).toEqual({ t: 120, isKnown: true });
  expect(stateSince(samples([1, 1]), true)).toEqual({ t: 100, isKnown: false });
  expect(stateSince(samples([1, 0]), true)).toBeNull();
  expect(stateSince(samples([]), false)).toBeNull();
});

it("links web addresses only, without the punctuation after them", () => {
  expect(partsOf("See https://example.org/a?b=1. Then javascript:alert(1)")).toEqual([
    { text: "See ", href: null },
    { text: "https://example.org/a?b=1", href: "https://example.org/a?b=1" },
    { text: ". Then javascript:alert(1)", href: null },
  ]);
  expect(partsOf("<b>plain</b>\nline")).toEqual([{ text: "<b>plain</b>\nline", href: null }]);
  expect(partsOf("")).toEqual([]);
});

it("places a value on a gauge, and stays on it", () => {
  expect(shareOf(5, 0, 10)).toBe(0.5);
  expect([shareOf(-1, 0, 10), shareOf(99, 0, 10)]).toEqual([0, 1]);
  expect(arc(50, 50, 40, 0, 0)).toBe("");
  expect(arc(50, 50, 40, 0, 1)).toMatch(/^M15.36 70A40 40 0 1 1 84.64 70$/);
});

it("shows the chosen unit and decimals, but scales bytes as usual", () => {
  const series = { type: "float", unit: "C" } as const;
  expect(shownValue(81.639, series, 0, { unit: "°C", decimals: 1 })).toEqual({ text: "81.6", unit: "°C" });
  expect(shownValue(81.639, series, 0, { unit: null, decimals: null }).text).toBe("81.6");
  expect(shownValue(2_048, { type: "int", unit: "B" }, 0, { unit: null, decimals: 3 }).unit).toBe("KiB");
  expect(shownValue(true, { type: "bool", unit: "" }, 0, { unit: "V", decimals: 2 }).text).toBe("On");
  expect(shownValue(null, series, 0, { unit: null, decimals: 2 }).text).toBe("–");
});

it("knows the worst limit that a value has reached", () => {
  const limits = [
    { severity: "warning", direction: "above", value: 75 },
    { severity: "critical", direction: "above", value: 80 },
    { severity: "warning", direction: "below", value: 10 },
  ] as const;
  const found = [70, 75, 81, 10].map((value) => severityOf(value, limits));
  expect(found).toEqual([null, "warning", "critical", "warning"]);
  expect(severityOf(true, limits)).toBeNull();
});

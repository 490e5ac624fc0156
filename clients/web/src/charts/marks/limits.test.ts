import { describe, expect, it } from "vitest";
import type { Limit } from "../types";
import { limitText, placeLabels, sharedLimits, withLimits } from "./limits";

const limit = (value: number, more: Partial<Limit> = {}): Limit => ({
  severity: "warning",
  direction: "above",
  value,
  ...more,
});

describe("limitText", () => {
  it.each([
    [limit(75), "°C", "Warning 75 °C"],
    [limit(80.25, { severity: "critical" }), "°C", "Critical 80.25 °C"],
    [limit(18, { severity: "critical", direction: "below" }), "°C", "Critical below 18 °C"],
    [limit(3), "", "Warning 3"],
  ])("%j in %s", (one, unit, text) => {
    expect(limitText(one, unit)).toBe(text);
  });
});

describe("withLimits", () => {
  it("keeps the range when the limits lie in it", () => {
    expect(withLimits([60, 85], [75, 80])).toEqual([60, 85]);
    expect(withLimits([60, 85], [])).toEqual([60, 85]);
  });

  it("extends the range to a near limit, with some padding", () => {
    const [low, high] = withLimits([60, 70], [75]);
    expect(low).toBe(60);
    expect(high).toBeGreaterThan(75);
    expect(high).toBeLessThan(77);
  });

  it("leaves a limit out that would press the lines flat, and keeps the near one", () => {
    expect(withLimits([60, 70], [1_000])).toEqual([60, 70]);
    expect(withLimits([60, 70], [1_000, 72])[1]).toBeGreaterThan(72);
    expect(withLimits([60, 70], [1_000, 72])[1]).toBeLessThan(74);
  });
});

describe("placeLabels", () => {
  const plot = { top: 0, bottom: 100, height: 18 };
  const yOf = (value: number) => 100 - value;

  it("puts a label on its line, and one of a limit outside at the edge", () => {
    const labels = placeLabels([limit(50), limit(400), limit(-30)], yOf, plot);
    expect(labels.map(({ y, edge }) => [y, edge])).toEqual([
      [50, null],
      [9, "top"],
      [91, "bottom"],
    ]);
  });

  it("puts labels side by side when they would overlap", () => {
    const labels = placeLabels([limit(50), limit(55), limit(60), limit(90)], yOf, plot);
    expect(labels.map(({ place }) => place)).toEqual([0, 1, 2, 0]);
  });

  it("draws nothing for a limit without a place on the axis", () => {
    expect(placeLabels([limit(NaN)], yOf, plot)).toEqual([]);
  });
});

describe("sharedLimits", () => {
  it("are those of all series, each once, and none of switches", () => {
    const series = [
      { type: "float" as const, limits: [limit(1), limit(2)] },
      { type: "int" as const, limits: [limit(2)] },
      { type: "bool" as const, limits: [limit(3)] },
    ];
    expect(sharedLimits(series).map(({ value }) => value)).toEqual([1, 2]);
    expect(sharedLimits(series, 1)).toHaveLength(1);
  });
});

import { describe, expect, it } from "vitest";
import { displayBodyOf, displaySchema, displayValuesOf, type SeriesDisplay } from "./series-display";

const stored: SeriesDisplay = {
  series: 1,
  device: "d",
  display_name: "Oil",
  unit: null,
  declared_name: "oil.temp",
  declared_unit: "°C",
  decimals: 1,
  limits: [
    { severity: "warning", direction: "above", value: 80 },
    { severity: "warning", direction: "above", value: 85.5 },
    { severity: "critical", direction: "below", value: -2e-7 },
  ],
  expected_min: 20,
  expected_max: null,
  version: 3,
  updated_at: null,
  updated_by: null,
  updated_by_name: "",
};

describe("the display of a series as a form", () => {
  it("saves what it shows unchanged, also limits that it has no field for", () => {
    const body = displayBodyOf(displayValuesOf(stored), stored.limits);
    expect(body).toMatchObject({ display_name: "Oil", unit: null, decimals: 1, expected_min: 20 });
    expect([...body.limits].sort((a, b) => a.value - b.value)).toEqual(
      [...stored.limits].sort((a, b) => a.value - b.value),
    );
  });

  it("takes a comma, and empty fields as nothing", () => {
    const values = { ...displayValuesOf(stored), warningAbove: "81,5", decimals: "", expected_min: "" };
    expect(displaySchema.safeParse(values).success).toBe(true);
    expect(displayBodyOf(values, [])).toMatchObject({
      decimals: null,
      expected_min: null,
      limits: [
        { severity: "warning", direction: "above", value: 81.5 },
        { severity: "critical", direction: "below", value: -2e-7 },
      ],
    });
  });

  it.each([
    { decimals: "1.5" },
    { decimals: "7" },
    { warningAbove: "hot" },
    { criticalBelow: "1e400x" },
    { expected_min: "5", expected_max: "5" },
    { display_name: "x".repeat(129) },
    { unit: "a\nb" },
  ])("rejects %o", (change) => {
    expect(displaySchema.safeParse({ ...displayValuesOf(stored), ...change }).success).toBe(false);
  });
});

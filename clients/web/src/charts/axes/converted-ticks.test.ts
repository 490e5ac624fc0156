import { describe, expect, it } from "vitest";
import { converted, conversionTo } from "@/lib/units";
import { drawnIncrements, drawnTicks } from "./converted-ticks";

describe("ticks of a converted axis", () => {
  it("are round in the shown unit, inside of the range, and evenly spaced", () => {
    for (const [unit, min, max, scale] of [
      ["°C", 18.2, 31.7, 1],
      ["°C", -60, -20, 1],
      ["bar", 0, 6, 1],
      ["mm", 12.5, 12.9, 1],
      ["m", 4e16 / 1e16, 5, 1e16],
    ] as const) {
      const conversion = conversionTo("imperial", unit)!;
      const increments = drawnIncrements(conversion, scale);
      const increment = increments.find((one) => (max - min) / one <= 8)!;
      const ticks = drawnTicks(conversion, scale, [min, max], increment);
      expect(ticks.length).toBeGreaterThan(1);
      const step = increment * scale * conversion.factor;
      for (const tick of ticks) {
        expect(tick).toBeGreaterThanOrEqual(min - 1e-9);
        expect(tick).toBeLessThanOrEqual(max + 1e-9);
        const places = converted(tick * scale, conversion) / step;
        expect(Math.abs(places - Math.round(places))).toBeLessThan(1e-6);
      }
    }
  });
});

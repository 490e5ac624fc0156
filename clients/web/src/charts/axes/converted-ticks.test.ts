import { describe, expect, it } from "vitest";
import { converted, conversionTo } from "@/lib/texts/units";
import { drawnTicks } from "./converted-ticks";

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
      const least = (max - min) / 7;
      const ticks = drawnTicks(conversion, scale, [min, max], least);
      expect(ticks.length).toBeGreaterThan(1);
      const step = Number(((ticks[1]! - ticks[0]!) * scale * conversion.factor).toPrecision(6));
      expect(step / scale / conversion.factor).toBeGreaterThanOrEqual(least * (1 - 1e-6));
      expect(["1", "2", "25", "5"]).toContain(String(step.toExponential()).split("e")[0]!.replace(".", ""));
      for (const tick of ticks) {
        expect(tick).toBeGreaterThanOrEqual(min - 1e-9);
        expect(tick).toBeLessThanOrEqual(max + 1e-9);
        const places = converted(tick * scale, conversion) / step;
        expect(Math.abs(places - Math.round(places))).toBeLessThan(1e-6);
      }
    }
  });
});

import { expect, it } from "vitest";
import { valueRange } from "./value-range";

it("does not blow up a calm share, and keeps shares between nothing and all", () => {
  const [low, high] = valueRange(24.2, 24.3, "%");
  expect(high - low).toBeGreaterThan(2);
  expect(valueRange(0, 0, "%")[0]).toBe(0);
  expect(valueRange(3, 99, "%")).toEqual([0, 100]);
  expect(valueRange(3, 240, "%")[1]).toBeGreaterThan(240);
});

it("leaves air around values, and none below what cannot be negative", () => {
  expect(valueRange(0, 0, "B/s")).toEqual([0, 1]);
  expect(valueRange(0, 0, "V")).toEqual([-1, 1]);
  expect(valueRange(5, 5, "V")).toEqual([4.5, 5.5]);
  const [low, high] = valueRange(-95, -75, "V");
  expect(low).toBeLessThan(-95);
  expect(high).toBeGreaterThan(-75);
  expect(valueRange(null, null, "V")).toEqual([0, 1]);
});

import { expect, it } from "vitest";
import { percentOf, shareUp, stateOf } from "./days";

const day = (up_seconds: number, down_seconds: number) => ({ day: "2026-11-26", up_seconds, down_seconds });

it.each([
  [day(0, 0), "unknown"],
  [day(86_400, 0), "up"],
  [day(3_600, 0), "up"],
  [day(86_300, 100), "short"],
  [day(0, 10), "short"],
  [day(86_000, 400), "down"],
])("%o is %s", (one, state) => expect(stateOf(one)).toBe(state));

it("counts the watched time only, and never rounds up to 100 %", () => {
  expect(shareUp([day(0, 0)])).toBeNull();
  expect(shareUp([day(0, 0), day(90, 10)])).toBe(0.9);
  expect(percentOf(0.99999)).toBe(99.99);
  expect(percentOf(1)).toBe(100);
});

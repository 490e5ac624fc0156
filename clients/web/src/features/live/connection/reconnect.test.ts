import { expect, it } from "vitest";
import { countdownSeconds, reconnectDelay } from "./reconnect";

it("waits longer after each failure, up to fifteen seconds", () => {
  expect([0, 1, 2, 3].map((attempt) => reconnectDelay(attempt, 1))).toEqual([500, 1_000, 2_000, 4_000]);
  expect(reconnectDelay(5_000, 1)).toBe(15_000);
});

it("spreads the attempts of several tabs", () => {
  expect(reconnectDelay(3, 0)).toBe(2_000);
  expect(reconnectDelay(3, 0.5)).toBe(3_000);
});

it("counts down in whole seconds, and never shows zero", () => {
  expect(countdownSeconds(10_000, 7_200)).toBe(3);
  expect(countdownSeconds(10_000, 9_999)).toBe(1);
  expect(countdownSeconds(10_000, 12_000)).toBe(1);
});

import { expect, it } from "vitest";
import { ServerClock } from "./server-clock";

it("is this computer's clock before the first probe", () => {
  expect(new ServerClock().nowUs(1_000)).toBe(1_000_000);
});

it("uses the shortest round trip", () => {
  const clock = new ServerClock();
  clock.addTrip(0, 400, 5_000_000);
  clock.addTrip(1_000, 1_010, 6_105_000);
  expect(clock.nowUs(2_000)).toBe(7_100_000);
});

it("ignores a trip that ended before it started, because the clock was set back", () => {
  const clock = new ServerClock();
  clock.addTrip(1_000, 500, 9_000_000);
  expect(clock.nowUs(1_000)).toBe(1_000_000);
});

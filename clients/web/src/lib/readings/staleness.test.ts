import { expect, it } from "vitest";
import { freshnessOf } from "./staleness";

const SECOND = 1_000_000;
const NOW = 1_700_000_000 * SECOND;

it.each([
  ["within three seconds, with any interval", 2.9 * SECOND, 0.1 * SECOND, "current"],
  ["after three seconds of a fast series", 3.1 * SECOND, 0.1 * SECOND, "stale"],
  ["within three intervals of a slow series", 29 * SECOND, 10 * SECOND, "current"],
  ["after three intervals of a slow series", 31 * SECOND, 10 * SECOND, "stale"],
  ["just received, without an interval", SECOND, null, "current"],
  ["silent for 16 min, without an interval", 960 * SECOND, null, "unknown"],
  ["a little ahead", -2 * SECOND, SECOND, "current"],
  ["two years ahead", -63_072_000 * SECOND, SECOND, "ahead"],
])("%s", (_, age, interval, expected) => {
  expect(freshnessOf(NOW - age, NOW, interval)).toBe(expected);
});

it("is none without a reading", () => {
  expect(freshnessOf(null, NOW, SECOND)).toBe("none");
});

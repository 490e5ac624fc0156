import { expect, it } from "vitest";
import { isStale } from "./staleness";

const SECOND = 1_000_000;

it.each([
  ["within three seconds, whatever the interval", 2.9 * SECOND, 0.1 * SECOND, false],
  ["after three seconds of a fast series", 3.1 * SECOND, 0.1 * SECOND, true],
  ["within three intervals of a slow series", 29 * SECOND, 10 * SECOND, false],
  ["after three intervals of a slow series", 31 * SECOND, 10 * SECOND, true],
  ["without a rhythm", 1e15, null, false],
])("%s", (_, age, interval, expected) => {
  expect(isStale(age, interval)).toBe(expected);
});

import { expect, it } from "vitest";
import { relativeTime } from "./relative-time";

const SECOND = 1_000;
const DAY = 86_400 * SECOND;

it.each([
  [0, "just now"],
  [-59 * SECOND, "just now"],
  [-60 * SECOND, "1 min. ago"],
  [-3_599 * SECOND, "59 min. ago"],
  [-2 * 3_600 * SECOND, "2 hr. ago"],
  [-DAY, "yesterday"],
  [-41 * DAY, "41 days ago"],
  [30 * SECOND, "in a moment"],
  [59 * SECOND, "in a moment"],
  [59.5 * 60 * SECOND, "in 1 hr."],
  [59.4 * 60 * SECOND, "in 59 min."],
  [23.5 * 3_600 * SECOND, "tomorrow"],
  [90 * DAY - 20 * SECOND, "in 90 days"],
  [90 * DAY - 11 * 3_600 * SECOND, "in 90 days"],
  [89.4 * DAY, "in 89 days"],
  [DAY, "tomorrow"],
])("formats %d ms as %s", (offset, text) => {
  expect(relativeTime(1_700_000_000_000 + offset, 1_700_000_000_000)).toBe(text);
});

import { expect, it } from "vitest";
import { numberIn } from "./number-in";

const limits = { least: 0.1, most: 3_600 };

it.each([
  ["1", 1],
  [" 0.5 ", 0.5],
  ["0,5", 0.5],
  ["0,125", 0.125],
  ["3600", 3_600],
])("reads %j", (text, number) => {
  expect(numberIn(text, limits)).toBe(number);
});

it.each(["", "x", "1,000", "1.000", "1e3", "0.05", "3601", "-1", "NaN", "Infinity", "1.2.3", "١"])(
  "refuses %j",
  (text) => {
    expect(numberIn(text, limits)).toBeNull();
  },
);

it("refuses a fraction where a whole number is needed", () => {
  expect(numberIn("1.5", { ...limits, isWhole: true })).toBeNull();
});

import { expect, it } from "vitest";
import { statsIn } from "./stats";

const samples = (t: number[], v: number[]) => ({ t: Float64Array.from(t), v: Float64Array.from(v) });
const never = () => false;

it("looks at the window only", () => {
  const stats = statsIn(samples([0, 10, 20, 30], [100, 1, 3, -100]), never, { from: 5, to: 25 });
  expect(stats).toEqual({ min: 1, mean: 2, max: 3, last: 3 });
});

it("weights the mean by time and leaves gaps out", () => {
  const isGap = (a: number, b: number) => b - a > 50;
  const stats = statsIn(samples([0, 10, 100, 101], [2, 2, 8, 8]), isGap, { from: 0, to: 200 });
  expect(stats?.mean).toBeCloseTo((2 * 10 + 8 * 1) / 11);
});

it("is nothing when nothing is there, and the value itself when it is alone", () => {
  expect(statsIn(samples([0], [5]), never, { from: 10, to: 20 })).toBeNull();
  expect(statsIn(samples([15], [5]), never, { from: 10, to: 20 })).toEqual({
    min: 5,
    mean: 5,
    max: 5,
    last: 5,
  });
});

import { expect, it } from "vitest";
import { statsIn } from "./stats";

const samples = (t: number[], v: number[]) => ({ t: Float64Array.from(t), v: Float64Array.from(v) });
const never = () => false;

it("counts the readings in the window only", () => {
  const stats = statsIn(samples([0, 10, 20, 30], [100, 1, 3, -100]), never, { from: 5, to: 25 });
  expect(stats).toEqual({ min: 1, mean: 2, max: 3, last: 3 });
});

it("weights the mean by time and ignores gaps", () => {
  const isGap = (a: number, b: number) => b - a > 50;
  const stats = statsIn(samples([0, 10, 100, 101], [2, 2, 8, 8]), isGap, { from: 0, to: 200 });
  expect(stats?.mean).toBeCloseTo((2 * 10 + 8 * 1) / 11);
});

it("is null without readings, and the value itself for a single reading", () => {
  expect(statsIn(samples([0], [5]), never, { from: 10, to: 20 })).toBeNull();
  expect(statsIn(samples([15], [5]), never, { from: 10, to: 20 })).toEqual({
    min: 5,
    mean: 5,
    max: 5,
    last: 5,
  });
});

it("does not count a gap of 28 days", () => {
  const day = 86_400_000_000;
  const isGap = (a: number, b: number) => b - a > day;
  const stats = statsIn(samples([0, 1, 28 * day, 28 * day + 1], [10, 10, 30, 30]), isGap, {
    from: 0,
    to: 30 * day,
  });
  expect(stats?.mean).toBe(20);
});

it("uses the plain mean when there is a gap between all readings", () => {
  const apart = () => true;
  expect(statsIn(samples([0, 50, 60], [1, 2, 6]), apart, { from: 0, to: 100 })?.mean).toBeCloseTo(3);
});

it("computes the mean of the largest numbers without overflow", () => {
  const most = Number.MAX_VALUE;
  const window = { from: 0, to: 100 };
  expect(statsIn(samples([0, 1, 2], [most, most, most]), never, window)?.mean).toBe(most);
  expect(statsIn(samples([0, 1], [most, -most]), never, window)?.mean).toBe(0);
  expect(statsIn(samples([0, 1, 2], [most, most, -most]), never, window)?.mean).toBe(most / 2);
});

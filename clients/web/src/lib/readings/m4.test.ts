import { expect, it } from "vitest";
import { m4 } from "./m4";

const sample = (v: number[], step: number, breakAfter?: (index: number) => boolean) => {
  const t = v.map((_, index) => index);
  const kept: number[] = [];
  m4(t, v, 0, t.length, step, (index) => kept.push(index), breakAfter);
  return kept;
};

it("keeps first, lowest, highest and last of each bucket, in order and once", () => {
  expect(sample([5, 9, 1, 4, 7, 7, 7, 7], 4)).toEqual([0, 1, 2, 3, 4, 7]);
  expect(sample([1, 2, 3, 4], 4)).toEqual([0, 3]);
  expect(sample([3], 4)).toEqual([0]);
  expect(sample([], 4)).toEqual([]);
});

it("keeps at most four samples of a bucket", () => {
  const v = Array.from({ length: 1_000 }, (_, index) => (Math.sin(index * 12.9898) * 43_758) % 1);
  expect(sample(v, 100).length).toBeLessThanOrEqual(40);
});

it("keeps both edges of a break", () => {
  expect(sample([1, 1, 1, 1, 1, 1], 100, (index) => index === 2)).toEqual([0, 2, 3, 5]);
});

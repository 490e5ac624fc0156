import { describe, expect, it } from "vitest";
import { joinLines, visibleLine } from "./plot-data";

const samples = (t: number[], v = t) => ({ t: Float64Array.from(t), v: Float64Array.from(v) });
const never = () => false;

describe("visibleLine", () => {
  it("includes one neighbour on each side, so that the line reaches both edges", () => {
    const line = visibleLine(samples([0, 10, 20, 30, 40, 50]), never, { from: 15, to: 35 }, 100);
    expect(line.t).toEqual([10, 20, 30, 40]);
  });

  it("breaks the line in a gap", () => {
    const isGap = (a: number, b: number) => b - a > 15;
    const line = visibleLine(samples([0, 10, 50, 60], [1, 2, 3, 4]), isGap, { from: 0, to: 60 }, 100);
    expect(line).toEqual({ t: [0, 10, 30, 50, 60], v: [1, 2, null, 3, 4] });
  });

  it("thins to the pixels and keeps every peak and gap", () => {
    const t = Array.from({ length: 20_000 }, (_, index) => (index < 10_000 ? index : index + 500));
    const v = t.map((time) => (time === 3_333 ? 99 : time === 15_000 ? -99 : 0));
    const isGap = (a: number, b: number) => b - a > 3;
    const line = visibleLine(samples(t, v), isGap, { from: 0, to: 20_500 }, 100);
    expect(line.t.length).toBeLessThan(420);
    expect(line.v).toContain(99);
    expect(line.v).toContain(-99);
    expect(line.v.filter((value) => value === null)).toHaveLength(1);
  });

  it("returns an empty line for no samples", () => {
    expect(visibleLine(samples([]), never, { from: 0, to: 10 }, 100)).toEqual({ t: [], v: [] });
  });
});

it("joinLines puts lines of different times on one column without breaking any", () => {
  const joined = joinLines([
    { t: [1e6, 3e6], v: [1, 3] },
    { t: [1e6, 2e6, 4e6], v: [10, null, 40] },
  ]);
  expect(joined.t).toEqual([1, 2, 3, 4]);
  expect(joined.lines).toEqual([
    [1, undefined, 3, undefined],
    [10, null, undefined, 40],
  ]);
});

it("joinLines divides the values and keeps the breaks", () => {
  const joined = joinLines([{ t: [1e6, 2e6, 3e6], v: [Number.MAX_VALUE, null, 5e307] }], 1e307);
  expect(joined.lines[0]).toEqual([Number.MAX_VALUE / 1e307, null, 5]);
});

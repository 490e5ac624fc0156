import { describe, expect, it } from "vitest";
import { bandAt, gapsOf, unionOf } from "./shading";

const SECOND = 1_000_000;
const window = { from: 0, to: 100 * SECOND };
const isGap = (earlier: number, later: number) => later - earlier > 3 * SECOND;

describe("gapsOf", () => {
  it("spans from the last reading before a break to the first after it", () => {
    const line = { t: [90 * SECOND, 93 * SECOND, 96 * SECOND, 99 * SECOND], v: [1, null, 2, 3] };
    expect(gapsOf(line, isGap, window, true)).toEqual([{ from: 90 * SECOND, to: 96 * SECOND }]);
  });

  it("includes a silence up to now that is longer than readings take to arrive", () => {
    const silent = { t: [50 * SECOND], v: [1] };
    expect(gapsOf(silent, isGap, window, true)).toEqual([{ from: 50 * SECOND, to: 100 * SECOND }]);
    const quick = (earlier: number, later: number) => later - earlier > 0.3 * SECOND;
    expect(gapsOf({ t: [98 * SECOND], v: [1] }, quick, window, true)).toEqual([]);
    expect(gapsOf({ t: [], v: [] }, isGap, window, true)).toEqual([]);
  });

  it("ignores the silence up to now without a connection", () => {
    const broken = { t: [10 * SECOND, 15 * SECOND, 20 * SECOND], v: [1, null, 2] };
    expect(gapsOf(broken, isGap, window, false)).toEqual([{ from: 10 * SECOND, to: 20 * SECOND }]);
  });

  it("finds no gap where the gap test finds none", () => {
    expect(gapsOf({ t: [1], v: [1] }, () => false, window, true)).toEqual([]);
  });
});

describe("unionOf", () => {
  it("merges, cuts to the window, and drops bands outside it", () => {
    const bands = [
      { from: 40, to: 60 },
      { from: -20, to: 10 },
      { from: 55, to: 70 },
      { from: -9, to: -5 },
      { from: 95, to: 200 },
    ];
    expect(unionOf(bands, { from: 0, to: 100 })).toEqual([
      { from: 0, to: 10 },
      { from: 40, to: 70 },
      { from: 95, to: 100 },
    ]);
  });
});

describe("bandAt", () => {
  it("finds the band that contains a moment, and none between two bands", () => {
    const bands = [
      { from: 0, to: 10 },
      { from: 40, to: 70 },
    ];
    expect(bandAt(bands, 5)).toBe(bands[0]);
    expect(bandAt(bands, 70)).toBe(bands[1]);
    expect(bandAt(bands, 20)).toBeNull();
    expect(bandAt(bands, 99)).toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import type { History } from "@/contracts/http";
import {
  findInterval,
  IntervalEstimate,
  usualDistance,
  usualIntervalOf,
  type HistoryRange,
} from "./interval";

const SECOND = 1_000_000;
const DAY = 86_400 * SECOND;
const every = (interval: number, from: number, count: number) =>
  Array.from({ length: count }, (_, index) => from + index * interval);

describe("usualIntervalOf", () => {
  it("ignores holes", () => {
    expect(usualIntervalOf([...every(SECOND, 0, 10), ...every(SECOND, 28 * DAY, 10)])).toBe(SECOND);
    expect(usualIntervalOf([0, SECOND, 28 * DAY])).toBe(SECOND);
    const thrice = [0, 27 * DAY, 28 * DAY, 29 * DAY].flatMap((from) => every(SECOND, from, 5));
    expect(usualIntervalOf(thrice)).toBe(SECOND);
  });

  it("is the distance between bursts, not within them", () => {
    const bursts = Array.from({ length: 20 }, (_, n) => every(1_000, n * 60 * SECOND, 8)).flat();
    expect(usualIntervalOf(bursts)).toBeGreaterThan(59 * SECOND);
  });

  it("is unknown with one or two readings", () => {
    expect(usualIntervalOf([])).toBeNull();
    expect(usualIntervalOf([0, 28 * DAY])).toBeNull();
    expect(usualDistance([5, 5])).toBe(5);
  });
});

describe("IntervalEstimate", () => {
  const history = (t: number[], sampled: boolean): History => ({
    series: 1,
    from: 0,
    to: DAY,
    n: t.length,
    sampled,
    t,
    v: t,
    clock_suspect: false,
  });

  it("does not use sampled readings for staleness, but for drawing", () => {
    const estimate = new IntervalEstimate();
    estimate.addStored(history(every(3_600 * SECOND, 0, 100), true));
    expect([estimate.currentUs, estimate.drawnUs, estimate.isCertain]).toEqual([null, 3_600 * SECOND, false]);
    estimate.setFound(SECOND);
    expect([estimate.currentUs, estimate.drawnUs, estimate.isCertain]).toEqual([SECOND, SECOND, true]);
  });

  it("accepts a longer interval soon, a shorter one later, and still draws older readings", () => {
    const estimate = new IntervalEstimate();
    estimate.addStored(history(every(60 * SECOND, 0, 30), false));
    for (let n = 0; n < 10; n += 1) estimate.addLive(600 * SECOND);
    expect(estimate.currentUs).toBe(600 * SECOND);
    for (let n = 0; n < 31; n += 1) estimate.addLive(SECOND);
    expect(estimate.currentUs).toBe(SECOND);
    expect(estimate.drawnUs).toBe(60 * SECOND);
  });
});

describe("findInterval", () => {
  /** A gateway with the readings `stored`. It samples when there are more than `points`. */
  const gateway = (stored: number[]) => {
    const loads: HistoryRange[] = [];
    const fetch = (range: HistoryRange): Promise<History> => {
      loads.push(range);
      const all = stored.filter((t) => t >= range.from && t < range.to);
      const keep = Math.ceil(all.length / range.points);
      const t = all.filter((_, index) => index % keep === 0);
      const answer = { series: 1, ...range, n: all.length, sampled: keep > 1, t, v: t, clock_suspect: false };
      return Promise.resolve(answer);
    };
    return { fetch, loads };
  };
  const now = 100 * DAY;

  it("loads once when the last hour has enough readings", async () => {
    const { fetch, loads } = gateway(every(10 * SECOND, now - 600 * SECOND, 61));
    expect(await findInterval(now, fetch)).toBe(10 * SECOND);
    expect(loads).toHaveLength(1);
  });

  it("loads more time for a slow series, and less for a fast one", async () => {
    expect(await findInterval(now, gateway(every(DAY, now - 20 * DAY, 21)).fetch)).toBe(DAY);
    expect(await findInterval(now, gateway(every(SECOND / 10, now - 3_600 * SECOND, 36_001)).fetch)).toBe(
      SECOND / 10,
    );
  });

  it("finds no interval for a single reading", async () => {
    expect(await findInterval(now, gateway([now]).fetch)).toBeNull();
  });
});

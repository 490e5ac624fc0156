import { describe, expect, it } from "vitest";
import type { History } from "@/contracts/http";
import { findRhythm, rhythmOf, SeenRhythm, usual, type Look } from "./rhythm";

const SECOND = 1_000_000;
const DAY = 86_400 * SECOND;
const every = (interval: number, from: number, count: number) =>
  Array.from({ length: count }, (_, index) => from + index * interval);

describe("rhythmOf", () => {
  it("is the usual distance, whatever holes there are", () => {
    expect(rhythmOf([...every(SECOND, 0, 10), ...every(SECOND, 28 * DAY, 10)])).toBe(SECOND);
    expect(rhythmOf([0, SECOND, 28 * DAY])).toBe(SECOND);
    const thrice = [0, 27 * DAY, 28 * DAY, 29 * DAY].flatMap((from) => every(SECOND, from, 5));
    expect(rhythmOf(thrice)).toBe(SECOND);
  });

  it("is the distance between bursts, not within them", () => {
    const bursts = Array.from({ length: 20 }, (_, n) => every(1_000, n * 60 * SECOND, 8)).flat();
    expect(rhythmOf(bursts)).toBeGreaterThan(59 * SECOND);
  });

  it("is not known from one or two readings", () => {
    expect(rhythmOf([])).toBeNull();
    expect(rhythmOf([0, 28 * DAY])).toBeNull();
    expect(usual([5, 5])).toBe(5);
  });
});

describe("SeenRhythm", () => {
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

  it("does not judge silence by samples, but draws lines between them", () => {
    const seen = new SeenRhythm();
    seen.see(history(every(3_600 * SECOND, 0, 100), true));
    expect([seen.us, seen.drawnUs, seen.isCertain]).toEqual([null, 3_600 * SECOND, false]);
    seen.learn(SECOND);
    expect([seen.us, seen.drawnUs, seen.isCertain]).toEqual([SECOND, SECOND, true]);
  });

  it("believes a slower rhythm soon, a faster one later, and still draws what came slowly", () => {
    const seen = new SeenRhythm();
    seen.see(history(every(60 * SECOND, 0, 30), false));
    for (let n = 0; n < 10; n += 1) seen.note(600 * SECOND);
    expect(seen.us).toBe(600 * SECOND);
    for (let n = 0; n < 31; n += 1) seen.note(SECOND);
    expect(seen.us).toBe(SECOND);
    expect(seen.drawnUs).toBe(60 * SECOND);
  });
});

describe("findRhythm", () => {
  /** A gateway that holds `stored`, and samples beyond `points`. */
  const gateway = (stored: number[]) => {
    const looks: Look[] = [];
    const fetch = (look: Look): Promise<History> => {
      looks.push(look);
      const all = stored.filter((t) => t >= look.from && t < look.to);
      const keep = Math.ceil(all.length / look.points);
      const t = all.filter((_, index) => index % keep === 0);
      const answer = { series: 1, ...look, n: all.length, sampled: keep > 1, t, v: t, clock_suspect: false };
      return Promise.resolve(answer);
    };
    return { fetch, looks };
  };
  const now = 100 * DAY;

  it("asks once where the last hour says it", async () => {
    const { fetch, looks } = gateway(every(10 * SECOND, now - 600 * SECOND, 61));
    expect(await findRhythm(now, fetch)).toBe(10 * SECOND);
    expect(looks).toHaveLength(1);
  });

  it("looks further back for a slow series, and closer at a fast one", async () => {
    expect(await findRhythm(now, gateway(every(DAY, now - 20 * DAY, 21)).fetch)).toBe(DAY);
    expect(await findRhythm(now, gateway(every(SECOND / 10, now - 3_600 * SECOND, 36_001)).fetch)).toBe(
      SECOND / 10,
    );
  });

  it("knows nothing of a single reading", async () => {
    expect(await findRhythm(now, gateway([now]).fetch)).toBeNull();
  });
});

import { describe, expect, it } from "vitest";
import { Backlogs, progressText } from "./backlog";

const after = (...samples: [atMs: number, waiting: number | null][]) => {
  const backlogs = new Backlogs();
  for (const [atMs, waiting] of samples) backlogs.add("d", waiting, atMs);
  return backlogs.progress("d");
};

describe("Backlogs", () => {
  it("ignores the usual readings in flight", () => {
    expect(after([0, 900])).toBeNull();
    expect(after([0, null])).toBeNull();
  });

  it("knows the amount at once, and the remaining time after two reports", () => {
    expect(after([0, 20_000])).toEqual({ waiting: 20_000, secondsLeft: null, isGrowing: false, done: 0 });
    const progress = after([0, 20_000], [5_000, 18_440], [10_000, 12_480]);
    expect(progress).toMatchObject({ waiting: 12_480, secondsLeft: 17 });
    expect(progress?.done).toBeCloseTo(0.376);
  });

  it("ignores the rate of long ago", () => {
    const progress = after([0, 1_000_000], [60_000, 20_000], [70_000, 10_000]);
    expect(progress?.secondsLeft).toBe(10);
  });

  it("does not count a repeated report as a new sample", () => {
    const repeated = after([0, 20_000], [5_000, 15_000], [6_000, 15_000]);
    expect(repeated?.secondsLeft).toBeGreaterThan(0);
  });

  it("reports a growing backlog, and ends with it", () => {
    expect(after([0, 5_000], [5_000, 9_000])).toMatchObject({ secondsLeft: null, isGrowing: true, done: 0 });
    expect(after([0, 5_000], [5_000, 400])).toBeNull();
    expect(after([0, 5_000], [5_000, 400], [10_000, 8_000])?.done).toBe(0);
  });

  it("notifies listeners, and returns the same object until the next report", () => {
    const backlogs = new Backlogs();
    let calls = 0;
    const stop = backlogs.subscribe(() => (calls += 1));
    backlogs.add("d", 5_000, 0);
    stop();
    backlogs.add("d", 4_000, 1);
    expect(calls).toBe(1);
    expect(backlogs.progress("d")).toBe(backlogs.progress("d"));
  });
});

describe("progressText", () => {
  it.each([
    [{ waiting: 12_480, secondsLeft: 40, isGrowing: false, done: 0 }, "12,480 behind, 40 s"],
    [{ waiting: 1_000_000, secondsLeft: 1_500, isGrowing: false, done: 0 }, "1,000,000 behind, 25 min"],
    [{ waiting: 2_000, secondsLeft: 11_400, isGrowing: false, done: 0 }, "2,000 behind, 3 h 10 min"],
    [{ waiting: 2_000, secondsLeft: 7_200, isGrowing: false, done: 0 }, "2,000 behind, 2 h"],
    [{ waiting: 2_000, secondsLeft: 520_000, isGrowing: false, done: 0 }, "2,000 behind, 6 days"],
    [{ waiting: 2_000, secondsLeft: null, isGrowing: true, done: 0 }, "2,000 behind, growing"],
    [{ waiting: 2_000, secondsLeft: null, isGrowing: false, done: 0 }, "2,000 behind"],
  ])("%o", (progress, text) => {
    expect(progressText(progress)).toBe(text);
  });
});

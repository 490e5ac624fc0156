import { describe, expect, it } from "vitest";
import { drawInterval, DrawScheduler } from "./draw-scheduler";

/** A page whose frames the test triggers, and whose clock advances as charts draw. */
function setUp() {
  let frame: ((nowMs: number) => void) | null = null;
  let clock = 0;
  let isHidden = false;
  const drawn: string[] = [];
  const scheduler = new DrawScheduler({
    requestFrame: (work) => {
      frame = work;
      return 1;
    },
    cancelFrame: () => {
      frame = null;
    },
    nowMs: () => clock,
    isHidden: () => isHidden,
  });
  return {
    scheduler,
    hide: (hidden: boolean) => (isHidden = hidden),
    isRunning: () => frame !== null,
    chart: (name: string, { costMs = 1, everyMs = 100, isVisible = true } = {}) => ({
      everyMs: () => everyMs,
      isVisible: () => isVisible,
      draw: () => {
        drawn.push(name);
        clock += costMs;
      },
    }),
    /** Runs the frame at `nowMs` and returns the names of the drawn charts. */
    at: (nowMs: number) => {
      drawn.length = 0;
      clock = nowMs;
      frame?.(nowMs);
      return [...drawn];
    },
  };
}

describe("DrawScheduler", () => {
  it("draws each chart when it is due, and not before", () => {
    const page = setUp();
    page.scheduler.add(page.chart("a"));
    expect(page.at(0)).toEqual(["a"]);
    expect(page.at(16)).toEqual([]);
    expect(page.at(100)).toEqual(["a"]);
  });

  it("stops when the frame has no time left, and continues with the remaining charts", () => {
    const page = setUp();
    for (const name of ["a", "b", "c"]) page.scheduler.add(page.chart(name, { costMs: 4 }));
    expect(page.at(0)).toEqual(["a", "b"]);
    expect(page.at(16)).toEqual(["c"]);
    expect(page.at(32)).toEqual([]);
    expect(page.at(100)).toEqual(["a", "b"]);
  });

  it("rests after a late frame, three times as long as it was late, and never longer than 300 ms", () => {
    const page = setUp();
    page.scheduler.add(page.chart("a", { everyMs: 1 }));
    expect(page.at(0)).toEqual(["a"]);
    // 20 ms late
    expect(page.at(37)).toEqual([]);
    expect(page.at(96)).toEqual([]);
    expect(page.at(97)).toEqual(["a"]);
    expect(page.at(597)).toEqual([]);
    expect(page.at(896)).toEqual([]);
    expect(page.at(897)).toEqual(["a"]);
    // A hidden page gets no frames. Its charts draw as soon as somebody looks again.
    expect(page.at(60_000)).toEqual(["a"]);
  });

  it("draws no invisible chart, and nothing on a hidden page", () => {
    const page = setUp();
    page.scheduler.add(page.chart("below", { isVisible: false }));
    page.scheduler.add(page.chart("a"));
    expect(page.at(0)).toEqual(["a"]);
    page.hide(true);
    expect(page.at(2_000)).toEqual([]);
    page.hide(false);
    expect(page.at(2_001)).toEqual(["a"]);
  });

  it("draws a hurried chart at once, and stops after the last chart is removed", () => {
    const page = setUp();
    const chart = page.chart("a");
    const remove = page.scheduler.add(chart);
    page.at(0);
    page.scheduler.hurry(chart);
    expect(page.at(10)).toEqual(["a"]);
    remove();
    expect(page.isRunning()).toBe(false);
  });
});

it("drawInterval follows the speed of the line, within its limits", () => {
  expect(drawInterval(300_000_000, 800)).toBeCloseTo(375);
  expect(drawInterval(60_000_000, 800)).toBe(200);
  expect(drawInterval(86_400_000_000, 800)).toBe(1_000);
});

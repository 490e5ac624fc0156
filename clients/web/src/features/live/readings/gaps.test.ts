import { describe, expect, it } from "vitest";
import { gapsIn, gapTest, withoutStretch, withSpan, type Span } from "./gaps";

describe("gapTest", () => {
  it("calls more than three intervals of silence a gap, and not three", () => {
    const isGap = gapTest(100, []);
    expect(isGap(0, 300)).toBe(false);
    expect(isGap(0, 301)).toBe(true);
  });

  it("draws no line where the rhythm is not known", () => {
    expect(gapTest(null, [])(0, 1e12)).toBe(true);
  });

  it("expects wider steps where only samples are held, but still sees a longer silence", () => {
    const isGap = gapTest(100, [{ from: 1_000, to: 9_000, step: 2_000 }]);
    expect(isGap(2_000, 4_000)).toBe(false);
    expect(isGap(2_000, 4_400)).toBe(true);
    expect(isGap(9_000, 9_400)).toBe(true);
  });
});

describe("spans", () => {
  it("grow together when one goes on where the last one ended", () => {
    const spans = withSpan([{ from: 0, to: 10, step: 5 }], { from: 10, to: 20, step: 5 });
    expect(spans).toEqual([{ from: 0, to: 20, step: 5 }]);
  });

  it("are bounded", () => {
    let spans: Span[] = [];
    for (let at = 0; at < 1_000; at += 1)
      spans = withSpan(spans, { from: at * 10, to: at * 10 + 1, step: at });
    expect(spans.length).toBe(128);
    expect(spans.at(-1)?.step).toBe(999);
  });

  it("lose the stretch that became complete", () => {
    const spans = withoutStretch([{ from: 0, to: 100, step: 9 }], 40, 60);
    expect(spans).toEqual([
      { from: 0, to: 40, step: 9 },
      { from: 60, to: 100, step: 9 },
    ]);
    expect(withoutStretch(spans, 0, 100)).toEqual([]);
  });
});

it("gapsIn names both ends of each gap", () => {
  expect(gapsIn([0, 10, 20, 90, 100], gapTest(10, []))).toEqual([{ from: 20, to: 90 }]);
});

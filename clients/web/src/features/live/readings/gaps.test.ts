import { describe, expect, it } from "vitest";
import { gapsIn, gapTest, withoutRange, withSpan, type SampledSpan } from "./gaps";

describe("gapTest", () => {
  it("finds a gap after more than three intervals without readings", () => {
    const isGap = gapTest(100, []);
    expect(isGap(0, 300)).toBe(false);
    expect(isGap(0, 301)).toBe(true);
  });

  it("finds a gap everywhere when the interval is unknown", () => {
    expect(gapTest(null, [])(0, 1e12)).toBe(true);
  });

  it("allows wider steps in sampled spans, but finds longer gaps", () => {
    const isGap = gapTest(100, [{ from: 1_000, to: 9_000, step: 2_000 }]);
    expect(isGap(2_000, 4_000)).toBe(false);
    expect(isGap(2_000, 4_400)).toBe(true);
    expect(isGap(9_000, 9_400)).toBe(true);
  });
});

describe("sampled spans", () => {
  it("are merged when they are adjacent", () => {
    const spans = withSpan([{ from: 0, to: 10, step: 5 }], { from: 10, to: 20, step: 5 });
    expect(spans).toEqual([{ from: 0, to: 20, step: 5 }]);
  });

  it("are bounded", () => {
    let spans: SampledSpan[] = [];
    for (let at = 0; at < 1_000; at += 1)
      spans = withSpan(spans, { from: at * 10, to: at * 10 + 1, step: at });
    expect(spans.length).toBe(128);
    expect(spans.at(-1)?.step).toBe(999);
  });

  it("lose the range that became complete", () => {
    const spans = withoutRange([{ from: 0, to: 100, step: 9 }], 40, 60);
    expect(spans).toEqual([
      { from: 0, to: 40, step: 9 },
      { from: 60, to: 100, step: 9 },
    ]);
    expect(withoutRange(spans, 0, 100)).toEqual([]);
  });
});

it("gapsIn returns both ends of each gap", () => {
  expect(gapsIn([0, 10, 20, 90, 100], gapTest(10, []))).toEqual([{ from: 20, to: 90 }]);
});

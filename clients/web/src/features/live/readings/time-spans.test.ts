import { describe, expect, it } from "vitest";
import { addTimeSpan } from "./time-spans";

describe("addTimeSpan", () => {
  it("merges near spans, and keeps distant ones in order", () => {
    let spans = addTimeSpan([], { from: 10, to: 20 }, 5);
    spans = addTimeSpan(spans, { from: 40, to: 50 }, 5);
    spans = addTimeSpan(spans, { from: 0, to: 3 }, 5);
    expect(spans).toEqual([
      { from: 0, to: 3 },
      { from: 10, to: 20 },
      { from: 40, to: 50 },
    ]);
    expect(addTimeSpan(spans, { from: 18, to: 35 }, 5)).toEqual([
      { from: 0, to: 3 },
      { from: 10, to: 50 },
    ]);
  });

  it("is bounded", () => {
    let spans = addTimeSpan([], { from: 0, to: 1 }, 1);
    for (let at = 10; at < 2_000; at += 10) spans = addTimeSpan(spans, { from: at, to: at + 1 }, 1);
    expect(spans).toHaveLength(64);
    expect(spans.at(-1)).toEqual({ from: 1_990, to: 1_991 });
  });
});

import { describe, expect, it } from "vitest";
import { connectedPart, connectionSpans, durationText } from "./connection-history";

const NOW = Date.parse("2026-11-30T12:00:00Z");
const HOUR = 3_600_000;
const event = (id: string, hoursAgo: number, online: boolean) => ({
  id,
  at: new Date(NOW - hoursAgo * HOUR).toISOString(),
  online,
});

describe("connectionSpans", () => {
  it("has a span for each event until the next, and what is older is unknown", () => {
    const spans = connectionSpans(
      [event("3", 1, true), event("2", 3, false), event("1", 10, true)],
      NOW - 24 * HOUR,
      NOW,
    );
    expect(spans.map(({ from, to, online }) => [(NOW - from) / HOUR, (NOW - to) / HOUR, online])).toEqual([
      [24, 10, null],
      [10, 3, true],
      [3, 1, false],
      [1, 0, true],
    ]);
    expect(connectedPart(spans)).toBeCloseTo(0.8);
  });

  it("begins with the state at the start of the range", () => {
    const spans = connectionSpans([event("2", 1, false), event("1", 100, true)], NOW - 24 * HOUR, NOW);
    expect(spans.map(({ from, online }) => [(NOW - from) / HOUR, online])).toEqual([
      [24, true],
      [1, false],
    ]);
  });

  it("joins events of the same state, and survives a clock that went back", () => {
    const spans = connectionSpans(
      [event("3", 2, true), event("2", 1, true), event("1", 5, false)],
      NOW - 4 * HOUR,
      NOW,
    );
    expect(spans.map(({ from, online }) => [(NOW - from) / HOUR, online])).toEqual([
      [4, false],
      [2, true],
    ]);
  });

  it("knows nothing without events", () => {
    const spans = connectionSpans([], NOW - HOUR, NOW);
    expect(spans).toEqual([{ id: "before", from: NOW - HOUR, to: NOW, online: null }]);
    expect(connectedPart(spans)).toBeNull();
  });
});

it.each([
  [0, "0 s"],
  [5_400, "5 s"],
  [23 * 60_000, "23 min"],
  [4 * HOUR + 38 * 60_000 + 59_000, "4 h 38 min"],
  [26 * HOUR, "1 day 2 h"],
])("writes %s ms as %s", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

import { describe, expect, it } from "vitest";
import { DAY_US, HOUR_US, startOfDay, wallAt } from "@/lib/texts/time-zone";
import { absolute, spanOf, stepped, zoomedOut } from "./ranges";

const BERLIN = "Europe/Berlin";
const at = (text: string) => Date.parse(text) * 1_000;

it("a preset ends soon after now, and stays the same until it loads again", () => {
  const now = at("2026-11-26T14:02:03Z");
  const span = spanOf({ kind: "preset", key: "1h" }, now);
  expect(span.to - span.from).toBe(HOUR_US);
  expect(span.to).toBe(at("2026-11-26T14:02:05Z"));
  expect(spanOf({ kind: "preset", key: "1h" }, now + 1_900_000)).toEqual(span);
});

describe("stepping", () => {
  it("moves hours by their length", () => {
    const span = { from: at("2026-11-26T08:00:00Z"), to: at("2026-11-26T14:00:00Z") };
    expect(stepped(span, -1, BERLIN)).toEqual(
      absolute(at("2026-11-26T02:00:00Z"), at("2026-11-26T08:00:00Z")),
    );
  });

  it("moves whole days by the calendar: a day of 25 hours follows one of 24", () => {
    const from = startOfDay(at("2026-10-24T12:00:00Z"), BERLIN);
    const next = stepped({ from, to: from + DAY_US }, 1, BERLIN);
    if (next.kind !== "absolute") throw new Error("not absolute");
    expect(next.to - next.from).toBe(25 * HOUR_US);
    const after = stepped(next, 1, BERLIN);
    if (after.kind !== "absolute") throw new Error("not absolute");
    expect([wallAt(after.from, BERLIN).hour, after.to - after.from]).toEqual([0, DAY_US]);
    expect(stepped(after, -1, BERLIN)).toEqual(next);
  });
});

it("zooming out doubles the span, and does not go into the future", () => {
  const now = at("2026-11-26T14:00:00Z");
  const early = { from: now - 10 * HOUR_US, to: now - 8 * HOUR_US };
  expect(zoomedOut(early, now)).toEqual(absolute(now - 11 * HOUR_US, now - 7 * HOUR_US));
  expect(zoomedOut({ from: now - 2 * HOUR_US, to: now }, now)).toEqual(absolute(now - 4 * HOUR_US, now));
});

it("a fixed range has whole milliseconds and lasts at least a second", () => {
  expect(absolute(1_234_567, 1_234_999)).toEqual({ kind: "absolute", from: 1_234_000, to: 2_234_000 });
  expect(absolute(-5, 10)).toEqual({ kind: "absolute", from: 0, to: 1_000_000 });
});

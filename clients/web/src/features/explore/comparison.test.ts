import { describe, expect, it } from "vitest";
import { HOUR_US, wallAt } from "@/lib/texts/time-zone";
import { earlier, moved } from "./comparison";

const BERLIN = "Europe/Berlin";
const at = (text: string) => Date.parse(text) * 1_000;
const hourly = (from: string, count: number) => {
  const t = Array.from({ length: count }, (_, hour) => at(from) + hour * HOUR_US);
  return { t, v: t.map((_, hour) => hour) };
};
const hourOf = (us: number) => wallAt(us, BERLIN).hour;

describe("the range a day before", () => {
  it("is the same time of day, also across a clock change", () => {
    const morning = { from: at("2026-03-29T06:00:00Z"), to: at("2026-03-29T12:00:00Z") };
    expect(earlier(morning, 1, BERLIN)).toEqual({
      from: at("2026-03-28T07:00:00Z"),
      to: at("2026-03-28T13:00:00Z"),
    });
    expect(earlier(morning, 1, "UTC").from).toBe(at("2026-03-28T06:00:00Z"));
  });

  it("of a day with 23 hours has 24", () => {
    const { from, to } = earlier(
      { from: at("2026-03-28T23:00:00Z"), to: at("2026-03-29T22:00:00Z") },
      1,
      BERLIN,
    );
    expect(to - from).toBe(24 * HOUR_US);
  });
});

describe("an earlier line on the axis of a later day", () => {
  it("keeps the time of day of each reading", () => {
    const line = moved(hourly("2026-11-24T23:00:00Z", 24), 1, BERLIN);
    expect(line.t.map(hourOf)).toEqual(Array.from({ length: 24 }, (_, hour) => hour));
    expect(line.t[0]).toBe(at("2026-11-25T23:00:00Z"));
  });

  it("leaves out the hour that a day of 23 hours does not have", () => {
    const line = moved(hourly("2026-03-27T23:00:00Z", 24), 1, BERLIN);
    const hours = line.t.filter((_, place) => line.v[place] !== null).map(hourOf);
    expect(hours).toEqual([0, 1, 3, ...Array.from({ length: 20 }, (_, hour) => hour + 4)]);
  });

  it("breaks at the repeated hour of a day of 25 hours", () => {
    const line = moved(hourly("2026-10-23T22:00:00Z", 24), 1, BERLIN);
    const place = line.v.indexOf(null);
    expect([line.t[place - 1], line.t[place + 1]]).toEqual([
      at("2026-10-25T00:00:00Z"),
      at("2026-10-25T02:00:00Z"),
    ]);
    expect(line.t.filter((_, at) => line.v[at] !== null)).toHaveLength(24);
  });

  it("uses the repeated hour of an earlier day once", () => {
    const line = moved(hourly("2026-10-24T22:00:00Z", 25), 1, BERLIN);
    const values = line.v.filter((value) => value !== null);
    expect(values).toHaveLength(24);
    expect([...line.t]).toEqual([...line.t].sort((a, b) => a - b));
  });

  it("keeps its gaps", () => {
    const line = moved(
      {
        t: [at("2026-11-24T10:00:00Z"), at("2026-11-24T10:30:00Z"), at("2026-11-24T11:00:00Z")],
        v: [1, null, 2],
      },
      7,
      BERLIN,
    );
    expect(line.v).toEqual([1, null, 2]);
  });
});

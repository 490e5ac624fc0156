import { describe, expect, it } from "vitest";
import type { Series } from "@/contracts/http";
import { byUnit, countOf, figuresOf, gapsIn, lineOf } from "./lines";
import type { Aggregates, StoredReadings } from "./queries";

const readings = (t: number[], more: Partial<StoredReadings> = {}): StoredReadings => ({
  series: 1,
  from: 0,
  to: 100,
  n: t.length,
  sampled: false,
  t,
  v: t.map((_, place) => place),
  level: "raw",
  gaps: [],
  late: 0,
  clock_suspect: false,
  unreadable: 0,
  ahead_from: null,
  ...more,
});

describe("lineOf", () => {
  it("breaks the line where the service found a gap, and only there", () => {
    const line = lineOf(readings([0, 10, 50, 60], { gaps: [[10, 50]] }), null);
    expect(line).toEqual({ t: [0, 10, 30, 50, 60], v: [0, 1, null, 2, 3] });
    expect(gapsIn(line)).toEqual([{ from: 10, to: 50 }]);
  });

  it("breaks it after three missed intervals, when the series declares one", () => {
    expect(gapsIn(lineOf(readings([0, 10, 41, 71]), 10))).toEqual([{ from: 10, to: 41 }]);
    expect(gapsIn(lineOf(readings([0, 10, 41, 71], { sampled: true }), 10))).toEqual([]);
  });

  it("draws switches as 0 and 1, and one value for two readings of one time", () => {
    expect(lineOf(readings([0, 10, 10], { v: [false, true, false] }), null)).toEqual({
      t: [0, 10],
      v: [0, 0],
    });
  });
});

describe("byUnit", () => {
  const one = (id: number, unit: string, type: Series["type"] = "float") => ({ id, series: { unit, type } });

  it("puts series of one unit in one chart, in the order of choice", () => {
    const groups = byUnit([one(1, "°C"), one(2, "bar"), one(3, "°C"), one(4, "", "bool"), one(5, "")]);
    expect(groups.map(({ unit, isSwitch, series }) => [unit, isSwitch, series.map(({ id }) => id)])).toEqual([
      ["°C", false, [1, 3]],
      ["bar", false, [2]],
      ["", true, [4]],
      ["", false, [5]],
    ]);
  });

  it("never puts switches and numbers in one chart, also with one unit", () => {
    expect(byUnit([one(1, "on/off"), one(2, "on/off", "bool")])).toHaveLength(2);
  });
});

it("figures leave out a series without readings, and count the others", () => {
  const column = <Value>(value: Value) => [value];
  const empty = { n: [0], min: [null], max: [null], first: [null], last: [null], mean: [null] };
  const aggregates = {
    items: [
      {
        series: 7,
        n: [3],
        min: column(1),
        max: column(4),
        first: column(1),
        last: column(2),
        mean: column(2.5),
      },
      { series: 8, ...empty },
      {
        series: 9,
        n: [2],
        min: column(false),
        max: column(true),
        first: column(true),
        last: column(true),
        mean: [0.5],
      },
    ],
  } as unknown as Aggregates;
  const figures = figuresOf(aggregates);
  expect([...figures.keys()]).toEqual([7, 9]);
  expect(figures.get(7)).toEqual({ n: 3, min: 1, mean: 2.5, max: 4, last: 2 });
  expect(figures.get(9)).toEqual({ n: 2, min: 0, mean: 0.5, max: 1, last: 1 });
  expect(countOf(figures)).toBe(5);
});

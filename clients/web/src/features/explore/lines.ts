// Turns stored readings into the lines, gaps and figures of the page. Pure functions. Times in µs.
import type { Line } from "@/charts/data/plot-data";
import type { TimeSpan } from "@/charts/types";
import type { Series } from "@/contracts/http";
import type { Aggregates, StoredReadings } from "./queries";

const MISSED_INTERVALS = 3;
// The last digits of a sum of many readings are rounding noise.
const MEAN_DIGITS = 12;

/** The line of `readings`. It breaks where readings are missing. */
export function lineOf(readings: StoredReadings, interval: number | null): Line {
  const line: Line = { t: [], v: [] };
  const gapAfter = new Map(readings.gaps.map(([from, to]) => [from, to]));
  const longest = interval === null || readings.sampled ? Infinity : interval * MISSED_INTERVALS;
  readings.t.forEach((t, place) => {
    const before = readings.t[place - 1];
    if (before !== undefined && (gapAfter.get(before) === t || t - before > longest)) {
      line.t.push((before + t) / 2);
      line.v.push(null);
    }
    // Two readings of one time: the later one replaces the first.
    if (before === t) {
      line.v[line.v.length - 1] = Number(readings.v[place]);
      return;
    }
    line.t.push(t);
    line.v.push(Number(readings.v[place]));
  });
  return line;
}

/** The spans inside `line` without readings. */
export function gapsIn({ t, v }: Line): TimeSpan[] {
  return v.flatMap((value, place) =>
    value === null ? [{ from: t[place - 1] ?? t[place]!, to: t[place + 1] ?? t[place]! }] : [],
  );
}

/** Series of one unit share a chart. Switches have their own, and so have numbers without a unit. */
export type UnitGroup<One> = {
  readonly key: string;
  readonly unit: string;
  readonly isSwitch: boolean;
  readonly series: readonly One[];
};

/** `list` by unit, in the order in which the units appear first. */
export function byUnit<One extends { readonly series: Pick<Series, "type" | "unit"> }>(
  list: readonly One[],
): UnitGroup<One>[] {
  const groups = new Map<string, { key: string; unit: string; isSwitch: boolean; series: One[] }>();
  for (const one of list) {
    const isSwitch = one.series.type === "bool";
    const key = unitKey(one.series);
    const group = groups.get(key);
    if (group) group.series.push(one);
    else groups.set(key, { key, unit: isSwitch ? "" : one.series.unit, isSwitch, series: [one] });
  }
  return [...groups.values()];
}

/** The chart that a series belongs to, and the filter that finds it. */
export const SWITCH_KEY = "on/off";

export function unitKey({ type, unit }: Pick<Series, "type" | "unit">): string {
  return type === "bool" ? SWITCH_KEY : `unit:${unit}`;
}

/** The figures of one series. `n`: how many readings there are. */
export type Figures = {
  readonly n: number;
  readonly min: number;
  readonly mean: number | null;
  readonly max: number;
  readonly last: number;
};

/** The figures of each series that has readings. `aggregates` has one bucket. */
export function figuresOf(aggregates: Aggregates): Map<number, Figures> {
  const figures = new Map<number, Figures>();
  for (const { series, n, min, mean, max, last } of aggregates.items) {
    const [least, most, latest] = [min[0], max[0], last[0]];
    if (!n[0] || least == null || most == null || latest == null) continue;
    figures.set(series, {
      n: n[0],
      min: Number(least),
      mean: mean[0] == null ? null : Number(mean[0].toPrecision(MEAN_DIGITS)),
      max: Number(most),
      last: Number(latest),
    });
  }
  return figures;
}

/** The sum of all readings in `figures`. */
export function countOf(figures: ReadonlyMap<number, Figures>): number {
  let count = 0;
  for (const { n } of figures.values()) count += n;
  return count;
}

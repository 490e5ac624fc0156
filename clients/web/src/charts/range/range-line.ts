// One line of a chart of a fixed range, and the readings of several lines at one time. Pure functions. Times in µs.
import type { Series } from "@/contracts/http";
import { nearest } from "@/lib/readings/ordered-search";
import type { Line } from "../data/plot-data";
import { nearestDrawn } from "../tooltip/tooltip-lines";

export type RangeLine = {
  readonly series: Series;
  /** Its number in the palette. */
  readonly color: number;
  readonly line: Line;
  /** The line of the range with which it is compared, moved to the same times; null: there is none. */
  readonly earlier: Line | null;
};

export type RangeReading = {
  readonly series: Series;
  readonly color: number;
  readonly value: number | null;
  readonly earlier: number | null;
  /** The time of the reading nearest to the pointer; null when only the earlier range has one. */
  readonly t: number | null;
};

/** The readings of `lines` that are nearest to `at` and within `reach`. Lines without one are left out. */
export function readingsAt(lines: readonly RangeLine[], at: number, reach: number): RangeReading[] {
  return lines.flatMap(({ series, color, line, earlier }) => {
    const own = readingOf(line, at, reach);
    const before = earlier ? readingOf(earlier, at, reach) : null;
    if (!own && !before) return [];
    return [{ series, color, value: own?.value ?? null, earlier: before?.value ?? null, t: own?.t ?? null }];
  });
}

function readingOf({ t, v }: Line, at: number, reach: number): { t: number; value: number } | null {
  const index = nearestDrawn(v, nearest(t, at));
  const time = index === null ? undefined : t[index];
  const value = index === null ? undefined : v[index];
  return time === undefined || value == null || Math.abs(time - at) > reach ? null : { t: time, value };
}

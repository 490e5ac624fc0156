// The same range one day or one week earlier, by the calendar of a time zone. Pure functions. Times in µs.
import type { Line } from "@/charts/data/plot-data";
import type { TimeSpan } from "@/charts/types";
import { shiftDays } from "@/lib/texts/time-zone";
import type { Comparison } from "./question";

/** How many calendar days earlier a comparison is; 0: there is none. */
export const DAYS: Readonly<Record<Comparison, number>> = { none: 0, day: 1, week: 7 };

/** The span with which `span` is compared. Across a clock change it may be longer or shorter. */
export function earlier({ from, to }: TimeSpan, days: number, zone: string): TimeSpan {
  const start = shiftDays(from, -days, zone);
  return { from: start, to: Math.max(start + 1, shiftDays(to, -days, zone)) };
}

/**
 * An earlier line, moved by `days` calendar days: each reading is at the same time of day. A reading whose time of day the
 * later day does not have is left out, and so is the repetition of an hour. The line breaks where the later day has a time
 * that the earlier one does not have.
 */
export function moved(line: Line, days: number, zone: string): Line {
  const result: Line = { t: [], v: [] };
  let shift: number | null = null;
  line.t.forEach((t, place) => {
    const value = line.v[place] ?? null;
    const at = shiftDays(t, days, zone);
    const last = result.t.at(-1) ?? -Infinity;
    if (shiftDays(at, -days, zone) !== t || at <= last) return;
    // The clocks changed between the two readings.
    if (shift !== null && at - t !== shift && Number.isFinite(last) && value !== null) {
      result.t.push((last + at) / 2);
      result.v.push(null);
    }
    shift = at - t;
    result.t.push(at);
    result.v.push(value);
  });
  return result;
}

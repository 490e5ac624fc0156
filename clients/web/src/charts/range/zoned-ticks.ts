// Where the ticks of a time axis are, by the calendar of a time zone, and what their labels say. Pure functions.
import {
  DAY_US,
  HOUR_US,
  instantOf,
  MINUTE_US,
  offsetAt,
  SECOND_US,
  startOfDay,
  wallAt,
} from "@/lib/texts/time-zone";
import type { TimeSpan } from "../types";

const QUARTER_US = 15 * MINUTE_US;
const SHORT_STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND_US),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE_US),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR_US),
];
const DAY_STEPS = [1, 2, 7, 14];
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120];
const MONTH_DAYS = 30;
// The second Monday after 1970-01-01, as a number of days: weeks start on Mondays.
const A_MONDAY = 11;

/** `stepUs`: the usual distance of the ticks. */
export type Ticks = { readonly at: number[]; readonly stepUs: number };

/** At most about `most` ticks in `span`, at round times of the clocks in `zone`. */
export function zonedTicks(span: TimeSpan, most: number, zone: string): Ticks {
  const least = (span.to - span.from) / Math.max(1, most);
  const short = SHORT_STEPS.find((step) => step >= least);
  if (short !== undefined) return { at: shortTicks(span, short, zone), stepUs: short };
  const days = DAY_STEPS.find((step) => step * DAY_US >= least);
  if (days !== undefined) return { at: dayTicks(span, days, zone), stepUs: days * DAY_US };
  const months = MONTH_STEPS.find((step) => step * MONTH_DAYS * DAY_US >= least) ?? MONTH_STEPS.at(-1)!;
  return { at: monthTicks(span, months, zone), stepUs: months * MONTH_DAYS * DAY_US };
}

/** A repeated hour has its ticks twice, a skipped hour has none. */
function shortTicks({ from, to }: TimeSpan, step: number, zone: string): number[] {
  const ticks: number[] = [];
  let start = from;
  while (start <= to) {
    const offset = offsetAt(start, zone);
    const tick = Math.ceil((start + offset) / step) * step - offset;
    const change = firstChange(start, tick, offset, zone);
    if (change !== null) {
      start = change;
      continue;
    }
    if (tick > to) break;
    ticks.push(tick);
    start = tick + 1;
  }
  return ticks;
}

/** The first quarter of an hour after `from`, and not after `to`, that has another offset; null when there is none. */
function firstChange(from: number, to: number, offset: number, zone: string): number | null {
  if (offsetAt(to, zone) === offset) return null;
  for (let at = (Math.floor(from / QUARTER_US) + 1) * QUARTER_US; at <= to; at += QUARTER_US) {
    if (offsetAt(at, zone) !== offset) return at;
  }
  return null;
}

function dayTicks({ from, to }: TimeSpan, step: number, zone: string): number[] {
  const ticks: number[] = [];
  const { year, month, day } = wallAt(from, zone);
  for (let place = 0; ; place += 1) {
    const tick = midnight(year, month, day + place, zone);
    if (tick > to) return ticks;
    const number = Math.floor(Date.UTC(year, month - 1, day + place) / (DAY_US / 1_000));
    if (tick >= from && (number - A_MONDAY) % step === 0) ticks.push(tick);
  }
}

function monthTicks({ from, to }: TimeSpan, step: number, zone: string): number[] {
  const ticks: number[] = [];
  const { year, month } = wallAt(from, zone);
  for (let place = 0; ; place += 1) {
    const tick = midnight(year, month + place, 1, zone);
    if (tick > to) return ticks;
    if (tick >= from && (year * 12 + month - 1 + place) % step === 0) ticks.push(tick);
  }
}

function midnight(year: number, month: number, day: number, zone: string): number {
  return instantOf({ year, month, day, hour: 0, minute: 0, second: 0, micros: 0 }, zone);
}

/** The labels of `ticks`: a day at midnight and for long steps, else a time. A repeated hour gets its zone name too. */
export function tickLabels(
  { at, stepUs }: Ticks,
  zone: string,
  locale: string,
  nowMs = Date.now(),
): string[] {
  let year = wallAt(nowMs * 1_000, zone).year;
  const name = stepUs >= 300 * DAY_US ? "year" : stepUs >= 28 * DAY_US ? "month" : "day";
  return at.map((tick) => {
    if (stepUs >= DAY_US || startOfDay(tick, zone) === tick) {
      // The first day of another year names it. The following ones need not.
      const own = wallAt(tick, zone).year;
      const kind = name === "day" && own !== year ? "dayOfYear" : name;
      year = own;
      return format(locale, zone, kind).format(tick / 1_000);
    }
    const kind = stepUs < MINUTE_US ? "second" : isRepeated(tick, zone) ? "zoned" : "minute";
    return format(locale, zone, kind).format(tick / 1_000);
  });
}

/** Whether the clocks show the time of `us` a second time within the hours around it. */
function isRepeated(us: number, zone: string): boolean {
  const here = offsetAt(us, zone);
  return [-2, 2].some((hours) => {
    const there = offsetAt(us + hours * HOUR_US, zone);
    const twin = us + here - there;
    return there !== here && offsetAt(twin, zone) === there;
  });
}

const KINDS = {
  year: { year: "numeric" },
  month: { month: "short", year: "numeric" },
  day: { day: "numeric", month: "short" },
  minute: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  second: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  zoned: { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" },
  momentOfYear: {
    year: "numeric",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  },
  dayOfYear: { day: "numeric", month: "short", year: "numeric" },
  moment: {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Texts of moments: day and time to the second, and the year where it is not this one. */
export function moments(
  locale: string,
  zone: string,
  nowMs = Date.now(),
): { format: (ms: number) => string } {
  const thisYear = wallAt(nowMs * 1_000, zone).year;
  const [short, long] = [format(locale, zone, "moment"), format(locale, zone, "momentOfYear")];
  return {
    format: (ms) => (wallAt(ms * 1_000, zone).year === thisYear ? short : long).format(ms),
  };
}

/** A cached formatter of `zone`. `moment`: day and time to the second. */
export function format(locale: string, zone: string, kind: keyof typeof KINDS): Intl.DateTimeFormat {
  const key = `${locale} ${zone} ${kind}`;
  let found = formats.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale, { timeZone: zone, ...KINDS[kind] });
    formats.set(key, found);
  }
  return found;
}

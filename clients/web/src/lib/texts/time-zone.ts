// Calendar arithmetic in a named time zone. Instants are µs since the Unix epoch. Pure functions.

/** A date and a time of day as a clock on the wall shows them. `month` counts from 1. */
export type Wall = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly micros: number;
};

export const SECOND_US = 1_000_000;
export const MINUTE_US = 60 * SECOND_US;
export const HOUR_US = 60 * MINUTE_US;
export const DAY_US = 24 * HOUR_US;

// Every change of an offset since 1970 falls on a quarter of an hour.
const QUARTER_US = 15 * MINUTE_US;
const MOST_CACHED = 20_000;
const UTC = "UTC";

/** The time zone of this browser. */
export function browserZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone || UTC;
}

/** All named zones, UTC first. */
export function allZones(): string[] {
  return [UTC, ...Intl.supportedValuesOf("timeZone").filter((name) => name !== UTC)];
}

/** Whether this browser knows `name` as a time zone. */
export function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** How far the clocks of `zone` are ahead of UTC at `us`, in µs. Raises RangeError for an unknown zone. */
export function offsetAt(us: number, zone: string): number {
  if (zone === UTC) return 0;
  const quarter = Math.floor(us / QUARTER_US);
  const known = cacheOf(zone);
  let offset = known.get(quarter);
  if (offset === undefined) {
    const start = (quarter * QUARTER_US) / 1_000;
    const fields = numbersOf(start, zone);
    const wall = Date.UTC(
      fields.year,
      fields.month - 1,
      fields.day,
      fields.hour,
      fields.minute,
      fields.second,
    );
    offset = (wall - Math.floor(start / 1_000) * 1_000) * 1_000;
    if (known.size >= MOST_CACHED) known.clear();
    known.set(quarter, offset);
  }
  return offset;
}

/** What the clocks of `zone` show at `us`. */
export function wallAt(us: number, zone: string): Wall {
  const local = us + offsetAt(us, zone);
  const date = new Date(Math.floor(local / 1_000));
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    micros: modulo(local, SECOND_US),
  };
}

/**
 * The instant at which the clocks of `zone` show `wall`. A time that a clock change repeats is the earlier one, unless
 * `preferred` is the offset of the later one. A time that a clock change skips moves forward by the length of the change.
 * Fields beyond their range carry over: day 0 is the last day of the month before.
 */
export function instantOf(wall: Wall, zone: string, preferred?: number): number {
  const { year, month, day, hour, minute, second, micros } = wall;
  const local = Date.UTC(year, month - 1, day, hour, minute, second) * 1_000 + micros;
  const before = offsetAt(local - DAY_US, zone);
  const after = offsetAt(local + DAY_US, zone);
  const fits = [before, after].filter((offset) => offsetAt(local - offset, zone) === offset);
  if (preferred !== undefined && offsetAt(local - preferred, zone) === preferred) return local - preferred;
  return local - (fits.length > 0 ? Math.max(...fits) : before);
}

/** `us` moved by `days` calendar days: the clocks show the same time of day. Negative days go back. */
export function shiftDays(us: number, days: number, zone: string): number {
  const wall = wallAt(us, zone);
  return instantOf({ ...wall, day: wall.day + days }, zone, offsetAt(us, zone));
}

/** The start of the day of `us` in `zone`. */
export function startOfDay(us: number, zone: string): number {
  const { year, month, day } = wallAt(us, zone);
  return instantOf({ year, month, day, hour: 0, minute: 0, second: 0, micros: 0 }, zone);
}

/** The value of a `datetime-local` input for `us`: `2026-11-26T08:00`, with seconds only where they are not 0. */
export function toInputValue(us: number, zone: string): string {
  const { year, month, day, hour, minute, second } = wallAt(us, zone);
  const date = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
  return `${date}T${two(hour)}:${two(minute)}${second ? `:${two(second)}` : ""}`;
}

const INPUT = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?$/;

/** The instant of the value of a `datetime-local` input; null when it is not a date and a time. */
export function fromInputValue(text: string, zone: string): number | null {
  const found = INPUT.exec(text.trim());
  if (!found) return null;
  const [year, month, day, hour, minute, second] = found.slice(1).map((part) => Number(part ?? 0));
  const date = new Date(Date.UTC(year!, month! - 1, day!, hour!, minute!, second!));
  // A day such as 31 February would carry over to the next month.
  if (date.getUTCDate() !== day || date.getUTCMonth() + 1 !== month || hour! > 23 || minute! > 59)
    return null;
  return instantOf(
    { year: year!, month: month!, day: day!, hour: hour!, minute: minute!, second: second!, micros: 0 },
    zone,
  );
}

/** The offset of `zone` at `us` as text: `UTC+1`, `UTC−3:30`, `UTC`. */
export function offsetText(us: number, zone: string): string {
  const minutes = Math.round(offsetAt(us, zone) / MINUTE_US);
  if (minutes === 0) return UTC;
  const size = Math.abs(minutes);
  const rest = size % 60 ? `:${two(size % 60)}` : "";
  return `UTC${minutes > 0 ? "+" : "−"}${Math.floor(size / 60)}${rest}`;
}

const caches = new Map<string, Map<number, number>>();

function cacheOf(zone: string): Map<number, number> {
  let known = caches.get(zone);
  if (!known) caches.set(zone, (known = new Map()));
  return known;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function numbersOf(ms: number, zone: string) {
  let format = formats.get(zone);
  if (!format) {
    const numeric = "numeric";
    format = new Intl.DateTimeFormat("en-u-ca-gregory-nu-latn", {
      timeZone: zone,
      hourCycle: "h23",
      era: "short",
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    });
    formats.set(zone, format);
  }
  const fields = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
  for (const { type, value } of format.formatToParts(ms)) {
    if (type in fields) fields[type as keyof typeof fields] = Number(value);
  }
  return fields;
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

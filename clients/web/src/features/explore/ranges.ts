// The time range of a question: presets that end now, or two fixed times. Pure functions. Times in µs.
import type { TimeSpan } from "@/charts/types";
import { pageTimeZone } from "@/lib/texts/page-locale";
import { browserZone, DAY_US, HOUR_US, shiftDays, startOfDay } from "@/lib/texts/time-zone";

export const PRESETS = [
  { key: "1h", us: HOUR_US },
  { key: "6h", us: 6 * HOUR_US },
  { key: "24h", us: DAY_US },
  { key: "7d", us: 7 * DAY_US },
  { key: "30d", us: 30 * DAY_US },
] as const;

export type PresetKey = (typeof PRESETS)[number]["key"];

export type Range =
  { readonly kind: "preset"; readonly key: PresetKey } | ({ readonly kind: "absolute" } & TimeSpan);

/** The shortest and the longest range. */
export const LEAST_US = 1_000_000;
export const MOST_US = 10 * 366 * DAY_US;

const MOST_REFRESH_US = 300_000_000;
const LEAST_REFRESH_US = 5_000_000;
const REFRESHES_PER_RANGE = 720;

/** The time zone of a question that names none: that of the profile, else that of the browser. In the browser only. */
export function usualZone(): string {
  return pageTimeZone() ?? browserZone();
}

export function isPreset(key: string): key is PresetKey {
  return PRESETS.some((preset) => preset.key === key);
}

/** How often a preset loads again: about when its line has moved by a pixel, between 5 s and 5 min. */
export function refreshUs(key: PresetKey): number {
  const { us } = PRESETS.find((preset) => preset.key === key)!;
  return Math.min(MOST_REFRESH_US, Math.max(LEAST_REFRESH_US, us / REFRESHES_PER_RANGE));
}

/** The span of `range` at the time `now`. A preset ends at the refresh after `now`, so that it stays the same until then. */
export function spanOf(range: Range, now: number): TimeSpan {
  if (range.kind === "absolute") return { from: range.from, to: range.to };
  const { us } = PRESETS.find((preset) => preset.key === range.key)!;
  const step = refreshUs(range.key);
  const to = Math.ceil(now / step) * step;
  return { from: to - us, to };
}

/** The span before (-1) or after (1). Whole days move by calendar days of `zone`, others by their length. */
export function stepped({ from, to }: TimeSpan, direction: -1 | 1, zone: string): Range {
  const isWholeDays = [from, to].every((us) => startOfDay(us, zone) === us);
  if (isWholeDays) {
    const days = direction * Math.round((to - from) / DAY_US);
    return absolute(shiftDays(from, days, zone), shiftDays(to, days, zone));
  }
  return absolute(from + direction * (to - from), to + direction * (to - from));
}

/** Twice as long around the same middle. It ends at `now` at the latest, unless the span already ends later. */
export function zoomedOut({ from, to }: TimeSpan, now: number): Range {
  const length = Math.min(MOST_US, 2 * (to - from));
  const end = Math.min((from + to) / 2 + length / 2, Math.max(to, now));
  return absolute(end - length, end);
}

/** Whole milliseconds, as the address holds them. At least a second long, not before 1970. */
export function absolute(from: number, to: number): Range {
  const start = Math.max(0, Math.floor(from / 1_000) * 1_000);
  const end = Math.max(start + LEAST_US, Math.ceil(to / 1_000) * 1_000);
  return { kind: "absolute", from: start, to: end };
}

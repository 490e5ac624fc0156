// Whether a latest value is current.

const MISSED_INTERVALS = 3;
const MIN_AGE_US = 3_000_000;
// Small clock differences are normal.
const MAX_AHEAD_US = 60_000_000;

/** `unknown`: the interval is unknown. `ahead`: the reading's time is in the future. */
export type Freshness = "none" | "current" | "stale" | "unknown" | "ahead";

/**
 * The freshness of a reading at `t`; null when there is none. A value is stale after three intervals, but never within three
 * seconds.
 */
export function freshnessOf(t: number | null, nowUs: number, intervalUs: number | null): Freshness {
  if (t === null) return "none";
  const age = nowUs - t;
  if (age < -MAX_AHEAD_US) return "ahead";
  if (age <= MIN_AGE_US) return "current";
  if (intervalUs === null) return "unknown";
  return age > MISSED_INTERVALS * intervalUs ? "stale" : "current";
}

// Whether a latest value may be taken for the present.

const MISSED_INTERVALS = 3;
const LEAST_US = 3_000_000;
// Clocks that are a little off are no news.
const AHEAD_US = 60_000_000;

/** `unknown`: nobody knows how often readings come, so silence says nothing. `ahead`: its time is yet to come. */
export type Freshness = "none" | "current" | "stale" | "unknown" | "ahead";

/**
 * Of a reading at `t` (null: there is none), seen at `nowUs`. Stale after three missed intervals, and never within three
 * seconds.
 */
export function freshnessOf(t: number | null, nowUs: number, rhythmUs: number | null): Freshness {
  if (t === null) return "none";
  const age = nowUs - t;
  if (age < -AHEAD_US) return "ahead";
  if (age <= LEAST_US) return "current";
  if (rhythmUs === null) return "unknown";
  return age > MISSED_INTERVALS * rhythmUs ? "stale" : "current";
}

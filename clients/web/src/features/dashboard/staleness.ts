// When a latest value must no longer be taken for the present.

const MISSED_INTERVALS = 3;
const LEAST_US = 3_000_000;

/** True after three missed intervals, and never within three seconds. `intervalUs` null: no rhythm is promised. */
export function isStale(ageUs: number, intervalUs: number | null): boolean {
  if (intervalUs === null) return false;
  return ageUs > Math.max(LEAST_US, MISSED_INTERVALS * intervalUs);
}

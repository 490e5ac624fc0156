// Times relative to now, as texts: "5 min ago", "in 89 days".

/** `next`: the seconds of the next smaller unit. */
const STEPS = [
  { unit: "day", seconds: 86_400, next: 3_600 },
  { unit: "hour", seconds: 3_600, next: 60 },
  { unit: "minute", seconds: 60, next: 1 },
] as const;

const words = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

/**
 * `at` relative to `now`, both in ms since the Unix epoch. Past times are rounded towards now. Future times are rounded to
 * the nearest unit: a key created for 90 days expires "in 90 days", not in 89.
 */
export function relativeTime(at: number, now: number): string {
  const seconds = (at - now) / 1_000;
  if (seconds > 0) {
    const step = STEPS.find((candidate) => seconds >= candidate.seconds - candidate.next / 2);
    return step ? words.format(Math.round(seconds / step.seconds), step.unit) : "in a moment";
  }
  const step = STEPS.find((candidate) => -seconds >= candidate.seconds);
  return step ? words.format(Math.trunc(seconds / step.seconds), step.unit) : "just now";
}

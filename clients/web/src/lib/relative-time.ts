// Instants as people say them: "5 min ago", "in 89 days".

/** `next`: seconds of the next smaller unit. */
const STEPS = [
  { unit: "day", seconds: 86_400, next: 3_600 },
  { unit: "hour", seconds: 3_600, next: 60 },
  { unit: "minute", seconds: 60, next: 1 },
] as const;

const words = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

/**
 * `at` seen from `now` (both in ms since the epoch). The past is rounded towards now; within a minute "just now". The
 * future is rounded to the nearest: what was just set to 90 days ends "in 90 days", not in 89.
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

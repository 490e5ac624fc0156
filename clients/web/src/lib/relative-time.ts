// Instants as people say them: "5 min ago", "in 89 days".

const STEPS = [
  { unit: "day", seconds: 86_400 },
  { unit: "hour", seconds: 3_600 },
  { unit: "minute", seconds: 60 },
] as const;

const words = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });

/** `at` seen from `now` (both in ms since the epoch), rounded towards now; within a minute "just now". */
export function relativeTime(at: number, now: number): string {
  const seconds = (at - now) / 1_000;
  const step = STEPS.find((candidate) => Math.abs(seconds) >= candidate.seconds);
  if (!step) return seconds > 0 ? "in a moment" : "just now";
  return words.format(Math.trunc(seconds / step.seconds), step.unit);
}

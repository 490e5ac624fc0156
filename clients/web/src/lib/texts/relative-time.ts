// Times relative to now, as texts: "5 min ago", "in 89 days".
import { pageTexts } from "@/i18n/page-texts";
import { pageLocale } from "./page-locale";

/** `next`: the seconds of the next smaller unit. */
const STEPS = [
  { unit: "day", seconds: 86_400, next: 3_600 },
  { unit: "hour", seconds: 3_600, next: 60 },
  { unit: "minute", seconds: 60, next: 1 },
] as const;

let words: Intl.RelativeTimeFormat | undefined;

/** A page has one language, so this is made once. */
function inWords(count: number, unit: Intl.RelativeTimeFormatUnit): string {
  words ??= new Intl.RelativeTimeFormat(pageLocale(), { numeric: "auto", style: "short" });
  return words.format(count, unit);
}

/**
 * `at` relative to `now`, both in ms since the Unix epoch. Past times are rounded towards now. Future times are rounded to
 * the nearest unit: a key created for 90 days expires "in 90 days", not in 89.
 */
export function relativeTime(at: number, now: number): string {
  const seconds = (at - now) / 1_000;
  if (seconds > 0) {
    const step = STEPS.find((candidate) => seconds >= candidate.seconds - candidate.next / 2);
    return step
      ? inWords(Math.round(seconds / step.seconds), step.unit)
      : pageTexts("common.values")("inAMoment");
  }
  const step = STEPS.find((candidate) => -seconds >= candidate.seconds);
  return step
    ? inWords(Math.trunc(seconds / step.seconds), step.unit)
    : pageTexts("common.values")("justNow");
}

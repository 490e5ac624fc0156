// What a day of a service looks like.
import type { ServiceAvailability } from "@/contracts/http";
import { pageTexts } from "@/i18n/page-texts";
import { numberLocale } from "@/lib/texts/page-locale";

export type Day = ServiceAvailability["days"][number];
export type DayState = "up" | "short" | "down" | "unknown";

const SHORT_SECONDS = 300;

/** A day that was watched only in part is judged by that part. */
export function stateOf({ up_seconds, down_seconds }: Day): DayState {
  if (up_seconds + down_seconds === 0) return "unknown";
  // Less than a second is the rounding of one count.
  if (down_seconds < 1) return "up";
  return down_seconds < SHORT_SECONDS ? "short" : "down";
}

/** The share of the watched time that the service was up, from 0 to 1; null when nothing was watched. */
export function shareUp(days: readonly Day[]): number | null {
  const up = days.reduce((sum, day) => sum + day.up_seconds, 0);
  const all = days.reduce((sum, day) => sum + day.up_seconds + day.down_seconds, 0);
  return all === 0 ? null : up / all;
}

/** `99.97 %`. */
export function percentText(share: number): string {
  const percent = percentOf(share).toLocaleString(numberLocale(), { minimumFractionDigits: 2 });
  return pageTexts("status")("percent", { percent });
}

/** Percent with two decimals, rounded down: 99.999 % is not 100 %. */
export function percentOf(share: number): number {
  return Math.floor(share * 10_000) / 100;
}

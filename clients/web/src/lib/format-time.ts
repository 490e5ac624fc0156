// Times as texts, in the language of the page and the time zone of the page. In the browser only.
import { pageLocale, pageTimeZone } from "./page-locale";

/** Date and time: `26 Nov 2026, 14:02`. `at`: ISO 8601, or ms since the Unix epoch. */
export function dateTime(at: string | number, seconds = false): string {
  const style = { dateStyle: "medium", timeStyle: seconds ? "medium" : "short" } as const;
  const options = { ...style, timeZone: pageTimeZone() };
  return new Date(at).toLocaleString(regionOf(pageLocale()), options);
}

/** English times are those of the United Kingdom: the day before the month, and 24 hours. */
function regionOf(locale: string): string {
  return locale === "en" ? "en-GB" : locale;
}

// Times as texts, in the language of the page and the time zone of the page. In the browser only.
import { dateLocale, pageLocale, pageTimeZone } from "./page-locale";

/** Date and time: `26 Nov 2026, 14:02`. `at`: ISO 8601, or ms since the Unix epoch. */
export function dateTime(at: string | number, seconds = false): string {
  const style = { dateStyle: "medium", timeStyle: seconds ? "medium" : "short" } as const;
  const options = { ...style, timeZone: pageTimeZone() };
  return new Date(at).toLocaleString(dateLocale(pageLocale()), options);
}

const KINDS = {
  minute: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  second: { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" },
  day: { day: "numeric", month: "short" },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

// A page has one language and one time zone, so each formatter is made once.
const formats = new Map<keyof typeof KINDS, Intl.DateTimeFormat>();

/** The formatter of a time of the day, or of a day. Quick enough for every frame of a chart. */
export function timeFormat(kind: keyof typeof KINDS): Intl.DateTimeFormat {
  let found = formats.get(kind);
  if (!found) {
    found = new Intl.DateTimeFormat(dateLocale(pageLocale()), { timeZone: pageTimeZone(), ...KINDS[kind] });
    formats.set(kind, found);
  }
  return found;
}

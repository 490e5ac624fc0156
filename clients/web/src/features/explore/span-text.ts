// A range as text.
import type { TimeSpan } from "@/charts/types";
import { MINUTE_US, startOfDay } from "@/lib/texts/time-zone";

/** The texts of both ends in `zone`. The end has no date when it is on the day of the start. */
export function spanTexts(
  { from, to }: TimeSpan,
  zone: string,
  locale: string,
): { from: string; to: string } {
  const hasSeconds = from % MINUTE_US !== 0 || to % MINUTE_US !== 0;
  const time: Intl.DateTimeFormatOptions = {
    timeZone: zone,
    hour: "2-digit",
    minute: "2-digit",
    ...(hasSeconds ? { second: "2-digit" } : {}),
    hourCycle: "h23",
  };
  const full: Intl.DateTimeFormatOptions = { ...time, day: "numeric", month: "short", year: "numeric" };
  const isOneDay = startOfDay(from, zone) === startOfDay(to, zone);
  return {
    from: new Intl.DateTimeFormat(locale, full).format(from / 1_000),
    to: new Intl.DateTimeFormat(locale, isOneDay ? time : full).format(to / 1_000),
  };
}

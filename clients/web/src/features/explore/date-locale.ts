// The locale of dates and times.
import { useLocale } from "next-intl";

/** English dates have the day before the month and 24 hours. */
export function useDateLocale(): string {
  const locale = useLocale();
  return locale === "en" ? "en-GB" : locale;
}

// The locale of dates and times.
import { useLocale } from "next-intl";
import { dateLocale } from "@/lib/page-locale";

/** For components that the server renders too. */
export function useDateLocale(): string {
  return dateLocale(useLocale());
}

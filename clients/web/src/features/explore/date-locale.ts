// The locale of dates and times.
import { usePageLanguage } from "@/i18n/page-texts-provider";
import { dateLocale } from "@/lib/texts/page-locale";

/** For components that the server renders too. */
export function useDateLocale(): string {
  return dateLocale(usePageLanguage());
}

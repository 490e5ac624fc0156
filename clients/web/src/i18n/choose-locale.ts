// Stores the language that a person chooses, and loads the page again in it.
import { LOCALE_COOKIE, type Locale } from "./locale-names";

const YEAR_SECONDS = 31_536_000;

export function chooseLocale(locale: Locale): void {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${LOCALE_COOKIE}=${locale}; path=/; max-age=${YEAR_SECONDS}; samesite=lax${secure}`;
  location.reload();
}
